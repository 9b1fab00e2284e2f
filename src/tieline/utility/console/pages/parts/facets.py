"""What lists can be filtered by: operators, regions, bands that there are, within what the person may see.

Counting the fleet for it takes longer than showing a page, and it changes only with imports and reports.
"""

from datetime import timedelta

from tieline.platform.db import Tx
from tieline.utility import inventory
from tieline.utility.console.filters import Facets
from tieline.utility.console.http import Page
from tieline.utility.inventory import FleetFilter

FRESH = timedelta(minutes=2)


async def facets(page: Page, tx: Tx) -> Facets:
    """The choices for this person's filters; regions and bands are missing until they were counted once."""

    async def count(own: Tx) -> dict[str, dict[str, str]]:
        return await _counted(page, own)

    found = await page.counted("facets", count, fresh=FRESH)
    operators = await inventory.operators(tx, page.scope)
    contracts = await inventory.contracts(tx, page.scope)
    apns = sorted({apn for contract in contracts for apn in contract.apns})
    return Facets(
        {
            **(found.value if found else {}),
            "operator": {one.code: one.name for one in operators},
            "apn": {name: name for name in apns},
        }
    )


async def _counted(page: Page, tx: Tx) -> dict[str, dict[str, str]]:
    fleet = await inventory.fleet_summary(tx, page.scope, page.runtime.clock, FleetFilter(), by=("region", "band"))
    regions = sorted({group["region"] for group in fleet.groups if group["region"]})
    bands = sorted({group["band"] for group in fleet.groups if group["band"]}, key=_band_order)
    return {"region": {name: name for name in regions}, "band": {name: name for name in bands}}


def _band_order(band: str) -> tuple[str, int, str]:
    digits = "".join(sign for sign in band if sign.isdecimal())
    return (band[:1], int(digits or 0), band)
