"""Rules of event subscriptions: what an effect in the tree amounts to, and whom it concerns. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tieline.gateway.objects.model import Effect
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS
from tieline.standards.northbound import IMEI_CHANGE, AssociationType, EventReport, pei_of

EVERYBODY = "all"
"""The local part of the group that all subscriptions of a utility are in: ``all@DSO``."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is to be told: the event subscription and its utility's code, its destination, failures in a row."""

    id: int
    code: str
    destination: str
    hosts: frozenset[str]
    attempts: int

    @property
    def name(self) -> str:
        """What the log calls it."""
        return self.destination


@dataclass(frozen=True, slots=True)
class Moved:
    """A SIM that is used with another device."""

    subscription: str
    before: str
    after: str


def moved(effects: Iterable[Effect]) -> list[Moved]:
    """Give the SIMs that another device uses now. The first device of a SIM, and its absence, are no change of it."""
    found = []
    for effect in effects:
        old, new = (effect.before or {}).get("imei"), (effect.after or {}).get("imei")
        if effect.dn.class_name == SUBSCRIPTION_CLASS and old is not None and new is not None and old != new:
            found.append(Moved(effect.dn.id, old, new))
    return found


def report(one: Moved, external_id: str, at: datetime) -> EventReport:
    """Write down what is told of a SIM that moved."""
    return EventReport(
        monitoring_type=IMEI_CHANGE,
        imei_change=AssociationType.IMEI,
        external_id=external_id,
        event_time=at,
        pei=pei_of(one.after),
        previous_pei=pei_of(one.before),
    )


def present(external_id: str, imei: str | None, at: datetime) -> EventReport:
    """Write down the association as it is: an immediate report."""
    return EventReport(
        monitoring_type=IMEI_CHANGE,
        imei_change=AssociationType.IMEI,
        external_id=external_id,
        event_time=at,
        pei=None if imei is None else pei_of(imei),
    )
