"""Orders, their deliveries, and needs that are entered by hand."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from fastapi import Response
from starlette.datastructures import FormData

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.work import Confirm
from tieline.platform.errors import Invalid, Problem, TielineError, TooLarge
from tieline.platform.scope import Permission
from tieline.platform.web import MEGABYTE
from tieline.utility import inventory, logistics
from tieline.utility.console import filters
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.stock import forms, papers, views, words
from tieline.utility.logistics import Delivered, Demand, Goods, NewOrder, PlaceKind

router = pages()
BY_HAND = "by hand"
_TEMPLATES = "pages/stock/templates"
_MOST = 64 * MEGABYTE
_HOME = (Crumb("Stock and logistics", "/stock"), Crumb("Orders", "/stock/orders"))


@router.get("/stock/orders")
async def orders(page: CurrentPage) -> Response:
    """Orders with what is still to come."""
    pairs = filters.pairs_of(page.request.url.query)
    states = [value for key, value in pairs if key == "state"]
    goods = [value for key, value in pairs if key == "goods"]
    async with page.db.snapshot() as tx:
        rows = await logistics.list_orders(
            tx, page.scope, states=states, goods=goods, cursor=lists.cursor_of(page.url), limit=lists.ROWS
        )
    may = page.scope.may(Permission.STOCK_WRITE)
    left = sum(one.outstanding for one in rows.items)
    state = f"{plural(left, 'item')} outstanding." if rows.items else ""
    actions = (Action("New order", "/stock/orders/new", "plus", "primary"),) if may else ()
    head = PageHead("Orders", state, _HOME[:1], actions, words.tabs("orders"))
    table = papers.orders(page, rows, may=may)
    return await page.show(f"{_TEMPLATES}/table.html", current="stock", head=head, table=table, title="")


@router.get("/stock/orders/new")
async def new(page: CurrentPage) -> Response:
    """The form of an order."""
    page.scope.require(Permission.STOCK_WRITE)
    return await _form(page, {}, {})


async def _form(page: Page, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        operators = await inventory.operators(tx, page.scope)
    form = forms.order(operators, typed, page.csrf_token, errors)
    return await page.show(
        "pages/stock/templates/form.html",
        current="stock",
        head=PageHead("New order", "Its delivery notes say later what came of it.", _HOME),
        status=422 if errors else 200,
        form=form,
    )


@router.post("/stock/orders")
async def make(page: CurrentPage) -> Response:
    """Enter an order."""
    page.scope.require(Permission.STOCK_WRITE)
    typed = texts(await page.form(fields=20))
    errors: dict[str, str] = {}
    number, day = typed.get("number", ""), _day(typed.get("expected_on", ""))
    if not (number.isascii() and number.isdigit() and int(number[:9]) > 0 and len(number) < 8):  # noqa: PLR2004
        errors["number"] = "A whole number above 0."
    if day is None:
        errors["expected_on"] = "A day."
    if errors or day is None:
        return await _form(page, typed, errors)
    order = NewOrder(
        reference=typed.get("reference", ""),
        goods=Goods(typed["goods"]) if typed.get("goods") in set(Goods) else Goods.CARD,
        supplier=typed.get("supplier", ""),
        number=int(number),
        expected_on=day,
        operator=typed.get("operator") or None,
        variety=typed.get("variety", ""),
        generation=typed.get("generation", ""),
        note=typed.get("note", ""),
    )
    try:
        async with page.db.transaction() as tx:
            made = await logistics.make_order(tx, page.scope, order)
    except Invalid as error:
        return await _form(page, typed, {one.field: one.message for one in error.problems})
    return page.redirect(f"/stock/orders/{made.id}")


@router.get("/stock/orders/{order_id}")
async def order(page: CurrentPage, order_id: int) -> Response:
    """An order, its deliveries, and where the next delivery note is dropped."""
    return await _order(page, order_id)


async def _order(page: Page, order_id: int, *, error: str = "", seen: Delivered | None = None) -> Response:
    async with page.db.snapshot() as tx:
        one = await logistics.one_order(tx, page.scope, order_id)
        rows = await logistics.list_deliveries(
            tx, page.scope, order_id=order_id, cursor=lists.cursor_of(page.url), limit=lists.ROWS
        )
        warehouses = await logistics.list_places(tx, page.scope, [PlaceKind.WAREHOUSE])
    may = page.scope.may(Permission.STOCK_WRITE) and one.state == "open"
    close = Confirm(
        "close-order",
        f"Close order {one.reference}",
        f"{plural(one.outstanding, 'item')} will not be expected any more.",
        f"/stock/orders/{order_id}/close",
        "Close it",
        page.csrf_token,
        noun="item",
        reason_label="Why",
    )
    actions = (Action("Close the order", icon="x", dialog="close-order"),) if may else ()
    state = f"{plural(one.outstanding, 'item')} of {one.number:,} outstanding."
    return await page.show(
        f"{_TEMPLATES}/order.html",
        current="stock",
        head=PageHead(f"Order {one.reference}", state, _HOME, actions),
        status=422 if error else 200,
        facts=papers.order_facts(page, one),
        deliveries=papers.deliveries(page, rows),
        drop=forms.drop(error) if may else None,
        fields=forms.delivery_fields(warehouses),
        action=f"/stock/orders/{order_id}/deliveries",
        close=close if may else None,
        seen=_seen(seen) if seen else None,
        bad=papers.problems([msgspec.to_builtins(each) for each in seen.problems[: lists.ROWS]]) if seen else None,
    )


def _seen(seen: Delivered) -> str:
    what = f"{plural(seen.accepted, 'row')} of {seen.rows_read:,} would be taken in, {seen.bad:,} are bad"
    left = f"; {plural(seen.outstanding, 'item')} would stay outstanding."
    columns = f" Columns that are not read: {words.listed(list(seen.unknown_columns))}." if seen.unknown_columns else ""
    return what + left + columns


@router.post("/stock/orders/{order_id}/deliveries", max_body_size=_MOST)
async def deliver(page: CurrentPage, order_id: int) -> Response:
    """Look at a delivery note, or take it in."""
    page.scope.require(Permission.STOCK_WRITE)
    async with page.db.snapshot() as tx:
        goods = (await logistics.one_order(tx, page.scope, order_id)).goods
    typed = await page.form(fields=20, files=1)
    take = texts(typed).get("take") == "1"
    try:
        done = await logistics.take_note(page.runtime, page.scope, order_id, goods, typed, dry_run=not take)
    except (Invalid, TooLarge) as error:
        return await _order(page, order_id, error=_said(error))
    if done.delivery_id is None:
        return await _order(page, order_id, seen=done)
    return page.redirect(f"/stock/deliveries/{done.delivery_id}")


def _said(error: TielineError) -> str:
    problems = error.problems if isinstance(error, Invalid) else ()
    return " ".join(filter(None, (error.detail, error.advice, *(one.message for one in problems))))


@router.post("/stock/orders/{order_id}/close")
async def close(page: CurrentPage, order_id: int) -> Response:
    """Close an order."""
    typed = texts(await page.form(fields=10))
    async with page.db.transaction() as tx:
        await logistics.close_order(tx, page.scope, order_id, why=typed.get("reason", ""))
    return page.redirect(f"/stock/orders/{order_id}")


@router.get("/stock/deliveries/{delivery_id}")
async def delivery(page: CurrentPage, delivery_id: int) -> Response:
    """A delivery: what was taken in, and each bad row."""
    async with page.db.snapshot() as tx:
        one = await logistics.one_delivery(tx, page.scope, delivery_id)
        rows = await logistics.delivery_problems(
            tx, page.scope, delivery_id, cursor=lists.cursor_of(page.url), limit=lists.ROWS
        )
    crumbs = (*_HOME, Crumb(f"Order {one.reference}", f"/stock/orders/{one.order_id}"))
    state = f"{plural(one.accepted, 'item')} taken into {one.place_name}; {plural(one.rows_bad, 'row')} bad."
    actions = (
        Action("The items", views.items_href(delivery=one.id), "list"),
        Action("Labels", f"/stock/labels.svg?delivery={one.id}", "printer"),
    )
    head = PageHead(f"Delivery {one.note}", state, crumbs, actions)
    table = papers.problems(list(rows.items))
    return await page.show(f"{_TEMPLATES}/table.html", current="stock", head=head, table=table, title="Bad rows")


@router.post("/stock/forecast")
async def need(page: CurrentPage) -> Response:
    """Add a need by hand, or take all of them back."""
    typed = texts(await page.form(fields=20))
    async with page.db.transaction() as tx:
        if typed.get("clear"):
            await logistics.put_needs(tx, page.scope, BY_HAND, [])
        else:
            had = await logistics.needs_of(tx, page.scope, BY_HAND)
            await logistics.put_needs(tx, page.scope, BY_HAND, [*had, _demand(typed)])
    return page.redirect("/stock/forecast")


def _demand(typed: Mapping[str, str]) -> Demand:
    number, day = typed.get("number", ""), _day(typed.get("day", ""))
    if day is None or not (number.isascii() and number.isdigit() and len(number) < 8):  # noqa: PLR2004
        raise Invalid("A need has a number and a day.", [Problem("number", "format", "A whole number, and a day.")])
    return Demand(
        day=day,
        goods=Goods(typed["goods"]) if typed.get("goods") in set(Goods) else Goods.CARD,
        number=int(number),
        operator=typed.get("operator", "")[:32],
        variety=typed.get("variety", "")[:100],
        generation=typed.get("generation", "") if typed.get("generation") in {"2G", "3G", "4G", "5G"} else "",
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def texts(typed: FormData) -> dict[str, str]:
    """The fields of a form that are text, without what no field holds."""
    values: dict[str, Any] = {name: value for name, value in typed.items() if isinstance(value, str)}
    return {name: value.replace("\0", "").strip() for name, value in values.items()}
