"""Plans: the jobs that carry them out, each with its progress, its members and what came of every object."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Path, Query, Response

from tieline.console import lists
from tieline.console.components import formats
from tieline.console.components.formats import number, plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Filter, FilterBar, FilterKind, Paging, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Tone
from tieline.console.components.work import Confirm, Lot, Progress, count_confirmed
from tieline.console.render import with_query
from tieline.gateway.backoffice import running
from tieline.gateway.backoffice.store import reading
from tieline.gateway.console import reasons, words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, StaffPage, pages
from tieline.gateway.plans import jobs
from tieline.gateway.plans.model import ACTIVATION, VALIDATION, Job, public_id
from tieline.gateway.utilities import store as utilities
from tieline.platform.errors import Invalid, Problem
from tieline.platform.paging import decode_key, page_of
from tieline.standards.mns.plans import ConfigChange, ModifyOperator, OperationState, Result

router = pages()
JobName = Annotated[str, Path(pattern=r"^(aj|vj)-[0-9]{1,18}$")]
After = Annotated[str | None, Query(max_length=200)]
Place = Annotated[int, Query(ge=0, le=10_000_000, alias="from")]
HOME = Crumb("Plans", "/plans")
_CURRENT = "plans"
_NEWEST = 2**63 - 1
_SHOWN = 50
"""Changes of a plan on one page."""
_FACTS = 3
Outcomes = Sequence[tuple[Result, ConfigChange]]
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
    head = PageHead("Plans", "What utilities change in bulk: tried, carried out, taken back.")
    return await page.show("layout/list.html", current=_CURRENT, head=head, bar=bar, table=table)


def _wanted(pairs: lists.Pairs) -> reading.JobFilter:
    return reading.JobFilter(
        utilities=lists.chosen("utility", pairs),
        kinds=tuple(one for one in lists.chosen("kind", pairs) if one in running.KINDS) or ("activation",),
        outcomes=lists.chosen("state", pairs),
        bad=lists.typed("bad", pairs) == "1",
        undoes=True if lists.typed("undoes", pairs) == "1" else None,
    )


def jobs_table(rows: Sequence[Mapping[str, Any]], paging: Paging | None = None, *, filtered: bool = False) -> Table:
    """Jobs as a list."""
    columns = (
        Column("name", "Plan", fixed=True, narrow=True, wrap=True),
        Column("utility", "Utility"),
        Column("state", "State", narrow=True),
        Column("total", "Changes", numeric=True),
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
            "name": row["name"] or words.job_name(name),
            "utility": Link(row["utility"], f"/utilities/{row['utility']}"),
            "state": words.job_badge(row),
            "total": row["total"],
            "done": row["position"],
            "failed": Count(row["failed"], f"/plans/{name}?failed=1") if row["failed"] else 0,
            "back": _way_back(row["fallback"], row["fallback_of"]),
            "by": words.who(row["requested_by"]),
            "created": Age(row["created_at"]),
            "stopped": row["stopped_at"],
        }
        shown.append(Row(name, cells, f"/plans/{name}"))
    empty = (
        words.no_match("plan", "/plans")
        if filtered
        else Empty("No plan yet", "A plan shows here once a utility has it tried or carried out.", icon="list-checks")
    )
    return Table("plans", "Plans", columns, shown, paging, empty=empty)


def _way_back(fallback: str, fallback_of: int | None) -> object:
    if fallback_of is not None:
        origin = public_id(ACTIVATION, fallback_of)
        return Link(f"takes {words.job_name(origin)} back", f"/plans/{origin}")
    return {"kept": "kept", "wanted": "kept once it is over", "deleted": "given up"}.get(fallback)


@router.get("/plans/{name}")
async def one(page: CurrentPage, name: JobName, *, start: Place = 0, failed: bool = False) -> Response:
    """One plan: how far it is, and what came of each object."""
    async with page.db.snapshot() as tx:
        found = await running.one(tx, page.scope, name)
        job = found.job
        if page.request.headers.get("HX-Target") == "progress":
            return page.fragment("templates/progress.html", progress=_progress(job))
        outcomes = await jobs.outcomes(tx, job, everything=not failed)
    begun, place = job.state.is_final or job.position > 0, f"/plans/{name}"
    sheet = Sheet(
        rows=(
            (Block("Progress", _progress(job)), Block("The plan", _facts(job, found.consumer.code))),
            *_why(outcomes, place, failed=failed),
            *(((Block("Members", _members(job)),),) if any(part.plan for part in job.parts) else ()),
            (
                Block(
                    _title(job, failed=failed),
                    _results(page.url, outcomes, start, _columns(job, outcomes, begun=begun, failed=failed)),
                    place if failed else f"{place}?failed=1" if job.failed else "",
                    "All changes" if failed else "Only what failed",
                ),
            ),
        ),
        dialogs=_dialogs(page, job, found.consumer.code),
    )
    head = PageHead(job.name or words.job_name(name), _state(job), (HOME,), _actions(page, job))
    return await page.show("templates/page.html", current=_CURRENT, head=head, **sheet.context())


def _badge(job: Job) -> Badge:
    return words.job_badge(asdict(job))


def _state(job: Job) -> str:
    badge, summary = _badge(job), job.summary
    told = [plural(job.total, "change")]
    if job.position:
        told += [f"{number(summary.succeeded)} done", f"{number(summary.failed)} failed"]
    if job.rolled_back:
        told.append(f"{number(job.rolled_back)} set as before again")
    if summary.not_finished:
        told.append(f"{number(summary.not_finished)} {'not begun' if job.state.is_final else 'to go'}")
    return f"{badge.word}: {', '.join(told)}."


def _title(job: Job, *, failed: bool) -> str:
    if failed:
        return "What failed"
    if job.position:
        return "What came of each object"
    return "What it would have changed" if job.state.is_final else "What it is to change"


def _progress(job: Job) -> Progress:
    """How far it is; what was not done, and will not be, is left out."""
    summary, over = job.summary, job.state.is_final
    never = job.rolled_back + (summary.not_finished if over else 0)
    waiting = 0 if over else summary.not_finished
    lot = Lot(
        job.public_id,
        verified=summary.succeeded,
        failed=job.failed,
        waiting=waiting,
        blocked=never,
        given_up=never,
    )
    place = f"/plans/{job.public_id}"
    return Progress(
        lot,
        hrefs={"failed": f"{place}?failed=1", "verified": place} if job.failed else {"verified": place},
        fresh_href="" if over else place,
    )


def _facts(job: Job, code: str) -> tuple[tuple[str, object], ...]:
    """What is known of a plan; what there is nothing to say of has no line."""
    every: tuple[tuple[str, object], ...] = (
        ("State", _badge(job)),
        ("Utility", Link(code, f"/utilities/{code}")),
        ("What it does", "puts into effect" if job.kind == "activation" else "dry run, without effect"),
        ("When something fails", _MODES.get(job.mode, job.mode)),
        ("Asked for by", words.who(job.requested_by)),
        ("Asked for", job.created_at),
        ("Began", job.started_at),
        ("Over", job.stopped_at),
        ("How it ended", job.message),
        ("Set as before again", job.rolled_back or None),
        ("Conflicts between members", len(job.conflicts) or None),
        ("Way back", _way_back(job.fallback, job.fallback_of)),
        ("In the change log", _in_the_log(job)),
        ("The utility knows it as", job.public_id),
    )
    return tuple(pair for pair in every if pair[1] is not None)


def _in_the_log(job: Job) -> Link | None:
    if job.kind != "activation" or not job.summary.succeeded:
        return None
    return Link("what it changed", f"/log?job={job.public_id}")


_MODES = {
    "ATOMIC": "nothing of it is done",
    "BEST_EFFORT": "the rest goes on",
    "STOP_ON_ERROR": "it stops there",
    "CONTINUE_ON_ERROR": "the rest is tried",
}


def _members(job: Job) -> Table:
    columns = (Column("plan", "Plan", fixed=True, narrow=True), Column("size", "Changes", numeric=True, narrow=True))
    rows = [
        Row(str(number_), {"plan": part.plan or "in the request itself", "size": part.size})
        for number_, part in enumerate(job.parts)
    ]
    return Table("members", "Members", columns, rows, chooser=False)


def _why(outcomes: Outcomes, place: str, *, failed: bool) -> tuple[tuple[Block, ...], ...]:
    """The reasons for what failed, each once with how often; nothing where nothing failed."""
    found = reasons.counted(result for result, _ in outcomes)
    if not found:
        return ()
    columns = (
        Column("why", "Why", fixed=True, narrow=True, wrap=True),
        Column("count", "Changes", numeric=True, narrow=True),
        Column("said", "What the utility reads", wrap=True),
    )
    href = "" if failed else f"{place}?failed=1"
    rows = [
        Row(str(at), {"why": one.sentence, "count": Count(one.count, href), "said": _example(one)})
        for at, one in enumerate(found)
    ]
    return ((Block("Why it failed", Table("reasons", "Reasons", columns, rows, chooser=False)),),)


def _example(one: reasons.Reason) -> str:
    return one.example if one.count == 1 else f"{one.example} (the first of them)"


def _columns(job: Job, outcomes: Outcomes, *, begun: bool, failed: bool) -> tuple[Column, ...]:
    """What is told of each change: of one that has not begun no outcome, and no reason that is the same for all."""
    alike = failed and len(reasons.counted(result for result, _ in outcomes)) == 1
    every = (
        (True, Column("object", "Object", fixed=True, narrow=True)),
        (begun and not failed, Column("state", "Outcome", narrow=True)),
        (True, Column("change", "Change", wrap=True, narrow=not failed or alike)),
        (any(part.plan for part in job.parts), Column("plan", "Member")),
        (begun and job.failed > 0 and not alike, Column("why", "Why", wrap=True, narrow=failed)),
    )
    return tuple(column for wanted, column in every if wanted)


def _results(url: str, outcomes: Outcomes, start: int, columns: tuple[Column, ...]) -> Table:
    rows = [
        Row(str(start + at), _result(result, change))
        for at, (result, change) in enumerate(outcomes[start : start + _SHOWN])
    ]
    more = start + _SHOWN < len(outcomes)
    last = min(start + _SHOWN, len(outcomes))
    paging = Paging(
        newer=with_query(url, **{"from": max(0, start - _SHOWN) or None}) if start else "",
        older=with_query(url, **{"from": start + _SHOWN}) if more else "",
        shown=f"{number(start + 1)} to {number(last)} of {plural(len(outcomes), 'change')}" if rows else "",
        newer_label="Earlier",
        older_label="Next",
    )
    if any(column.key == "state" for column in columns):
        empty = Empty("Nothing is in it", "The plan holds no change.")
    else:
        empty = Empty("Nothing failed", "Every change that was dealt with was carried out.", icon="circle-check")
    return Table("results", "Changes of the plan", columns, rows, paging, empty=empty, chooser=False)


def _result(result: Result, change: ConfigChange) -> dict[str, object]:
    return {
        "object": _target(result.target),
        "state": _OUTCOMES[result.state],
        "change": _change(change),
        "plan": result.plan_config_descr_id,
        "why": reasons.of(result) or None,
    }


def _change(change: ConfigChange) -> str:
    """What a plan does to an object, in words: "APN becomes meters.grid"."""
    if change.modify_operator is ModifyOperator.DELETE:
        return "is removed"
    value = change.value or {}
    inner = value.get("attributes")
    said = [
        f"{words.attribute(name)} {'is unset' if (text := words.brief(name, one)) is None else f'becomes {text}'}"
        for name, one in (inner if isinstance(inner, dict) else value).items()
    ]
    told = formats.listed(said[:_FACTS]) + (f" and {len(said) - _FACTS} more" if len(said) > _FACTS else "")
    made = change.modify_operator is ModifyOperator.CREATE
    return f"is made: {told}" if made and told else "is made" if made else told or "nothing"


def _target(target: str) -> object:
    """An object as a plan names it: ``/SubNetwork=U/UtilitySubscription=S``."""
    return words.object_link(target.strip("/").replace("/", ","))


def _actions(page: StaffPage, job: Job) -> tuple[Action, ...]:
    if not page.may_operate:
        return ()
    actions = []
    if job.state.is_cancellable:
        actions.append(Action("Cancel the plan", icon="ban", kind="danger", dialog="cancel"))
    if job.kind == "activation" and job.fallback == "kept" and job.summary.succeeded:
        actions.append(Action("Take it back", icon="undo-2", kind="danger", dialog="take-back"))
    return tuple(actions)


def _dialogs(page: StaffPage, job: Job, code: str) -> tuple[Confirm, ...]:
    if not page.may_operate:
        return ()
    place = f"/plans/{job.public_id}"
    cancel = Confirm(
        "cancel",
        f"Cancel {job.name or words.job_name(job.public_id)}",
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
        f"Take {job.name or words.job_name(job.public_id)} back",
        f"What it changed is set as it was before, where nobody changed it since. {code} is told of every change: to "
        "it, this is a change that it did not make.",
        f"{place}/take-back",
        "Take it back",
        page.csrf_token,
        count=done,
        noun="change",
        facts=(("Changes that it made", done),),
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
