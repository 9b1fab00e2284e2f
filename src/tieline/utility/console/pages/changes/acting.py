"""Routes of what is done to a change: plan, try, submit, decide, start, pause, resume, stop, retry."""

from fastapi import Response
from starlette.datastructures import FormData

from tieline.console.components.work import count_confirmed
from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.changes import source
from tieline.utility.console.pages.changes.views.contract import Summary

router = pages()


@router.post("/changes/{change_id}/plan")
async def plan(page: CurrentPage, change_id: int) -> Response:
    """Plan the change anew; earlier approvals are void."""
    async with page.db.transaction() as tx:
        version = await source.request_plan(tx, page.scope, page.runtime.clock, change_id)
        await source.defer_plan(tx, change_id, version)
    return _back(page, change_id)


@router.post("/changes/{change_id}/dry-run")
async def try_out(page: CurrentPage, change_id: int) -> Response:
    """Ask the operators what they would say to the plan; nothing takes effect."""
    async with page.db.transaction() as tx:
        operators = await source.request_checks(tx, page.scope, change_id)
        await source.defer_checks(tx, page.scope, change_id, operators)
    return _back(page, change_id)


@router.post("/changes/{change_id}/submit")
async def submit(page: CurrentPage, change_id: int) -> Response:
    """Ask for approval."""
    threshold = page.runtime.settings.approval_threshold
    async with page.db.transaction() as tx:
        await source.submit(tx, page.scope, page.runtime.clock, change_id, threshold=threshold)
    return _back(page, change_id)


@router.post("/changes/{change_id}/approve")
async def approve(page: CurrentPage, change_id: int) -> Response:
    """Approve the plan that was looked at."""
    return await _decide(page, change_id, approve=True)


@router.post("/changes/{change_id}/reject")
async def reject(page: CurrentPage, change_id: int) -> Response:
    """Reject the plan that was looked at."""
    return await _decide(page, change_id, approve=False)


async def _decide(page: Page, change_id: int, *, approve: bool) -> Response:
    typed = await page.form()
    async with page.db.transaction() as tx:
        if approve:
            found = await source.detail(tx, page.scope, change_id)
            _confirmed(typed, int(Summary.of(found.change).impact.get("items", 0)))
        await source.decide(
            tx,
            page.scope,
            page.runtime.clock,
            change_id,
            approve=approve,
            plan_hash=str(typed.get("plan_hash", "")),
            comment=_reason(typed),
        )
    return _back(page, change_id)


@router.post("/changes/{change_id}/start")
async def start(page: CurrentPage, change_id: int) -> Response:
    """Start the change, unless what was approved is no longer what would run."""
    typed = await page.form()
    async with page.db.transaction() as tx:
        found = await source.detail(tx, page.scope, change_id)
        _confirmed(typed, int(Summary.of(found.change).impact.get("items", 0)))
        begun = await source.start(tx, page.scope, page.runtime.clock, change_id)
    if isinstance(begun, source.Refused):
        raise Conflict(begun.why, advice="Plan it again and have that approved.")
    return _back(page, change_id)


@router.post("/changes/{change_id}/pause")
async def pause(page: CurrentPage, change_id: int) -> Response:
    """Send nothing more for now."""
    why = _reason(await page.form())
    async with page.db.transaction() as tx:
        await source.pause(tx, page.scope, change_id, why=why)
    return _back(page, change_id)


@router.post("/changes/{change_id}/resume")
async def resume(page: CurrentPage, change_id: int) -> Response:
    """Go on."""
    _confirmed_as_shown(await page.form())
    async with page.db.transaction() as tx:
        await source.resume(tx, page.scope, change_id)
    return _back(page, change_id)


@router.post("/changes/{change_id}/stop")
async def stop(page: CurrentPage, change_id: int) -> Response:
    """Stop for good."""
    why = _reason(await page.form())
    async with page.db.transaction() as tx:
        await source.stop(tx, page.scope, page.runtime.clock, change_id, why=why)
    return _back(page, change_id)


@router.post("/changes/{change_id}/retry")
async def retry(page: CurrentPage, change_id: int) -> Response:
    """Try again what failed."""
    _confirmed_as_shown(await page.form())
    async with page.db.transaction() as tx:
        await source.retry(tx, page.scope, change_id)
    return _back(page, change_id)


def _back(page: Page, change_id: int) -> Response:
    return page.redirect(f"/changes/{change_id}")


def _reason(typed: FormData) -> str:
    return str(typed.get("reason", "")).strip()[:2000]


def _confirmed(typed: FormData, count: int) -> None:
    """Above 1,000 subscriptions the person types how many; the number is that of the plan."""
    if not count_confirmed(count, str(typed.get("confirm_count", ""))):
        problem = Problem("confirm_count", "differs", f"It is {count}.", str(typed.get("confirm_count", ""))[:20])
        raise Invalid("The number that was typed is not that of the subscriptions.", [problem])


def _confirmed_as_shown(typed: FormData) -> None:
    """The same where the number may change from one moment to the next: it is the one that the page showed."""
    shown = str(typed.get("shown", "0"))
    _confirmed(typed, int(shown) if shown.isdecimal() and len(shown) < 10 else 0)  # noqa: PLR2004 - below a thousand million
