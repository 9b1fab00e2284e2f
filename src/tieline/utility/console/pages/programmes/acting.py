"""What is done with a programme from the console: start, pause, resume, close, prepare, schedule, sites in and out."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import Response

from tieline.console.components.formats import plural
from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.work import count_confirmed
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Permission
from tieline.platform.words import agree
from tieline.utility import fieldwork, programmes
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.programmes import asked, control, forms
from tieline.utility.console.pages.programmes.asked import Identity
from tieline.utility.console.pages.programmes.listing import HOME
from tieline.utility.programmes import Detail, Programme, SiteState

router = pages()
_FORM = "pages/programmes/templates/form.html"
_S = SiteState
_MOST, _MOST_AT_ONCE = 10_000, 500
_NEW_CREW = Action("Make a crew", "/fieldwork/crews/new", "plus", "primary")
_MOST_PREPARED = 100_000
"""Sites, as many as one change may hold."""


@router.post("/programmes/{programme_id}/act")
async def act(page: CurrentPage, programme_id: Identity) -> Response:
    """Start, pause, resume or close it."""
    typed = await page.form()
    wanted, why = str(typed.get("act", "")), str(typed.get("reason", "")).strip()[:2000].replace("\0", "")
    if wanted == "close":
        async with page.db.snapshot() as tx:
            found = await programmes.detail(tx, page.scope, page.runtime.calendar, programme_id)
        left = control.of(found.whole, *control.TO_DO)
        if not count_confirmed(left, str(typed.get("confirm_count", ""))):
            raise Invalid("The number that was typed is not that of the sites.",
                          [Problem("confirm_count", "differs", f"It is {left}.")])  # fmt: skip
    async with page.db.transaction() as tx:
        await programmes.steer(tx, page.scope, page.runtime.calendar, programme_id, wanted, why=why)
    return page.redirect(f"/programmes/{programme_id}")


@router.post("/programmes/{programme_id}/approve")
async def approve(page: CurrentPage, programme_id: Identity) -> Response:
    """Approve it, as somebody else than who opened it."""
    await page.form()
    async with page.db.transaction() as tx:
        await programmes.approve(tx, page.scope, page.runtime.calendar, programme_id)
    return page.redirect(f"/programmes/{programme_id}")


# ── preparing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/programmes/{programme_id}/prepare")
async def preparing(page: CurrentPage, programme_id: Identity) -> Response:
    """Asks for which regions."""
    return await _prepare_form(page, programme_id, {}, {})


@router.post("/programmes/{programme_id}/prepare")
async def prepare(page: CurrentPage, programme_id: Identity) -> Response:
    """Make the change, and go to it."""
    typed = forms.typed_in(await page.form(fields=600))
    limit = asked.number(typed.get("limit"))
    if limit is None or not 1 <= limit <= _MOST_PREPARED:
        wrong = {"limit": f"A number from 1 to {_MOST_PREPARED:,}."}
        return await _prepare_form(page, programme_id, typed, wrong)
    async with page.db.transaction() as tx:
        change = await programmes.prepare(
            tx,
            page.scope,
            page.runtime.clock,
            page.runtime.calendar,
            programme_id,
            regions=tuple(typed["region"]),
            limit=limit,
        )
    return page.redirect(f"/changes/{change.id}")


async def _prepare_form(page: Page, programme_id: int, typed: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    page.scope.require(Permission.PROGRAMME_WRITE)
    found = await _detail(page, programme_id)
    counts = _by_region(found, _S.SELECTED, _S.BLOCKED)
    total = sum(counts.values())
    typed = {"limit": f"{min(total, _MOST_PREPARED)}", **typed}
    form = forms.prepare_form(found.programme, typed, errors, page.csrf_token, counts=counts)
    return await page.show(
        _FORM,
        current="programmes",
        head=_head(
            found.programme,
            "Prepare new subscriptions",
            f"{plural(total, 'site')} {agree(total, 'has', 'have')} none yet.",
        ),
        form=form if total else None,
        nothing="Every site of it is prepared already, or on its way.",
        steps=(
            (
                "A change is made: for each link of these sites a card and its subscription are taken from the stock "
                "of their operator, and made ready for a test. The fixed address stays where it is."
            ),
            (
                "It is planned at once. You read the plan and submit it; somebody else approves it, or the policy "
                "where it is small; then you start it. Where it is large it runs in waves, the first of them small."
            ),
            "The sites then are ready for a visit. Those for which stock is missing wait for a person.",
        ),
        back="Undo the change: the cards go back into stock. No link is interrupted either way.",
        status=422 if errors else 200,
    )


# ── scheduling ────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/programmes/{programme_id}/schedule")
async def scheduling(page: CurrentPage, programme_id: Identity) -> Response:
    """Asks who goes, and from which day on."""
    page.scope.require(Permission.PROGRAMME_WRITE)
    first = fieldwork.working_day(fieldwork.today(page.calendar_now) + timedelta(days=1))
    usual = {"first_day": first.isoformat(), "hours_a_day": "8", "speed_km_h": "50"}
    return await _schedule_form(page, programme_id, usual, {})


@router.post("/programmes/{programme_id}/schedule")
async def schedule(page: CurrentPage, programme_id: Identity) -> Response:
    """Plan the visits, and go back to the programme."""
    typed = forms.typed_in(await page.form(fields=1200))
    try:
        wanted = forms.crews_of(typed)
        async with page.db.transaction() as tx:
            await programmes.schedule(
                tx, page.scope, page.runtime.clock, page.runtime.calendar, programme_id, crews=wanted
            )
    except Invalid as error:
        return await _schedule_form(page, programme_id, typed, forms.errors_of(error))
    return page.redirect(f"/programmes/{programme_id}")


async def _schedule_form(
    page: Page, programme_id: int, typed: Mapping[str, Any], errors: Mapping[str, str]
) -> Response:
    async with page.db.snapshot() as tx:
        found = await programmes.detail(tx, page.scope, page.runtime.calendar, programme_id)
        crews = await fieldwork.crews(tx, page.scope) if page.scope.may(Permission.FIELD_READ) else []
    counts = _by_region(found, _S.READY, _S.AGAIN)
    ready, again = control.of(found.whole, _S.READY), control.of(found.whole, _S.AGAIN)
    possible = "schedule" in found.acts and ready + again > 0 and bool(crews)
    going = [str(one.id) for one in crews if one.active]
    only = {"crew": going} if len(going) == 1 and not errors else {}
    typed = {"limit": str(min(_MOST_AT_ONCE, ready + again)), **only, **typed}
    form = forms.schedule_form(found.programme, typed, errors, page.csrf_token, crews=crews, counts=counts)
    visits = min(ready + again, asked.number(typed.get("limit")) or _MOST_AT_ONCE)
    approval = (
        "is approved beforehand, with the programme, as long as it stays within that"
        if found.programme.terms.cutover_policy
        else "waits until somebody else has approved it; the crews’ phones say so"
    )
    return await page.show(
        _FORM,
        current="programmes",
        head=_head(
            found.programme,
            "Schedule visits",
            f"{plural(ready, 'site')} ready, {plural(again, 'site')} to visit again.",
        ),
        form=form if possible else None,
        nothing=_why_not(found, crews=bool(crews)),
        first=_NEW_CREW if "schedule" in found.acts and not crews else None,
        steps=(
            (
                f"Up to {plural(visits, 'visit')} are planned, the most urgent first, and put into routes: a crew "
                "and a day each."
            ),
            (
                f"One change is made that cuts their links over. It {approval}. Each link waits in it until its crew "
                f"has fitted the card."
            ),
            "Nothing is sent to an operator before a crew stands at the site.",
        ),
        back="Cancel a visit or an order in field work: its site then waits for another visit, and its link is let go.",
        status=422 if errors else 200,
    )


def _why_not(found: Detail, *, crews: bool) -> str:
    if "schedule" not in found.acts:
        return "Visits are scheduled while the programme runs: start or resume it first."
    if not crews:
        return "There is no crew yet. Make one, then come back."
    return "No site is ready for a visit: prepare some first, or wait until they are."


def _by_region(found: Detail, *states: SiteState) -> dict[str, int]:
    return {part.name: control.of(part, *states) for part in found.regions}


async def _detail(page: Page, programme_id: int) -> Detail:
    async with page.db.snapshot() as tx:
        return await programmes.detail(tx, page.scope, page.runtime.calendar, programme_id)


def _head(programme: Programme, title: str, state: str) -> PageHead:
    return PageHead(title, state, (HOME, Crumb(programme.title, f"/programmes/{programme.id}")))


# ── sites in and out ──────────────────────────────────────────────────────────────────────────────────────────────────


@router.post("/programmes/{programme_id}/leave-out")
async def leave_out(page: CurrentPage, programme_id: Identity) -> Response:
    """Take the chosen sites out; asks why first."""
    typed = await page.form(fields=_MOST + 100)
    ids, why = await _chosen(page, programme_id), str(typed.get("why", "")).strip()[:2000].replace("\0", "")
    if why:
        async with page.db.transaction() as tx:
            await programmes.leave_out(tx, page.scope, page.runtime.calendar, programme_id, ids, why=why)
        return page.redirect(asked.sites_href(programme_id, state=_S.LEFT_OUT.value))
    async with page.db.snapshot() as tx:
        programme = await programmes.one(tx, page.scope, programme_id)
    base = f"/programmes/{programme_id}"
    field = Field("why", "Why", "textarea", hint="It stands beside the site.", maxlength=1000, autofocus=True)
    title = f"Leave {plural(len(ids), 'site')} out"
    return await page.show(
        _FORM,
        current="programmes",
        head=_head(programme, title, ""),
        form=Form(f"{base}/leave-out", (field,), page.csrf_token, title, f"{base}/sites"),
        hidden=[("id", str(one)) for one in ids],
        nothing="",
        steps=(
            "No crew is sent there by this programme, and nothing is changed there.",
            "Sites that a crew is on its way to, or that are done, stay in it.",
            "What was prepared for them stays prepared.",
        ),
        back="Choose them in the list, and take them in again.",
    )


@router.post("/programmes/{programme_id}/take-in")
async def take_in(page: CurrentPage, programme_id: Identity) -> Response:
    """Take the chosen sites in again; those that a crew gave up are tried once more."""
    ids = await _chosen(page, programme_id)
    async with page.db.transaction() as tx:
        await programmes.take_in(tx, page.scope, page.runtime.calendar, programme_id, ids)
    return page.redirect(asked.sites_href(programme_id))


async def _chosen(page: Page, programme_id: int) -> tuple[int, ...]:
    """The sites that were ticked, or all that match the list's filters."""
    typed = await page.form(fields=_MOST + 100)
    if typed.get("all_matching") != "1":
        ids = asked.numbers(typed.getlist("id"))[:_MOST]
    else:
        wanted = asked.of_query(str(typed.get("query", "")))
        async with page.db.snapshot() as tx:
            found = await programmes.site_page(tx, page.scope, page.runtime.calendar, programme_id, wanted, limit=_MOST)
        if found.next:
            raise Invalid(
                "Those are too many at once.", [Problem("id", "many", f"At most {_MOST:,}; narrow the list.")]
            )
        ids = tuple(row["site_id"] for row in found.items)
    if not ids:
        raise Invalid("No site is chosen.", [Problem("id", "required", "Tick at least one.")])
    return ids
