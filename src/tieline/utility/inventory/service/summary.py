"""The fleet at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model import FleetFilter
from tieline.utility.inventory.store import summary

DEFAULT_BY = ("operator", "technology", "band", "state", "region")
DIMENSIONS = tuple(summary.DIMENSIONS)


@dataclass(frozen=True, slots=True)
class FleetSummary:
    """Counts of sites and fitted subscriptions.

    ``sites`` fit the filter; ``sites_without_link`` of them have no live link. ``hanging`` counts the sites whose live
    links are all on one technology (those never reported left aside), by technology; ``mixed`` the sites that are on
    several; ``unknown`` those of which nothing was ever reported. ``groups`` have a value (or None: unknown) for each
    of ``by``, and the counts ``subscriptions`` and ``sites``.
    """

    by: Sequence[str]
    sites: int
    sites_without_link: int
    links: int
    hanging: dict[str, int]
    mixed: int
    unknown: int
    groups: Sequence[dict[str, Any]]
    counted_at: datetime


async def fleet_summary(
    tx: Tx, scope: Scope, clock: Clock, wanted: FleetFilter, *, by: Sequence[str] = DEFAULT_BY
) -> FleetSummary:
    """Count the fleet within the scope and the filter. Raises ``Invalid`` for an unknown dimension."""
    scope.require(Permission.INVENTORY_READ)
    unknown = [name for name in by if name not in DIMENSIONS]
    if unknown or len(set(by)) != len(by) or not by:
        raise Invalid(
            "The fleet cannot be counted by that.",
            [Problem("by", "choice", f"Each of {', '.join(DIMENSIONS)} once at most.", ", ".join(by)[:80])],
        )
    hanging = await summary.hanging(tx, scope, wanted)
    twins = any(row["twins"] for row in hanging)
    rows = await summary.groups(tx, scope, wanted, by, exact=twins or "operator" not in by)
    sites = await summary.site_count(tx, scope, wanted)
    return FleetSummary(
        by=tuple(by),
        sites=sites,
        sites_without_link=sites - sum(row["sites"] for row in hanging),
        links=sum(row["links"] for row in hanging),
        hanging={row["technology"]: row["sites"] for row in hanging if row["technology"]},
        mixed=sum(row["sites"] for row in hanging if row["mixed"]),
        unknown=sum(row["sites"] for row in hanging if row["mixed"] is None),
        groups=rows,
        counted_at=clock.now(),
    )


async def card_stock(tx: Tx, scope: Scope) -> list[dict[str, Any]]:
    """Cards that are fitted nowhere, counted by operator, kind, generation and stock state."""
    scope.require(Permission.INVENTORY_READ)
    return list(await summary.stock(tx, scope))
