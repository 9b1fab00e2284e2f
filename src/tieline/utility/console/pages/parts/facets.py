"""What lists can be filtered by: operators, regions, bands that there are, within what the person may see.

Counting the fleet for it takes longer than showing a page, and it changes only with imports and reports: it is kept
for some minutes for each scope.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tieline.platform.db import Tx
from tieline.utility import inventory
from tieline.utility.console.filters import Facets
from tieline.utility.console.http import Page
from tieline.utility.inventory import FleetFilter

KEPT_FOR = timedelta(minutes=5)
_MOST = 500
Key = tuple[frozenset[str] | None, frozenset[str] | None]


@dataclass(slots=True)
class _Kept:
    """Facets by bounds of scopes, and when they were counted."""

    found: dict[Key, tuple[datetime, Facets]] = field(default_factory=dict)


async def facets(page: Page, tx: Tx) -> Facets:
    """The choices for this person's filters."""
    state = page.request.app.state
    kept: _Kept = getattr(state, "console_facets", None) or _Kept()
    state.console_facets = kept
    key = (page.scope.regions, page.scope.operators)
    known = kept.found.get(key)
    if known and page.now - known[0] < KEPT_FOR:
        return known[1]
    counted = await _count(page, tx)
    if len(kept.found) >= _MOST:
        kept.found.clear()
    if counted.values.get("region"):
        kept.found[key] = (page.now, counted)
    return counted


async def _count(page: Page, tx: Tx) -> Facets:
    operators = await inventory.operators(tx, page.scope)
    contracts = await inventory.contracts(tx, page.scope)
    fleet = await inventory.fleet_summary(tx, page.scope, page.runtime.clock, FleetFilter(), by=("region", "band"))
    regions = sorted({group["region"] for group in fleet.groups if group["region"]})
    bands = sorted({group["band"] for group in fleet.groups if group["band"]}, key=_band_order)
    apns = sorted({apn for contract in contracts for apn in contract.apns})
    return Facets(
        {
            "operator": {one.code: one.name for one in operators},
            "region": {name: name for name in regions},
            "band": {name: name for name in bands},
            "apn": {name: name for name in apns},
        }
    )


def _band_order(band: str) -> tuple[str, int, str]:
    digits = "".join(sign for sign in band if sign.isdecimal())
    return (band[:1], int(digits or 0), band)
