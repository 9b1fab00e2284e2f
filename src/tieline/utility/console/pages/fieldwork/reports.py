"""One report that somebody has to look at."""

from fastapi import Response

from tieline.console.components.forms import Field, Form
from tieline.platform.scope import Permission
from tieline.utility import fieldwork
from tieline.utility.console.http import CurrentPage, pages
from tieline.utility.console.pages.fieldwork import forms
from tieline.utility.console.pages.fieldwork.views import details
from tieline.utility.fieldwork import ReportState

router = pages()


@router.get("/fieldwork/reports/{report_id}")
async def one(page: CurrentPage, report_id: str) -> Response:
    """One report: what it said, why it was refused, what one can do."""
    async with page.db.snapshot() as tx:
        found = await fieldwork.report(tx, page.scope, report_id)
    note = Field("note", "What came of it", "textarea", found["looked_note"], required=False, maxlength=1000)
    action = f"/fieldwork/reports/{found['id']}/look"
    open_to = page.scope.may(Permission.FIELD_PLAN) and found["state"] != ReportState.ACCEPTED
    form = Form(action, (note,), page.csrf_token, "I have looked at it") if open_to else None
    return await page.show(
        "pages/fieldwork/templates/report.html",
        current="fieldwork",
        head=details.report_head(found, page.scope),
        facts=details.report_facts(found),
        form=form,
    )


@router.post("/fieldwork/reports/{report_id}/look")
async def look(page: CurrentPage, report_id: str) -> Response:
    """Note that it was looked at."""
    typed = await page.form(fields=10)
    async with page.db.transaction() as tx:
        await fieldwork.look_at_report(tx, page.scope, page.runtime.clock, report_id, forms.text(typed, "note")[:1000])
    return page.redirect("/fieldwork/reports")


@router.post("/fieldwork/reports/{report_id}/take")
async def take(page: CurrentPage, report_id: str) -> Response:
    """Judge it anew with the dispatcher's authority; the page then says what came of it."""
    async with page.db.transaction() as tx:
        await fieldwork.take_anyway(tx, page.scope, page.runtime.clock, report_id)
    return page.redirect(f"/fieldwork/reports/{report_id}")
