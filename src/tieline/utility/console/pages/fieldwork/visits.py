"""One visit, and moving several."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Response

from tieline.console.components.formats import plural
from tieline.console.components.frame import PageHead
from tieline.console.components.values import Link
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, NotFound
from tieline.platform.scope import Permission
from tieline.utility import fieldwork, programmes
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.fieldwork import forms
from tieline.utility.console.pages.fieldwork.views import details, lists
from tieline.utility.console.pages.programmes.words import SITES
from tieline.utility.programmes import SiteState

router = pages()


@router.post("/fieldwork/visits/moving")
async def moving(page: CurrentPage) -> Response:
    """Asks where the chosen visits go."""
    page.scope.require(Permission.FIELD_PLAN)
    typed = await page.form(fields=2000)
    return await _form(page, forms.numbers(typed.getlist("id")), {}, {})


@router.get("/fieldwork/visits/{visit_id}/move")
async def moving_one(page: CurrentPage, visit_id: int) -> Response:
    """Asks where one visit goes."""
    page.scope.require(Permission.FIELD_PLAN)
    return await _form(page, [visit_id], {}, {})


@router.post("/fieldwork/visits/move")
async def move(page: CurrentPage) -> Response:
    """Move visits to a crew's day."""
    typed = await page.form(fields=2000)
    ids = forms.numbers(typed.getlist("id"))
    try:
        target = forms.target_of(typed)
        async with page.db.transaction() as tx:
            order = await fieldwork.move_visits(tx, page.scope, page.runtime.calendar, ids, target)
    except Invalid as error:
        return await _form(
            page, ids, {key: forms.text(typed, key) for key in ("crew_id", "day")}, forms.errors_of(error.problems)
        )
    return page.redirect(f"/fieldwork/orders/{order.id}")


async def _form(page: Page, ids: Sequence[int], typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    if not ids:
        raise Invalid("Choose at least one visit.", advice="Go back, tick visits, and press the button again.")
    async with page.db.snapshot() as tx:
        found = [await fieldwork.visit(tx, page.scope, one) for one in ids[:200]]
        crews = await fieldwork.crews(tx, page.scope)
    form = forms.move_form(
        "/fieldwork/visits/move",
        typed or {},
        crews,
        page.csrf_token,
        page.calendar_now,
        errors=errors,
        submit="Move",
        cancel="/fieldwork/visits",
    )
    head = PageHead(f"Move {plural(len(ids), 'visit')}", _sites([one.site_name for one in found]), (details.HOME,))
    return await page.show(
        "pages/fieldwork/templates/form.html",
        current="fieldwork",
        head=head,
        form=form,
        hidden=[("id", str(one)) for one in ids],
        status=422 if errors else 200,
    )


def _sites(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more." if len(names) > 5 else f"{shown}."  # noqa: PLR2004 - as many as a line holds


@router.get("/fieldwork/visits/{visit_id}")
async def one(page: CurrentPage, visit_id: int) -> Response:
    """One visit: where, what, how far, what was reported, pictures."""
    async with page.db.snapshot() as tx:
        found = await fieldwork.visit_detail(tx, page.scope, visit_id)
        wanted = await _wanted_by(page, tx, found.visit)
    visit = found.visit
    context: dict[str, Any] = {
        "facts": (*details.visit_facts(visit, page.calendar_now), *wanted),
        "times": details.visit_times(visit),
        "steps": [
            (
                f"Card {step.position}: operator {step.operator}, {step.link_role}",
                details.step_facts(step),
                details.checks(step),
            )
            for step in visit.steps
        ],
        "reports": lists.reports(found.reports, own=True),
        "photos": [{"href": f"/api/v1/field/photos/{one['id']}", **one} for one in found.photos],
        "dialog": details.cancel_visit(visit, page.csrf_token),
    }
    head = details.visit_head(visit, page.scope, page.calendar_now)
    return await page.show("pages/fieldwork/templates/visit.html", current="fieldwork", head=head, **context)


async def _wanted_by(page: Page, tx: Tx, visit: fieldwork.Visit) -> tuple[tuple[str, object], ...]:
    """Where the site stands in the programme that wanted the visit, and the change that cuts its links over."""
    kind, _, number = visit.origin.partition(":")
    programme = forms.number(number) if kind == "programme" else None
    if programme is None or not page.scope.may(Permission.PROGRAMME_READ):
        return ()
    try:
        one = await programmes.site(tx, page.scope, page.runtime.calendar, programme, visit.site_id)
    except NotFound:
        return ()
    site = Link(SITES[SiteState(one["state"])].word, f"/programmes/{programme}/sites/{visit.site_id}")
    change = Link(f"Change {one['change_id']}", f"/changes/{one['change_id']}") if one["change_id"] else None
    return (("The site in its programme", site), ("Cut-over", change))


@router.post("/fieldwork/visits/{visit_id}/cancel")
async def cancel(page: CurrentPage, visit_id: int) -> Response:
    """Cancel the visit."""
    typed = await page.form(fields=10)
    async with page.db.transaction() as tx:
        await fieldwork.cancel_visits(tx, page.scope, [visit_id], forms.text(typed, "reason"))
    return page.redirect(f"/fieldwork/visits/{visit_id}")
