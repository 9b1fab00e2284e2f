"""Stock and logistics: goods by place, items, issuing and moving, losses, labels; orders and counts stand beside."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Response

from tieline.console.components.figures import Figure
from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Empty
from tieline.platform.db import Tx
from tieline.platform.scope import Permission
from tieline.utility import inventory, logistics
from tieline.utility.console import filters
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.stock import acting, counting, forms, labels, ordering, papers, views, words
from tieline.utility.logistics import Balance, ItemFilter, PlaceKind, PlaceTotal

router = pages()
router.include_router(ordering.router)
router.include_router(counting.router)
router.include_router(acting.router)
_TEMPLATES = "pages/stock/templates"
_FRESH = timedelta(seconds=60)
_HOME = Crumb("Stock and logistics", "/stock")
_BODY = 2_000_000
_NOT_BLOCKED = "/stock/losses?" + "&".join(f"state={state}" for state in words.NOT_BLOCKED)
Text = Annotated[str, Query(max_length=400)]


@router.get("/stock")
async def overview(page: CurrentPage) -> Response:
    """Goods by place, and what happened lately."""
    async with page.db.snapshot() as tx:
        totals = await logistics.place_totals(tx, page.scope)
        acts = await logistics.recent_acts(tx, page.scope)
        stuck = await logistics.list_losses(tx, page.scope, states=list(words.NOT_BLOCKED), limit=100)
        short = await logistics.needs(tx, page.scope, today=page.calendar_now.date())
    balance = await page.counted("stock-balance", _balance(page), fresh=_FRESH)
    figures = _figures(totals, balance.value if balance else None, len(stuck.items), short)
    may = page.scope.may(Permission.STOCK_WRITE)
    head = PageHead("Stock and logistics", _state(totals), actions=acting.actions(page), tabs=words.tabs("overview"))
    how = "Open the books with what the inventory has, or take the first delivery in."
    actions = (
        (
            Action("Open the books", "/stock/balance", "scroll-text", "primary"),
            Action("New order", "/stock/orders/new", "plus"),
        )
        if may
        else ()
    )
    return await page.show(
        f"{_TEMPLATES}/overview.html",
        current="stock",
        head=head,
        figures=figures,
        table=views.places(totals, Empty("The ledger is empty", how, actions)),
        acts=views.acts(acts),
    )


def _state(totals: Sequence[PlaceTotal]) -> str:
    count = sum(one.number for one in totals)
    return f"{plural(count, 'item')} in the ledger, each in one place." if count else ""


def _balance(page: Page) -> Callable[[Tx], Awaitable[Balance]]:
    async def count(tx: Tx) -> Balance:
        """The balance within this person's bounds."""
        return await logistics.balance(tx, page.scope, listed=200)

    return count


def _figures(
    totals: Sequence[PlaceTotal], balance: Balance | None, stuck: int, short: Sequence[logistics.Shortage]
) -> list[Figure]:
    def number(*kinds: PlaceKind, used: bool | None = None) -> int:
        """How many items are in some sorts of place."""
        return sum(one.number for one in totals if one.kind in kinds and used in {None, one.used})

    wrong = balance.difference_count if balance else None
    lacking = sum(one.first_short is not None for one in short)
    return [
        Figure(
            "New, in warehouses", number(PlaceKind.WAREHOUSE, used=False), views.items_href(kind="warehouse", used="0")
        ),
        Figure(
            "Differences",
            wrong,
            "/stock/balance",
            tone="bad" if wrong else "ok" if wrong == 0 else "",
            note="being worked out" if wrong is None else "it balances" if not wrong else "the ledger disagrees",
        ),
        Figure("Lost and not blocked", stuck, _NOT_BLOCKED, tone="bad" if stuck else ""),
        Figure("Sorts running short", lacking, "/stock/forecast", tone="bad" if lacking else ""),
    ]


@router.get("/stock/items")
async def items(page: CurrentPage) -> Response:
    """The list of items."""
    chosen = _chosen(page)
    wanted = _filter(chosen)
    async with page.db.snapshot() as tx:
        rows = await logistics.list_items(tx, page.scope, wanted, cursor=lists.cursor_of(page.url), limit=lists.ROWS)
        matching = await logistics.count_items(tx, page.scope, wanted)
        places = await logistics.list_places(tx, page.scope)
        totals = await logistics.place_totals(tx, page.scope)
    known = {
        "operator": sorted({one.operator for one in totals if one.operator}),
        "variety": sorted({one.variety for one in totals}),
    }
    narrowed = any(chosen.values())
    empty = (
        lists.no_match("No item matches these filters", "/stock/items")
        if narrowed
        else Empty(
            "The ledger is empty",
            "Take in what the inventory has, or a delivery.",
            (Action("Open the books", "/stock/balance", "scroll-text"),),
        )
    )
    head = PageHead(
        "Items",
        f"{plural(matching, 'item')} {'fit these filters' if narrowed else 'in all'}.",
        (_HOME,),
        actions=_item_actions(page),
        tabs=words.tabs("items"),
    )
    return await page.show(
        "pages/parts/list.html",
        current="stock",
        head=head,
        bar=views.item_filters(page.url, chosen, known, {str(one.id): one.name for one in places}),
        table=views.items(page, rows, matching, empty),
    )


def _item_actions(page: Page) -> tuple[Action, ...]:
    query = page.request.url.query
    return (
        Action("Labels of these", f"/stock/labels.svg{f'?{query}' if query else ''}", "printer"),
        *acting.actions(page)[:1],
    )


_KEYS = ("q", "goods", "kind", "place", "operator", "variety", "generation", "used", "irregular", "delivery")


def _chosen(page: Page) -> dict[str, list[str]]:
    pairs = filters.pairs_of(page.request.url.query)
    return {key: [value.replace("\0", "") for one, value in pairs if one == key and value.strip()] for key in _KEYS}


def _filter(chosen: Mapping[str, Sequence[str]]) -> ItemFilter:
    def whole(key: str) -> tuple[int, ...]:
        """The numbers among what was chosen."""
        return tuple(int(one) for one in chosen[key] if one.isdecimal() and one.isascii() and len(one) <= 18)  # noqa: PLR2004

    def flag(key: str) -> bool | None:
        """Yes, no, or both."""
        values = set(chosen[key]) & {"0", "1"}
        return values == {"1"} if len(values) == 1 else None

    delivery = whole("delivery")
    return ItemFilter(
        goods=tuple(chosen["goods"]),
        kinds=tuple(chosen["kind"]),
        place_ids=whole("place"),
        operators=tuple(chosen["operator"]),
        varieties=tuple(chosen["variety"]),
        generations=tuple(chosen["generation"]),
        used=flag("used"),
        irregular=flag("irregular"),
        delivery_id=delivery[-1] if delivery else None,
        q=chosen["q"][-1] if chosen["q"] else "",
    )


@router.get("/stock/labels.svg")
async def label_sheet(page: CurrentPage) -> Response:
    """Labels of the items that fit the filters, as many as fit on a few sheets: an SVG to print."""
    async with page.db.snapshot() as tx:
        rows = await logistics.list_items(tx, page.scope, _filter(_chosen(page)), limit=labels.MOST)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'inline; filename="labels.svg"'}
    return Response(labels.sheet(rows.items), media_type="image/svg+xml", headers=headers)


@router.get("/stock/items/{item_id}")
async def item(page: CurrentPage, item_id: int) -> Response:
    """One item, with its life."""
    async with page.db.snapshot() as tx:
        one = await logistics.one_item(tx, page.scope, item_id)
        life = await logistics.life(tx, page.scope, item_id)
    noun = words.NOUNS[one.goods].capitalize()
    title, state = f"{noun} {one.serial}", f"In {one.place.name}."
    context: dict[str, Any] = {"facts": views.item_facts(one), "life": views.life(life)}
    if page.is_sheet:
        return page.sheet(f"{_TEMPLATES}/item-sheet.html", title=title, state=state, **context)
    unless = "" if page.scope.may(Permission.STOCK_WRITE) else "Your role may not move goods."
    gone = "" if one.place.kind is not PlaceKind.LOST else "It is reported lost already."
    query = urlencode({"goods": one.goods.value, "serials": one.serial})
    actions = (
        Action("Report lost", f"/stock/lost?{query}", "siren", unless=unless or gone),
        Action("Label", f"/stock/labels.svg?{urlencode({'q': one.serial, 'goods': one.goods.value})}", "printer"),
        Action("Take back", f"/stock/move?act=return&{query}", "undo-2", unless=unless),
    )
    head = PageHead(title, state, (_HOME, Crumb("Items", "/stock/items")), actions)
    return await page.show(f"{_TEMPLATES}/item.html", current="stock", head=head, **context)


@router.get("/stock/balance")
async def balance(page: CurrentPage) -> Response:
    """Whether the ledger balances."""
    found = (await page.always("stock-balance", _balance(page), fresh=_FRESH)).value
    async with page.db.snapshot() as tx:
        warehouses = await logistics.list_places(tx, page.scope, [PlaceKind.WAREHOUSE])
    untracked = sum(found.untracked.values())
    state = "It balances." if found.ok else f"{plural(found.difference_count, 'difference')}."
    shown = f" {plural(found.items, 'item')}, {plural(found.movements, 'movement')} replayed."
    may = page.scope.may(Permission.STOCK_WRITE)
    return await page.show(
        f"{_TEMPLATES}/balance.html",
        current="stock",
        head=PageHead("Balance", state + shown, (_HOME,), tabs=words.tabs("balance")),
        goods=papers.goods_totals(found),
        table=papers.differences(found),
        untracked=untracked,
        form=forms.take_in(warehouses, page.csrf_token) if may and untracked else None,
        key=forms.key(),
    )


@router.post("/stock/take-in")
async def take_in(page: CurrentPage) -> Response:
    """Open the books."""
    typed = ordering.texts(await page.form(fields=10))
    async with page.db.transaction() as tx:
        await logistics.take_in(
            tx, page.scope, warehouse_id=acting.whole(typed.get("warehouse_id", "")) or 0, key=typed.get("key", "")
        )
    return page.redirect("/stock")


@router.get("/stock/forecast")
async def forecast(page: CurrentPage) -> Response:
    """On which day stock runs out."""
    async with page.db.snapshot() as tx:
        found = await logistics.needs(tx, page.scope, today=page.calendar_now.date())
        origins = await logistics.need_origins(tx, page.scope)
        operators = await inventory.operators(tx, page.scope)
    short = sum(one.first_short is not None for one in found)
    some = f"{plural(short, 'sort')} of goods {'runs' if short == 1 else 'run'} short."
    state = some if short else "Stock and orders last for what is needed."
    may = page.scope.may(Permission.STOCK_WRITE)
    return await page.show(
        f"{_TEMPLATES}/forecast.html",
        current="stock",
        head=PageHead("Forecast", state if found else "", (_HOME,), tabs=words.tabs("forecast")),
        table=papers.shortages(found),
        origins=papers.origins(origins) if origins else None,
        form=forms.need(operators, page.csrf_token) if may else None,
        clear=may and any(one["origin"] == ordering.BY_HAND for one in origins),
    )
