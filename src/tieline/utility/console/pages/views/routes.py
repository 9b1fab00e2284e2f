"""Routes of saved views."""

from fastapi import Response
from starlette.datastructures import FormData

from tieline.console.components.forms import Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.utility import views
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.views import forms
from tieline.utility.views import Pin, SavedView, ViewEdit

router = pages()
_TEMPLATES = "pages/views/templates"
_HOME = Crumb("Saved views", "/views")
_MOST_DIGITS = 6


@router.get("/views")
async def all_views(page: CurrentPage) -> Response:
    """Every view that the person has, or that is shared."""
    async with page.db.snapshot() as tx:
        found = await views.mine(tx, page.scope)
    return await page.show(f"{_TEMPLATES}/list.html", current="", head=forms.head(), table=forms.table(found))


@router.post("/views")
async def save(page: CurrentPage) -> Response:
    """Keep the list that the form came from under a name, and open it."""
    typed = await page.form()
    try:
        async with page.db.transaction() as tx:
            made = await views.save(tx, page.scope, forms.new_view(typed))
            pin = Pin.LIST if forms.text(typed, "pin") else None
            first = forms.text(typed, "is_default") == "1" or None
            if pin or first:
                made = await views.choose(tx, page.scope, made.id, is_default=first, pin=pin)
    except Invalid as error:
        if not any(one.field == "name" for one in error.problems):
            raise
        return await _again(page, typed, error.problems, 422)
    except Conflict as error:
        told = f"{error.detail} {error.advice or ''}".strip()
        return await _again(page, typed, [Problem("name", "taken", told)], 409)
    return page.redirect(made.href)


async def _again(page: Page, typed: FormData, problems: list[Problem] | tuple[Problem, ...], status: int) -> Response:
    fields = forms.naming(typed, page.scope, problems)
    form = Form("/views", fields, page.csrf_token, "Save", forms.text(typed, "path") or "/views")
    head = PageHead("Save this view", "", (_HOME,))
    return await page.show(
        f"{_TEMPLATES}/new.html", current="", head=head, status=status, form=form, carried=forms.carried(typed)
    )


@router.get("/views/{view_id}")
async def view(page: CurrentPage, view_id: int) -> Response:
    """A view's settings."""
    async with page.db.snapshot() as tx:
        found = await views.one(tx, page.scope, view_id)
        every = await views.mine(tx, page.scope)
    return await _settings(page, found, every)


async def _settings(page: Page, found: SavedView, every: list[SavedView], wrong: str = "") -> Response:
    place = next((at for at, one in enumerate(every, 1) if one.id == found.id), 1)
    fields = forms.settings(found, page.scope, place, max(1, len(every)), wrong)
    form = Form(f"/views/{found.id}", fields, page.csrf_token, "Save", "/views")
    may = forms.may_alter(found, page.scope)
    actions = (
        Action("Open it", found.href, "eye", "primary"),
        *((Action("Delete", icon="trash-2", kind="danger", dialog="delete-view"),) if may else ()),
    )
    return await page.show(
        f"{_TEMPLATES}/view.html",
        current="",
        head=PageHead(found.name, f"A view of {forms.listing(found)}.", (_HOME,), actions),
        status=409 if wrong else 200,
        form=form,
        facts=forms.facts(found),
        deletion=forms.deletion(found, page.csrf_token) if may else None,
    )


@router.post("/views/{view_id}")
async def settle(page: CurrentPage, view_id: int) -> Response:
    """Keep a view's settings."""
    typed = await page.form()
    async with page.db.snapshot() as tx:
        before = await views.one(tx, page.scope, view_id)
        every = await views.mine(tx, page.scope)
    try:
        async with page.db.transaction() as tx:
            await _settle(page, tx, before, typed)
    except Conflict as error:
        return await _settings(page, before, every, f"{error.detail} {error.advice or ''}".strip())
    return page.redirect("/views")


async def _settle(page: Page, tx: Tx, before: SavedView, typed: FormData) -> None:
    if forms.may_alter(before, page.scope):
        shared = forms.text(typed, "shared") == "1"
        name = forms.text(typed, "name")
        if (name, shared) != (before.name, before.shared):
            await views.edit(tx, page.scope, before.id, ViewEdit(name=name, shared=shared))
    pin = forms.text(typed, "pin")
    await views.choose(
        tx,
        page.scope,
        before.id,
        is_default=forms.text(typed, "is_default") == "1",
        pin=Pin(pin) if pin in set(Pin) else None,
    )
    place = forms.text(typed, "place")
    if place.isdecimal() and len(place) <= _MOST_DIGITS:
        await _place(page, tx, before.id, int(place))


async def _place(page: Page, tx: Tx, view_id: int, place: int) -> None:
    """Put a view at its place among the others; an order that stands already is not written."""
    ids = [one.id for one in await views.mine(tx, page.scope)]
    wanted = [one for one in ids if one != view_id]
    wanted.insert(max(0, place - 1), view_id)
    if wanted != ids:
        await views.order(tx, page.scope, wanted)


@router.post("/views/{view_id}/content")
async def content(page: CurrentPage, view_id: int) -> Response:
    """Keep the present filters, order and columns in a view that is there already."""
    typed = await page.form()
    wanted = ViewEdit(query=forms.text(typed, "query"), hidden=forms.hidden(typed))
    async with page.db.transaction() as tx:
        found = await views.edit(tx, page.scope, view_id, wanted)
    return page.redirect(found.href)


@router.post("/views/{view_id}/delete")
async def delete(page: CurrentPage, view_id: int) -> Response:
    """Take a view away."""
    async with page.db.transaction() as tx:
        await views.delete(tx, page.scope, view_id)
    return page.redirect("/views")
