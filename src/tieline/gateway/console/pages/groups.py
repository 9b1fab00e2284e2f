"""5G LAN groups: what each shall be, who is in it, and how far the network has come with it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Response

from tieline.console import lists
from tieline.console.components.frame import Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Paging, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Tone
from tieline.gateway.backoffice.store import reading
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, pages
from tieline.platform.errors import NotFound
from tieline.platform.paging import decode_key, page_of

router = pages()
After = Annotated[str | None, Query(max_length=800)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
HOME = Crumb("5G LAN groups", "/groups")
_CURRENT = "groups"


@router.get("/groups")
async def every(page: CurrentPage, after: After = None) -> Response:
    """Every utility's groups."""
    begin = decode_key(after, int)[0] if after else 0
    async with page.db.snapshot() as tx:
        rows = await reading.groups(tx, None, after=begin, limit=lists.ROWS + 1)
    found = page_of(rows, lists.ROWS, lambda row: (row["id"],))
    table = _list(found.items, lists.paging(page.url, found, "group"))
    head = PageHead("5G LAN groups", "What utilities have made of their subscriptions.")
    return await page.show("layout/list.html", current=_CURRENT, head=head, bar=None, table=table)


def _list(rows: Sequence[Mapping[str, Any]], paging: Paging) -> Table:
    columns = (
        Column("name", "Group", fixed=True, narrow=True),
        Column("utility", "Utility"),
        Column("state", "State", narrow=True),
        Column("size", "Members", numeric=True, narrow=True),
        Column("changed", "Last changed"),
    )
    shown = [
        Row(
            str(row["id"]),
            {
                "name": row["name"],
                "utility": Link(row["utility"], f"/utilities/{row['utility']}"),
                "state": _state(row),
                "size": Count(row["size"], f"/groups/{row['id']}"),
                "changed": Age(row["modified_at"]),
            },
            f"/groups/{row['id']}",
        )
        for row in rows
    ]
    empty = Empty("No group yet", "A group shows here once a utility has made one of its subscriptions.", icon="layers")
    return Table("groups", "5G LAN groups", columns, shown, paging, empty=empty, chooser=False)


def _state(row: Mapping[str, Any]) -> Badge:
    if row["deleted"]:
        return Badge("Being taken down", Tone.HELD)
    if row["spread"] < row["revision"]:
        return Badge("Under way", Tone.BUSY)
    return Badge("In effect", Tone.OK)


@router.get("/groups/{number}")
async def one(page: CurrentPage, number: Number, after: After = None) -> Response:
    """One group and its members."""
    begin = decode_key(after, str)[0] if after else ""
    async with page.db.snapshot() as tx:
        row = await reading.group(tx, number)
        if row is None:
            raise NotFound(f"There is no group {number}.")
        members = await reading.members(tx, number, after=begin, limit=lists.ROWS + 1)
    found = page_of(members, lists.ROWS, lambda one_: (one_["subscription"],))
    facts = (
        ("State", _state(row)),
        ("Utility", Link(row["utility"], f"/utilities/{row['utility']}")),
        ("Members", row["size"]),
        ("Taken in by the network", row["taken_in"]),
        ("Revision", row["revision"]),
        ("Made", row["created_at"]),
        ("Last changed", Age(row["modified_at"])),
    )
    parameters = row["document"].get("5gLanParams") or {}
    said = tuple((name, words.shown(name, value)) for name, value in parameters.items())
    paging = lists.paging(page.url, found, "member", row["size"])
    sheet = Sheet(
        rows=(
            (Block("The group", facts), Block("What it shall be", said)),
            (Block("Members", _members(row["utility"], found.items, paging)),),
        )
    )
    head = PageHead(row["name"], f"A group of {row['utility']}.", (HOME,))
    return await page.show("templates/page.html", current=_CURRENT, head=head, **sheet.context())


def _members(code: str, rows: Sequence[Mapping[str, Any]], paging: Paging) -> Table:
    columns = (
        Column("subscription", "Subscription", fixed=True, narrow=True),
        Column("state", "State", narrow=True),
        Column("due", "Next look"),
    )
    shown = [
        Row(
            row["subscription"],
            {
                "subscription": row["subscription"],
                "state": _member(row),
                "due": None if _settled(row) else row["due_at"],
            },
            f"/objects/{code}/{row['subscription']}",
        )
        for row in rows
    ]
    empty = Empty("No member yet", "The network takes members in within seconds.")
    return Table("members", "Members", columns, shown, paging, empty=empty, chooser=False)


def _settled(row: Mapping[str, Any]) -> bool:
    return bool(row["wanted"] and row["operational"])


def _member(row: Mapping[str, Any]) -> Badge:
    if not row["wanted"]:
        return Badge("Leaves", Tone.HELD)
    return Badge("In it", Tone.OK) if row["operational"] else Badge("Being taken in", Tone.BUSY)
