"""Plans: the jobs that carry them out, each with its progress, its members and what came of every object."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Response

from tieline.console import lists
from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Filter, FilterBar, FilterKind, Paging, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Tone
from tieline.console.components.work import Confirm, Lot, Progress, count_confirmed
from tieline.console.render import with_query
from tieline.gateway.backoffice import running
from tieline.gateway.backoffice.store import reading
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, StaffPage, pages
from tieline.gateway.plans import jobs
from tieline.gateway.plans.model import ACTIVATION, VALIDATION, Job, public_id
from tieline.gateway.utilities import store as utilities
from tieline.platform.errors import Invalid, Problem
from tieline.platform.paging import decode_key, page_of
from tieline.platform.scope import named
from tieline.standards.mns.plans import OperationState, Result

router = pages()
JobName = Annotated[str, Path(pattern=r"^(aj|vj)-[0-9]{1,18}$")]
After = Annotated[str | None, Query(max_length=200)]
Place = Annotated[int, Query(ge=0, le=10_000_000, alias="from")]
HOME = Crumb("Plans", "/plans")
_CURRENT = "plans"
_NEWEST = 2**63 - 1
_OUTCOMES = {
    OperationState.SUCCEEDED: Badge("Done", Tone.OK),
    OperationState.FAILED: Badge("Failed", Tone.BAD),
    OperationState.NOT_STARTED: Badge("Not yet", Tone.OFF, "hourglass"),
}


@router.get("/plans")
async def every(page: CurrentPage, after: After = None) -> Response:
    """Jobs of plans, the latest first."""
    pairs = lists.pairs_of(page.request.url.query)
    wanted = _wanted(pairs)
    before = decode_key(after, int)[0] if after else _NEWEST
    async with page.db.snapshot() as tx:
        rows = await reading.jobs(tx, wanted, before=before, limit=lists.ROWS + 1)
        codes = {row["code"]: row["name"] for row in await utilities.listed(tx)}
    found = page_of(rows, lists.ROWS, lambda row: (row["id"],))
    bar = FilterBar(
        page.url,
        (
            lists.choice("utility", "Utility", codes, pairs),
            lists.choice("kind", "What it does", {"activation": "puts into effect", "validation": "dry run"}, pairs),
            lists.choice("state", "State", {key: word for key, (word, _, _) in words.JOBS.items()}, pairs),
            Filter("bad", "With failures", FilterKind.FLAG, value="1" if wanted.bad else "", pinned=True),
            Filter("undoes", "Taking another back", FilterKind.FLAG, value="1" if wanted.undoes else ""),
        ),
    )
    filtered = any(key != "after" for key, _ in pairs)
    table = jobs_table(found.items, lists.paging(page.url, found, "plan"), filtered=filtered)
    head = PageHead("Plans", "What utilities have changed in bulk (TS 28.572): tried, carried out, taken back.")
    return await page.show("layout/list.html", current=_CURRENT, head=head, bar=bar, table=table)


def _wanted(pairs: lists.Pairs) -> reading.JobFilter:
    return reading.JobFilter(
        utilities=lists.chosen("utility", pairs),
        kinds=tuple(one for one in lists.chosen("kind", pairs) if one in running.KINDS) or ("activation",),
        states=lists.chosen("state", pairs),
        bad=lists.typed("bad", pairs) == "1",
        undoes=True if lists.typed("undoes", pairs) == "1" else None,
    )


def jobs_table(rows: Sequence[Mapping[str, Any]], paging: Paging | None = None, *, filtered: bool = False) -> Table:
    """Jobs as a list."""
    columns = (
        Column("name", "Plan", fixed=True, narrow=True, wrap=True),
        Column("utility", "Utility"),
        Column("state", "State", narrow=True),
        Column("total", "Changes", numeric=True, narrow=True),
        Column("done", "Dealt with", numeric=True),
        Column("failed", "Failed", numeric=True, narrow=True),
        Column("back", "Way back"),
        Column("by", "By"),
        Column("created", "Asked for"),
        Column("stopped", "Over", hidden=True),
    )
    shown = []
    for row in rows:
        name = public_id(ACTIVATION if row["kind"] == "activation" else VALIDATION, row["id"])
        cells: dict[str, object] = {
            "name": row["name"] or name,
            "utility": Link(row["utility"], f"/utilities/{row['utility']}"),
            "state": words.job_badge(row["state"], row["failed"]),
            "total": row["total"],
            "done": row["position"],
            "failed": Count(row["failed"], f"/plans/{name}?failed=1") if row["failed"] else 0,
            "back": _way_back(row["fallback"], row["fallback_of"]),
            "by": named(row["requested_by"]),
            "created": Age(row["created_at"]),
            "stopped": row["stopped_at"],
        }
        shown.append(Row(name, cells, f"/plans/{name}"))
    empty = (
        Empty("No plan matches", "Take a filter away to see more.", icon="search")
        if filtered
        else Empty("No plan yet", "A plan shows here once a utility has it tried or carried out.", icon="list-checks")
    )
    return Table("plans", "Plans", columns, shown, paging, empty=empty)


def _way_back(fallback: str, fallback_of: int | None) -> object:
    if fallback_of is not None:
        origin = public_id(ACTIVATION, fallback_of)
        return Link(f"takes {origin} back", f"/plans/{origin}")
    return {"kept": "kept", "wanted": "kept once it is over", "deleted": "given up"}.get(fallback)


@router.get("/plans/{name}")
async def one(page: CurrentPage, name: JobName, *, start: Place = 0, failed: bool = False) -> Response:
    """One plan: how far it is, and what came of each object."""
    async with page.db.snapshot() as tx:
        found = await running.one(tx, page.scope, name)
        job = found.job
        if page.request.headers.get("HX-Target") == "progress":
            return page.fragment("templates/progress.html", progress=_progress(job))
        details = await jobs.details(tx, job, everything=not failed)
    place = f"/plans/{name}"
    table = _results(page.url, details.results, start, failed=failed)
    sheet = Sheet(
        rows=(
            (Block("Progress", _progress(job)), Block("The plan", _facts(job, found.consumer.code))),
            *(((Block("Members", _members(job)),),) if any(part.plan for part in job.parts) else ()),
            (
                Block(
                    "What failed, and why" if failed else "What came of each object",
                    table,
                    place if failed else f"{place}?failed=1",
                    "All of them" if failed else "Only what failed",
                ),
            ),
        ),
        dialogs=_dialogs(page, job, found.consumer.code),
    )
    head = PageHead(job.name or name, _state(job), (HOME,), _actions(page, job))
    return await page.show("templates/page.html", current=_CURRENT, head=head, **sheet.context())


def _state(job: Job) -> str:
    badge = words.job_badge(job.state, job.failed)
    return f"{badge.word}: {plural(job.total, 'change')}, {job.position:,} dealt with, {job.failed:,} failed."


def _progress(job: Job) -> Progress:
    summary = job.summary
    lot = Lot(job.public_id, verified=summary.succeeded, failed=job.failed, waiting=summary.not_finished)
    moving = not job.state.is_final
    return Progress(
        lot,
        hrefs={"failed": f"/plans/{job.public_id}?failed=1", "verified": f"/plans/{job.public_id}"},
        fresh_href=f"/plans/{job.public_id}" if moving else "",
    )


def _facts(job: Job, code: str) -> tuple[tuple[str, object], ...]:
    return (
        ("State", words.job_badge(job.state, job.failed)),
        ("Utility", Link(code, f"/utilities/{code}")),
        ("Name on the wire", job.public_id),
        ("What it does", "puts into effect" if job.kind == "activation" else "dry run, without effect"),
        ("When something fails", _MODES.get(job.mode, job.mode)),
        ("Asked for by", named(job.requested_by)),
        ("Asked for", job.created_at),
        ("Began", job.started_at),
        ("Over", job.stopped_at),
        ("What it says", job.message),
        ("Rolled back", job.rolled_back or None),
        ("Conflicts between members", len(job.conflicts) or None),
        ("Way back", _way_back(job.fallback, job.fallback_of)),
        ("In the change log", Link("what it changed", f"/log?job={job.public_id}")),
    )


_MODES = {
    "ATOMIC": "all is rolled back",
    "BEST_EFFORT": "the rest goes on",
    "STOP_ON_ERROR": "it stops there",
    "CONTINUE_ON_ERROR": "the rest is tried",
}


def _members(job: Job) -> Table:
    columns = (Column("plan", "Plan", fixed=True, narrow=True), Column("size", "Changes", numeric=True, narrow=True))
    rows = [
        Row(str(number), {"plan": part.plan or "embedded", "size": part.size}) for number, part in enumerate(job.parts)
    ]
    return Table("members", "Members", columns, rows, chooser=False)


def _results(url: str, results: Sequence[Result], start: int, *, failed: bool) -> Table:
    columns = (
        Column("object", "Object", fixed=True, narrow=True),
        Column("state", "Outcome", narrow=True),
        Column("change", "Change"),
        Column("plan", "Member", hidden=True),
        Column("why", "Why", wrap=True, narrow=True),
    )
    rows = [
        Row(str(start + number), _result(result)) for number, result in enumerate(results[start : start + lists.ROWS])
    ]
    more = start + lists.ROWS < len(results)
    last = min(start + lists.ROWS, len(results))
    paging = Paging(
        newer=with_query(url, **{"from": max(0, start - lists.ROWS) or None}) if start else "",
        older=with_query(url, **{"from": start + lists.ROWS}) if more else "",
        shown=f"{start + 1:,} to {last:,} of {plural(len(results), 'change')}" if rows else "",
        newer_label="Earlier",
        older_label="Next",
    )
    empty = Empty("Nothing failed", "Every change that was dealt with was carried out.", icon="circle-check")
    if not failed:
        empty = Empty("Nothing is in it", "The plan holds no change.")
    return Table("results", "Changes of the plan", columns, rows, paging, empty=empty)


def _result(result: Result) -> dict[str, object]:
    why = "; ".join(one.detail or one.title or str(one.reason or one.type) for one in result.errors or ())
    return {
        "object": _target(result.target),
        "state": _OUTCOMES[result.state],
        "change": result.change_id if result.change_id is not None else f"number {result.change_index}",
        "plan": result.plan_config_descr_id,
        "why": why or None,
    }


def _target(target: str) -> object:
    """An object as a plan names it: ``/SubNetwork=U/UtilitySubscription=S``."""
    return words.object_link(target.strip("/").replace("/", ","))


def _actions(page: StaffPage, job: Job) -> tuple[Action, ...]:
    if not page.may_operate:
        return ()
    actions = []
    if job.state.is_cancellable:
        actions.append(Action("Cancel", icon="ban", kind="danger", dialog="cancel"))
    if job.kind == "activation" and job.fallback == "kept":
        actions.append(Action("Take it back", icon="undo-2", kind="danger", dialog="take-back"))
    return tuple(actions)


def _dialogs(page: StaffPage, job: Job, code: str) -> tuple[Confirm, ...]:
    if not page.may_operate:
        return ()
    place = f"/plans/{job.public_id}"
    cancel = Confirm(
        "cancel",
        f"Cancel {job.name or job.public_id}",
        f"It stops before its next step; {plural(job.position, 'change')} that {'is' if job.position == 1 else 'are'} "
        f"done stay done. {code} reads that it was cancelled.",
        f"{place}/cancel",
        "Cancel the plan",
        page.csrf_token,
        undo="The utility activates it again.",
        danger=True,
        reason_label="Why",
    )
    done = job.summary.succeeded
    back = Confirm(
        "take-back",
        f"Take {job.name or job.public_id} back",
        f"What it changed is set as it was before, where nobody changed it since. {code} is told of every change: to "
        "it, this is a change that it did not make.",
        f"{place}/take-back",
        "Take it back",
        page.csrf_token,
        count=done,
        noun="change",
        undo="The utility activates its plan again.",
        danger=True,
        reason_label="Why",
    )
    wanted = {action.dialog for action in _actions(page, job)}
    return tuple(one for one in (cancel, back) if one.id in wanted)


@router.post("/plans/{name}/cancel")
async def cancel(page: CurrentPage, name: JobName) -> Response:
    """Have a plan stop."""
    reason = _reason(await page.form())
    async with page.db.transaction() as tx:
        await running.cancel(tx, page.scope, name, reason, page.now)
    page.parts.signals.plans.set()
    return page.redirect(f"/plans/{name}")


@router.post("/plans/{name}/take-back")
async def take_back(page: CurrentPage, name: JobName) -> Response:
    """Have the effects of a plan taken back."""
    typed = await page.form()
    async with page.db.transaction() as tx:
        found = await running.one(tx, page.scope, name)
        if not count_confirmed(found.job.summary.succeeded, str(typed.get("confirm_count", ""))):
            raise Invalid("The number does not match.", [Problem("confirm_count", "count", "Type how many it is.")])
        made = await running.take_back(tx, page.scope, name, by=page.account, reason=_reason(typed), now=page.now)
    page.parts.signals.plans.set()
    return page.redirect(f"/plans/{made}")


def _reason(typed: Mapping[str, Any]) -> str:
    return str(typed.get("reason", ""))[:400].replace("\0", "").strip()
