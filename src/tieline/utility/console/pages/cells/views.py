"""Cells as rows, and one with its mast and who hangs on it."""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.console.components.formats import plural
from tieline.console.components.frame import Crumb, PageHead
from tieline.console.components.tables import Column, Row, Table
from tieline.console.components.values import Badge, Count, Ident, Link, Several, Tone
from tieline.utility.console import words
from tieline.utility.console.filters import href
from tieline.utility.console.pages.parts import things

FILTERS = ("operator", "technology", "band", "shared_mast", "q")
PINNED = ("operator", "technology", "band")
COLUMNS = (
    Column("name", "Cell", narrow=True, fixed=True),
    Column("operator", "Operator", narrow=True),
    Column("technology", "Technology", narrow=True),
    Column("subscriptions", "Subscriptions", numeric=True),
    Column("sites", "Sites", numeric=True, narrow=True),
    Column("mast", "Mast"),
    Column("tac", "Area", hidden=True),
    Column("arfcn", "Channel", numeric=True, hidden=True),
    Column("pci", "Physical identity", hidden=True),
    Column("origin", "Origin"),
)
INVENTED = Badge("Invented", Tone.OFF, "info", "Stands in no public file: laid on a real mast for the simulated world.")


def rows(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows of the list."""
    return [_row(one) for one in found]


def _row(one: Mapping[str, Any]) -> Row:
    return Row(
        str(one["id"]),
        {
            "name": one["cell_key"],
            "operator": one["operator"],
            "technology": words.serving(one["rat"], one["band"]),
            "subscriptions": Count(one["subscriptions"], _hanging("/subscriptions", one)),
            "sites": Count(one["sites"], _hanging("/sites", one)),
            "mast": mast(one),
            "tac": _plain(one["tac"]),
            "arfcn": _plain(one["arfcn"]),
            "pci": _plain(one["pci"]),
            "origin": INVENTED if one["invented"] else None,
        },
        f"/cells/{one['id']}",
        sheet=True,
    )


def _hanging(path: str, one: Mapping[str, Any]) -> str:
    return href(path, operator=one["operator"], cell=one["cell_key"])


def _plain(number: int | None) -> str | None:
    """A number that names something is no quantity: it stands without separators."""
    return None if number is None else str(number)


def mast(one: Mapping[str, Any]) -> object:
    """The mast that carries a cell; one that several operators share says so."""
    if one["mast_key"] is None:
        return None
    if one["shared_mast"]:
        tip = "Cells of more than one operator hang on this mast."
        return Several((one["mast_key"], Badge("Shared", Tone.OFF, "antenna", tip)))
    return one["mast_key"]


def view(one: Mapping[str, Any]) -> things.View:
    """A cell's page."""
    state = (
        f"{words.serving(one['rat'], one['band'])} of operator {one['operator']}; {plural(one['sites'], 'site')} on it."
    )
    crumbs = (
        Crumb("Cells and masts", "/cells"),
        Crumb(f"Operator {one['operator']}", href("/cells", operator=one["operator"])),
    )
    position = f"{one['lat']:.5f}, {one['lon']:.5f}" if one["lat"] is not None else None
    cell = (
        ("Cell", Ident(one["cell_key"])),
        ("Operator", Link(one["operator"], f"/operators/{one['operator']}")),
        ("Technology", words.serving(one["rat"], one["band"])),
        ("Channel", _plain(one["arfcn"])),
        ("Tracking area", _plain(one["tac"])),
        ("Physical identity", _plain(one["pci"])),
        ("Origin", INVENTED if one["invented"] else "from the operator's or a public file"),
    )
    use = (
        ("Subscriptions on it", Count(one["subscriptions"], _hanging("/subscriptions", one))),
        ("Sites on it", Count(one["sites"], _hanging("/sites", one))),
        ("Mast", mast(one)),
        ("Position", Link(position, f"/map?at={one['lat']:.5f},{one['lon']:.5f}") if position else None),
    )
    tables = (("Cells on the same mast", neighbours(one)),)
    return things.View("cells", PageHead(one["cell_key"], state, crumbs), (("Cell", cell), ("Use", use)), tables)


def neighbours(one: Mapping[str, Any]) -> Table:
    """The other cells of the mast."""
    columns = (
        Column("name", "Cell", narrow=True, fixed=True),
        Column("operator", "Operator", narrow=True),
        Column("technology", "Technology", narrow=True),
    )
    found = [
        Row(
            str(cell["id"]),
            {
                "name": cell["cell_key"],
                "operator": cell["operator"],
                "technology": words.serving(cell["rat"], cell["band"]),
            },
            f"/cells/{cell['id']}",
        )
        for cell in one["mast_cells"]
        if cell["id"] != one["id"]
    ]
    return Table("mast", "Cells on the same mast", columns, found, chooser=False)
