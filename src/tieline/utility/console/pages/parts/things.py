"""A thing's page: panels of facts, its links as cards, tables of what belongs to it, its timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from tieline.console.components.frame import PageHead
from tieline.console.components.tables import Column, Row, Table
from tieline.console.components.values import Ident, IdentKind, Link
from tieline.utility import inventory
from tieline.utility.console import words
from tieline.utility.console.http import Page
from tieline.utility.console.pages.parts import history, links
from tieline.utility.inventory import Kind, TimelineEvent
from tieline.utility.logistics import Item

Pairs = Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class View:
    """What a thing's page shows. ``current`` is its place in the rail."""

    current: str
    head: PageHead
    panels: Sequence[tuple[str, Pairs]]
    tables: Sequence[tuple[str, Table]] = ()


async def read(page: Page, kind: Kind, identity: int) -> tuple[dict[str, Any], list[TimelineEvent]]:
    """A thing with all that belongs to it, and what happened to it."""
    async with page.db.snapshot() as tx:
        thing = await inventory.thing_detail(tx, page.scope, kind, identity)
        return thing, await history.events(page, tx, kind, identity)


async def show(page: Page, thing: Mapping[str, Any], events: Sequence[TimelineEvent], view: View) -> Response:
    """The page of a thing, or its sheet beside a list."""
    context: dict[str, Any] = {
        "panels": view.panels,
        "tables": [(title, table) for title, table in view.tables if table.rows],
        "links": [links.link_card(row) for row in thing["fleet"]],
    }
    head = view.head
    if page.is_sheet:
        return page.sheet("pages/parts/thing-sheet.html", title=head.title, state=head.state, **context)
    timeline = history.timeline(f"What happened to {head.title}", page.now, events, thing["fleet"])
    return await page.show("pages/parts/thing.html", current=view.current, head=head, timeline=timeline, **context)


def past_links(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Where a thing was fitted, and when."""
    columns = (
        Column("site", "Site", narrow=True, fixed=True),
        Column("operator", "Operator", narrow=True),
        Column("role", "Role"),
        Column("device", "Device"),
        Column("card", "Card"),
        Column("from", "From", narrow=True),
        Column("to", "Until"),
    )
    found = [
        Row(
            str(one["id"]),
            {
                "site": Link(one["site_name"], f"/sites/{one['site_id']}"),
                "operator": one["operator"],
                "role": one["role"],
                "device": Link(one["device_external_id"], f"/devices/{one['device_id']}"),
                "card": Ident(one["iccid"], IdentKind.ICCID),
                "from": one["valid_from"],
                "to": one["valid_to"],
            },
            muted=one["valid_to"] is not None,
        )
        for one in rows
    ]
    return Table("links", "Links, past and present", columns, found, chooser=False)


def carried(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Which card carried which subscription, and when."""
    columns = (
        Column("card", "Card", narrow=True, fixed=True),
        Column("subscription", "Subscription", narrow=True),
        Column("kind", "Card is"),
        Column("from", "From", narrow=True),
        Column("to", "Until"),
    )
    found = [
        Row(
            f"{one['card_id']}-{one['subscription_id']}",
            {
                "card": Ident(one["iccid"], IdentKind.ICCID, f"/cards/{one['card_id']}"),
                "subscription": Link(one["operator_ref"], f"/subscriptions/{one['subscription_id']}"),
                "kind": words.CARD_KINDS.get(one["card_kind"], one["card_kind"]),
                "from": one["valid_from"],
                "to": one["valid_to"],
            },
            muted=one["valid_to"] is not None,
        )
        for one in rows
    ]
    return Table("cards", "Cards and subscriptions, past and present", columns, found, chooser=False)


def ledger_link(item: Item | None) -> Link | None:
    """Where the ledger of goods has a card or device, with its life; None when it never came through logistics."""
    return Link(f"in {item.place.name}", f"/stock/items/{item.id}") if item else None


def site_link(one: Mapping[str, Any]) -> Link | None:
    """The site that a thing is at."""
    return Link(one["site_name"], f"/sites/{one['site_id']}") if one["site_id"] else None
