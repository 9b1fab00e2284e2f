"""What is done with goods: issued, taken back, moved, reported lost. Each form is shown before anything happens."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Query, Response

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.platform.errors import Invalid
from tieline.platform.scope import Permission
from tieline.utility import logistics
from tieline.utility.console import filters
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.stock import forms, papers, views, words
from tieline.utility.console.pages.stock.ordering import texts
from tieline.utility.logistics import Goods, Move, PlaceKind

router = pages()
_TEMPLATES = "pages/stock/templates"
_HOME = Crumb("Stock and logistics", "/stock")
_BODY = 2_000_000
_DIGITS = 18
Text = Annotated[str, Query(max_length=400)]


def actions(page: Page) -> tuple[Action, ...]:
    """What the storekeeper does all day."""
    unless = "" if page.scope.may(Permission.STOCK_WRITE) else "Your role may not move goods."
    return (
        Action("Issue to a crew", "/stock/move?act=issue", "truck", "primary", unless=unless),
        Action("Take back", "/stock/move?act=return", "undo-2", unless=unless),
        Action("Report lost", "/stock/lost", "siren", unless=unless),
    )


@router.get("/stock/move")
async def moving(page: CurrentPage, act: Text = "issue", wants: Text = "", number: Text = "") -> Response:
    """The form that moves goods; filled with what a work order needs when one is named."""
    page.scope.require(Permission.STOCK_WRITE)
    act = act if act in forms.ACTS else "issue"
    typed = dict(filters.pairs_of(page.request.url.query))
    notes: list[str] = []
    if wants and number.isdecimal() and number.isascii() and len(number) <= _DIGITS:
        typed, notes = await _wanted(page, wants, int(number), typed)
    return await _move_form(page, act, typed, {}, notes)


async def _wanted(page: Page, name: str, number: int, typed: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """What a number needs, in the form: its named cards, its crew; and what any item of a sort does for, in words."""
    async with page.db.snapshot() as tx:
        want = await logistics.wanted(tx, page.scope, name, number)
        places = await logistics.list_places(tx, page.scope, [PlaceKind.CREW])
    crew = next((one for one in places if want.crew_id is not None and one.crew_id == want.crew_id), None)
    goods = Goods(typed["goods"]) if typed.get("goods") in set(Goods) else Goods.CARD
    serials = [serial for kind, serial in want.serials if kind is goods]
    filled = {
        "serials": "\n".join(serials),
        "reference": f"{name}:{number}",
        "goods": goods.value,
        "to_place": str(crew.id) if crew else "",
    }
    notes = [
        f"{want.title} needs {plural(count, f'{words.NOUNS[kind]} {sort}'.strip())}, any of them."
        for kind, sort, count in want.any_of
    ]
    return {**typed, **filled}, notes


async def _move_form(
    page: Page, act: str, typed: Mapping[str, str], errors: Mapping[str, str], notes: Sequence[str] = ()
) -> Response:
    async with page.db.snapshot() as tx:
        places = await logistics.list_places(tx, page.scope)
    title, sentence, kinds = forms.ACTS[act]
    missing = not any(one.kind in kinds for one in places)
    return await page.show(
        f"{_TEMPLATES}/move.html",
        current="stock",
        head=PageHead(title, sentence, (_HOME,)),
        status=422 if errors else 200,
        form=forms.move(act, places, typed, page.csrf_token, errors),
        act=act,
        key=typed.get("key") or forms.key(),
        acts=[(name, row[0]) for name, row in forms.ACTS.items()],
        asks=list(logistics.wants()),
        notes=[*notes, *(["There is no crew yet; crews come with field work, or with the command line."] * missing)],
    )


@router.post("/stock/move", max_body_size=_BODY)
async def moved(page: CurrentPage) -> Response:
    """Move goods, and say what came of it."""
    typed = texts(await page.form(fields=20))
    act = typed.get("act", "") if typed.get("act") in forms.ACTS else "issue"
    try:
        goods, serials = _goods(typed), words.serials(typed.get("serials", ""))
        source, to = _way(act, typed)
    except Invalid as error:
        said = error.problems[0].message if error.problems else error.detail
        return await _move_form(page, act, typed, {"serials": said})
    reason, reference, key = typed.get("reason", "")[:500], typed.get("reference", "")[:100], typed.get("key", "")
    moves = [Move(goods, one, to, reason, source) for one in serials]
    async with page.db.transaction() as tx:
        done = await logistics.move(tx, page.scope, moves, key=key, reason=reason, reference=reference)
    following = (Action("More", f"/stock/move?act={act}", "plus"), Action("To the stock", "/stock", "inbox", "primary"))
    head = PageHead(forms.ACTS[act][0], views.moved_sentence(done), (_HOME,), following)
    return await page.show(f"{_TEMPLATES}/table.html", current="stock", head=head, table=views.refused(done), title="")


@router.get("/stock/lost")
async def losing(page: CurrentPage) -> Response:
    """The form that reports a loss."""
    page.scope.require(Permission.STOCK_WRITE)
    return await _loss_form(page, dict(filters.pairs_of(page.request.url.query)), {})


async def _loss_form(page: Page, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    head = PageHead(
        "Report lost or stolen",
        "You see what will be blocked before anything happens.",
        (_HOME, Crumb("Lost", "/stock/losses")),
    )
    form = forms.loss(typed, page.csrf_token, errors)
    return await page.show(
        "pages/stock/templates/form.html", current="stock", head=head, status=422 if errors else 200, form=form
    )


@router.post("/stock/lost/preview")
async def preview(page: CurrentPage) -> Response:
    """What reporting a loss will do."""
    typed = texts(await page.form(fields=20))
    why = typed.get("why", "").strip()
    try:
        serials, seen = await _preview(page, typed)
    except Invalid as error:
        said = error.problems[0].message if error.problems else error.detail
        return await _loss_form(page, typed, {"serials": said})
    if not why:
        return await _loss_form(page, typed, {"why": "Say what happened."})
    head = PageHead("Report lost or stolen", _warning(seen), (_HOME, Crumb("Lost", "/stock/losses")))
    return await page.show(
        f"{_TEMPLATES}/loss.html",
        current="stock",
        head=head,
        facts=_loss_facts(seen, serials, why, typed),
        fields={name: typed.get(name, "") for name in ("goods", "serials", "stolen", "why")},
        live=len(seen.live),
    )


def _warning(seen: logistics.LossPreview) -> str:
    if not seen.live:
        return "No live line is on it: it is marked as lost, and no change is needed."
    return f"{plural(len(seen.live), 'line')} will be suspended at the operator."


def _loss_facts(
    seen: logistics.LossPreview, serials: Sequence[str], why: str, typed: Mapping[str, str]
) -> list[tuple[str, object]]:
    cards = [f"{one.iccid} (operator {one.operator})" for one in seen.live]
    how = {
        "standard": f"a standard change under the policy {seen.policy}: it runs at once",
        "emergency": "an emergency change: it runs at once, and somebody else approves it within 24 hours",
    }[seen.type.value]
    return [
        ("Reported", words.listed(list(serials))),
        ("How", "stolen" if typed.get("stolen") else "lost"),
        ("Where it is now", words.listed(sorted({one.place.name for one in seen.items})) or "not in the ledger yet"),
        ("Lines that go down", words.listed(cards, 10) or "none"),
        ("By", how if seen.live else "no change"),
        ("What happened", why),
        ("To take it back", "The change can be undone; what is found again is taken back into a warehouse."),
    ]


@router.post("/stock/lost")
async def lost(page: CurrentPage) -> Response:
    """Report a loss."""
    typed = texts(await page.form(fields=20))
    goods = _goods(typed)
    wanted = [(goods, one) for one in words.serials(typed.get("serials", ""))]
    async with page.db.transaction() as tx:
        done = await logistics.lose_many(
            tx,
            page.scope,
            wanted,
            why=typed.get("why", ""),
            stolen=bool(typed.get("stolen")),
            clock=page.runtime.clock,
        )
    return page.redirect(f"/changes/{done.change_id}" if done.change_id else "/stock/losses")


@router.get("/stock/losses")
async def losses(page: CurrentPage) -> Response:
    """Losses, and whether their lines are blocked."""
    states = [value for key, value in filters.pairs_of(page.request.url.query) if key == "state"]
    async with page.db.snapshot() as tx:
        rows = await logistics.list_losses(
            tx, page.scope, states=states, cursor=lists.cursor_of(page.url), limit=lists.ROWS
        )
    may = page.scope.may(Permission.STOCK_WRITE)
    stuck = (
        [(one["id"], words.listed(one["serials"], 1)) for one in rows.items if one["state"] == "stuck"] if may else []
    )
    head = PageHead(
        "Lost and stolen",
        "A line stays in sight here until it is blocked.",
        (_HOME,),
        actions(page)[2:],
        words.tabs("losses"),
    )
    return await page.show(
        f"{_TEMPLATES}/losses.html", current="stock", head=head, table=papers.losses(page, rows), stuck=stuck
    )


@router.post("/stock/losses/{loss_id}/block")
async def block_again(page: CurrentPage, loss_id: int) -> Response:
    """Make a new change for a loss that is not blocked."""
    async with page.db.transaction() as tx:
        change = await logistics.block_again(tx, page.scope, loss_id, clock=page.runtime.clock)
    return page.redirect(f"/changes/{change}" if change else "/stock/losses")


def _way(act: str, typed: Mapping[str, str]) -> tuple[int | None, int]:
    source, to = whole(typed.get("from_place", "")), whole(typed.get("to_place", ""))
    if to is None or (act == "issue" and source is None):
        raise Invalid("Say from where to where.")
    return source, to


async def _preview(page: Page, typed: Mapping[str, str]) -> tuple[list[str], logistics.LossPreview]:
    goods, serials = _goods(typed), words.serials(typed.get("serials", ""))
    async with page.db.snapshot() as tx:
        seen = await logistics.preview_loss(tx, page.scope, [(goods, one) for one in serials], clock=page.runtime.clock)
    if seen.unknown:
        raise Invalid(f"Nobody knows {words.listed(list(seen.unknown))}.")
    return serials, seen


def _goods(typed: Mapping[str, str]) -> Goods:
    try:
        return Goods(typed.get("goods", ""))
    except ValueError as error:
        raise Invalid("Say whether it is cards or routers.") from error


def whole(text: str) -> int | None:
    """A number from a form; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
