"""What is named as kind and number ("visit:12"), in the audit trail and in stock: where it has its page."""

from typing import Final

from tieline.console import trail

PLACES: Final[trail.Places] = {
    "account": "/users/{}",
    "card": "/cards/{}",
    "change": "/changes/{}",
    "crew": "/fieldwork/crews/{}",
    "delivery": "/stock/deliveries/{}",
    "device": "/devices/{}",
    "hold": "/changes/holds/{}",
    "import": "/imports/{}",
    "incident": "/incidents/{}",
    "notice": "/notices/{}",
    "operator": "/operators/{}",
    "order": "/fieldwork/orders/{}",
    "policy": "/changes/policies/{}",
    "programme": "/programmes/{}",
    "report": "/fieldwork/reports/{}",
    "site": "/sites/{}",
    "stock-count": "/stock/counts/{}",
    "stock-delivery": "/stock/deliveries/{}",
    "stock-order": "/stock/orders/{}",
    "subscription": "/subscriptions/{}",
    "template": "/changes/templates/{}",
    "usage-bill": "/usage/bills/{}",
    "usage-finding": "/usage/findings/{}",
    "user": "/users/{}",
    "visit": "/fieldwork/visits/{}",
    "work order": "/fieldwork/orders/{}",
    "work-order": "/fieldwork/orders/{}",
}
"""The page of each kind by its number."""


def linked(name: str) -> object:
    """The name in words, with a link where it has a page; what people typed freely stays as it is."""
    return trail.subject(name, PLACES)
