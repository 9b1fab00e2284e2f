"""Stocktakes: counted, compared, acted on."""

from collections.abc import Mapping

from fastapi import Response

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.platform.errors import Invalid
from tieline.platform.scope import Permission
from tieline.utility import logistics
from tieline.utility.console import filters
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.stock import forms, papers, words
from tieline.utility.console.pages.stock.ordering import texts
from tieline.utility.logistics import COUNTABLE, Goods

router = pages()
_TEMPLATES = "pages/stock/templates"
_DIGITS = 18
_HOME = (Crumb("Stock and logistics", "/stock"), Crumb("Stocktakes", "/stock/counts"))


@router.get("/stock/counts")
async def counts(page: CurrentPage) -> Response:
    """Stocktakes."""
    async with page.db.snapshot() as tx:
        rows = await logistics.list_counts(tx, page.scope, cursor=lists.cursor_of(page.url), limit=lists.ROWS)
    may = page.scope.may(Permission.STOCK_WRITE)
    actions = (Action("Count a place", "/stock/counts/new", "list-checks", "primary"),) if may else ()
    head = PageHead(
        "Stocktakes",
        "What lies in a place, against what the ledger has there.",
        _HOME[:1],
        actions,
        words.tabs("counts"),
    )
    table = papers.counts(page, rows, may=may)
    return await page.show(f"{_TEMPLATES}/table.html", current="stock", head=head, table=table, title="")


@router.get("/stock/counts/new")
async def new(page: CurrentPage) -> Response:
    """The form of a stocktake."""
    page.scope.require(Permission.STOCK_WRITE)
    return await _form(page, dict(filters.pairs_of(page.request.url.query)), {})


async def _form(page: Page, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        places = await logistics.list_places(tx, page.scope, COUNTABLE)
    head = PageHead("Count a place", "Nothing moves until you have seen the differences.", _HOME)
    form = forms.count(places, typed, page.csrf_token, errors)
    return await page.show(
        "pages/stock/templates/form.html", current="stock", head=head, status=422 if errors else 200, form=form
    )


@router.post("/stock/counts")
async def make(page: CurrentPage) -> Response:
    """Compare what was found with the ledger."""
    typed = texts(await page.form(fields=10))
    try:
        place_id, goods, serials = _counted(typed)
        async with page.db.transaction() as tx:
            made = await logistics.count_place(tx, page.scope, place_id=place_id, goods=goods, serials=serials)
    except Invalid as error:
        said = error.problems[0].message if error.problems else error.detail
        return await _form(page, typed, {"serials": said})
    return page.redirect(f"/stock/counts/{made}")


def _counted(typed: Mapping[str, str]) -> tuple[int, Goods, list[str]]:
    place, goods = typed.get("place_id", ""), typed.get("goods", "")
    if not (place.isascii() and place.isdigit() and len(place) <= _DIGITS and goods in set(Goods)):
        raise Invalid("Say which place was counted, and what.")
    return int(place), Goods(goods), words.serials(typed.get("serials", ""))


@router.get("/stock/counts/{count_id}")
async def sheet(page: CurrentPage, count_id: int) -> Response:
    """The difference sheet of a stocktake, and how the ledger is put right."""
    async with page.db.snapshot() as tx:
        one = await logistics.one_count(tx, page.scope, count_id)
        rows = await logistics.count_differences(
            tx, page.scope, count_id, cursor=lists.cursor_of(page.url), limit=lists.ROWS
        )
    differing = sum(one[name] for name in ("missing", "wrong_place", "unexpected", "unknown"))
    state = f"{plural(one['listed'], 'item')} found in {one['place_name']}, {plural(differing, 'difference')}."
    may = page.scope.may(Permission.STOCK_WRITE) and differing and one["adjusted_at"] is None
    return await page.show(
        f"{_TEMPLATES}/count.html",
        current="stock",
        head=PageHead(f"Stocktake {count_id}", state, _HOME),
        facts=(
            ("State", papers.count_state(one)),
            ("Missing", one["missing"]),
            ("In a wrong place", one["wrong_place"]),
            ("Not in the ledger yet", one["unexpected"]),
            ("Nobody knows", one["unknown"]),
            ("Why it was put right", one["adjusted_why"] or None),
        ),
        table=papers.count_sheet(page, Goods(one["goods"]), rows),
        form=forms.adjust(count_id, one["missing"], page.csrf_token) if may else None,
    )


@router.post("/stock/counts/{count_id}/adjust")
async def adjust(page: CurrentPage, count_id: int) -> Response:
    """Put the ledger right."""
    typed = texts(await page.form(fields=10))
    async with page.db.transaction() as tx:
        await logistics.adjust(
            tx,
            page.scope,
            count_id,
            why=typed.get("why", ""),
            lose_missing=typed.get("lose_missing") == "1",
            clock=page.runtime.clock,
        )
    return page.redirect(f"/stock/counts/{count_id}")
