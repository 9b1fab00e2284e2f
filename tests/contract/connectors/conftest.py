"""Operators that the contract suite runs against: a world of a few subscriptions behind each provider."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from tieline.utility.connectors import Connector, Desired, Field
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector


@dataclass
class Operator:
    """A connector, and the operator's own hand on what is behind it."""

    connector: Connector
    refuse: Callable[[str, str], None]
    lie: Callable[[str], None]


SUBSCRIPTIONS: dict[str, Desired] = {
    f"s{number}": {
        Field.STATE: "INVENTORY",
        Field.APN: None,
        Field.IP_ADDRESS: None,
        Field.SUBSCRIPTION_GROUP: "substations",
        Field.DATA_PLAN: "m2m-100",
        Field.RAT_RESTRICTION: (),
        Field.IMEI_LOCK: None,
    }
    for number in range(20)
}


@pytest.fixture(params=["reference"])
async def operator() -> AsyncIterator[Operator]:
    platform = Platform(SUBSCRIPTIONS)
    connector = ReferenceConnector(platform)
    yield Operator(
        connector,
        refuse=lambda ref, reason: platform.behaviour.rejects.update({ref: reason}),
        lie=platform.behaviour.lies.add,
    )
    await connector.close()
