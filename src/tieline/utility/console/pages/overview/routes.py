"""The overview."""

from fastapi import Response

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory
from tieline.utility.console.components.frame import Action
from tieline.utility.console.components.mapping import MapView
from tieline.utility.console.components.tables import Empty
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.overview import views
from tieline.utility.inventory import FleetFilter, FleetSummary, fleet_summary

router = pages()
_MAP = MapView(
    "overview-map",
    "Sites on the map",
    "/map/points",
    cells_href="/map/cells",
    thing_href="/sites/{id}",
    list_href="/sites",
)


@router.get("/")
async def overview(page: CurrentPage) -> Response:
    """What matters now."""
    async with page.db.snapshot() as tx:
        operators = await inventory.operators(tx, page.scope)
        clock = page.runtime.clock
        fleet = await fleet_summary(tx, page.scope, clock, FleetFilter(), by=("operator", "technology", "band"))
        counts = await _counts(tx, page.scope, clock, fleet)
    names = {one.code: one.name for one in operators}
    return await page.show(
        "pages/overview/templates/page.html",
        current="overview",
        head=views.head(counts),
        nothing=None if counts.sites or fleet.links else nothing(page),
        figures=views.figures(counts),
        also=views.also(counts),
        technologies=views.technologies(fleet.groups, names),
        bands=views.bands(fleet.groups),
        map=MapView(
            "overview-map",
            "Sites on the map",
            "/map/points",
            cells_href="/map/cells",
            thing_href="/sites/{id}",
            list_href="/sites",
        ),
        running=(),
        changed=(),
    )


async def _counts(tx: Tx, scope: Scope, clock: Clock, fleet: FleetSummary) -> views.Counts:
    async def fitting(wanted: FleetFilter) -> FleetSummary:
        return await fleet_summary(tx, scope, clock, wanted, by=("operator",))

    shared, lost = await fitting(FleetFilter(shared_mast=True)), await fitting(FleetFilter(attached=False, linked=True))
    stale, drift = await fitting(FleetFilter(stale=True)), await fitting(FleetFilter(drift=True))
    suspended = await fitting(FleetFilter(states=("SUSPENDED",)))
    return views.Counts(
        sites=fleet.sites,
        subscriptions=fleet.links,
        unlinked=fleet.sites_without_link,
        lost=lost.sites,
        shared_mast=shared.sites,
        hanging_on_3g=fleet.hanging.get("3G", 0),
        stale=_subscriptions(stale),
        drift=_subscriptions(drift),
        unknown=sum(int(group["subscriptions"]) for group in fleet.groups if group["technology"] is None),
        suspended=_subscriptions(suspended),
    )


def _subscriptions(fleet: FleetSummary) -> int:
    return sum(int(group["subscriptions"]) for group in fleet.groups)


def nothing(page: Page) -> Empty:
    """A console that was just begun: what fills it, in order."""
    text = "Bring in your sites, devices, subscriptions and links as files; operators' reports fill in the rest."
    actions = (Action("Import a file", "/imports/new", "file-up", "primary"),)
    return Empty("Nothing is here yet", text, actions if page.scope.may(Permission.INVENTORY_WRITE) else ())
