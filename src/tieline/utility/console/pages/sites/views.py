"""Sites as rows, as a page with both links side by side, and as a sheet beside lists and map."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Badge, Ident, Link, Several, Tone
from tieline.platform.scope import Permission
from tieline.utility.console import words
from tieline.utility.console.filters import href
from tieline.utility.console.http import Page
from tieline.utility.console.pages.parts import links
from tieline.utility.console.pages.parts.lists import PLAN_HREF
from tieline.utility.inventory import FleetRow

FILTERS = (
    "region", "technology", "operator", "criticality", "hanging_on", "shared_mast", "linked", "stale", "drift", "kind",
    "band", "state", "device_can", "role", "apn", "cell", "q",
)  # fmt: skip
PINNED = ("region", "technology", "operator", "criticality")
COLUMNS = (
    Column("name", "Site", narrow=True, fixed=True),
    Column("standing", "Links", narrow=True),
    Column("serving", "Technology", narrow=True),
    Column("seen", "Oldest serving cell"),
    Column("criticality", "Criticality"),
    Column("customers", "Customers", numeric=True),
    Column("region", "Region"),
    Column("postcode", "Postcode", hidden=True),
    Column("kind", "Kind", hidden=True),
    Column("voltage", "Voltage", numeric=True, unit="kV", hidden=True),
    Column("external_id", "Utility's identifier", hidden=True),
    Column("district", "District", hidden=True),
)
STAND_IN = "Stands in for a secondary substation: a census point, not a surveyed site."


def rows(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows of the list."""
    return [_row(one) for one in found]


def _row(one: Mapping[str, Any]) -> Row:
    found: Sequence[Mapping[str, Any]] = one["links"]
    return Row(
        str(one["id"]),
        {
            "name": one["name"],
            "standing": standing(found),
            "serving": serving(found),
            "seen": oldest(found),
            "criticality": words.criticality_badge(one["criticality"]),
            "customers": one["customers"],
            "region": one["region"],
            "postcode": one["postcode"],
            "kind": kind(one),
            "voltage": one["voltage_kv"],
            "external_id": one["external_id"],
            "district": one["district"],
        },
        f"/sites/{one['id']}",
        sheet=True,
        tone="bad" if not found else "",
    )


def kind(one: Mapping[str, Any]) -> object:
    """The kind of a site; one that only stands in for a substation says so."""
    word = words.SITE_KINDS.get(one["kind"], one["kind"])
    return Several((word, Badge("Stand-in", Tone.OFF, "info", STAND_IN))) if one["stand_in"] else word


def standing(of: Sequence[Mapping[str, Any]]) -> Badge:
    """What a site's links amount to, at a glance."""
    if not of:
        return Badge("No link", Tone.BAD)
    up = sum(1 for link in of if link["attached"])
    if all(link["attached"] is None for link in of):
        return Badge("Never reported", Tone.UNKNOWN)
    if up == 0:
        return Badge("None attached", Tone.BAD, tip=f"None of {len(of)} links is attached to its network")
    if up < len(of):
        return Badge(f"{up} of {len(of)} attached", Tone.WARN)
    if len(of) == 1:
        return Badge("Without reserve", Tone.WARN, tip="The only link is attached")
    return Badge(f"{up} attached", Tone.OK)


def serving(of: Sequence[Mapping[str, Any]]) -> object:
    """Operator and technology of each link: "A 4G, B 3G"."""
    return ", ".join(f"{link['operator']}\u00a0{link['technology'] or '?'}" for link in of) or None


def oldest(of: Sequence[Mapping[str, Any]]) -> Age | None:
    """The age of the oldest of the links' serving cells; none without links."""
    if not of:
        return None
    moments = [moment(link["cell_at"]) for link in of]
    known = [at for at in moments if at is not None]
    return Age(min(known) if len(known) == len(moments) else None, "operators, serving cells", words.CELL_STALE)


def moment(value: object) -> datetime | None:
    """A time as JSON holds it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value if isinstance(value, datetime) else None


def head(page: Page, one: Mapping[str, Any], sentence: str) -> PageHead:
    """Title, state in one sentence, the way back, and what can be done."""
    crumbs = [Crumb("Sites", "/sites")]
    if one["region"]:
        crumbs.append(Crumb(one["region"], href("/sites", region=one["region"])))
    actions: tuple[Action, ...] = ()
    if page.scope.may(Permission.CHANGE_PLAN) and one["links"]:
        only = f"site={one['id']}"
        plan = f"{PLAN_HREF}?{urlencode({'all_matching': '1', 'query': only})}"
        actions = (Action("Plan a change", plan, "git-pull-request-arrow", "primary"),)
    depends = f" {plural(one['customers'], 'customer depends', 'customers depend')} on it." if one["customers"] else ""
    return PageHead(one["name"], sentence + depends, tuple(crumbs), actions)


def depends(one: Mapping[str, Any], parent: Mapping[str, Any] | None) -> tuple[tuple[str, object], ...]:
    """What stands behind the site, and what it stands behind."""
    return (
        ("Customers", one["customers"]),
        ("Criticality", words.criticality_badge(one["criticality"]) or "normal"),
        ("Fed by", Link(parent["name"], f"/sites/{parent['id']}") if parent else None),
        ("Voltage", f"{one['voltage_kv']:g}\u202fkV" if one["voltage_kv"] else None),
        ("Kind", kind(one)),
    )


def place(one: Mapping[str, Any]) -> tuple[tuple[str, object], ...]:
    """Where the site is, and what it is called."""
    position = f"{one['lat']:.5f}, {one['lon']:.5f}" if one["lat"] is not None else None
    return (
        ("Utility's identifier", Ident(one["external_id"])),
        ("Region", Link(one["region"], href("/sites", region=one["region"])) if one["region"] else None),
        ("District", one["district"]),
        ("Postcode", one["postcode"]),
        ("Position", Link(position, f"/map?at={one['lat']:.5f},{one['lon']:.5f}") if position else None),
    )


def context(page: Page, one: Mapping[str, Any], parent: Mapping[str, Any] | None) -> dict[str, Any]:
    """Everything that a site's page and sheet show."""
    fleet: Sequence[FleetRow] = one["fleet"]
    badge, sentence = links.standing(fleet)
    fed = one["feeds"]
    return {
        "head": head(page, one, sentence),
        "warnings": [links.note(badge.tone, warning) for warning in _warnings(fleet)],
        "cards": [links.link_card(row) for row in fleet],
        "no_links": _no_links(page),
        "depends": depends(one, parent),
        "fed": fed_table(fed),
        "place": place(one),
    }


def _warnings(fleet: Sequence[FleetRow]) -> list[str]:
    """What a technician should not overlook about the links together."""
    found = []
    if links.shared_masts(fleet):
        found.append(
            "All links hang on one mast. Two operators are not two paths here: if the mast fails, the site is dark."
        )
    return found


def _no_links(page: Page) -> Empty:
    text = "No card is fitted here. Links come with an import of devices, subscriptions and links."
    actions = (Action("Import links", "/imports/new?kind=link", "file-up"),)
    return Empty("No link", text, actions if page.scope.may(Permission.INVENTORY_WRITE) else (), "wifi-off")


def fed_table(fed: Sequence[Mapping[str, Any]]) -> Table:
    """The sites that a site feeds."""
    columns = (
        Column("name", "Site", narrow=True, fixed=True),
        Column("kind", "Kind", narrow=True),
        Column("customers", "Customers", numeric=True),
    )
    rows = [
        Row(
            str(site["id"]),
            {
                "name": site["name"],
                "kind": words.SITE_KINDS.get(site["kind"], site["kind"]),
                "customers": site["customers"],
            },
            f"/sites/{site['id']}",
        )
        for site in fed
    ]
    return Table("fed", "Sites that this one feeds", columns, rows, chooser=False)
