"""Tables of papers: orders, deliveries, losses, stocktakes, the balance, the forecast."""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.console.components.frame import Action
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Several, Tone
from tieline.platform.paging import Page as Rows
from tieline.platform.scope import named
from tieline.utility.console.http import Page
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.parts.subjects import linked
from tieline.utility.console.pages.stock import views, words
from tieline.utility.logistics import (
    Balance,
    Delivery,
    Goods,
    Order,
    Shortage,
)


def orders(page: Page, rows: Rows[Order], *, may: bool) -> Table:
    """Orders with what is still to come."""
    columns = (
        Column("reference", "Order", narrow=True, fixed=True),
        Column("goods", "Goods", narrow=True),
        Column("supplier", "Supplier"),
        Column("state", "State"),
        Column("number", "Ordered", numeric=True),
        Column("accepted", "Delivered", numeric=True),
        Column("outstanding", "Outstanding", numeric=True, narrow=True),
        Column("expected", "Expected"),
    )
    found = [
        Row(
            str(one.id),
            {
                "reference": one.reference,
                "goods": words.sort_of(one.goods, one.operator, one.variety, one.generation),
                "supplier": one.supplier,
                "state": _order_state(page, one),
                "number": one.number,
                "accepted": one.accepted,
                "outstanding": one.outstanding or None,
                "expected": f"{one.expected_on:%-d %b %Y}",
            },
            f"/stock/orders/{one.id}",
        )
        for one in rows.items
    ]
    action = (Action("New order", "/stock/orders/new", "plus", "primary"),) if may else ()
    empty = Empty(
        "No order yet",
        "Enter what was ordered; its delivery notes then say what came and what is outstanding.",
        action,
        "truck",
    )
    return Table("stock-orders", "Orders", columns, found, lists.paging(page.url, rows, "order"), empty=empty)


def _order_state(page: Page, one: Order) -> object:
    late = one.outstanding and one.expected_on < page.now.date()
    state = words.ORDER_STATES[one.state]
    return Several((state, Badge("Late", Tone.WARN))) if late else state


def order_facts(page: Page, one: Order) -> Sequence[tuple[str, object]]:
    """An order as it was made."""
    return (
        ("Goods", words.sort_of(one.goods, one.operator, one.variety, one.generation)),
        ("Supplier", one.supplier),
        ("State", _order_state(page, one)),
        ("Ordered", one.number),
        ("Delivered", one.accepted),
        ("Outstanding", one.outstanding),
        ("Expected", f"{one.expected_on:%-d %b %Y}"),
        ("Ordered by", named(one.created_by)),
        ("Note", one.note or None),
        ("Why closed", one.state_why or None),
    )


def deliveries(page: Page, rows: Rows[Delivery]) -> Table:
    """Deliveries of an order."""
    columns = (
        Column("note", "Delivery note", narrow=True, fixed=True),
        Column("accepted", "Taken in", numeric=True, narrow=True),
        Column("bad", "Bad rows", numeric=True, narrow=True),
        Column("place", "Into"),
        Column("who", "By"),
        Column("at", "When"),
    )
    found = [
        Row(
            str(one.id),
            {
                "note": one.note,
                "accepted": Count(one.accepted, views.items_href(delivery=one.id)),
                "bad": Count(one.rows_bad, f"/stock/deliveries/{one.id}") if one.rows_bad else None,
                "place": Link(one.place_name, views.items_href(place=one.place_id)),
                "who": named(one.actor),
                "at": Age(one.at),
            },
            f"/stock/deliveries/{one.id}",
            tone="warn" if one.rows_bad else "",
        )
        for one in rows.items
    ]
    empty = Empty("Nothing delivered yet", "Send the delivery note below: CSV or Excel, one row an item.")
    return Table(
        "stock-deliveries",
        "Deliveries",
        columns,
        found,
        lists.paging(page.url, rows, "delivery"),
        chooser=False,
        empty=empty,
    )


def problems(rows: Sequence[Any]) -> Table:
    """What is wrong with a delivery note, row by row."""
    columns = (
        Column("line", "Line", numeric=True, narrow=True, fixed=True),
        Column("field", "Field"),
        Column("value", "Value", narrow=True),
        Column("rule", "Rule"),
        Column("message", "What is wrong", wrap=True, narrow=True),
    )
    found = [
        Row(
            str(place),
            {name: one.get(name) or None for name in ("line", "field", "value", "rule", "message")},
        )
        for place, one in enumerate(rows)
    ]
    empty = Empty("Every row was good", icon="circle-check")
    return Table("stock-problems", "Bad rows", columns, found, chooser=False, empty=empty)


def losses(page: Page, rows: Rows[dict[str, Any]]) -> Table:
    """Losses, and whether their cards are blocked."""
    columns = (
        Column("what", "What", narrow=True, fixed=True, wrap=True),
        Column("state", "Line", narrow=True),
        Column("why", "What happened", wrap=True),
        Column("change", "Change"),
        Column("who", "Reported by"),
        Column("at", "When", narrow=True),
    )
    found = [
        Row(
            str(one["id"]),
            {
                "what": _what(one),
                "state": words.LOSS_STATES[one["state"]],
                "why": Several((one["why"], one["state_why"]), stacked=True) if one["state_why"] else one["why"],
                "change": Link(f"change {one['change_id']}", f"/changes/{one['change_id']}")
                if one["change_id"]
                else None,
                "who": named(one["actor"]),
                "at": Age(one["at"]),
            },
            tone="bad" if one["state"] == "stuck" else "",
        )
        for one in rows.items
    ]
    empty = Empty(
        "Nothing was lost",
        "A card that is reported lost or stolen is listed here until its line is blocked.",
        icon="circle-check",
    )
    return Table(
        "stock-losses",
        "Lost and stolen",
        columns,
        found,
        lists.paging(page.url, rows, "report"),
        chooser=False,
        empty=empty,
    )


def _what(one: Mapping[str, Any]) -> object:
    named_first = words.listed(one["serials"], 2)
    more = one["items"] - min(2, len(one["serials"]))
    text = f"{named_first}{f' and {more} more' if more > 0 and len(one['serials']) <= 2 else ''}"  # noqa: PLR2004
    return Several((Badge("Stolen", Tone.BAD), text)) if one["stolen"] else text


def counts(page: Page, rows: Rows[dict[str, Any]], *, may: bool) -> Table:
    """Stocktakes."""
    columns = (
        Column("id", "Stocktake", narrow=True, fixed=True),
        Column("place", "Place", narrow=True),
        Column("goods", "Goods"),
        Column("listed", "Found", numeric=True),
        Column("differences", "Differences", numeric=True, narrow=True),
        Column("state", "State"),
        Column("who", "By"),
        Column("at", "When"),
    )
    found = []
    for one in rows.items:
        differing = sum(one[name] for name in ("missing", "wrong_place", "unexpected", "unknown"))
        cells = {
            "id": f"Stocktake {one['id']}",
            "place": one["place_name"],
            "goods": words.GOODS[Goods(one["goods"])],
            "listed": one["listed"],
            "differences": differing or None,
            "state": count_state(one),
            "who": named(one["actor"]),
            "at": Age(one["at"]),
        }
        open_still = differing and one["adjusted_at"] is None
        found.append(Row(str(one["id"]), cells, f"/stock/counts/{one['id']}", tone="warn" if open_still else ""))
    action = (Action("Count a place", "/stock/counts/new", "list-checks", "primary"),) if may else ()
    empty = Empty(
        "No stocktake yet",
        "Scan or paste what lies in a warehouse or a van; what differs is listed.",
        action,
        "list-checks",
    )
    return Table("stock-counts", "Stocktakes", columns, found, lists.paging(page.url, rows, "stocktake"), empty=empty)


def count_state(one: Mapping[str, Any]) -> Badge:
    """Whether a stocktake agrees, waits, or was acted on."""
    if one["adjusted_at"] is not None:
        return Badge("Acted on", Tone.OK)
    if any(one[name] for name in ("missing", "wrong_place", "unexpected", "unknown")):
        return Badge("Differs", Tone.WARN)
    return Badge("Agrees", Tone.OK)


def count_sheet(page: Page, goods: Goods, rows: Rows[dict[str, Any]]) -> Table:
    """The difference sheet."""
    columns = (
        Column("serial", "Serial", narrow=True, fixed=True),
        Column("verdict", "What differs", narrow=True),
        Column("place", "The ledger has it in"),
        Column("outcome", "What was done"),
    )
    found = []
    for one in rows.items:
        word, tone = words.VERDICTS[one["verdict"]]
        cells = {
            "serial": words.serial(goods, one["serial"]),
            "verdict": Badge(word, tone),
            "place": Link(one["place_name"], f"/stock/items/{one['item_id']}") if one["item_id"] else None,
            "outcome": one["outcome"] or None,
        }
        found.append(Row(str(one["id"]), cells))
    empty = Empty("Nothing differs", "What was found is what the ledger has there.", icon="circle-check")
    return Table(
        "stock-sheet",
        "Differences",
        columns,
        found,
        lists.paging(page.url, rows, "difference"),
        chooser=False,
        empty=empty,
    )


def differences(balance: Balance) -> Table:
    """What does not agree, item by item."""
    columns = (
        Column("serial", "Item", narrow=True, fixed=True),
        Column("goods", "Goods"),
        Column("words", "What does not agree", wrap=True, narrow=True),
        Column("ledger", "The ledger says"),
        Column("found", "Found"),
    )
    found = [
        Row(
            f"{one.kind}-{one.serial}",
            {
                "serial": Link(one.serial, views.items_href(q=one.serial)),
                "goods": one.goods,
                "words": one.words,
                "ledger": one.ledger or None,
                "found": one.found or None,
            },
            tone="bad",
        )
        for one in balance.differences
    ]
    empty = Empty(
        "It balances",
        "Every item is in exactly one place, and ledger, deliveries and inventory agree on it.",
        icon="circle-check",
    )
    return Table("stock-differences", "Differences", columns, found, chooser=False, empty=empty)


def goods_totals(balance: Balance) -> Table:
    """What came in and what is there."""
    columns = (
        Column("goods", "Goods", narrow=True, fixed=True),
        Column("ordered", "Ordered", numeric=True),
        Column("opening", "At the opening", numeric=True),
        Column("delivered", "Delivered", numeric=True, narrow=True),
        Column("present", "In all places", numeric=True, narrow=True),
        Column("untracked", "Not in the ledger", numeric=True),
    )
    found = [
        Row(
            one.goods.value,
            {
                "goods": words.GOODS[one.goods],
                "ordered": Count(one.ordered, f"/stock/orders?goods={one.goods.value}"),
                "opening": one.opening,
                "delivered": one.delivered,
                "present": Count(one.present, views.items_href(goods=one.goods.value)),
                "untracked": balance.untracked.get(one.goods.value) or None,
            },
        )
        for one in balance.goods
    ]
    return Table("stock-goods", "What came in and what is there", columns, found, chooser=False)


def shortages(rows: Sequence[Shortage]) -> Table:
    """What is needed against stock and orders."""
    columns = (
        Column("goods", "Goods", narrow=True, fixed=True),
        Column("state", "Lasts", narrow=True),
        Column("needed", "Needed", numeric=True),
        Column("stock", "In stock", numeric=True),
        Column("coming", "On order", numeric=True),
        Column("first", "First day short", narrow=True),
        Column("short", "Short by then", numeric=True),
        Column("worst", "Short at worst", numeric=True),
    )
    found = [
        Row(
            f"{one.goods}-{one.operator}-{one.variety}-{one.generation}",
            {
                "goods": words.sort_of(one.goods, one.operator or None, one.variety, one.generation),
                "state": Badge("Runs short", Tone.BAD) if one.first_short else Badge("Lasts", Tone.OK),
                "needed": one.needed,
                "stock": Count(
                    one.in_stock,
                    views.items_href(
                        goods=one.goods.value, kind=["warehouse", "crew"], used="0", operator=one.operator
                    ),
                ),
                "coming": Count(one.coming, f"/stock/orders?state=open&goods={one.goods.value}"),
                "first": f"{one.first_short:%-d %b %Y}" if one.first_short else None,
                "short": one.short_by or None,
                "worst": one.worst or None,
            },
            tone="bad" if one.first_short else "",
        )
        for one in rows
    ]
    empty = Empty(
        "Nothing is needed yet",
        "Programmes say here what their visits need and when; needs of other work can be entered below.",
        icon="calendar-clock",
    )
    return Table("stock-forecast", "What is needed against stock", columns, found, chooser=False, empty=empty)


def origins(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Who needs how much."""
    columns = (
        Column("origin", "Needed by", narrow=True, fixed=True),
        Column("goods", "Goods"),
        Column("number", "Number", numeric=True, narrow=True),
        Column("first", "From"),
        Column("last", "Until"),
    )
    found = []
    for one in rows:
        origin = str(one["origin"])
        cells = {
            "origin": linked(origin),
            "goods": words.GOODS[Goods(one["goods"])],
            "number": one["number"],
            "first": f"{one['first']:%-d %b %Y}",
            "last": f"{one['last']:%-d %b %Y}",
        }
        found.append(Row(f"{origin}-{one['goods']}", cells))
    return Table("stock-needs", "Who needs it", columns, found, chooser=False, empty=Empty("Nobody has said anything"))
