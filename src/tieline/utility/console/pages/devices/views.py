"""Devices as rows, and one with the links that it carries."""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.console.components.formats import plural
from tieline.console.components.frame import Crumb, PageHead
from tieline.console.components.tables import Column, Row
from tieline.console.components.values import Ident, IdentKind, Link
from tieline.utility.console import words
from tieline.utility.console.filters import href
from tieline.utility.console.pages.parts import things

FILTERS = ("device_can", "region", "criticality", "kind", "operator", "technology", "state", "stale", "linked", "q")
PINNED = ("device_can", "region", "technology")
COLUMNS = (
    Column("name", "Device", narrow=True, fixed=True),
    Column("model", "Make and model", narrow=True),
    Column("site", "Site", narrow=True),
    Column("generations", "Can do"),
    Column("bands", "Bands"),
    Column("modems", "Modems", numeric=True),
    Column("firmware", "Firmware", hidden=True),
    Column("imei", "IMEI"),
    Column("installed", "Installed", hidden=True),
    Column("region", "Region", hidden=True),
)


def rows(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows of the list."""
    return [_row(one) for one in found]


def _row(one: Mapping[str, Any]) -> Row:
    return Row(
        str(one["id"]),
        {
            "name": one["external_id"],
            "model": model(one),
            "site": things.site_link(one),
            "generations": ", ".join(one["generations"]) or None,
            "bands": ", ".join(one["bands"]) or None,
            "modems": one["modems"],
            "firmware": one["firmware"],
            "imei": Ident(one["imei"], IdentKind.IMEI) if one["imei"] else None,
            "installed": _day(one),
            "region": one["region"],
        },
        f"/devices/{one['id']}",
        sheet=True,
    )


def model(one: Mapping[str, Any]) -> str | None:
    """Make and model together."""
    return " ".join(filter(None, (one["make"], one["model"]))) or None


def _day(one: Mapping[str, Any]) -> str | None:
    return f"{one['installed_on']:%-d %b %Y}" if one["installed_on"] else None


def view(one: Mapping[str, Any], ledger: Link | None = None) -> things.View:
    """A device's page; ``ledger`` is where the ledger of goods has it."""
    at = f" at {one['site_name']}" if one["site_name"] else ", fitted nowhere"
    state = f"{model(one) or 'Device'}{at}, with {plural(len(one['fleet']), 'live link')}."
    crumbs = [Crumb("Devices", "/devices")]
    if one["region"]:
        crumbs.append(Crumb(one["region"], href("/devices", region=one["region"])))
    device = (
        ("Make and model", model(one)),
        ("Firmware", one["firmware"]),
        ("IMEI", Ident(one["imei"], IdentKind.IMEI) if one["imei"] else None),
        ("Modems", one["modems"]),
        ("Installed", _day(one)),
        ("In the ledger", ledger),
    )
    radio = (
        ("Can do", words.listed(one["generations"]) or None),
        ("Bands", words.listed(one["bands"]) or None),
        ("Site", things.site_link(one)),
        ("Region", Link(one["region"], href("/devices", region=one["region"])) if one["region"] else None),
    )
    head = PageHead(one["external_id"], state, tuple(crumbs))
    tables = (("Links, past and present", things.past_links(one["history_of_links"])),)
    return things.View("devices", head, (("Device", device), ("Radio and place", radio)), tables)
