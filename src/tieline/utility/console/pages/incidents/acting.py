"""What is done to incidents from the console: one, or several at once."""

from collections.abc import Awaitable, Callable

from fastapi import Response
from starlette.datastructures import FormData

from tieline.console.components.formats import plural
from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.work import Problem as Shown
from tieline.console.components.work import count_confirmed
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Scope
from tieline.utility import incidents
from tieline.utility.changes import Change
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.incidents import asked
from tieline.utility.console.pages.incidents.asked import HOME, Identity
from tieline.utility.incidents import Incident, Mass

router = pages()
_TEMPLATES = "pages/incidents/templates"
_ASKS = {
    "resolve": ("Resolve", "Why", "What deviates still is accepted as it is: it is told again only when it changes."),
    "assign": ("Assign", "To whom", "A user's name, for example fred."),
}


@router.post("/incidents/acts")
async def act_on_many(page: CurrentPage) -> Response:
    """The same for all that were ticked, or all that match; what needs words asks for them first."""
    typed = await page.form(fields=1200)
    act, text, query = str(typed.get("act", "")), words_of(typed, "text"), str(typed.get("query", ""))
    async with page.db.snapshot() as tx:
        if typed.get("all_matching") == "1":
            wanted = asked.of_query(query).wanted(page.scope.actor)
            ids = tuple(await incidents.matching(tx, page.scope, wanted))
        else:
            ids = asked.ids_of([str(one) for one in typed.getlist("id")])
    if not ids:
        raise Invalid("No incident is chosen.", [Problem("id", "required", "Tick at least one.")])
    if act in _ASKS and not text:
        return await _ask(page, act, ids, query)
    async with page.db.transaction() as tx:
        told = await incidents.act_on_many(tx, page.scope, page.runtime.clock, ids, act=act, text=text)
    return await _told(page, told, query) if told.refused else page.redirect(asked.list_of(query))


async def _ask(page: Page, act: str, ids: tuple[int, ...], query: str) -> Response:
    title, label, hint = _ASKS[act]
    form = Form(
        f"{HOME}/acts",
        (Field("text", label, "textarea" if act == "resolve" else "text", hint=hint, maxlength=4000, autofocus=True),),
        page.csrf_token,
        f"{title} {plural(len(ids), 'incident')}",
        cancel_href=asked.list_of(query),
    )
    head = PageHead(f"{title} {plural(len(ids), 'incident')}", "", (Crumb("Incidents", HOME),))
    hidden = [("act", act), ("query", query), *(("id", str(one)) for one in ids)]
    return await page.show(f"{_TEMPLATES}/ask.html", current="incidents", head=head, form=form, hidden=hidden)


async def _told(page: Page, told: Mass, query: str) -> Response:
    problem = Shown(
        f"{plural(len(told.refused), 'incident')} could not be changed",
        f"{plural(len(told.done), 'incident')} took it; the others are as they were.",
        "Open them to see how they stand.",
        tone="warn",
        rows=tuple((f"Incident {identity}", "", "", why) for identity, why in told.refused),
        actions=(Action("Back to the list", asked.list_of(query), "arrow-left"),),
    )
    head = PageHead("Not all of them", "", (Crumb("Incidents", HOME),))
    return await page.show(f"{_TEMPLATES}/problem.html", current="incidents", head=head, problem=problem)


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(page: CurrentPage, incident_id: Identity) -> Response:
    """Say that one looks after it."""
    async with page.db.transaction() as tx:
        await incidents.acknowledge(tx, page.scope, page.runtime.clock, incident_id)
    return page.redirect(f"{HOME}/{incident_id}")


@router.post("/incidents/{incident_id}/assign")
async def assign(page: CurrentPage, incident_id: Identity) -> Response:
    """Say who looks after it."""
    who = words_of(await page.form(), "reason")
    return await _said(page, incident_id, incidents.assign, "" if who in {"-", "–"} else who)


@router.post("/incidents/{incident_id}/comment")
async def comment(page: CurrentPage, incident_id: Identity) -> Response:
    """Add to the journal."""
    return await _said(page, incident_id, incidents.comment, words_of(await page.form(), "text"))


@router.post("/incidents/{incident_id}/resolve")
async def resolve(page: CurrentPage, incident_id: Identity) -> Response:
    """End it."""
    return await _said(page, incident_id, incidents.resolve, words_of(await page.form(), "reason"))


@router.post("/incidents/{incident_id}/reopen")
async def reopen(page: CurrentPage, incident_id: Identity) -> Response:
    """Take it up again."""
    return await _said(page, incident_id, incidents.reopen, words_of(await page.form(), "reason"))


async def _said(
    page: Page, incident_id: int, act: Callable[[Tx, Scope, Clock, int, str], Awaitable[Incident]], text: str
) -> Response:
    async with page.db.transaction() as tx:
        await act(tx, page.scope, page.runtime.clock, incident_id, text)
    return page.redirect(f"{HOME}/{incident_id}")


@router.post("/incidents/{incident_id}/revert")
async def revert(page: CurrentPage, incident_id: Identity) -> Response:
    """Plan the change that puts it right, and go to it."""
    return await _way_out(page, incident_id, incidents.revert)


@router.post("/incidents/{incident_id}/keep")
async def keep(page: CurrentPage, incident_id: Identity) -> Response:
    """Plan the change that keeps the operator's value, and go to it."""
    return await _way_out(page, incident_id, incidents.keep)


@router.post("/incidents/{incident_id}/block")
async def block(page: CurrentPage, incident_id: Identity) -> Response:
    """Plan the change that suspends the SIM, and go to it."""
    return await _way_out(page, incident_id, incidents.block)


async def _way_out(
    page: Page, incident_id: int, make: Callable[[Tx, Scope, Clock, int], Awaitable[Change]]
) -> Response:
    await _confirmed(page, incident_id)
    async with page.db.transaction() as tx:
        change = await make(tx, page.scope, page.runtime.clock, incident_id)
    return page.redirect(f"/changes/{change.id}")


async def _confirmed(page: Page, incident_id: int) -> None:
    """Above 1,000 subscriptions the person typed how many."""
    typed = await page.form()
    async with page.db.snapshot() as tx:
        live = (await incidents.detail(tx, page.scope, incident_id)).live
    given = str(typed.get("confirm_count", ""))
    if not count_confirmed(live, given):
        raise Invalid("The number that was typed is not that of the subscriptions.",
                      [Problem("confirm_count", "differs", f"It is {live}.", given[:20])])  # fmt: skip


def words_of(typed: FormData, name: str) -> str:
    """A text of a form, trimmed."""
    return str(typed.get(name, "")).strip()[:4000].replace("\0", "")
