"""Looking at subscriptions and deciding what is an incident: whatever woke us, only what is so now counts.

One at a time decides (a lock of the database), so that two processes that see the same make one incident of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.utility import changes, inventory
from tieline.utility.incidents.model import Deviation, Expected, Kind, Member, State
from tieline.utility.incidents.policy import deviations, severity, words
from tieline.utility.incidents.policy.deviations import SETTLING, Known, signature
from tieline.utility.incidents.policy.expecting import expected
from tieline.utility.incidents.service.common import ALL_KINDS, SYSTEM, chunks, tell, turn
from tieline.utility.incidents.store import expectations, incidents, members
from tieline.utility.incidents.store.members import Mark

TOGETHER = timedelta(minutes=15)
"""Equal deviations that come no further apart are one incident."""


@dataclass(slots=True)
class _Round:
    """One look: the moment, what is expected, what was found, and which incidents it touched and why."""

    now: datetime
    marks: Mapping[int, Mark]
    known: Mapping[str, Known] = field(default_factory=dict)
    added: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    ended: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    changed: set[int] = field(default_factory=set)
    entries: list[audit.Entry] = field(default_factory=list)


async def assess(tx: Tx, clock: Clock, ids: Iterable[int], told: list[audit.Entry] | None = None) -> int:
    """Look at some subscriptions; returns how many deviate with an explanation. Idempotent.

    ``told`` takes the entries for the audit trail from a caller that goes on: it appends them last.
    """
    explained = 0
    entries: list[audit.Entry] = [] if told is None else told
    for every in chunks(sorted(set(ids))):
        await incidents.lock(tx)
        now = clock.now()
        part, at_work = await _apart(tx, every, now)
        explained += at_work
        known = await look(tx, part, now)
        found = [one for each in known for one in deviations.judge(each, now)]
        explained += sum(1 for one in found if one.explained)
        one_round = _Round(
            now,
            await inventory.marks(tx, SYSTEM, part),
            {f"subscription:{each.row.subscription_id}": each for each in known},
            entries=entries,
        )
        await _settle(tx, one_round, [f"subscription:{identity}" for identity in part], found)
    if told is None:
        await audit.append(tx, SYSTEM, *entries)
    return explained


async def _apart(tx: Tx, ids: Sequence[int], now: datetime) -> tuple[Sequence[int], int]:
    """Without those that a change of ours is at work on and no incident is about, and how many these are.

    While 40,000 subscriptions are changed, every one of them deviates for a while: that has to be cheap.
    """
    busy = await changes.under_way(tx, SYSTEM, ids, since=now - SETTLING)
    if not busy:
        return ids, 0
    told = await members.of_subjects(tx, [f"subscription:{identity}" for identity in busy])
    busy -= {one.subscription_id for one in told if one.subscription_id is not None}
    return [identity for identity in ids if identity not in busy], len(busy)


async def assess_unknown(
    tx: Tx, clock: Clock, operator: str, told: list[audit.Entry], *, refs: Sequence[str] | None = None
) -> None:
    """Look at what an operator has and we do not know, or at some of it; the caller appends what is ``told``."""
    await incidents.lock(tx)
    seen = await inventory.unknown_sightings(tx, SYSTEM, operator, refs=refs)
    found = [deviations.unknown(one) for one in seen]
    if refs is None:
        live = await members.live(tx, kinds=[Kind.UNKNOWN.value])
        had = [row["subject"] for row in live if row["operator"] == operator]
    else:
        had = [deviations.unknown_subject(operator, ref) for ref in refs]
    await _settle(tx, _Round(clock.now(), {}, entries=told), sorted({*had, *(one.subject for one in found)}), found)


async def look(tx: Tx, ids: Sequence[int], now: datetime) -> list[Known]:
    """All that is known of some subscriptions."""
    rows = await inventory.subscriptions(tx, SYSTEM, ids)
    seen = {one.subscription_id: one for one in await inventory.sightings(tx, SYSTEM, ids)}
    since = min([one.seen_at for one in seen.values()] + [now - SETTLING * 2])
    plans = sorted({one.plan for one in seen.values() if one.plan})
    traces = await changes.traces(tx, SYSTEM, ids, since=since, plans=plans)
    return [Known(row, seen.get(row.subscription_id), traces.get(row.subscription_id, ())) for row in rows]


async def _settle(tx: Tx, it: _Round, subjects: Sequence[str], found: Sequence[Deviation]) -> None:
    """Bring members and incidents in line with what was found of some subjects."""
    had = await members.of_subjects(tx, subjects)
    live = {(one.kind, one.subject): one for one in had if one.ended_at is None}
    accepted = {(one.kind, one.subject): one for one in had if one.accepted}
    there = {(one.kind, one.subject) for one in found}
    fresh, again, lifted = [], [], [one.id for key, one in accepted.items() if key not in there]
    for one in found:
        key = (one.kind, one.subject)
        if key in live:
            if _differs(live[key], one):
                again.append((live[key].id, one, signature(one)))
                it.changed.add(live[key].incident_id)
        elif not one.explained and not (key in accepted and accepted[key].signature == signature(one)):
            lifted += [accepted[key].id] if key in accepted else []
            fresh.append(one)
    await members.refresh(tx, again, it.marks)
    await _end(tx, it, [one for key, one in live.items() if key not in there and one.kind in _OURS])
    if lifted:
        await members.forget_accepted(tx, lifted)
    await _place(tx, it, fresh)
    await members.mark(tx, it.marks)
    for incident_id in sorted({*it.added, *it.ended, *it.changed}):
        await _restate(tx, it, incident_id)


_OURS = frozenset({*ALL_KINDS, Kind.UNKNOWN.value})


def _differs(had: Member, one: Deviation) -> bool:
    if one.explained:
        return False
    before = {name: words.difference_of(kept) for name, kept in had.fields.items()}
    return {name: (each.ours, each.theirs) for name, each in before.items()} != {
        name: (each.ours, each.theirs) for name, each in one.differences.items()
    }


async def _end(tx: Tx, it: _Round, gone: Sequence[Member]) -> None:
    by_why: dict[str, list[int]] = defaultdict(list)
    for one in gone:
        why = _why_gone(one, it.known.get(one.subject))
        by_why[why].append(one.id)
        it.ended[one.incident_id].append(why)
    for why, ids in by_why.items():
        await members.end(tx, ids, it.now, why)


def _why_gone(one: Member, known: Known | None) -> str:
    """How something came right, in words."""
    if one.kind == Kind.UNKNOWN.value:
        return "The inventory knows it now, or the operator has it no more."
    if known is None:
        return "The inventory has it no more."
    for trace in reversed(known.traces):
        done = trace.state == "verified" and trace.ended_at is not None and trace.ended_at >= one.since
        # The operator may tell of what we have asked for before our own reading back has confirmed it.
        if done or trace.state in {"sent", "accepted"}:
            return f"Change {trace.change_id} put it right."
    desired = {str(name): value for name, value in known.row.desired.items()}
    kept = {name: words.difference_of(each) for name, each in one.fields.items()}
    if any(name in desired and not deviations.same(desired[name], each.ours) for name, each in kept.items()):
        return "Our own value was changed; both sides agree now."
    return "It came right by itself: nothing was done about it here."


async def _place(tx: Tx, it: _Round, fresh: Sequence[Deviation]) -> None:
    """Put new deviations into incidents: equal ones that come together into one."""
    if not fresh:
        return
    known = await expectations.live(tx, it.now)
    groups: dict[tuple[str, int | None], list[Deviation]] = defaultdict(list)
    covers: dict[int, Expected] = {}
    for one in fresh:
        cover = expected(one, known, it.now)
        if cover is not None:
            covers[cover.id] = cover
        groups[signature(one), cover.id if cover else None].append(one)
    for (sign, cover_id), found in groups.items():
        incident_id = await _incident(tx, it, sign, found, covers[cover_id] if cover_id else None)
        await members.add(tx, incident_id, [(one, sign) for one in found], it.marks)
        it.added[incident_id] += len(found)


async def _incident(tx: Tx, it: _Round, sign: str, found: Sequence[Deviation], cover: Expected | None) -> int:
    prefix = f"{sign}|expected-{cover.id}#" if cover else f"{sign}#"
    state = State.EXPECTED if cover else State.OPEN
    joined = await incidents.joinable(tx, prefix, it.now - TOGETHER, expected=cover is not None)
    if joined is not None:
        await incidents.update(tx, joined.id, grown_at=it.now, last_at=it.now)
        more = f"{len(found):,} more like it" if len(found) > 1 else "One more like it"
        if joined.state == State.ACKNOWLEDGED.value:
            values = {"acknowledged_by": None, "acknowledged_at": None}
            it.entries.append(await turn(tx, SYSTEM, joined, state, it.now, words=f"{more}.", **values))
        elif not it.added.get(joined.id):
            await incidents.note(tx, joined.id, at=it.now, actor=SYSTEM.actor, kind="grown", words=f"{more}.")
        return joined.id
    first = found[0]
    made = await incidents.insert(
        tx,
        {
            "kind": first.kind,
            "key": f"{prefix}{it.now.isoformat()}",
            "severity": "warning",
            "state": state.value,
            "title": words.title(first.kind, first, len(found)),
            "sentence": words.sentence(first.kind, first, len(found)),
            "operator": first.operator,
            "change_id": None,
            "expectation_id": cover.id if cover else None,
            "evidence": {"by": first.by, "plan": first.plan, "cause": first.cause.value},
            "detected": True,
            "at": it.now,
        },
    )
    said = words.quiet(cover) if cover else "Found."
    await incidents.note(
        tx, made, at=it.now, actor=SYSTEM.actor, kind="opened", words=said, detail=words.record_of(first)
    )
    return made


async def _restate(tx: Tx, it: _Round, incident_id: int) -> None:
    """What an incident says of itself, from its members as they are now; without any it is over."""
    one = await incidents.get(tx, incident_id, lock=True)
    tally = await members.tally(tx, incident_id)
    if not tally["members"]:
        if one.state != State.RESOLVED.value:
            why = _told(it.ended[incident_id]) or "Nothing deviates any more."
            values = {"resolved_by": SYSTEM.actor, "resolved_at": it.now, "resolved_why": why, "members": 0, "sites": 0}
            it.entries.append(await turn(tx, SYSTEM, one, State.RESOLVED, it.now, words=why, **values))
        return
    if it.ended[incident_id]:
        some = f"{len(it.ended[incident_id]):,} came right: {_told(it.ended[incident_id])}"
        await incidents.note(tx, incident_id, at=it.now, actor=SYSTEM.actor, kind="shrunk", words=some)
    row = await members.first(tx, incident_id)
    if row is None:
        return
    first, count = words.deviation_of(row), int(tally["members"])
    weighed = severity.of(one.kind, severity.touched(await members.weights(tx, incident_id)), tally["both_links"])
    await incidents.update(
        tx,
        incident_id,
        severity=weighed.value,
        title=words.title(one.kind, first, count),
        sentence=words.sentence(one.kind, first, count),
        members=count,
        sites=tally["sites"],
        last_at=it.now,
    )
    if not one.members:
        now = await incidents.get(tx, incident_id)
        await tell(tx, SYSTEM, now, State(now.state), was="")
        detail = {"title": now.title, "severity": now.severity, "state": now.state, "members": count}
        it.entries.append(audit.Entry("incident.opened", f"incident:{incident_id}", detail))
    elif weighed.value != one.severity:
        said = f"Now {weighed.value}; it was {one.severity}."
        await incidents.note(tx, incident_id, at=it.now, actor=SYSTEM.actor, kind="severity", words=said)


def _told(whys: Sequence[str]) -> str:
    return " ".join(dict.fromkeys(whys))
