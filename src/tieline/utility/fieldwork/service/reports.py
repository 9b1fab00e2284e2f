"""What crews report: taken once, in order, judged, kept whatever becomes of it."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem, TielineError
from tieline.platform.paging import MAX_PAGE, Page, decode_key, encode_cursor
from tieline.platform.scope import Permission, Scope
from tieline.standards import numbering
from tieline.utility.fieldwork import seams
from tieline.utility.fieldwork.model import Answer, Goods, Report, ReportKind, ReportState, Visit, VisitState
from tieline.utility.fieldwork.policy.judging import Effect, Planned, Refusal, judge
from tieline.utility.fieldwork.service.sitting import Sitting
from tieline.utility.fieldwork.store import crews, reports, visits
from tieline.utility.fieldwork.store.reports import Kept, ReportFilter

MOST_REPORTS = 500
_TOPICS = {
    ReportKind.ARRIVED: "visit.arrived",
    ReportKind.FITTED: "visit.fitted",
    ReportKind.TEST_ASKED: "visit.test-asked",
    ReportKind.FINISHED: "visit.finished",
    ReportKind.TROUBLE: "visit.trouble",
    ReportKind.LEFT: "visit.left",
}
TOPICS = tuple(_TOPICS.values())
_NOT_YOURS = Refusal(
    "not-yours",
    "This visit is not, or no longer, in an order of your crew.",
    "Do nothing more there; the dispatcher sees this report and can take it all the same.",
)
_TAKEN = Refusal("id-taken", "Another report has this number.", "Reload the page when the network is back.")
_WAITS = Answer(
    "", ReportState.HELD, "order", "An earlier report of this phone has not come yet; this one waits for it."
)


async def take(
    tx: Tx, scope: Scope, clock: Clock, sent: Sequence[Report], *, sent_at: datetime | None = None
) -> list[Answer]:
    """Take a list of reports; each is answered, in the order given. Needs ``FIELD_REPORT``.

    One that came before is answered as it was. One that overtook an earlier report of its phone is held until that
    comes. One that cannot be right is refused with a sentence, kept, and changes nothing. ``sent_at`` is the phone's
    time now: what it differs from ours is taken off the times that it tells.
    """
    scope.require(Permission.FIELD_REPORT)
    if len(sent) > MOST_REPORTS:
        raise Invalid("More than 500 reports at once.", [Problem("reports", "count", "At most 500.")])
    sitting = await _sit(tx, scope, clock.now(), sent_at)
    queue = await _queue(sitting, scope.user_id or 0, sorted({report.phone for report in sent if report.phone}))
    await sitting.look([*sent, *(_report_of(row) for row in queue.waiting.values())])
    known = await reports.known(tx, [report.id for report in sent])  # with the visits locked: none comes in between
    answers: dict[int, Answer] = {}
    for place, report in in_order(list(enumerate(sent))):
        if report.id in known:
            answers[place] = _repeated(report, known[report.id], scope)
            continue
        answers[place] = await _next(sitting, queue, report)
        known[report.id] = _as_known(report, scope, answers[place])
    await queue.note(tx)
    await sitting.write()
    return [answers[place] for place in range(len(sent))]


def in_order(sent: Sequence[tuple[int, Report]]) -> list[tuple[int, Report]]:
    """Reports, each with its place in a list, in the order in which their phones made them."""
    return sorted(sent, key=lambda one: (one[1].phone, one[1].seq if one[1].phone else one[0], one[0]))


async def _sit(tx: Tx, scope: Scope, now: datetime, sent_at: datetime | None) -> Sitting:
    crew = await crews.crew_of(tx, scope.user_id) if scope.user_id is not None else None
    return Sitting(tx, scope, now, now - (sent_at or now), crew.id if crew else None)


@dataclass(slots=True)
class _Queue:
    """How far each phone of somebody is, and which of its reports wait for an earlier one."""

    account: int
    before: Mapping[str, int]
    reached: dict[str, int]
    waiting: dict[tuple[str, int], Any]

    async def note(self, tx: Tx) -> None:
        """Write down how far the phones are now."""
        moved = {phone: seq for phone, seq in sorted(self.reached.items()) if seq != self.before[phone]}
        await reports.set_phones(tx, self.account, moved)


async def _queue(sitting: Sitting, account: int, phones: Sequence[str]) -> _Queue:
    if not phones:
        return _Queue(account, {}, {}, {})
    reached = await reports.lock_phones(sitting.tx, account, phones, sitting.now)
    rows = await reports.held(sitting.tx, account, phones)
    return _Queue(account, dict(reached), reached, {(row["phone"], int(row["seq"])): row for row in rows})


async def _next(sitting: Sitting, queue: _Queue, report: Report) -> Answer:
    """Take a report, and those of its phone that waited for it; or let it wait itself."""
    if not report.phone:
        return await _take_one(sitting, report)
    await _follow(sitting, queue, report.phone)  # a dispatcher may have gone on behind one that was lost
    if report.seq > queue.reached[report.phone] + 1:
        return _hold(sitting, report)
    answer = await _take_one(sitting, report)
    queue.reached[report.phone] = max(queue.reached[report.phone], report.seq)
    await _follow(sitting, queue, report.phone)
    return answer


async def _follow(sitting: Sitting, queue: _Queue, phone: str) -> None:
    """Take the reports of a phone that need not wait any more."""
    while (row := queue.waiting.pop((phone, queue.reached[phone] + 1), None)) is not None:
        await _retake(sitting, row)
        queue.reached[phone] += 1


async def _retake(sitting: Sitting, row: Mapping[str, Any]) -> Answer:
    report = _report_of(row)
    answer = await _judged(sitting, report, row["at"])
    await reports.settle(sitting.tx, answer)
    return answer


def _report_of(row: Mapping[str, Any]) -> Report:
    return Report(
        row["id"], row["named_visit"], ReportKind(row["kind"]), row["body"], row["phone_at"], row["phone"], row["seq"]
    )


async def _take_one(sitting: Sitting, report: Report) -> Answer:
    at = sitting.happened(report)
    answer = await _judged(sitting, report, at)
    _keep(sitting, report, at, answer)
    return answer


def _hold(sitting: Sitting, report: Report) -> Answer:
    answer = replace(_WAITS, id=report.id)
    _keep(sitting, report, sitting.happened(report), answer)
    return answer


def _keep(sitting: Sitting, report: Report, at: datetime, answer: Answer) -> None:
    """Keep a report with what became of it."""
    kept = Kept(report, _digest(report), sitting.scope.user_id, sitting.crew_id, at, sitting.now)
    sitting.keep(kept, answer)


async def _judged(sitting: Sitting, report: Report, at: datetime) -> Answer:
    """What becomes of a report: its effect is brought about, or it is refused and changes nothing."""
    visit = sitting.seen.get(report.visit_id)
    found: Effect | Refusal = _NOT_YOURS
    odd = ""
    if visit is not None:
        found = judge(visit, report, at, planned=await _planned(sitting, visit, report))
    if visit is not None and isinstance(found, Effect):
        try:
            odd = await _bring_about(sitting, visit, report, found, at)
        except (Conflict, Invalid, NotFound) as error:
            found = _refused_below(error)
    if isinstance(found, Refusal):
        sitting.entries.append(
            audit.Entry("report.refused", f"visit:{report.visit_id}", {"report": report.id, "rule": found.rule})
        )
        return Answer(report.id, ReportState.REFUSED, found.rule, found.sentence, found.advice)
    return Answer(report.id, ReportState.ACCEPTED, "odd-goods" if odd else "", f"{found.sentence} {odd}".strip())


def _refused_below(error: TielineError) -> Refusal:
    """What the goods' own books say against it."""
    return Refusal("goods", error.detail, error.advice or "Tell the dispatcher what you hold in your hand.")


async def _planned(sitting: Sitting, visit: Visit, report: Report) -> Planned | None:
    """Another visit for which the card in a report was meant; its site is named only to those who may know it."""
    if report.kind is not ReportKind.FITTED or not isinstance(report.body.get("iccid"), str):
        return None
    iccid = numbering.check_iccid(report.body["iccid"]).value
    if any(step.new_iccid == iccid for step in visit.steps):
        return None
    row = await visits.planned_for(sitting.tx, iccid, visit.id)
    if row is None:
        return None
    own = sitting.scope.may(Permission.FIELD_READ) or (row["crew_id"] is not None and row["crew_id"] == sitting.crew_id)
    return Planned(row["id"], row["site"] if own else "")


async def _bring_about(sitting: Sitting, visit: Visit, report: Report, effect: Effect, at: datetime) -> str:
    """Bring the effect about, with all that follows from it; gives what was odd about the goods.

    The goods come first: where their books refuse them nothing of the report takes effect.
    """
    odd = await _carry(sitting, visit, report, effect) if effect.tells else ""
    if odd and report.kind is ReportKind.FITTED:  # the crew reads it at the site, before it asks for the test
        effect = replace(effect, step_values={**effect.step_values, "said": odd})
    sitting.apply(visit, effect)
    if not effect.tells:
        return ""
    if report.kind in {ReportKind.FINISHED, ReportKind.LEFT}:
        sitting.went(visit, at)
    elif effect.visit.get("state") is VisitState.ON_SITE and visit.state is not VisitState.ON_SITE:
        await sitting.came(visit, at)
    _tell(sitting, visit, report, effect, at)
    return odd


async def _carry(sitting: Sitting, visit: Visit, report: Report, effect: Effect) -> str:
    """Goods follow what was reported, into the site and back to the crew whose order it is."""
    crew_id = visit.crew_id or sitting.crew_id
    if crew_id is None:
        return ""
    if report.kind is ReportKind.FITTED:
        goods = [(Goods.ROUTER, effect.told["router"]), (Goods.CARD, effect.told["iccid"])]
        return await seams.fitted(await sitting.books(), visit, goods, crew_id=crew_id, key=report.id)
    if report.kind is ReportKind.FINISHED and effect.told["removed"]:
        back = [(Goods(one["goods"]), one["serial"]) for one in effect.told["removed"]]
        return await seams.brought_back(await sitting.books(), visit, back, crew_id=crew_id, key=report.id)
    return ""


def _tell(sitting: Sitting, visit: Visit, report: Report, effect: Effect, at: datetime) -> None:
    payload = {
        "visit_id": visit.id,
        "site_id": visit.site_id,
        "origin": visit.origin,
        "origin_key": visit.origin_key,
        "attempt": visit.attempt,
        "at": at.isoformat(),
        "by": sitting.scope.actor,
        "report_id": report.id,
        **effect.told,
    }
    sitting.tell(_TOPICS[report.kind], visit, payload)
    told = {"report": report.id, "at": at.isoformat(), **effect.told}
    sitting.entries.append(audit.Entry(_TOPICS[report.kind], f"visit:{visit.id}", told))


def _repeated(report: Report, row: Mapping[str, Any], scope: Scope) -> Answer:
    """The answer that a report got when it first came; somebody else's number is no way to learn of theirs."""
    if row["account_id"] != scope.user_id or bytes(row["digest"]) != _digest(report):
        return Answer(report.id, ReportState.REFUSED, _TAKEN.rule, _TAKEN.sentence, _TAKEN.advice)
    state = ReportState(row["state"])
    return Answer(report.id, state, row["rule"], row["sentence"], row["advice"], repeated=True)


def _as_known(report: Report, scope: Scope, answer: Answer) -> Any:
    return {
        "account_id": scope.user_id,
        "digest": _digest(report),
        "state": answer.state,
        "rule": answer.rule,
        "sentence": answer.sentence,
        "advice": answer.advice,
    }


def _digest(report: Report) -> bytes:
    """What a report says, in short: two with one number are the same report only when they say the same."""
    said = msgspec.json.encode([report.visit_id, report.kind, report.body], order="sorted")
    return hashlib.blake2b(said, digest_size=16).digest()


async def page(
    tx: Tx, scope: Scope, wanted: ReportFilter, *, cursor: str | None = None, limit: int = 100
) -> Page[dict[str, Any]]:
    """Reports, the latest first. Needs ``FIELD_READ``."""
    scope.require(Permission.FIELD_READ)
    before = None
    if cursor:
        stamp, identity = decode_key(cursor, int, str)
        before = (datetime.fromtimestamp(min(max(stamp, 0), 2**52) / 1e6, UTC), _uuid(identity))
    limit = max(1, min(limit, MAX_PAGE))
    rows = await reports.page(tx, scope, wanted, before=before, limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    following = encode_cursor(round(last["received_at"].timestamp() * 1e6), last["id"]) if last else None
    return Page([dict(row) for row in rows[:limit]], following)


async def one(tx: Tx, scope: Scope, report_id: str) -> dict[str, Any]:
    """A report with what became of it; raises ``NotFound`` also for one of another region. Needs ``FIELD_READ``."""
    scope.require(Permission.FIELD_READ)
    row = await reports.one(tx, scope, _uuid(report_id))
    if row is None:
        raise NotFound(f"There is no report {report_id[:40]}, or none that you may see.")
    return dict(row)


async def attention(tx: Tx, scope: Scope) -> int:
    """How many reports were refused or wait, and nobody has looked at yet."""
    scope.require(Permission.FIELD_READ)
    return await reports.attention(tx, scope)


async def look(tx: Tx, scope: Scope, clock: Clock, report_id: str, note: str) -> None:
    """Note that a dispatcher looked at a report that was refused, and what came of it. Needs ``FIELD_PLAN``."""
    scope.require(Permission.FIELD_PLAN)
    row = await _one(tx, scope, report_id)
    await reports.look(tx, scope, row["id"], note.strip(), clock.now())
    detail = {"report": row["id"], "note": note.strip()}
    await audit.append(tx, scope, audit.Entry("report.looked-at", f"visit:{row['named_visit']}", detail))


async def take_anyway(tx: Tx, scope: Scope, clock: Clock, report_id: str) -> Answer:
    """Judge anew a report that was refused or waits, with the dispatcher's authority. Needs ``FIELD_PLAN``.

    It is of use when the order was handed over while the crew was out of reach, or a phone was lost whose earlier
    reports will never come. What cannot be right still is refused.
    """
    scope.require(Permission.FIELD_PLAN)
    asked = await _one(tx, scope, report_id)
    sitting = Sitting(tx, scope, clock.now(), timedelta(0), asked["crew_id"])
    phones = [asked["phone"]] if asked["state"] == ReportState.HELD and asked["phone"] else []
    queue = await _queue(sitting, asked["account_id"] or 0, phones)  # phone, visit, report: locked as `take` does
    await sitting.look([_report_of(asked)])
    row = await _one(tx, scope, report_id, lock=True)
    if row["state"] == ReportState.ACCEPTED:
        raise Conflict("This report was taken already.")
    answer = await _retake(sitting, row)
    for phone in phones:
        queue.reached[phone] = max(queue.reached[phone], row["seq"])
    await queue.note(tx)
    await sitting.write()
    return answer


async def _one(tx: Tx, scope: Scope, report_id: str, *, lock: bool = False) -> Any:
    row = await reports.one(tx, scope, _uuid(report_id), lock=lock)
    if row is None:
        raise NotFound(f"There is no report {report_id}, or none that you may see.")
    return row


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise NotFound(f"There is no report {text[:40]}.") from error
