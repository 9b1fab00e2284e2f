"""What matters now: calls, plans that run, whom notifications reach, and what needs somebody."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import Response

from tieline.console.components.figures import Figure
from tieline.console.components.formats import local_date, number, plural
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Tone
from tieline.gateway.backoffice.store import reading
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, StaffPage, pages
from tieline.gateway.plans.model import ACTIVATION, VALIDATION, public_id
from tieline.gateway.tally import Minute
from tieline.gateway.utilities import store as utilities
from tieline.platform.db import Tx

router = pages()
DAY = timedelta(days=1)
COUNTS_FRESH = timedelta(seconds=20)
"""Counts of subscriptions are kept for so long, then counted anew while the old ones are shown."""
_OPEN = "/plans?kind=activation&kind=validation&state=QUEUED&state=RUNNING&state=CANCELLING"
_NAMED = 5
"""So many plans with failures are named one by one."""
Need = tuple[Badge, str, str]
Rows = Sequence[Mapping[str, Any]]


@router.get("/")
async def overview(page: CurrentPage) -> Response:
    """The first page."""
    async with page.db.snapshot() as tx:
        every = await utilities.listed(tx)
        running = await reading.open_jobs(tx)
        queues = await reading.queues(tx)
        told = await reading.recipients(tx)
        bad, declined = await reading.bad_jobs(tx, page.now - DAY, _NAMED), await reading.declined(tx)
        certificates = await utilities.known_certificates(tx)
    needs = sorted(
        [*_of_the_work(bad, queues["stuck"], declined), *_of_access(every, told, certificates, page.now)],
        key=lambda need: -need[0].tone.rank,
    )
    counted = await page.counted("subscriptions", _subscriptions, fresh=COUNTS_FRESH)
    counts = counted.value if counted else {}
    minutes, hour = page.parts.tally.of(), page.parts.tally.hour()
    sheet = Sheet(
        figures=(
            Figure(
                "Calls in the last minute", minutes[-2].calls, "#utilities", trend=[one.calls for one in minutes[:-1]]
            ),
            Figure(
                "In error within the hour",
                hour.wrong,
                "#utilities",
                tone="warn" if hour.wrong else "ok",
                note=_wrong(hour),
            ),
            Figure("Plans to be carried out", queues["jobs"], _OPEN),
            Figure(
                "Notifications that wait",
                sum(row["waiting"] for row in told),
                "/utilities",
                note=plural(queues["orders"], "order") + " under way to the network" if queues["orders"] else "",
            ),
        ),
        rows=(
            (Block("What needs somebody", needs_table(needs)),),
            (Block("Utilities", _utilities(page, every, counts), "/utilities", "All utilities"),),
            (Block("Plans to be carried out", running_table(running), "/plans", "All plans"),),
        ),
    )
    head = PageHead(page.parts.settings.name, _state(every, needs))
    return await page.show("templates/page.html", current="overview", head=head, **sheet.context())


def _wrong(hour: Minute) -> str:
    """Whose fault the errors of an hour were, and who came too often; nothing where there is nothing to say."""
    told = [f"{number(hour.failed)} of them failed here"] if hour.failed else []
    if hour.refused:
        told.append(f"{plural(hour.refused, 'call')} beyond the rate besides")
    return "; ".join(told)


def _state(every: Sequence[Mapping[str, Any]], needs: Sequence[Need]) -> str:
    served = f"{plural(len(every), 'utility', 'utilities')} served here"
    return (
        f"{served}; {plural(len(needs), 'thing')} {'needs' if len(needs) == 1 else 'need'} somebody."
        if needs
        else (f"{served}; nothing needs anybody.")
    )


async def _subscriptions(tx: Tx) -> dict[str, dict[str, int]]:
    """Subscriptions of each utility by state."""
    return {row["code"]: await reading.states(tx, row["id"]) for row in await utilities.listed(tx)}


def _utilities(page: StaffPage, every: Sequence[Mapping[str, Any]], counts: Mapping[str, Mapping[str, int]]) -> Table:
    columns = (
        Column("code", "Utility", fixed=True, narrow=True),
        Column("state", "State", narrow=True),
        Column("subscriptions", "Subscriptions", numeric=True, narrow=True),
        Column("active", "Active", numeric=True),
        Column("calls", "Calls", unit="a minute", numeric=True),
        Column("errors", "In error", unit="within the hour", numeric=True),
        Column("refused", "Beyond the rate", unit="within the hour", numeric=True),
    )
    rows = []
    for row in every:
        code = row["code"]
        states = counts.get(code)
        cells: dict[str, object] = {
            "code": row["name"],
            "state": let_in(row),
            "subscriptions": Count(sum(states.values()) if states is not None else None, f"/objects?utility={code}"),
            "active": Count(
                states.get("ACTIVE", 0) if states is not None else None, f"/objects?utility={code}&state=ACTIVE"
            ),
            **_calls(page, code),
        }
        rows.append(Row(code, cells, f"/utilities/{code}"))
    if page.parts.tally.hour("").calls:
        strangers = {"code": "Callers that are no utility", "state": Badge("Turned away", Tone.OFF, "ban")}
        rows.append(Row(".", {**strangers, **_calls(page, "")}, muted=True))
    return Table("utilities", "Utilities", columns, rows, empty=nobody_yet(page), chooser=False)


def nobody_yet(page: StaffPage) -> Empty:
    """What stands where no utility is served yet, and the way to the first."""
    return Empty(
        "No utility is served yet",
        "Take the first one on: its code, its certificate and what its contract allows.",
        (Action("Take a utility on", "/utilities/new", "plus", "primary"),) if page.may_operate else (),
        "building-2",
    )


def _calls(page: StaffPage, code: str) -> dict[str, object]:
    """How the calls of a utility went; those of ``""`` are of nobody known, so that the rows sum up to the figures."""
    hour = page.parts.tally.hour(code)
    return {
        "calls": page.parts.tally.last_minute(code).calls,
        "errors": hour.wrong,
        "refused": hour.refused,
    }


def let_in(row: Mapping[str, Any]) -> Badge:
    """Whether a utility's calls are answered."""
    if row["suspended_at"] is not None:
        return Badge("Suspended", Tone.HELD, "ban", tip=str(row["suspended_reason"]))
    return Badge("Served", Tone.OK)


def running_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The plans that are to be carried out, the oldest first."""
    columns = (
        Column("name", "Plan", fixed=True, narrow=True, wrap=True),
        Column("utility", "Utility"),
        Column("state", "State", narrow=True),
        Column("done", "Done", numeric=True, narrow=True),
        Column("total", "Changes", numeric=True),
        Column("failed", "Failed", numeric=True),
        Column("created", "Asked for"),
    )
    shown = []
    for row in rows:
        name = public_id(ACTIVATION if row["kind"] == "activation" else VALIDATION, row["id"])
        cells: dict[str, object] = {
            "name": row["name"] or words.job_name(name),
            "utility": Link(row["utility"], f"/utilities/{row['utility']}"),
            "state": words.job_badge(row),
            "done": row["position"],
            "total": row["total"],
            "failed": row["failed"],
            "created": Age(row["created_at"]),
        }
        shown.append(Row(name, cells, f"/plans/{name}"))
    text = "A utility's plan shows here from when it is activated until it is done."
    empty = Empty("No plan is to be carried out", text)
    return Table("running", "Plans to be carried out", columns, shown, empty=empty, chooser=False)


def _of_the_work(bad: tuple[int, Rows], stuck: int, asked: Rows) -> list[Need]:
    """What plans, the network and notices ask of staff."""
    found: list[Need] = []
    count, latest = bad
    if count > len(latest):
        sentence = f"In {plural(count, 'plan')} of the last 24 hours something failed."
        found.append((Badge("Plans failed", Tone.WARN), sentence, "/plans?bad=1"))
    else:
        found += [_of_a_plan(row) for row in latest]
    if stuck:
        sentence = f"The network has been asked more than three times for {plural(stuck, 'subscription')}."
        found.append((Badge("Network lags", Tone.WARN), sentence, "/objects?lags=1"))
    for row in asked:
        sentence = f"{plural(row['declined'], 'utility', 'utilities')} declined “{row['title']}”."
        found.append((Badge("Declined", Tone.WARN), sentence, f"/notices/{row['ref']}"))
    return found


def _of_a_plan(row: Mapping[str, Any]) -> Need:
    """One plan in which something failed, leading to what did."""
    name = public_id(ACTIVATION, row["id"])
    what = f"{number(row['failed'])} of {plural(row['total'], 'change')} failed" if row["failed"] else "not carried out"
    sentence = f"“{row['name'] or words.job_name(name)}” of {row['utility']}: {what}."
    return words.job_badge(row), sentence, f"/plans/{name}?failed=1" if row["failed"] else f"/plans/{name}"


def _of_access(
    every: Sequence[Mapping[str, Any]],
    told: Sequence[Mapping[str, Any]],
    certificates: Sequence[Mapping[str, Any]],
    now: datetime,
) -> list[Need]:
    """Whom nobody reaches, who is shut out, and whose certificates end."""
    found: list[Need] = []
    for row in told:
        if row["last_error"]:
            sentence = f"{row['utility']} is not reached at {row['address']}: {row['last_error']}"
            found.append((Badge("Not reached", Tone.BAD), sentence, f"/utilities/{row['utility']}#addresses"))
    for row in certificates:
        if row["not_after"] is not None and row["not_after"] - now < words.SOON:
            whose = row["client_id"] or row["utility"]
            href = f"/clients/{row['client_id']}" if row["client_id"] else f"/utilities/{row['utility']}#certificates"
            tone = Tone.BAD if row["not_after"] <= now else Tone.WARN
            sentence = f"A certificate of {whose} is over on {local_date(row['not_after'], UTC)}."
            found.append((Badge("Certificate", tone), sentence, href))
    for row in every:
        if row["suspended_at"] is not None:
            since = local_date(row["suspended_at"], UTC)
            sentence = f"{row['name']} is suspended since {since}: {row['suspended_reason']}"
            found.append((Badge("Suspended", Tone.HELD), sentence, f"/utilities/{row['code']}"))
    return found


def needs_table(needs: Sequence[Need]) -> Table:
    """What needs somebody, as a list that leads on."""
    columns = (Column("sentence", "Why", fixed=True, narrow=True, wrap=True), Column("what", "What", narrow=True))
    rows = [
        Row(str(number), {"what": badge, "sentence": sentence}, href)
        for number, (badge, sentence, href) in enumerate(needs)
    ]
    empty = Empty(
        "Nothing needs anybody",
        "Addresses that are not reached, plans with failures, certificates that end and declined notices show here.",
        icon="circle-check",
    )
    return Table("needs", "What needs somebody", columns, rows, empty=empty, chooser=False)
