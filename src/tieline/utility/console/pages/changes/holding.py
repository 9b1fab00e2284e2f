"""Routes of holds: the list, one of them, freezes, storm mode, a veto."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Response
from starlette.datastructures import FormData

from tieline.console.components.frame import Crumb, PageHead
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Permission
from tieline.utility import changes, inventory
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.changes.views import holds as views
from tieline.utility.console.pages.changes.views.places import HOME
from tieline.utility.console.pages.parts import lists

_ROWS = 100
_FORM = "pages/changes/templates/form.html"
_HOLD_FORM = "pages/changes/templates/hold_form.html"
Words = Annotated[list[str] | None, Query(max_length=3)]
Names = Annotated[list[str] | None, Query(max_length=200)]

router = pages()


@router.get("/changes/holds")
async def every(page: CurrentPage, kind: Words = None, live: Annotated[str, Query(max_length=1)] = "") -> Response:
    """The list."""
    kinds = [one for one in kind or () if one in views.KINDS]
    async with page.db.snapshot() as tx:
        found = await changes.holds(
            tx,
            page.scope,
            page.runtime.clock,
            kinds=kinds,
            only_live=live == "1",
            cursor=lists.cursor_of(page.url),
            limit=_ROWS,
        )
    paging = lists.paging(page.url, found, "hold")
    return await page.show(
        "pages/parts/list.html",
        current="changes",
        head=views.head(page.scope),
        bar=views.filters(page.url, kinds, live=live == "1"),
        table=views.table(found.items, paging, page.renderer.zone, filtered=bool(kinds or live)),
    )


@router.get("/changes/holds/preview")
async def preview(
    page: CurrentPage, region: Names = None, operator: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """What a hold would hold if it began now, for a script."""
    async with page.db.snapshot() as tx:
        found = await changes.would_hold(tx, page.scope, [one for one in region or () if one], operator or None)
    return page.fragment("pages/changes/templates/hold_preview.html", table=views.held_now(found))


@router.get("/changes/holds/freeze")
async def freeze_page(page: CurrentPage) -> Response:
    """The form of a planned freeze."""
    page.scope.require(Permission.CHANGE_RUN)
    return await _freeze(page, FormData(), {})


@router.post("/changes/holds/freeze")
async def freeze(page: CurrentPage) -> Response:
    """Plan a freeze."""
    typed = await page.form()
    zone = page.renderer.zone
    try:
        hold = changes.Hold(
            reason=_reason(typed),
            starts_at=views.moment(typed, "starts_at", zone),
            ends_at=views.moment(typed, "ends_at", zone),
            operator=str(typed.get("operator", "")) or None,
            region=str(typed.get("region", "")) or None,
            yearly=page.renderer.zone_name() if typed.get("yearly") else None,
        )
        async with page.db.transaction() as tx:
            made = await changes.make_hold(tx, page.scope, page.runtime.clock, hold)
    except Invalid as error:
        return await _freeze(page, typed, _wrong(error))
    return page.redirect(f"/changes/holds/{made}")


async def _freeze(page: Page, typed: FormData, wrong: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        regions = await changes.regions(tx, page.scope)
        operators = {one.code: one.name for one in await inventory.operators(tx, page.scope)}
    form = views.freeze_form(views.Asked(typed, wrong), regions, operators, page.csrf_token)
    state = "While it lasts nothing but emergency changes is sent. What is at an operator when it begins is finished."
    return await _form(page, PageHead("Plan a freeze", state, (HOME, views.HOLDS)), form, wrong, _HOLD_FORM)


@router.get("/changes/holds/storm")
async def storm_page(page: CurrentPage) -> Response:
    """The form of storm mode."""
    return await _storm(page, FormData(), {})


@router.post("/changes/holds/storm")
async def storm(page: CurrentPage) -> Response:
    """Begin storm mode."""
    typed = await page.form()
    try:
        wanted = changes.Storm(
            reason=_reason(typed),
            regions=[str(one) for one in typed.getlist("region")],
            ends_at=views.moment(typed, "ends_at", page.renderer.zone),
            spare_crews=bool(typed.get("spare_crews")),
        )
        async with page.db.transaction() as tx:
            await changes.begin_storm(tx, page.scope, page.runtime.clock, wanted)
    except Invalid as error:
        return await _storm(page, typed, _wrong(error))
    return page.redirect("/changes/holds?live=1")


async def _storm(page: Page, typed: FormData, wrong: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        regions = await changes.regions(tx, page.scope)
    form = views.storm_form(views.Asked(typed, wrong), regions, page.csrf_token)
    state = "From the moment you begin it nothing but emergency changes is sent there, until it ends."
    return await _form(page, PageHead("Storm mode", state, (HOME, views.HOLDS)), form, wrong, _HOLD_FORM)


@router.post("/changes/storms/{storm_id}/end")
async def end_storm(page: CurrentPage, storm_id: int) -> Response:
    """End storm mode in all its regions."""
    typed = await page.form()
    async with page.db.transaction() as tx:
        await changes.end_storm(tx, page.scope, page.runtime.clock, storm_id, why=str(typed.get("reason", ""))[:2000])
    return page.redirect("/changes/holds")


@router.get("/changes/holds/{hold_id}")
async def one(page: CurrentPage, hold_id: int) -> Response:
    """One hold."""
    async with page.db.snapshot() as tx:
        found = await changes.hold_of(tx, page.scope, page.runtime.clock, hold_id)
    lift = changes.may_lift(page.scope, found)
    emergency = found["kind"] == "veto" and found["change_type"] == "emergency" and not found["emergency_too"]
    return await page.show(
        "pages/changes/templates/hold.html",
        current="changes",
        head=views.one_head(found, lift=lift, insist=emergency and lift),
        facts=views.facts(found, page.renderer.zone),
        dialogs=views.dialogs(found, page.csrf_token) if lift else (),
    )


@router.post("/changes/holds/{hold_id}/lift")
async def lift_hold(page: CurrentPage, hold_id: int) -> Response:
    """Lift a hold."""
    why = str((await page.form()).get("reason", "")).strip()[:2000]
    async with page.db.transaction() as tx:
        await changes.lift_hold(tx, page.scope, page.runtime.clock, hold_id, why=why)
    return page.redirect(f"/changes/holds/{hold_id}")


@router.post("/changes/holds/{hold_id}/insist")
async def insist(page: CurrentPage, hold_id: int) -> Response:
    """The second act, by which a veto holds an emergency change."""
    why = str((await page.form()).get("reason", "")).strip()[:2000]
    async with page.db.transaction() as tx:
        await changes.insist(tx, page.scope, page.runtime.clock, hold_id, why=why)
    return page.redirect(f"/changes/holds/{hold_id}")


@router.get("/changes/{change_id}/veto")
async def veto_page(page: CurrentPage, change_id: int) -> Response:
    """The form of a veto."""
    page.scope.require(Permission.CHANGE_VETO)
    return await _veto(page, change_id, FormData(), {})


@router.post("/changes/{change_id}/veto")
async def veto(page: CurrentPage, change_id: int) -> Response:
    """Hold a change back from the control room."""
    typed = await page.form()
    asked = changes.Veto(change_id=change_id, reason=_said(typed), region=str(typed.get("region", "")) or None)
    try:
        async with page.db.transaction() as tx:
            made = await changes.veto(tx, page.scope, page.runtime.clock, asked)
            found = await changes.hold_of(tx, page.scope, page.runtime.clock, made)
    except Invalid as error:
        return await _veto(page, change_id, typed, _wrong(error))
    emergency = found["change_type"] == "emergency"
    return page.redirect(f"/changes/holds/{made}" if emergency else f"/changes/{change_id}")


async def _veto(page: Page, change_id: int, typed: FormData, wrong: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        found = await changes.detail(tx, page.scope, change_id)
    touched = ((found.change.summary or {}).get("impact") or {}).get("by_region") or {}
    form = views.veto_form(
        views.Asked(typed, wrong), change_id, sorted(name for name in touched if name), page.csrf_token
    )
    state = "Nothing of it is sent until the veto is lifted; what is at an operator already is finished."
    if found.change.type is changes.ChangeType.EMERGENCY:
        state = "This is an emergency change: your veto is told, and holds it once you insist on it in a second act."
    head = PageHead(f"Hold: {found.change.title}", state, (HOME, Crumb(found.change.title, f"/changes/{change_id}")))
    return await _form(page, head, form, wrong)


async def _form(page: Page, head: PageHead, form: Any, wrong: Mapping[str, str], template: str = _FORM) -> Response:
    return await page.show(template, current="changes", head=head, form=form, status=422 if wrong else 200)


def _said(typed: FormData) -> str:
    return str(typed.get("reason", "")).strip()[:500]


def _reason(typed: FormData) -> str:
    reason = _said(typed)
    if not reason:
        raise Invalid("Say why.", [Problem("reason", "required", "Say why.")])
    return reason


def _wrong(error: Invalid) -> dict[str, str]:
    return {one.field: one.message for one in error.problems} or {"reason": error.detail}
