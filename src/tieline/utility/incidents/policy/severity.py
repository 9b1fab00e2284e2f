"""How bad an incident is, by what depends on it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tieline.utility.incidents.model import Kind, Severity

MANY, VERY_MANY = 100, 1000
_CARRIES_TRAFFIC = frozenset({"state", "apn", "ip_address", "rat_restriction", "imei_lock", "imei", "card", "missing"})
"""Fields without whose right value a link does not work as it should."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What of a member matters for how bad it is."""

    site_id: int | None
    criticality: str
    fields: frozenset[str]


def touched(members: Iterable[Mapping[str, Any]]) -> list[Touched]:
    """Members as they stand in the store, where those that say the same are counted together."""
    return [
        each
        for one in members
        for each in [Touched(one["site_id"], one["criticality"], frozenset(one["fields"]))] * one.get("members", 1)
    ]


def of(kind: str, members: Collection[Touched], both_links: int = 0) -> Severity:
    """The severity of an incident of our kinds. ``both_links`` counts sites all of whose links are touched.

    What serves no site is a warning. A field that carries no traffic is minor; one that does is major, and critical
    at a critical site or where a site has no link left that is not touched, or at a thousand sites.
    """
    fitted = [one for one in members if one.site_id is not None]
    if not fitted:
        return Severity.MINOR if len(members) >= MANY else Severity.WARNING
    working = kind in {Kind.DEVICE.value, Kind.CARD.value, Kind.MISSING.value}
    if not working and not any(one.fields & _CARRIES_TRAFFIC for one in fitted):
        return Severity.MAJOR if len(fitted) >= MANY else Severity.MINOR
    if both_links or len(fitted) >= VERY_MANY or any(one.criticality == "critical" for one in fitted):
        return Severity.CRITICAL
    return Severity.MAJOR
