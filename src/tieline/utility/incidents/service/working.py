"""What people do to incidents: acknowledge, assign, comment, resolve, reopen; and what other contexts open."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope, named
from tieline.utility import inventory
from tieline.utility.incidents.model import Deviation, Incident, Kind, NewIncident, Place, State
from tieline.utility.incidents.service.common import SYSTEM, WALL, tell, turn
from tieline.utility.incidents.store import incidents as store
from tieline.utility.incidents.store import members

_LONGEST = 4000


async def acknowledge(tx: Tx, scope: Scope, clock: Clock, incident_id: int) -> Incident:
    """Say that one looks after it; it no longer stands out as new."""
    return await _recorded(tx, scope, incident_id, await _acknowledge(tx, scope, clock, incident_id))


async def assign(tx: Tx, scope: Scope, clock: Clock, incident_id: int, assignee: str) -> Incident:
    """Say who looks after it: ``user:<name>``, or a name; empty for nobody."""
    return await _recorded(tx, scope, incident_id, await _assign(tx, scope, clock, incident_id, assignee))


async def comment(tx: Tx, scope: Scope, clock: Clock, incident_id: int, text: str) -> Incident:
    """Add to the journal."""
    return await _recorded(tx, scope, incident_id, await _comment(tx, scope, clock, incident_id, text))


async def resolve(tx: Tx, scope: Scope, clock: Clock, incident_id: int, why: str) -> Incident:
    """End it, saying why. What deviates still is accepted as it is: it is told again only when it changes."""
    await store.lock(tx)
    return await _recorded(tx, scope, incident_id, await _resolve(tx, scope, clock, incident_id, why))


async def reopen(tx: Tx, scope: Scope, clock: Clock, incident_id: int, why: str) -> Incident:
    """Take it up again. What was accepted counts again."""
    await store.lock(tx)
    one = await _workable(tx, scope, incident_id)
    if one.state != State.RESOLVED.value:
        raise Conflict(f"Incident {incident_id} is not resolved.")
    other = await store.by_key(tx, one.key)
    if other is not None:
        raise Conflict(f"Incident {other.id} is about the same, and open.", advice="Work on that one.")
    said = _said(why, "why")
    await members.revive(tx, one.id)
    tally = await members.tally(tx, one.id)
    values = {
        "resolved_by": None,
        "resolved_at": None,
        "resolved_why": "",
        "members": tally["members"],
        "sites": tally["sites"],
    }
    entry = await turn(tx, scope, one, State.OPEN, clock.now(), words=said, **values)
    return await _recorded(tx, scope, incident_id, entry)


async def _recorded(tx: Tx, scope: Scope, incident_id: int, entry: audit.Entry) -> Incident:
    await audit.append(tx, scope, entry)
    return await store.get(tx, incident_id)


@dataclass(frozen=True, slots=True)
class Mass:
    """What became of the same act on many incidents: those that took it, and why others did not."""

    done: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]


MOST = 1000


async def act_on_many(tx: Tx, scope: Scope, clock: Clock, ids: Sequence[int], *, act: str, text: str = "") -> Mass:
    """Do the same to several incidents; one that refuses, or is not there, leaves the others alone."""
    if act not in ACTS:
        known = f"One of {', '.join(ACTS)}."
        raise Invalid("That cannot be done to many.", [Problem("act", "choice", known, act[:40])])
    if len(ids) > MOST:
        raise Invalid("Too many at once.", [Problem("ids", "many", f"At most {MOST}.")])
    await store.lock(tx)
    done, refused, entries = [], [], []
    for identity in sorted(set(ids)):
        try:
            entries.append(await ACTS[act](tx, scope, clock, identity, text))
            done.append(identity)
        except (Conflict, Forbidden, NotFound) as error:
            refused.append((identity, error.detail))
    await audit.append(tx, scope, *entries)
    return Mass(tuple(done), tuple(refused))


# What is to be recorded of an act is given back: of many it is appended together, last.


async def _acknowledge(tx: Tx, scope: Scope, clock: Clock, incident_id: int, _text: str = "") -> audit.Entry:
    one = await _workable(tx, scope, incident_id)
    if one.state in {State.ACKNOWLEDGED.value, State.RESOLVED.value}:
        raise Conflict(f"Incident {incident_id} is {one.state} already.")
    now = clock.now()
    values = {"acknowledged_by": scope.actor, "acknowledged_at": now, "assignee": one.assignee or scope.actor}
    return await turn(tx, scope, one, State.ACKNOWLEDGED, now, words="Acknowledged.", **values)


async def _assign(tx: Tx, scope: Scope, clock: Clock, incident_id: int, assignee: str) -> audit.Entry:
    one = await _workable(tx, scope, incident_id)
    who = assignee.strip()[:200]
    who = f"user:{who}" if who and ":" not in who else who
    await store.update(tx, one.id, assignee=who or None)
    said = f"Assigned to {named(who)}." if who else "Assigned to nobody."
    await store.note(tx, one.id, at=clock.now(), actor=scope.actor, kind="assigned", words=said)
    return audit.Entry("incident.assigned", f"incident:{one.id}", {"assignee": who})


async def _comment(tx: Tx, scope: Scope, clock: Clock, incident_id: int, text: str) -> audit.Entry:
    one = await _workable(tx, scope, incident_id)
    said = _said(text, "text")
    await store.note(tx, one.id, at=clock.now(), actor=scope.actor, kind="comment", words=said)
    return audit.Entry("incident.comment", f"incident:{one.id}", {"text": said})


async def _resolve(tx: Tx, scope: Scope, clock: Clock, incident_id: int, why: str) -> audit.Entry:
    one = await _workable(tx, scope, incident_id)
    if one.state == State.RESOLVED.value:
        raise Conflict(f"Incident {incident_id} is resolved already.")
    said, now = _said(why, "why"), clock.now()
    accepted = await members.accept(tx, one.id, now, said)
    if accepted and one.detected:
        said = f"{said} ({accepted:,} still deviate{'s' if accepted == 1 else ''}, and may.)"
    values: dict[str, Any] = {"resolved_by": scope.actor, "resolved_at": now, "resolved_why": said}
    return await turn(tx, scope, one, State.RESOLVED, now, words=said, **values)


ACTS: Mapping[str, Callable[[Tx, Scope, Clock, int, str], Awaitable[audit.Entry]]] = {
    "acknowledge": _acknowledge,
    "assign": _assign,
    "resolve": _resolve,
    "comment": _comment,
}


async def _workable(tx: Tx, scope: Scope, incident_id: int) -> Incident:
    """An incident that somebody may work on: it lies within her regions and operators as a whole."""
    scope.require(Permission.INCIDENT_WRITE)
    one = await store.seen(tx, scope, incident_id, lock=True)
    counts = await members.counts(tx, scope, incident_id)
    if counts["seen"] < counts["total"]:
        raise Forbidden(
            f"Incident {incident_id} reaches beyond your regions or operators.",
            advice="Ask somebody who is responsible for all of it.",
        )
    return one


def _said(text: str, name: str) -> str:
    said = text.strip()[:_LONGEST]
    if not said:
        raise Invalid("Say something.", [Problem(name, "required", "It is recorded.")])
    return said


# ── what other contexts find ──────────────────────────────────────────────────────────────────────────────────────────


async def open_incident(tx: Tx, scope: Scope, new: NewIncident, *, clock: Clock = WALL) -> int:
    """Open an incident; while one of the key is open, the same again only counts. Returns its number.

    Raises ``Invalid`` for an empty key, title or kind, and for a kind that is found here.
    """
    _check(new)
    await store.lock(tx)
    now = clock.now()
    there = await store.by_key(tx, new.key)
    if there is not None:
        await store.repeat(tx, there.id, now, new.evidence)
        return there.id
    made = await store.insert(
        tx,
        {
            "kind": new.kind,
            "key": new.key,
            "severity": new.severity.value,
            "state": State.OPEN.value,
            "title": new.title,
            "sentence": new.sentence,
            "operator": new.operator,
            "change_id": new.change_id,
            "expectation_id": None,
            "evidence": new.evidence,
            "detected": False,
            "at": now,
        },
    )
    place = await _place(tx, new, now)
    if place is not None:
        await members.add(tx, made, [(place, new.key)], {})
        tally = await members.tally(tx, made)
        await store.update(tx, made, members=tally["members"], sites=tally["sites"])
    await store.note(tx, made, at=now, actor=scope.actor, kind="opened", words="Opened.", detail=dict(new.evidence))
    one = await store.get(tx, made)
    await tell(tx, scope, one, State.OPEN, was="")
    await audit.append(tx, scope, audit.Entry("incident.opened", f"incident:{made}", {"title": new.title}))
    return made


_FOUND_HERE = frozenset(kind.value for kind in Kind)


def _check(new: NewIncident) -> None:
    problems = [
        Problem(name, "required", "Give one.") for name in ("kind", "key", "title") if not getattr(new, name).strip()
    ]
    if new.kind in _FOUND_HERE:
        problems.append(Problem("kind", "reserved", "Incidents of this kind are found by looking."))
    if problems:
        raise Invalid("This is no incident.", problems)


async def _place(tx: Tx, new: NewIncident, at: datetime) -> Deviation | None:
    if new.subscription_id is not None:
        for row in await inventory.subscriptions(tx, SYSTEM, [new.subscription_id]):
            place = Place(
                site_id=row.site_id,
                site=row.site_external_id or "",
                site_name=row.site_name or "",
                region=row.region,
                criticality=row.criticality or "normal",
                role=row.role or "",
            )
            return _deviation(new, place, row.operator_code, row.operator_ref, at)
    if new.site_id is None:
        return None
    site = await inventory.thing(tx, SYSTEM, inventory.Kind.SITE, new.site_id)
    place = Place(
        site_id=new.site_id,
        site=site["external_id"],
        site_name=site["name"],
        region=site["region"],
        criticality=site["criticality"],
    )
    return _deviation(new, place, new.operator or "", "", at)


def _deviation(new: NewIncident, place: Place, operator: str, ref: str, at: datetime) -> Deviation:
    return Deviation(
        kind=new.kind,
        subject=f"key:{new.key}",
        operator=operator,
        ref=ref,
        since=at,
        differences={},
        subscription_id=new.subscription_id,
        place=place,
    )


async def resolve_by_key(tx: Tx, scope: Scope, key: str, why: str, *, clock: Clock = WALL) -> bool:
    """End the incident of a key, if one is open; returns whether there was one."""
    await store.lock(tx)
    one = await store.by_key(tx, key)
    if one is None:
        return False
    now = clock.now()
    rows = await members.page(tx, SYSTEM, one.id, limit=MOST, only_live=True)
    await members.end(tx, [row.id for row in rows], now, why)
    values = {"resolved_by": scope.actor, "resolved_at": now, "resolved_why": why}
    await audit.append(tx, scope, await turn(tx, scope, one, State.RESOLVED, now, words=why, **values))
    return True
