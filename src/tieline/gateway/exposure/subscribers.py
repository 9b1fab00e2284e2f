"""From the names of subscribers in northbound APIs to subscriptions of the tree.

An external identifier is the identifier of the ``UtilitySubscription`` at the domain that is the utility's code:
``extid-S00001@DSO``. An MSISDN is that of the subscription.
"""

from collections.abc import Iterable, Mapping

from tieline.gateway.exposure import store
from tieline.gateway.model import Consumer
from tieline.platform.db import Tx
from tieline.standards.northbound import external_id_of, gpsi_of_id, msisdn_of


async def found(tx: Tx, consumer: Consumer, gpsis: Iterable[str]) -> dict[str, str]:
    """Give the subscription of each GPSI that names one of this utility."""
    by_id, by_number = _sorted(consumer, gpsis)
    known = await store.subscriptions(tx, consumer.id, list(by_id.values()))
    result = {gpsi: name for gpsi, name in by_id.items() if name in known}
    if by_number:
        numbers = await store.subscriptions_of_numbers(tx, consumer.id, list(by_number.values()))
        result |= {gpsi: numbers[number] for gpsi, number in by_number.items() if number in numbers}
    return result


async def unknown(tx: Tx, consumer: Consumer, gpsis: Iterable[str]) -> list[str]:
    """Give the GPSIs that name no subscription of this utility, in order."""
    asked = list(gpsis)
    by_id, by_number = _sorted(consumer, asked)
    strangers = await store.strangers(tx, consumer.id, list(by_id.values()))
    numbers: Mapping[str, str] = {}
    if by_number:
        numbers = await store.subscriptions_of_numbers(tx, consumer.id, list(by_number.values()))
    return [
        gpsi for gpsi in asked if (by_id[gpsi] in strangers if gpsi in by_id else by_number.get(gpsi) not in numbers)
    ]


def external_id(consumer: Consumer, subscription: str) -> str:
    """Give a subscription's external identifier."""
    return gpsi_of_id(subscription, consumer.code).removeprefix("extid-")


def _sorted(consumer: Consumer, gpsis: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Sort GPSIs into subscriptions by identifier and by number; those of another domain are neither."""
    by_id, by_number = {}, {}
    for gpsi in gpsis:
        external, number = external_id_of(gpsi), msisdn_of(gpsi)
        if external is not None and external[1] == consumer.code:
            by_id[gpsi] = external[0]
        elif number is not None:
            by_number[gpsi] = number
    return by_id, by_number
