"""Cards as rows, the stock as figures, and one card with what it carried."""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.console.components.frame import Crumb, PageHead
from tieline.console.components.tables import Column, Row, Table
from tieline.console.components.values import Count, Ident, IdentKind, Link
from tieline.utility.console import words
from tieline.utility.console.filters import href
from tieline.utility.console.pages.parts import things

FILTERS = ("operator", "stock", "generation", "state", "linked", "technology", "region", "criticality", "kind", "q")
PINNED = ("operator", "stock", "generation")
COLUMNS = (
    Column("iccid", "ICCID", narrow=True, fixed=True),
    Column("operator", "Operator", narrow=True),
    Column("stock", "Where it is", narrow=True),
    Column("kind", "Card is"),
    Column("subscription", "Carries"),
    Column("generation", "May use"),
    Column("state", "State"),
    Column("site", "Site"),
    Column("eid", "EID", hidden=True),
    Column("region", "Region", hidden=True),
)
_STOCK_COLUMNS = (
    Column("operator", "Operator", narrow=True, fixed=True),
    Column("generation", "May use", narrow=True),
    Column("kind", "Card is"),
    Column("stock", "Where", narrow=True),
    Column("cards", "Cards", numeric=True, narrow=True),
)


def rows(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows of the list."""
    return [_row(one) for one in found]


def _row(one: Mapping[str, Any]) -> Row:
    subscription = one["subscription_id"]
    return Row(
        str(one["id"]),
        {
            "iccid": Ident(one["iccid"], IdentKind.ICCID, copy=False),
            "operator": one["operator"],
            "stock": words.stock_badge(one["stock_state"]),
            "kind": words.CARD_KINDS.get(one["kind"], one["kind"]),
            "subscription": Link(one["operator_ref"], f"/subscriptions/{subscription}") if subscription else None,
            "generation": one["generation"],
            "state": words.state_badge(one["state"]),
            "site": things.site_link(one),
            "eid": Ident(one["eid"], IdentKind.EID) if one["eid"] else None,
            "region": one["region"],
        },
        f"/cards/{one['id']}",
        sheet=True,
        muted=one["stock_state"] in {"returned", "lost", "blocked"},
    )


def stock(counts: Sequence[Mapping[str, Any]]) -> Table:
    """How many cards lie where, for each operator and generation; each number leads to its cards."""
    found = [
        Row(
            f"{one['operator']}-{one['kind']}-{one['generation']}-{one['stock_state']}",
            {
                "operator": one["operator"],
                "generation": one["generation"],
                "kind": words.CARD_KINDS.get(one["kind"], one["kind"]),
                "stock": words.stock_badge(one["stock_state"]),
                "cards": Count(
                    one["cards"],
                    href(
                        "/cards",
                        operator=one["operator"],
                        generation=one["generation"],
                        stock=one["stock_state"],
                    ),
                ),
            },
        )
        for one in counts
    ]
    return Table("stock", "Cards that are fitted nowhere", _STOCK_COLUMNS, found, chooser=False)


def view(one: Mapping[str, Any], ledger: Link | None = None) -> things.View:
    """A card's page; ``ledger`` is where the ledger of goods has it."""
    badge = words.stock_badge(one["stock_state"])
    where = f"{badge.word.lower() if badge else 'unknown'}, at {one['site_name']}" if one["site_name"] else ""
    state = f"Operator {one['operator']}, {where or (badge.word.lower() if badge else 'unknown')}."
    crumbs = (
        Crumb("Cards", "/cards"),
        Crumb(f"Operator {one['operator']}", href("/cards", operator=one["operator"])),
    )
    subscription = one["subscription_id"]
    card = (
        ("ICCID", Ident(one["iccid"], IdentKind.ICCID)),
        ("EID", Ident(one["eid"], IdentKind.EID) if one["eid"] else None),
        ("Card is", words.CARD_KINDS.get(one["kind"], one["kind"])),
        ("Where", badge),
        ("In the ledger", ledger),
        ("Reserved for", _reserved(one)),
    )
    carries = (
        ("Subscription", Link(one["operator_ref"], f"/subscriptions/{subscription}") if subscription else None),
        ("May use", f"up to {one['generation']}" if one["generation"] else None),
        ("State", words.state_badge(one["state"])),
        ("Site", things.site_link(one)),
    )
    tables = (
        ("What it carried", things.carried(one["cards"])),
        ("Where it was fitted", things.past_links(one["history_of_links"])),
    )
    head = PageHead(f"Card {one['iccid']}", state, crumbs)
    return things.View("cards", head, (("Card", card), ("Carries", carries)), tables)


def _reserved(one: Mapping[str, Any]) -> Link | None:
    change = one["reserved_change_id"]
    return Link(f"change {change}", f"/changes/{change}") if change else None
