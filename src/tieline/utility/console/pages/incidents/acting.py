"""What is done to incidents from the console: one, or several at once."""

from fastapi import Response
from starlette.datastructures import FormData

from tieline.platform.errors import Invalid, Problem
from tieline.utility import incidents
from tieline.utility.console.components.formats import plural
from tieline.utility.console.components.forms import Field, Form
from tieline.utility.console.components.frame import Action, Crumb, PageHead
from tieline.utility.console.components.work import Problem as Shown
from tieline.utility.console.components.work import count_confirmed
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.incidents import asked
from tieline.utility.console.pages.incidents.asked import Identity
from tieline.utility.console.pages.incidents.listing import HOME
from tieline.utility.incidents import Mass

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
    act, text = str(typed.get("act", "")), words_of(typed, "text")
    async with page.db.snapshot() as tx:
        if typed.get("all_matching") == "1":
            wanted = asked.of_query(str(typed.get("query", ""))).wanted(page.scope.actor)
            ids = tuple(await incidents.matching(tx, page.scope, wanted))
        else:
            ids = asked.ids_of([str(one) for one in typed.getlist("id")])
    if not ids:
        raise Invalid("No incident is chosen.", [Problem("id", "required", "Tick at least one.")])
    if act in _ASKS and not text:
        return await _ask(page, act, ids)
    async with page.db.transaction() as tx:
        told = await incidents.act_on_many(tx, page.scope, page.runtime.clock, ids, act=act, text=text)
    return await _told(page, told) if told.refused else page.redirect(HOME)


async def _ask(page: Page, act: str, ids: tuple[int, ...]) -> Response:
    title, label, hint = _ASKS[act]
    form = Form(
        f"{HOME}/acts",
        (Field("text", label, "textarea" if act == "resolve" else "text", hint=hint, maxlength=4000, autofocus=True),),
        page.csrf_token,
        f"{title} {plural(len(ids), 'incident')}",
        cancel_href=HOME,
    )
    head = PageHead(f"{title} {plural(len(ids), 'incident')}", "", (Crumb("Incidents", HOME),))
    hidden = [("act", act), *(("id", str(one)) for one in ids)]
    return await page.show(f"{_TEMPLATES}/ask.html", current="incidents", head=head, form=form, hidden=hidden)


async def _told(page: Page, told: Mass) -> Response:
    problem = Shown(
        f"{plural(len(told.refused), 'incident')} could not be changed",
        f"{plural(len(told.done), 'incident')} took it; the others are as they were.",
        "Open them to see how they stand.",
        tone="warn",
        rows=tuple((f"Incident {identity}", "", "", why) for identity, why in told.refused),
        actions=(Action("Back to the list", HOME, "arrow-left"),),
    )
    head = PageHead("Not all of them", "", (Crumb("Incidents", HOME),))
    return await page.show(f"{_TEMPLATES}/problem.html", current="incidents", head=head, problem=problem)


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(page: CurrentPage, incident_id: Identity) -> Response:
    """Say that one looks after it."""
    async with page.db.transaction() as tx:
        await incidents.acknowledge(tx, page.scope, page.runtime.clock, incident_id)
    return _back(page, incident_id)


@router.post("/incidents/{incident_id}/assign")
async def assign(page: CurrentPage, incident_id: Identity) -> Response:
    """Say who looks after it."""
    who = words_of(await page.form(), "reason")
    async with page.db.transaction() as tx:
        await incidents.assign(tx, page.scope, page.runtime.clock, incident_id, "" if who in {"-", "–"} else who)
    return _back(page, incident_id)


@router.post("/incidents/{incident_id}/comment")
async def comment(page: CurrentPage, incident_id: Identity) -> Response:
    """Add to the journal."""
    text = words_of(await page.form(), "text")
    async with page.db.transaction() as tx:
        await incidents.comment(tx, page.scope, page.runtime.clock, incident_id, text)
    return _back(page, incident_id)


@router.post("/incidents/{incident_id}/resolve")
async def resolve(page: CurrentPage, incident_id: Identity) -> Response:
    """End it."""
    why = words_of(await page.form(), "reason")
    async with page.db.transaction() as tx:
        await incidents.resolve(tx, page.scope, page.runtime.clock, incident_id, why)
    return _back(page, incident_id)


@router.post("/incidents/{incident_id}/reopen")
async def reopen(page: CurrentPage, incident_id: Identity) -> Response:
    """Take it up again."""
    why = words_of(await page.form(), "reason")
    async with page.db.transaction() as tx:
        await incidents.reopen(tx, page.scope, page.runtime.clock, incident_id, why)
    return _back(page, incident_id)


@router.post("/incidents/{incident_id}/revert")
async def revert(page: CurrentPage, incident_id: Identity) -> Response:
    """Plan the change that puts it right, and go to it."""
    await _confirmed(page, incident_id)
    async with page.db.transaction() as tx:
        change = await incidents.revert(tx, page.scope, page.runtime.clock, incident_id)
    return page.redirect(f"/changes/{change.id}")


@router.post("/incidents/{incident_id}/keep")
async def keep(page: CurrentPage, incident_id: Identity) -> Response:
    """Plan the change that keeps the operator's value, and go to it."""
    await _confirmed(page, incident_id)
    async with page.db.transaction() as tx:
        change = await incidents.keep(tx, page.scope, page.runtime.clock, incident_id)
    return page.redirect(f"/changes/{change.id}")


@router.post("/incidents/{incident_id}/block")
async def block(page: CurrentPage, incident_id: Identity) -> Response:
    """Plan the change that suspends the SIM, and go to it."""
    await _confirmed(page, incident_id)
    async with page.db.transaction() as tx:
        change = await incidents.block(tx, page.scope, page.runtime.clock, incident_id)
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


def _back(page: Page, incident_id: int) -> Response:
    return page.redirect(f"{HOME}/{incident_id}")
