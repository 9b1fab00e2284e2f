"""The overview."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from fastapi import Response

from tieline.console.components.frame import Action
from tieline.console.components.mapping import MapView
from tieline.console.components.tables import Empty, Table
from tieline.console.components.values import Age
from tieline.platform.db import Tx
from tieline.platform.scope import Permission
from tieline.utility import incidents, inventory, programmes
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.overview import recent, views
from tieline.utility.console.pages.overview.coming import coming
from tieline.utility.console.pages.programmes.listing import programmes as programme_table
from tieline.utility.inventory import FleetFilter, Kind
from tieline.utility.programmes import Programme, ProgrammeState

router = pages()
FRESH = timedelta(seconds=30)
_MAP = MapView(
    "overview-map",
    "Sites on the map",
    "/map/points",
    cells_href="/map/cells",
    thing_href="/sites/{id}",
    list_href="/map",
)
_MAP = MapView(
    "overview-map",
    "Sites on the map",
    "/map/points",
    cells_href="/map/cells",
    thing_href="/sites/{id}",
    list_href="/map",
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The fleet, counted."""

    counts: views.Counts
    groups: Sequence[Mapping[str, Any]]


@router.get("/")
async def overview(page: CurrentPage) -> Response:
    """What matters now; while the fleet is counted for the first time, the page asks again for its figures.

    Whoever only reports from the field is at home on the phone page.
    """
    if page.scope.may(Permission.FIELD_REPORT) and not page.scope.may(Permission.INVENTORY_READ):
        return page.redirect("/field/")

    async def count(own: Tx) -> Fleet:
        return await _fleet(page, own)

    fleet = await page.counted("overview", count, fresh=FRESH)
    async with page.db.snapshot() as tx:
        operators = await inventory.operators(tx, page.scope)
        running, changed = await recent.running(page, tx), await recent.changed(page, tx)
        ahead = await coming(page, tx)
        waiting = await _incidents(page, tx)
    under_way = await _programmes(page)
    counts = fleet.value.counts if fleet else None
    incident_figures = () if waiting is None else (views.incidents(waiting),)
    groups = fleet.value.groups if fleet else ()
    context: dict[str, Any] = {
        "counted": Age(fleet.at, "the inventory") if fleet else None,
        "again": fleet is not None and page.now - fleet.at > FRESH,
        "figures": (*incident_figures, *views.figures(counts)) if counts else (),
        "also": views.also(counts) if counts else (),
        "technologies": views.technologies(groups, {one.code: one.name for one in operators}),
        "bands": views.bands(groups),
    }
    if page.is_fragment:
        return page.fragment("pages/overview/templates/figures.html", **context)
    return await page.show(
        "pages/overview/templates/page.html",
        current="overview",
        head=views.head(counts),
        nothing=nothing(page) if counts and not counts.sites and not counts.subscriptions else None,
        map=_MAP,
        running=running,
        changed=changed,
        ahead=ahead,
        programmes=under_way,
        **context,
    )


async def _incidents(page: Page, tx: Tx) -> Sequence[Mapping[str, Any]] | None:
    """Open incidents by severity and state; None for who may not see them."""
    if not page.scope.may(Permission.INCIDENT_READ):
        return None
    return await incidents.counts(tx, page.scope, incidents.IncidentFilter())


async def _programmes(page: Page) -> Table | None:
    """The programmes that are not over; None where there is none, or they may not be seen."""
    if not page.scope.may(Permission.PROGRAMME_READ):
        return None

    async def count(tx: Tx) -> Sequence[Programme]:
        found = await programmes.page(tx, page.scope, limit=20)
        return [one for one in found.items if one.state is not ProgrammeState.CLOSED][:5]

    found = await page.counted("programmes under way", count, fresh=FRESH)
    return replace(programme_table(found.value, None, page.scope), chooser=False) if found and found.value else None


async def _fleet(page: Page, tx: Tx) -> Fleet:
    async def fitting(kind: Kind, wanted: FleetFilter) -> int:
        return await inventory.count_things(tx, page.scope, kind, wanted)

    fleet = await inventory.fleet_summary(
        tx, page.scope, page.runtime.clock, FleetFilter(), by=("operator", "technology", "band")
    )
    counts = views.Counts(
        sites=fleet.sites,
        subscriptions=fleet.links,
        unlinked=fleet.sites_without_link,
        lost=await fitting(Kind.SITE, FleetFilter(attached=False, linked=True)),
        shared_mast=await fitting(Kind.SITE, FleetFilter(shared_mast=True)),
        hanging_on_3g=fleet.hanging.get("3G", 0),
        stale=await fitting(Kind.SUBSCRIPTION, FleetFilter(stale=True, linked=True)),
        drift=await fitting(Kind.SUBSCRIPTION, FleetFilter(drift=True, linked=True)),
        unknown=sum(int(group["subscriptions"]) for group in fleet.groups if group["technology"] is None),
        suspended=await fitting(Kind.SUBSCRIPTION, FleetFilter(states=("SUSPENDED",), linked=True)),
    )
    return Fleet(counts, fleet.groups)


def nothing(page: Page) -> Empty:
    """A console that was just begun: what fills it, in order."""
    text = "Bring in your sites, devices, subscriptions and links as files; operators' reports fill in the rest."
    actions = (Action("Import a file", "/imports/new", "file-up", "primary"),)
    return Empty("Nothing is here yet", text, actions if page.scope.may(Permission.INVENTORY_WRITE) else ())
