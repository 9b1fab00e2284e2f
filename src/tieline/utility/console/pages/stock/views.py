"""Tables and facts of stock and logistics."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from tieline.console.components.formats import number, plural
from tieline.console.components.tables import Column, Empty, Filter, FilterBar, FilterKind, Option, Row, Table
from tieline.console.components.values import Age, Badge, Count, Ident, IdentKind, Link, Several, Tone
from tieline.platform.paging import Page as Rows
from tieline.platform.scope import named
from tieline.utility.console.http import Page
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.parts.subjects import linked
from tieline.utility.console.pages.stock import words
from tieline.utility.logistics import (
    Goods,
    Item,
    Moved,
    Place,
    PlaceKind,
    PlaceTotal,
)

_PLACES = (
    Column("place", "Place", narrow=True, fixed=True),
    Column("kind", "Kind"),
    Column("goods", "Goods", narrow=True),
    Column("used", "Condition"),
    Column("number", "Number", numeric=True, narrow=True),
)


def items_href(**query: Any) -> str:
    """The list of items with some filters."""
    given = {key: value for key, value in query.items() if value not in (None, "")}
    return f"/stock/items?{urlencode(given, doseq=True)}" if given else "/stock/items"


def places(totals: Sequence[PlaceTotal], empty: Empty) -> Table:
    """How many of what are where; each number leads to its items."""
    return Table("stock-places", "Goods by place", _PLACES, [_total(one) for one in totals], chooser=False, empty=empty)


def _total(one: PlaceTotal) -> Row:
    query = {
        "place": one.place_id,
        "kind": one.kind.value if one.place_id is None else None,
        "goods": one.goods.value,
        "operator": one.operator,
        "variety": one.variety,
        "generation": one.generation,
        "used": "1" if one.used else "0",
    }
    where = items_href(place=one.place_id) if one.place_id else items_href(kind=one.kind.value)
    key = "-".join(map(str, (one.kind, one.place_id, one.goods, one.operator, one.variety, one.generation, one.used)))
    return Row(
        key,
        {
            "place": Link(one.name, where),
            "kind": words.kind_badge(one.kind),
            "goods": words.sort_of(one.goods, one.operator, one.variety, one.generation),
            "used": words.condition(one.kind, used=one.used),
            "number": Count(one.number, items_href(**query)),
        },
        muted=one.kind is PlaceKind.SCRAP,
        tone="bad" if one.kind is PlaceKind.LOST else "",
    )


def acts(rows: Sequence[Mapping[str, Any]]) -> Table:
    """What happened lately."""
    columns = (
        Column("act", "What", narrow=True, fixed=True),
        Column("moved", "Items", numeric=True, narrow=True),
        Column("refused", "Refused", numeric=True),
        Column("why", "Why", wrap=True),
        Column("who", "By"),
        Column("at", "When", narrow=True),
    )
    found = [
        Row(
            str(one["id"]),
            {
                "act": one["act"].capitalize(),
                "moved": one["moved"],
                "refused": one["refused"] or None,
                "why": _said(one),
                "who": named(one["actor"]),
                "at": Age(one["at"]),
            },
        )
        for one in rows
    ]
    return Table(
        "stock-acts", "What happened lately", columns, found, chooser=False, empty=Empty("Nothing has moved yet")
    )


def item_filters(
    url: str, chosen: Mapping[str, Sequence[str]], known: Mapping[str, Sequence[str]], by_id: Mapping[str, str]
) -> FilterBar:
    """The chips of the list of items; what is chosen and not among the choices stands there all the same."""

    def choice(key: str, label: str, options: Mapping[str, str], *, pinned: bool = False) -> Filter:
        """A chip with its choices."""
        every = {**options, **{value: value for value in chosen[key] if value not in options}}
        shown = tuple(Option(value, word, chosen=value in chosen[key]) for value, word in every.items())
        return Filter(key, label, FilterKind.CHOICE, shown, pinned=pinned)

    return FilterBar(
        url,
        (
            Filter("q", "Serial or place", FilterKind.TEXT, value=(chosen["q"] or [""])[-1], pinned=True),
            choice("goods", "Goods", {one.value: word for one, word in words.GOODS.items()}, pinned=True),
            choice("kind", "Sort of place", {one.value: row[0] for one, row in words.KINDS.items()}, pinned=True),
            choice("place", "Place", by_id),
            choice("operator", "Operator", {one: one for one in known.get("operator", ())}),
            choice("variety", "Kind or model", {one: one for one in known.get("variety", ()) if one}),
            choice("generation", "Generation", {one: one for one in ("2G", "3G", "4G", "5G")}),
            choice("used", "Condition", {"0": "new", "1": "has served"}),
            choice("irregular", "Moved out of order", {"1": "yes", "0": "no"}),
        ),
    )


def items(page: Page, rows: Rows[Item], matching: int | None, empty: Empty) -> Table:
    """The list of items."""
    columns = (
        Column("serial", "Serial", narrow=True, fixed=True),
        Column("goods", "Goods"),
        Column("place", "Where it is", narrow=True),
        Column("kind", "Kind of place"),
        Column("used", "Condition"),
        Column("since", "Since", narrow=True),
        Column("region", "Region", hidden=True),
    )
    found = [
        Row(
            str(one.id),
            {
                "serial": Ident(
                    one.serial, IdentKind.ICCID if one.goods is Goods.CARD else IdentKind.PLAIN, copy=False
                ),
                "goods": words.sort_of(one.goods, one.operator, one.variety, one.generation),
                "place": one.place.name,
                "kind": words.kind_badge(one.place.kind),
                "used": words.condition(one.place.kind, used=one.used),
                "since": Age(one.since),
                "region": one.place.region,
            },
            f"/stock/items/{one.id}",
            sheet=True,
            muted=one.place.kind is PlaceKind.SCRAP,
        )
        for one in rows.items
    ]
    paging = lists.paging(page.url, rows, "item", matching)
    return Table("stock-items", "Items", columns, found, paging, empty=empty)


def life(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Every movement of an item, the newest first."""
    columns = (
        Column("at", "When", narrow=True, fixed=True),
        Column("act", "What", narrow=True),
        Column("from", "From"),
        Column("to", "To", narrow=True),
        Column("state", "Card's stock state"),
        Column("who", "By"),
        Column("why", "Why", wrap=True),
    )
    found = [
        Row(
            str(one["id"]),
            {
                "at": one["at"],
                "act": one["act"].capitalize(),
                "from": one["from_name"] or "taken up",
                "to": Link(one["to_name"], f"/sites/{one['to_site_id']}") if one["to_site_id"] else one["to_name"],
                "state": _states(one),
                "who": named(one["actor"]),
                "why": _why(one),
            },
            tone="warn" if one["irregular"] else "",
        )
        for one in rows
    ]
    return Table("stock-life", "Where it went", columns, found, chooser=False)


def _states(one: Mapping[str, Any]) -> str | None:
    before, after = one["state_before"].replace("_", " "), one["state_after"].replace("_", " ")
    return f"{before} → {after}" if before != after else after or None


def _said(one: Mapping[str, Any]) -> object:
    """Why, and for which work order or visit."""
    told = tuple(filter(None, (one["reason"], linked(one["reference"]))))
    return Several(told) if len(told) > 1 else next(iter(told), None)


def _why(one: Mapping[str, Any]) -> object:
    said = _said(one)
    if not one["irregular"]:
        return said
    mark = Badge("Out of order", Tone.WARN, tip=one["irregular"])
    return Several((mark, one["irregular"]), stacked=True)


def refused(moved: Moved) -> Table:
    """What could not be moved, and why."""
    columns = (
        Column("serial", "Serial", narrow=True, fixed=True),
        Column("rule", "Rule"),
        Column("why", "Why not", wrap=True, narrow=True),
    )
    found = [
        Row(f"{place}", {"serial": words.serial(move.goods, move.serial), "rule": why.rule, "why": why.message})
        for place, (move, why) in enumerate(moved.refused)
    ]
    return Table(
        "stock-refused",
        "What was refused",
        columns,
        found,
        chooser=False,
        empty=Empty("Nothing was refused", icon="circle-check"),
    )


def item_facts(item: Item) -> Sequence[tuple[str, object]]:
    """An item as it stands."""
    return (
        ("Serial", words.serial(item.goods, item.serial)),
        ("Goods", words.sort_of(item.goods, item.operator, item.variety, item.generation)),
        ("Where", Several((words.kind_badge(item.place.kind), _where(item.place)))),
        ("Since", Age(item.since)),
        ("Condition", words.condition(item.place.kind, used=item.used)),
        (
            "Delivery",
            Link(f"delivery {item.delivery_id}", f"/stock/deliveries/{item.delivery_id}")
            if item.delivery_id
            else "taken up at the opening",
        ),
        ("In the inventory", words.thing_link(item)),
    )


def _where(place: Place) -> Link:
    return Link(place.name, f"/sites/{place.site_id}") if place.site_id else words.place_link(place)


def moved_sentence(moved: Moved) -> str:
    """What came of moves, in a sentence."""
    parts = [f"{plural(moved.moved, 'item')} moved"]
    if moved.repeated:
        parts.append(f"{number(moved.repeated)} had been moved before")
    if moved.refused:
        parts.append(f"{number(len(moved.refused))} refused")
    return ", ".join(parts) + "."
