"""What wakes incidents: events of the contexts below, and the clock."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx
from tieline.utility import inventory
from tieline.utility.incidents.model import Cause, Deviation, Difference, Kind, Member, State
from tieline.utility.incidents.policy import deviations, severity, words
from tieline.utility.incidents.policy.expecting import expected
from tieline.utility.incidents.service.assessing import assess, assess_unknown, look
from tieline.utility.incidents.service.common import ALL_KINDS, SYSTEM, chunks, turn
from tieline.utility.incidents.store import expectations, incidents, members
from tieline.utility.inventory import FleetFilter, Selection

_AT_A_TIME = 2000
NEWLY = timedelta(minutes=1)
"""For so long what has come to be expected is held against what is open already."""


async def on_reported(tx: Tx, clock: Clock, payload: Mapping[str, Any]) -> None:
    """An operator showed something: look at what may deviate."""
    told: list[audit.Entry] = []
    ids = {one["subscription_id"] for one in payload["drifts"]} | set(payload.get("suspects", ()))
    await assess(tx, clock, ids, told)
    if payload.get("unknown"):
        await assess_unknown(tx, clock, payload["operator"], told, refs=payload["unknown"])
    await audit.append(tx, SYSTEM, *told)


async def on_changed(tx: Tx, clock: Clock, payload: Mapping[str, Any]) -> None:
    """An operator says that subscriptions were changed or deleted there.

    What is still so is found by looking. What staff changed and was back before we looked is told all the same: it
    passed by the process.
    """
    told: list[audit.Entry] = []
    operator = payload["operator"]
    found = payload["changes"]
    ids = await inventory.by_refs(tx, SYSTEM, operator, sorted({one["ref"] for one in found}))
    await assess(tx, clock, ids.values(), told)
    for one in found:
        if one["ref"] in ids and deviations.is_staff(one["by"]) and one["after"]:
            await _passing(tx, clock, operator, identity=ids[one["ref"]], change=one, told=told)
    await audit.append(tx, SYSTEM, *told)


async def _passing(
    tx: Tx, clock: Clock, operator: str, *, identity: int, change: Mapping[str, Any], told: list[audit.Entry]
) -> None:
    at = datetime.fromisoformat(change["at"])
    subject = f"subscription:{identity}"
    known = next(iter(await look(tx, [identity], clock.now())), None)
    if known is None or subject in await members.covered(tx, [subject], at):
        return
    if any((trace.ended_at or trace.accepted_at or at) >= at - deviations.SETTLING for trace in known.traces):
        return
    ours = {str(name): value for name, value in known.row.desired.items()}
    slips = {
        name: Difference(ours[name], value, at, deviations.TOLD)
        for name, value in change["after"].items()
        if name in ours and not deviations.same(ours[name], value)
    }
    if not slips:
        return
    one = deviations.made(known, Kind.CONFIGURATION, at, slips, cause=Cause.STAFF, by=change["by"])
    await _tell_passing(tx, clock, operator, one, told)


async def _tell_passing(tx: Tx, clock: Clock, operator: str, one: Deviation, told: list[audit.Entry]) -> None:
    now = clock.now()
    sign = deviations.signature(one)
    made = await incidents.insert(
        tx,
        {
            "kind": one.kind,
            "key": f"{sign}|passing#{one.subject}@{one.since.isoformat()}",
            "severity": severity.of(
                one.kind, [severity.Touched(one.place.site_id, one.place.criticality, frozenset(one.differences))]
            ).value,
            "state": State.OPEN.value,
            "title": words.title(one.kind, one, 1),
            "sentence": words.sentence(one.kind, one, 1),
            "operator": operator,
            "change_id": None,
            "expectation_id": None,
            "evidence": {"by": one.by, "cause": one.cause.value, "passing": True},
            "detected": True,
            "at": now,
        },
    )
    await incidents.note(
        tx, made, at=now, actor=SYSTEM.actor, kind="opened", words="Found.", detail=words.record_of(one)
    )
    await members.add(tx, made, [(one, sign)], {})
    why = "It was as we want it again by the time we looked; who did it, and why, is worth asking."
    row = await members.first(tx, made)
    await members.end(tx, [row["id"]] if row else [], now, why)
    told.append(audit.Entry("incident.opened", f"incident:{made}", {"title": words.title(one.kind, one, 1)}))
    values = {"resolved_by": SYSTEM.actor, "resolved_at": now, "resolved_why": why}
    told.append(await turn(tx, SYSTEM, await incidents.get(tx, made), State.RESOLVED, now, words=why, **values))


async def on_read(tx: Tx, clock: Clock, payload: Mapping[str, Any]) -> None:
    """Everything an operator has was read: what is missing, what is too much, what differs; and the balance of it."""
    told: list[audit.Entry] = []
    operator, since = payload["operator"], datetime.fromisoformat(payload["since"])
    asked_at = datetime.fromisoformat(payload["asked_at"])
    missing, tally = await inventory.mark_unread(tx, SYSTEM, operator, since=since, asked_at=asked_at)
    await assess(tx, clock, missing, told)
    await assess_unknown(tx, clock, operator, told)
    explained = await assess(tx, clock, await _deviating(tx, [operator]), told)
    values = {
        "operator": operator,
        "sync_id": payload["sync_id"],
        "began_at": since,
        "at": clock.now(),
        "read": tally.seen + tally.unknown,
        "equal": tally.equal,
        "differing": tally.differing,
        "explained": min(explained, tally.differing),
        "missing": tally.missing,
        "unknown": tally.unknown,
        "fields": tally.fields,
    }
    await expectations.add_reconciliation(tx, values)
    counted = {name: values[name] for name in ("read", "equal", "differing", "missing", "unknown")}
    told.append(audit.Entry("reconciliation.done", f"operator:{operator}", {"sync": payload["sync_id"], **counted}))
    await audit.append(tx, SYSTEM, *told)


async def on_change(tx: Tx, clock: Clock, payload: Mapping[str, Any]) -> None:
    """A change that is to put incidents right goes on: their journals say so; once it is over they are looked at."""
    change_id, state = payload["change_id"], payload["state"]
    found = await incidents.of_change(tx, change_id)
    if found:
        await incidents.lock(tx)  # before the journal's row, which holds on to the incident's
    for one in found:
        said = f"Change {change_id}, which is to put it right, is {state}."
        record, actor = {"change": change_id}, payload["actor"]
        await incidents.note(tx, one.id, at=clock.now(), actor=actor, kind="change", words=said, detail=record)
        if state in {"completed", "stopped"}:
            rows = await members.page(tx, SYSTEM, one.id, limit=_AT_A_TIME * 100, only_live=True)
            await assess(tx, clock, [row.subscription_id for row in rows if row.subscription_id is not None])


async def sweep(db: Database, clock: Clock) -> None:
    """Look at everything that deviates, whatever was told of it or not: what messages missed is found here.

    In parts, so that what is told meanwhile does not wait for all of it.
    """
    async with db.transaction() as tx:
        codes = [operator.code for operator in await inventory.operators(tx, SYSTEM)]
        ids = await _deviating(tx, codes)
    for part in chunks(sorted(ids)):
        async with db.transaction() as tx:
            await assess(tx, clock, part)
    for code in codes:
        async with db.transaction() as tx:
            told: list[audit.Entry] = []
            await assess_unknown(tx, clock, code, told)
            await audit.append(tx, SYSTEM, *told)


async def _deviating(tx: Tx, operators: Sequence[str]) -> set[int]:
    """Subscriptions of some operators whose network differs, or that were seen to deviate."""
    drifting = Selection(filter=FleetFilter(operators=tuple(operators), drift=True))
    rows = await inventory.resolve_selection(tx, SYSTEM, drifting)
    seen = await inventory.sightings(tx, SYSTEM)
    return {row.subscription_id for row in rows} | {
        one.subscription_id for one in seen if one.operator in operators and one.subscription_id is not None
    }


async def recheck(db: Database, clock: Clock) -> int:
    """Look again at what incidents are about where something was reported, or changed, since the last look."""
    async with db.transaction() as tx:
        rows = await members.live(tx, kinds=ALL_KINDS)
        seen = [(row["subscription_id"], row["version"], row["observed_at"]) for row in rows if row["subscription_id"]]
        moved = await inventory.moved(tx, SYSTEM, seen) if seen else []
    for part in chunks(moved):
        async with db.transaction() as tx:
            await assess(tx, clock, part)
    return len(moved)


async def begin_of_grace(db: Database, clock: Clock) -> int:
    """What is open, new to everybody, and has come to be expected as a whole is quiet from now on: work told late."""
    async with db.transaction() as tx:
        now = clock.now()
        ids = await expectations.touched(tx, since=now - NEWLY, now=now)
    for identity in ids:
        async with db.transaction() as tx:
            await _quieten(tx, clock, identity)
    return len(ids)


async def _quieten(tx: Tx, clock: Clock, incident_id: int) -> None:
    await incidents.lock(tx)
    one, now = await incidents.get(tx, incident_id, lock=True), clock.now()
    if one.state != State.OPEN.value:
        return
    known, until = await expectations.live(tx, now), None
    async for row in _present(tx, incident_id):
        cover = expected(words.deviation_of(asdict(row)), known, now)
        if cover is None:
            return
        until = cover if until is None or cover.ends_at < until.ends_at else until
    if until is not None:
        said = words.quiet(until)
        entry = await turn(tx, SYSTEM, one, State.EXPECTED, now, words=said, expectation_id=until.id)
        await audit.append(tx, SYSTEM, entry)


async def _present(tx: Tx, incident_id: int) -> AsyncIterator[Member]:
    """What an incident is about now, read in parts: of a great one the first often says enough."""
    after = 0
    while rows := await members.page(tx, SYSTEM, incident_id, after=after, limit=_AT_A_TIME, only_live=True):
        for row in rows:
            yield row
        after = rows[-1].id


async def end_of_grace(db: Database, clock: Clock) -> int:
    """What was expected and is so still, though the expectation is over, is an incident now."""
    async with db.transaction() as tx:
        ids = await incidents.over(tx, clock.now())
    for identity in ids:
        async with db.transaction() as tx:
            await _grace_over(tx, clock, identity)
    return len(ids)


async def _grace_over(tx: Tx, clock: Clock, incident_id: int) -> None:
    told: list[audit.Entry] = []
    ids = [row.subscription_id async for row in _present(tx, incident_id) if row.subscription_id is not None]
    await assess(tx, clock, ids, told)
    one = await incidents.get(tx, incident_id, lock=True)
    if one.state == State.EXPECTED.value:
        said = "It was expected until now, and is so still."
        values: dict[str, Any] = {"grown_at": clock.now()}
        told.append(await turn(tx, SYSTEM, one, State.OPEN, clock.now(), words=said, **values))
    await audit.append(tx, SYSTEM, *told)
