"""What is named as kind and number ("visit:12"), in the audit trail and in stock: where it has its page."""

from collections.abc import Collection
from typing import Final

from tieline.console import trail
from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory

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


_SUBSCRIPTION = "subscription:"


async def names(tx: Tx, scope: Scope, subjects: Collection[str]) -> dict[str, str]:
    """What people call the subscriptions among some subjects: the number, and where it is fitted."""
    ids = [int(key) for one in subjects if (key := one.removeprefix(_SUBSCRIPTION)) != one and key.isdecimal()]
    if not ids or not scope.may(Permission.INVENTORY_READ):
        return {}
    rows = await inventory.subscriptions(tx, scope, ids)
    return {
        f"{_SUBSCRIPTION}{row.subscription_id}": ", ".join(
            filter(None, (row.msisdn or row.operator_ref, row.site_name))
        )
        for row in rows
    }


def linked(name: str) -> object:
    """The name in words, with a link where it has a page; what people typed freely stays as it is."""
    return trail.subject(name, PLACES)
