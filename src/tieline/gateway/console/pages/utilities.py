"""Utilities: who is served, on which terms, with which certificates, told at which addresses; suspended and let in."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import Response
from starlette.datastructures import FormData

from tieline.console.components.figures import Figure
from tieline.console.components.formats import number
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Count, Several
from tieline.console.components.work import Confirm, Evidence
from tieline.gateway.authorization import certificates as given
from tieline.gateway.authorization import clients
from tieline.gateway.authorization import store as client_store
from tieline.gateway.backoffice import terms
from tieline.gateway.backoffice.access import Code, consumer_named
from tieline.gateway.backoffice.store import reading
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, StaffPage, pages
from tieline.gateway.console.pages import certificates, contracts
from tieline.gateway.console.pages.clients import clients_table
from tieline.gateway.console.pages.overview import COUNTS_FRESH, let_in, nobody_yet
from tieline.gateway.console.pages.plans import jobs_table
from tieline.gateway.tally import Minute
from tieline.gateway.utilities import store as utilities
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.platform.scope import Permission, named

router = pages()
HOME = Crumb("Utilities", "/utilities")
_CURRENT = "utilities"
_LATEST = 10


@router.get("/utilities")
async def every(page: CurrentPage) -> Response:
    """Who is served."""
    async with page.db.snapshot() as tx:
        rows = await utilities.listed(tx)
        told = await reading.recipients(tx)
        known = await utilities.known_certificates(tx)
    head = PageHead(
        "Utilities",
        "Who may come in over the standard interfaces, and on which terms.",
        actions=(Action("Take a utility on", "/utilities/new", "plus", "primary"),) if page.may_operate else (),
    )
    table = _list(page, rows, told, known)
    return await page.show("layout/list.html", current=_CURRENT, head=head, bar=None, table=table)


def _list(
    page: StaffPage,
    rows: Sequence[Mapping[str, Any]],
    told: Sequence[Mapping[str, Any]],
    known: Sequence[Mapping[str, Any]],
) -> Table:
    columns = (
        Column("name", "Utility", fixed=True, narrow=True, wrap=True),
        Column("code", "Code"),
        Column("state", "State", narrow=True),
        Column("calls", "Calls", unit="a minute", numeric=True),
        Column("rate", "Permitted", unit="a second", numeric=True),
        Column("told", "Told", narrow=True),
        Column("waiting", "Waiting", numeric=True),
        Column("until", "First certificate over"),
        Column("since", "Since", hidden=True),
    )
    shown = []
    for row in rows:
        code = row["code"]
        mine = [one for one in told if one["utility"] == code]
        ends = [one["not_after"] for one in known if one["utility"] == code and one["not_after"]]
        worst = max((words.told(one) for one in mine), key=lambda badge: badge.tone.rank, default=None)
        cells: dict[str, object] = {
            "name": row["name"],
            "code": code,
            "state": let_in(row),
            "calls": page.parts.tally.last_minute(code).calls,
            "rate": _whole(row["calls_per_second"]),
            "told": worst,
            "waiting": sum(one["waiting"] for one in mine),
            "until": words.until(min(ends), page.now) if ends else None,
            "since": row["created_at"],
        }
        shown.append(Row(code, cells, f"/utilities/{code}", muted=row["suspended_at"] is not None))
    return Table("utility-list", "Utilities", columns, shown, empty=nobody_yet(page))


def _whole(rate: float) -> float:
    """A rate without decimals that say nothing."""
    return int(rate) if rate == int(rate) else rate


@router.get("/utilities/new")
async def new(page: CurrentPage) -> Response:
    """The form of a new utility."""
    page.scope.require(Permission.STAFF_OPERATE)
    return await _form(page, contracts.usual(page.parts.settings), (), code=None)


@router.post("/utilities")
async def take_on(page: CurrentPage) -> Response:
    """Take a utility on."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    try:
        code = contracts.code_of(typed)
        certificate = given.read(str(typed.get("certificate", "")), page.now)
        wanted = contracts.terms_of(typed)
        async with page.db.transaction() as tx:
            await terms.take_on(tx, page.scope, code, wanted, fingerprints=[certificate.fingerprint], now=page.now)
            await certificates.note(tx, certificate)
    except Invalid as error:
        return await _form(page, typed, error.problems, code=None)
    except Conflict as error:
        return await _form(page, typed, (Problem("code", "taken", error.detail),), code=None)
    return page.redirect(f"/utilities/{code}")


@router.get("/utilities/{code}")
async def one(page: CurrentPage, code: Code) -> Response:
    """One utility: what it has, what it may, whether it is reached."""
    async with page.db.snapshot() as tx:
        row = await terms.named(tx, page.scope, code)
        queues = await reading.queues(tx, row["id"])
        told = await reading.recipients(tx, row["id"])
        known = [one for one in await utilities.known_certificates(tx, row["id"]) if one["client_id"] is None]
        programs = await client_store.clients(tx, code)
        jobs = await reading.jobs(tx, reading.JobFilter((code,)), before=2**62, limit=_LATEST)
    counted = await page.always(f"subscriptions of {row['id']}", partial(_count, row["id"]), fresh=COUNTS_FRESH)
    states = counted.value
    place = f"/utilities/{code}"
    sheet = Sheet(
        notes=_suspended(row),
        figures=_figures(page, code, states, told, queues["orders"]),
        rows=(
            (Block("What its contract says", _terms(row)), Block("Subscriptions", _states(code, states))),
            (Block("Addresses that it is told at", addresses(told)),),
            (
                Block(
                    "Its own certificates",
                    certificates.table(known, page.now),
                    f"{place}/certificates" if page.may_operate else "",
                    "Add, issue or take away",
                ),
            ),
            (Block("API clients", clients_table(programs), f"/clients?utility={code}", "All of its clients"),),
            (Block("Latest plans", jobs_table(jobs), f"/plans?utility={code}", "All of its plans"),),
        ),
        dialogs=(_suspend_dialog(row, page.csrf_token),) if page.may_operate else (),
    )
    return await page.show("templates/page.html", current=_CURRENT, head=_head(page, row), **sheet.context())


async def _count(utility_id: int, tx: Tx) -> dict[str, int]:
    return await reading.states(tx, utility_id)


def _head(page: StaffPage, row: Mapping[str, Any]) -> PageHead:
    code = row["code"]
    actions: tuple[Action, ...] = ()
    if page.may_operate:
        change = (
            Action("Let it in again", f"/utilities/{code}/resume", "play", "primary", "post")
            if row["suspended_at"]
            else Action("Suspend", icon="ban", kind="danger", dialog="suspend")
        )
        actions = (Action("Edit its terms", f"/utilities/{code}/edit", "pencil"), change)
    history = Action("Change log", f"/log?utility={code}", "history")
    state = "Suspended: none of its calls is answered." if row["suspended_at"] else f"Served as {code}."
    return PageHead(row["name"], state, (HOME,), (history, *actions))


def _suspended(row: Mapping[str, Any]) -> tuple[Evidence, ...]:
    if row["suspended_at"] is None:
        return ()
    words_ = f"{named(row['suspended_by'])} suspended it: {row['suspended_reason']}"
    return (Evidence(words_, at=row["suspended_at"], source="audit trail", tone="held"),)


def _figures(
    page: StaffPage, code: str, states: Mapping[str, int], told: Sequence[Mapping[str, Any]], orders: int
) -> tuple[Figure, ...]:
    minutes, hour = page.parts.tally.of(code)[:-1], page.parts.tally.hour(code)
    return (
        Figure("Subscriptions", sum(states.values()), f"/objects?utility={code}"),
        Figure(
            "Calls in the last minute",
            minutes[-1].calls,
            trend=[one.calls for one in minutes],
            note=_of_the_hour(hour),
            tone="warn" if hour.wrong else "",
        ),
        Figure("Notifications that wait", sum(row["waiting"] for row in told), f"/utilities/{code}#addresses"),
        Figure("Orders under way to the network", orders, f"/objects?utility={code}&lags=1"),
    )


def _of_the_hour(hour: Minute) -> str:
    told = [f"{number(hour.wrong)} in error"] if hour.wrong else []
    if hour.refused:
        told.append(f"{number(hour.refused)} beyond the rate")
    return f"{' and '.join(told)} within the hour" if told else "none in error within the hour"


def _terms(row: Mapping[str, Any]) -> tuple[tuple[str, object], ...]:
    held = terms.of_row(row)
    permitted = [word for scope, (word, _) in words.SCOPES.items() if scope in held.permitted]
    return (
        ("Kinds of call", ", ".join(permitted) if len(permitted) < len(words.SCOPES) else "every kind"),
        ("Calls a second", f"{held.calls_per_second:g}"),
        ("Changes a plan", held.max_changes),
        ("Access tokens", "needed beside the certificate" if held.token_required else "not needed"),
        ("Hosts it may be told at", ", ".join(held.hosts) or None),
        ("Taken on", row["created_at"]),
    )


def _states(code: str, states: Mapping[str, int]) -> Table:
    columns = (
        Column("state", "State", fixed=True, narrow=True),
        Column("count", "Subscriptions", numeric=True, narrow=True),
    )
    rows = [
        Row(
            state,
            {
                "state": words.state_badge(state),
                "count": Count(count, f"/objects?utility={code}&state={state}"),
            },
        )
        for state, count in sorted(states.items())
    ]
    empty = Empty("No subscription yet", "Subscriptions and cards come in bulk, from the systems that order them.")
    return Table("utility-states", "Subscriptions by state", columns, rows, empty=empty, chooser=False)


def addresses(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Where a utility is told, and how that goes."""
    kinds = {"changes": "Changes of objects", "notices": "Notices", "events": "Events of devices"}
    columns = (
        Column("address", "Address", fixed=True, narrow=True, wrap=True),
        Column("kind", "What of"),
        Column("state", "State", narrow=True),
        Column("waiting", "Waiting", numeric=True, narrow=True),
        Column("oldest", "Oldest"),
        Column("delivered", "Taken", numeric=True),
        Column("at", "Last taken"),
        Column("error", "What went wrong", wrap=True),
    )
    shown = [
        Row(
            str(number),
            {
                "address": row["address"],
                "kind": kinds[row["kind"]],
                "state": words.told(row),
                "waiting": row["waiting"],
                "oldest": Age(row["oldest"]) if row["oldest"] else None,
                "delivered": row["delivered"],
                "at": Age(row["delivered_at"]) if row["delivered_at"] else None,
                "error": _error(row),
            },
        )
        for number, row in enumerate(rows)
    ]
    empty = Empty("No address yet", "A utility names for itself where it wants to be told.", icon="bell-ring")
    return Table("addresses", "Addresses", columns, shown, empty=empty, chooser=False)


def _error(row: Mapping[str, Any]) -> object:
    if not row["last_error"]:
        return None
    return Several(
        (str(row["last_error"])[:200], f"tried {row['attempts']} times, again at {row['retry_at']:%H:%M} UTC"),
        stacked=True,
    )


def _suspend_dialog(row: Mapping[str, Any], csrf: str) -> Confirm:
    return Confirm(
        "suspend",
        f"Suspend {row['name']}",
        "Every call of this utility is refused within seconds, those of its API clients too. Plans that run go on, and "
        "it is told of changes as before.",
        f"/utilities/{row['code']}/suspend",
        "Suspend",
        csrf,
        undo="Press “Let it in again” on this page.",
        danger=True,
        reason_label="Why",
    )


@router.post("/utilities/{code}/suspend")
async def suspend(page: CurrentPage, code: Code) -> Response:
    """Answer no call of it."""
    reason = str((await page.form()).get("reason", ""))[:400].replace("\0", "")
    async with page.db.transaction() as tx:
        await terms.suspend(tx, page.scope, await consumer_named(tx, code), reason, page.now)
    return page.redirect(f"/utilities/{code}")


@router.post("/utilities/{code}/resume")
async def resume(page: CurrentPage, code: Code) -> Response:
    """Answer its calls again."""
    async with page.db.transaction() as tx:
        await terms.resume(tx, page.scope, await consumer_named(tx, code))
    return page.redirect(f"/utilities/{code}")


@router.get("/utilities/{code}/edit")
async def edit(page: CurrentPage, code: Code) -> Response:
    """The form of its terms."""
    page.scope.require(Permission.STAFF_OPERATE)
    async with page.db.snapshot() as tx:
        row = await terms.named(tx, page.scope, code)
    return await _form(page, contracts.answers_of(terms.of_row(row)), (), code=code)


@router.post("/utilities/{code}/edit")
async def change(page: CurrentPage, code: Code) -> Response:
    """Write its terms."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    try:
        wanted = contracts.terms_of(typed)
    except Invalid as error:
        return await _form(page, typed, error.problems, code=code)
    async with page.db.transaction() as tx:
        await terms.set_terms(tx, page.scope, await consumer_named(tx, code), wanted)
    return page.redirect(f"/utilities/{code}")


async def _form(
    page: StaffPage, typed: FormData | contracts.Typed, problems: Sequence[Problem], *, code: str | None
) -> Response:
    form = contracts.form(typed, page.csrf_token, problems, code=code)
    title = "Take a utility on" if code is None else f"Terms of {code}"
    crumbs = (HOME,) if code is None else (HOME, Crumb(code, f"/utilities/{code}"))
    head = PageHead(title, "They hold within seconds.", crumbs)
    sheet = Sheet(rows=((Block("", form),),))
    return await page.show(
        "templates/page.html", current=_CURRENT, head=head, status=422 if problems else 200, **sheet.context()
    )


@router.get("/utilities/{code}/certificates")
async def certificates_page(page: CurrentPage, code: Code) -> Response:
    """Its own certificates, and the ways to alter them."""
    page.scope.require(Permission.STAFF_OPERATE)
    return await _certificates(page, code, "", ())


async def _certificates(page: StaffPage, code: str, typed: str, problems: Sequence[Problem]) -> Response:
    async with page.db.snapshot() as tx:
        row = await terms.named(tx, page.scope, code)
        known = [one for one in await utilities.known_certificates(tx, row["id"]) if one["client_id"] is None]
    place = f"/utilities/{code}"
    holder = certificates.Holder(place, row["name"], (HOME, Crumb(code, place)), _CURRENT)
    return await certificates.show(page, holder, known, typed=typed, problems=problems)


@router.post("/utilities/{code}/certificates")
async def add_certificate(page: CurrentPage, code: Code) -> Response:
    """Have one more certificate count."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = str((await page.form()).get("certificate", ""))[: given.LONGEST_PEM]
    try:
        certificate = given.read(typed, page.now)
        async with page.db.transaction() as tx:
            consumer = await consumer_named(tx, code)
            await clients.add_own_certificate(tx, page.scope, consumer, certificate.fingerprint)
            await certificates.note(tx, certificate)
    except Invalid as error:
        return await _certificates(page, code, typed, error.problems)
    return page.redirect(f"/utilities/{code}/certificates")


@router.post("/utilities/{code}/certificates/issue")
async def issue_certificate(page: CurrentPage, code: Code) -> Response:
    """Make a certificate, and show it with its key this once."""
    page.scope.require(Permission.STAFF_OPERATE)
    pem = certificates.issue(page, f"utility-{code.lower()}")
    certificate = given.read(pem[0].decode(), page.now)
    async with page.db.transaction() as tx:
        consumer = await consumer_named(tx, code)
        await clients.add_own_certificate(tx, page.scope, consumer, certificate.fingerprint)
        await certificates.note(tx, certificate)
    return await certificates.issued(page, code, pem, Crumb(code, f"/utilities/{code}"), current=_CURRENT)


@router.post("/utilities/{code}/certificates/{fingerprint}/remove")
async def remove_certificate(page: CurrentPage, code: Code, fingerprint: str) -> Response:
    """Have a certificate count no longer."""
    async with page.db.transaction() as tx:
        consumer = await consumer_named(tx, code)
        await clients.remove_own_certificate(tx, page.scope, consumer, fingerprint[:64])
    return page.redirect(f"/utilities/{code}/certificates")
