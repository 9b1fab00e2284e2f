"""One crew, and new ones."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from tieline.console.components.frame import Crumb, PageHead
from tieline.platform.errors import Conflict, Invalid
from tieline.platform.scope import Permission
from tieline.utility import fieldwork
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.fieldwork import forms
from tieline.utility.console.pages.fieldwork.views import details
from tieline.utility.console.pages.parts.facets import facets

router = pages()
_BACK = (details.HOME, Crumb("Crews", "/fieldwork/crews"))


@router.get("/fieldwork/crews/new")
async def new(page: CurrentPage) -> Response:
    """Asks for a crew."""
    page.scope.require(Permission.FIELD_PLAN)
    return await _form(page, None, {}, {})


@router.post("/fieldwork/crews")
async def make(page: CurrentPage) -> Response:
    """Make a crew."""
    typed = await page.form()
    try:
        draft = forms.crew_draft(typed, new=True)
        async with page.db.transaction() as tx:
            await fieldwork.make_crew(tx, page.scope, page.runtime.clock, draft)
    except Invalid as error:
        return await _form(page, None, _kept(typed), forms.errors_of(error.problems))
    except Conflict as error:
        return await _form(page, None, _kept(typed), {"code": error.detail})
    return page.redirect("/fieldwork/crews")


@router.get("/fieldwork/crews/{crew_id}")
async def one(page: CurrentPage, crew_id: int) -> Response:
    """One crew, to be changed."""
    async with page.db.snapshot() as tx:
        found = await fieldwork.crew(tx, page.scope, crew_id)
    known = {"name": found.name, "region": found.region, "members": found.members, "active": found.active}
    return await _form(page, crew_id, known, {})


@router.post("/fieldwork/crews/{crew_id}")
async def change(page: CurrentPage, crew_id: int) -> Response:
    """Change a crew."""
    typed = await page.form()
    try:
        draft = forms.crew_draft(typed, new=False)
        async with page.db.transaction() as tx:
            await fieldwork.change_crew(tx, page.scope, crew_id, draft)
    except Invalid as error:
        return await _form(page, crew_id, _kept(typed), forms.errors_of(error.problems))
    return page.redirect("/fieldwork/crews")


def _kept(typed: Any) -> dict[str, Any]:
    plain = {key: forms.text(typed, key) for key in ("code", "name", "region", "active")}
    return {**plain, "members": [value for value in typed.getlist("members") if isinstance(value, str)]}


async def _form(page: Page, crew_id: int | None, typed: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    may = page.scope.may(Permission.FIELD_PLAN)
    async with page.db.snapshot() as tx:
        candidates = await fieldwork.candidates(tx, page.scope) if may else []
        regions = (await facets(page, tx)).of("region")
    action = "/fieldwork/crews" if crew_id is None else f"/fieldwork/crews/{crew_id}"
    form = forms.crew_form(
        action, typed, candidates, list(regions), page.csrf_token, errors=errors, new=crew_id is None
    )
    head = PageHead("New crew" if crew_id is None else str(typed.get("name") or "Crew"), "", _BACK)
    return await page.show(
        "pages/fieldwork/templates/form.html",
        current="fieldwork",
        head=head,
        form=form,
        hidden=(),
        status=422 if errors else 200,
    )
