"""What the driver reads and writes: everything for a whole batch in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow, class_row

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value, lock_key, sql
from tieline.utility.changes.model import BatchState, Grade
from tieline.utility.changes.policy.invariant import Candidate
from tieline.utility.changes.policy.states import Step, sources, target
from tieline.utility.changes.store.guarding import LIVE, OPEN, OVER, moments

_PICK_LOCK = lock_key("changes.pick")


@dataclass(frozen=True, slots=True)
class Work:
    """A lane of a running change, as the driver sees it.

    In ``held_regions`` nothing goes; in ``spared_regions`` (or everywhere) only what was released goes.
    """

    change_id: int
    title: str
    kind: str
    type: str
    started_by: str
    disruptive: bool
    wave: int
    forgiven: int
    thresholds: Mapping[str, Any]
    held_regions: list[str]
    spared_regions: list[str]
    spared_everywhere: bool


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a batch."""

    id: int
    source_id: int
    subscription_id: int
    ref: str
    version: int
    site_id: int | None
    link_id: int | None
    disruptive: bool
    before: Mapping[str, Any]
    desired: Mapping[str, Any]
    state: str
    applied: bool
    undoes_id: int | None
    undone_by: int | None
    card_id: int | None
    queued_at: datetime | None
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that is not closed."""

    id: int
    change_id: int
    kind: str
    parameters: Mapping[str, Any]
    title: str
    type: str
    change_state: str
    operator_id: int
    wave: int
    key: str
    state: str
    reference: str | None
    attempts: int
    intended_at: datetime


_ALL_WAIT = """(EXISTS (SELECT FROM change_item i WHERE i.change_id = l.change_id AND i.operator_id = l.operator_id
            AND i.state = 'waiting' AND i.wave = l.wave)
        AND NOT EXISTS (SELECT FROM change_item i WHERE i.change_id = l.change_id AND i.operator_id = l.operator_id
            AND i.state = 'planned' AND i.wave = l.wave))"""


async def operators_with_work(tx: Tx) -> list[DictRow]:
    """Operators at which something may be sent or is under way."""
    text = f"""
        SELECT o.id, o.code FROM operator o
        WHERE EXISTS (SELECT FROM change_batch b WHERE b.operator_id = o.id AND b.state <> 'closed')
            OR EXISTS (SELECT FROM change_lane l JOIN change c ON c.id = l.change_id
                WHERE l.operator_id = o.id AND l.state = 'running' AND c.state = 'running' AND NOT {_ALL_WAIT})
        ORDER BY o.id"""
    return await fetch_all(tx, text)


async def work(tx: Tx, operator_id: int, now: datetime, seen: datetime | None = None) -> list[Work]:
    """Lanes of running changes that may send now: their window is open and nothing holds them. Emergencies first.

    A lane in whose wave everything left waits to be released has no work.
    """
    text = f"""
        WITH live AS MATERIALIZED (
            SELECT h.region, h.change_id, h.emergency_too, h.spares_released FROM change_hold h
            WHERE {LIVE} AND (h.operator_id IS NULL OR h.operator_id = %(operator_id)s)
        )
        SELECT c.id AS change_id, c.title, c.kind, c.type, coalesce(c.started_by, '') AS started_by, c.disruptive,
            l.wave, l.forgiven, c.thresholds,
            ARRAY(SELECT h.region FROM live h
                WHERE h.region IS NOT NULL AND NOT h.spares_released AND {OVER}) AS held_regions,
            ARRAY(SELECT h.region FROM live h
                WHERE h.region IS NOT NULL AND h.spares_released AND {OVER}) AS spared_regions,
            EXISTS (SELECT FROM live h
                WHERE h.region IS NULL AND h.spares_released AND {OVER}) AS spared_everywhere
        FROM change_lane l JOIN change c ON c.id = l.change_id
        WHERE l.operator_id = %(operator_id)s AND l.state = 'running' AND c.state = 'running'
            AND {OPEN} AND NOT {_ALL_WAIT}
            AND NOT EXISTS (SELECT FROM live h WHERE h.region IS NULL AND NOT h.spares_released AND {OVER})
        ORDER BY c.type = 'emergency' DESC, c.id"""
    async with tx.cursor(row_factory=class_row(Work)) as cursor:
        await cursor.execute(sql(text), {"operator_id": operator_id, **moments(now, seen)})
        return await cursor.fetchall()


async def lock_picking(tx: Tx) -> None:
    """One lane at a time picks disruptive items: two that pick side by side could expose both links of a site."""
    await execute(tx, "SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _PICK_LOCK})


_EXPOSED = """
    SELECT x.site_id, x.link_id FROM change_item x JOIN change k ON k.id = x.change_id
    WHERE x.disruptive AND x.site_id = {site} AND x.link_id IS NOT NULL AND (
        x.state IN ('queued', 'sent', 'accepted')
        OR (x.state = 'failed' AND x.undone_by IS NULL AND (x.applied OR k.state IN ('running', 'paused'))
            AND NOT EXISTS (SELECT FROM change_item later WHERE later.subscription_id = x.subscription_id
                AND later.id > x.id AND later.state = 'verified')))"""


async def candidates(tx: Tx, one: Work, operator_id: int, limit: int) -> list[Candidate]:
    """Items of a lane's wave that wait, in order, locked; those whose site has another exposed link are left out."""
    unexposed = f"""
        AND NOT EXISTS (SELECT FROM ({_EXPOSED.format(site="i.site_id")}) e WHERE e.link_id <> i.link_id)"""
    spared = "AND (i.awaits <> '' OR (NOT %(everywhere)s AND i.region <> ALL(%(spared)s::text[])))"
    text = f"""
        SELECT i.id AS item_id, i.site_id, i.link_id FROM change_item i
        WHERE i.change_id = %(change_id)s AND i.operator_id = %(operator_id)s AND i.state = 'planned'
            AND i.wave = %(wave)s AND i.region <> ALL(%(held)s::text[])
            AND NOT EXISTS (SELECT FROM change_item o WHERE o.subscription_id = i.subscription_id
                AND o.state IN ('queued', 'sent', 'accepted'))
            AND (i.after_id IS NULL OR EXISTS (SELECT FROM change_item b WHERE b.subscription_id = i.after_id
                AND b.change_id = i.change_id AND b.state = 'verified'))
            {unexposed if one.disruptive else ""} {spared if one.spared_everywhere or one.spared_regions else ""}
        ORDER BY i.position LIMIT %(limit)s FOR UPDATE OF i"""
    bound = {
        "change_id": one.change_id,
        "operator_id": operator_id,
        "wave": one.wave,
        "held": one.held_regions,
        "spared": one.spared_regions,
        "everywhere": one.spared_everywhere,
        # Of the links of a site only one is picked; asking for more than is needed keeps batches full all the same.
        "limit": limit * 4 if one.disruptive else limit,
    }
    async with tx.cursor(row_factory=class_row(Candidate)) as cursor:
        await cursor.execute(sql(text), bound)
        return await cursor.fetchall()


async def exposed(tx: Tx, site_ids: Sequence[int]) -> dict[int, set[int]]:
    """The links of some sites that may be down because of a change."""
    text = f"SELECT s.id AS site_id, e.link_id FROM unnest(%(ids)s::bigint[]) s(id), LATERAL ({_EXPOSED}) e".format(
        site="s.id"
    )
    found: dict[int, set[int]] = {}
    for row in await fetch_all(tx, text, {"ids": list(site_ids)}):
        found.setdefault(row["site_id"], set()).add(row["link_id"])
    return found


_ITEM = """id, source_id, subscription_id, ref, version, site_id, link_id, disruptive, before, desired, state, applied,
    undoes_id, undone_by, card_id, queued_at, accepted_at"""


async def items(tx: Tx, ids: Sequence[int]) -> list[Item]:
    """Items by id, in order."""
    text = f"SELECT {_ITEM} FROM change_item WHERE id = ANY(%(ids)s) ORDER BY position"
    async with tx.cursor(row_factory=class_row(Item)) as cursor:
        await cursor.execute(sql(text), {"ids": list(ids)})
        return await cursor.fetchall()


async def batch_items(tx: Tx, batch_id: int) -> list[Item]:
    """The items of a batch that have not come to their end, in order."""
    text = f"""
        SELECT {_ITEM} FROM change_item
        WHERE batch_id = %(id)s AND state IN ('queued', 'sent', 'accepted') ORDER BY position"""
    async with tx.cursor(row_factory=class_row(Item)) as cursor:
        await cursor.execute(sql(text), {"id": batch_id})
        return await cursor.fetchall()


async def add_batch(tx: Tx, one: Work, operator_id: int, *, key: str, count: int, at: datetime) -> int:
    """Commit to a batch, before the call is made."""
    text = """
        INSERT INTO change_batch (change_id, operator_id, wave, key, items, intended_at)
        VALUES (%(change_id)s, %(operator_id)s, %(wave)s, %(key)s, %(items)s, %(at)s) RETURNING id"""
    bound = {
        "change_id": one.change_id,
        "operator_id": operator_id,
        "wave": one.wave,
        "key": key,
        "items": count,
        "at": at,
    }
    made: int = await fetch_value(tx, text, bound)
    return made


async def queue(tx: Tx, batch_id: int, versions: Mapping[int, int], at: datetime) -> int:
    """Put items, with the versions that their subscriptions have now, into a batch."""
    text = """
        UPDATE change_item i SET state = %(to)s, batch_id = %(batch)s, attempts = i.attempts + 1, queued_at = %(at)s,
            version = v.version
        FROM unnest(%(ids)s::bigint[], %(versions)s::integer[]) v(id, version)
        WHERE i.id = v.id AND i.state = ANY(%(from)s)"""
    bound = {
        "batch": batch_id,
        "ids": list(versions),
        "versions": list(versions.values()),
        "at": at,
        **_step(Step.QUEUE),
    }
    return await execute(tx, text, bound)


def _step(step: Step) -> dict[str, Any]:
    return {"to": target(step).value, "from": [state.value for state in sources(step)]}


async def move_batch(tx: Tx, batch_id: int, step: Step) -> int:
    """Move every item of a batch for which a step is legal."""
    text = "UPDATE change_item SET state = %(to)s WHERE batch_id = %(batch)s AND state = ANY(%(from)s)"
    return await execute(tx, text, {"batch": batch_id, **_step(step)})


async def give_back(tx: Tx, batch_id: int, *, cancel: bool, at: datetime) -> int:
    """Items of a batch that surely had no effect wait again or, when their change was stopped, are cancelled."""
    step = Step.CANCEL if cancel else Step.UNQUEUE
    text = """
        UPDATE change_item SET state = %(to)s, batch_id = NULL, queued_at = NULL,
            ended_at = CASE WHEN %(cancel)s THEN %(at)s::timestamptz END,
            reason_code = CASE WHEN %(cancel)s THEN 'stopped' ELSE '' END,
            reason = CASE WHEN %(cancel)s THEN 'The change was stopped before this was sent.' ELSE '' END
        WHERE batch_id = %(batch)s AND state = 'queued'"""
    return await execute(tx, text, {"batch": batch_id, "cancel": cancel, "at": at, "to": target(step).value})


async def accept(tx: Tx, ids: Sequence[int], at: datetime) -> int:
    """The operator says done."""
    text = """
        UPDATE change_item SET state = %(to)s, grade = %(grade)s, accepted_at = %(at)s, applied = true
        WHERE id = ANY(%(ids)s) AND state = ANY(%(from)s)"""
    return await execute(tx, text, {"ids": list(ids), "at": at, "grade": int(Grade.ACCEPTED), **_step(Step.ACCEPT)})


# Evidence never gets less; each grade has the moment at which it was first there.
_GRADED = """grade = greatest(i.grade, v.grade),
    operational_at = CASE WHEN v.grade >= 2 THEN coalesce(i.operational_at, %(at)s) ELSE i.operational_at END,
    seen_at = CASE WHEN v.grade >= 3 THEN coalesce(i.seen_at, %(at)s) ELSE i.seen_at END,
    in_service_at = CASE WHEN v.grade >= 4 THEN coalesce(i.in_service_at, %(at)s) ELSE i.in_service_at END"""


async def verify(tx: Tx, grades: Mapping[int, Grade], at: datetime) -> int:
    """Items have the evidence that their kind needs, each of some grade."""
    text = f"""
        UPDATE change_item i SET state = %(to)s, accepted_at = coalesce(i.accepted_at, %(at)s), ended_at = %(at)s,
            applied = true, reason_code = '', reason = '', {_GRADED}
        FROM unnest(%(ids)s::bigint[], %(grades)s::smallint[]) AS v(id, grade)
        WHERE i.id = v.id AND i.state = ANY(%(from)s)"""
    return await execute(tx, text, {**_grades(grades), "at": at, **_step(Step.VERIFY)})


async def grade(tx: Tx, grades: Mapping[int, Grade], at: datetime) -> None:
    """Note the evidence there is for items, and since when."""
    text = f"""
        UPDATE change_item i SET {_GRADED}
        FROM unnest(%(ids)s::bigint[], %(grades)s::smallint[]) AS v(id, grade)
        WHERE i.id = v.id AND i.grade < v.grade"""
    await execute(tx, text, {**_grades(grades), "at": at})


def _grades(grades: Mapping[int, Grade]) -> dict[str, list[int]]:
    return {"ids": list(grades), "grades": [int(one) for one in grades.values()]}


async def latest_items(tx: Tx, subscription_ids: Sequence[int]) -> list[int]:
    """For some subscriptions, the item that wrote to each last and is verified."""
    text = """
        SELECT DISTINCT ON (subscription_id) id FROM change_item
        WHERE subscription_id = ANY(%(ids)s) AND state = 'verified' AND undone_by IS NULL
        ORDER BY subscription_id, ended_at DESC"""
    return [row["id"] for row in await fetch_all(tx, text, {"ids": list(subscription_ids)})]


async def end(tx: Tx, step: Step, told: Mapping[int, tuple[str, str]], at: datetime) -> int:
    """Items come to a bad end, each with its code and sentence."""
    text = """
        UPDATE change_item i SET state = %(to)s, ended_at = %(at)s, reason_code = v.code, reason = v.reason
        FROM unnest(%(ids)s::bigint[], %(codes)s::text[], %(reasons)s::text[]) v(id, code, reason)
        WHERE i.id = v.id AND i.state = ANY(%(from)s)"""
    bound = {
        "ids": list(told),
        "codes": [code for code, _ in told.values()],
        "reasons": [reason[:1000] for _, reason in told.values()],
        "at": at,
        **_step(step),
    }
    return await execute(tx, text, bound)


async def mark_undone(tx: Tx, ids: Sequence[int], change_id: int) -> int:
    """Items of an earlier change are no longer in effect, because of items of this one."""
    text = """
        UPDATE change_item SET undone_by = %(change_id)s
        WHERE id IN (SELECT undoes_id FROM change_item WHERE id = ANY(%(ids)s) AND undoes_id IS NOT NULL)"""
    return await execute(tx, text, {"ids": list(ids), "change_id": change_id})


async def undone_keys(tx: Tx, ids: Sequence[int]) -> list[DictRow]:
    """For items that undo others: the change and the selected subscription for which the others took something."""
    text = """
        SELECT o.change_id, o.source_id FROM change_item i JOIN change_item o ON o.id = i.undoes_id
        WHERE i.id = ANY(%(ids)s) AND o.card_id IS NOT NULL"""
    return await fetch_all(tx, text, {"ids": list(ids)})


async def block_waiting(tx: Tx, change_id: int, operator_id: int, wave: int, reason: tuple[str, str]) -> int:
    """Items of a wave that can never be sent as things are come to an end; they can be retried."""
    text = """
        UPDATE change_item SET state = %(to)s, reason_code = %(code)s, reason = %(reason)s
        WHERE change_id = %(id)s AND operator_id = %(operator_id)s AND wave = %(wave)s AND state = ANY(%(from)s)"""
    bound = {
        "id": change_id,
        "operator_id": operator_id,
        "wave": wave,
        "code": reason[0],
        "reason": reason[1],
        **_step(Step.BLOCK),
    }
    return await execute(tx, text, bound)


async def end_followers(tx: Tx, change_id: int, operator_id: int, wave: int, at: datetime) -> int:
    """What was to follow an item that will not be done as things are is left alone; it can be retried with it."""
    text = """
        UPDATE change_item i SET state = %(to)s, ended_at = %(at)s, reason_code = 'step-before',
            reason = 'The step before it was not done, so that this one was left alone.'
        FROM change_item b
        WHERE i.change_id = %(id)s AND i.operator_id = %(operator_id)s AND i.wave = %(wave)s AND i.state = ANY(%(from)s)
            AND b.change_id = i.change_id AND b.subscription_id = i.after_id
            AND b.state IN ('failed', 'conflict', 'cancelled', 'blocked')"""
    bound = {"id": change_id, "operator_id": operator_id, "wave": wave, "at": at, **_step(Step.BLOCK)}
    return await execute(tx, text, bound)


async def held_by_failure(tx: Tx, change_id: int, operator_id: int, wave: int) -> bool:
    """Whether everything that waits in a wave waits for a failed link of its site, so that waiting will not help."""
    text = f"""
        SELECT count(*) > 0 AND bool_and(
            EXISTS (SELECT FROM ({_EXPOSED.format(site="i.site_id")}) e WHERE e.link_id <> i.link_id)
            AND NOT EXISTS (SELECT FROM change_item u WHERE u.disruptive AND u.site_id = i.site_id
                AND u.link_id <> i.link_id AND u.state IN ('queued', 'sent', 'accepted')))
        FROM change_item i
        WHERE i.change_id = %(id)s AND i.operator_id = %(operator_id)s AND i.wave = %(wave)s AND i.state = 'planned'"""
    found: bool = await fetch_value(tx, text, {"id": change_id, "operator_id": operator_id, "wave": wave})
    return bool(found)


# ── batches ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def open_batches(tx: Tx, operator_id: int) -> list[Batch]:
    """Batches of an operator that are not closed, the oldest first: after a crash they are taken up again."""
    return await _batches(tx, "b.operator_id = %(id)s AND b.state <> 'closed'", {"id": operator_id})


async def batch(tx: Tx, batch_id: int) -> Batch | None:
    """A batch, with the state that its change has now."""
    found = await _batches(tx, "b.id = %(id)s", {"id": batch_id})
    return found[0] if found else None


async def _batches(tx: Tx, where: str, bound: Mapping[str, Any]) -> list[Batch]:
    text = f"""
        SELECT b.id, b.change_id, c.kind, c.parameters, c.title, c.type, c.state AS change_state, b.operator_id,
            b.wave, b.key,
            b.state, b.reference, b.attempts, b.intended_at
        FROM change_batch b JOIN change c ON c.id = b.change_id WHERE {where} ORDER BY b.id"""
    async with tx.cursor(row_factory=class_row(Batch)) as cursor:
        await cursor.execute(sql(text), bound)
        return await cursor.fetchall()


async def sent(tx: Tx, batch_id: int, reference: str, at: datetime) -> None:
    """The operator has the batch under its own reference."""
    text = """
        UPDATE change_batch SET state = 'sent', reference = %(reference)s, sent_at = %(at)s, error = '',
            retry_at = NULL WHERE id = %(id)s AND state = 'intended'"""
    await execute(tx, text, {"id": batch_id, "reference": reference, "at": at})


async def put_off(tx: Tx, batch_id: int, error: str, retry_at: datetime) -> None:
    """The operator was no help; when it is asked again, and why, is there to be seen."""
    text = """
        UPDATE change_batch SET attempts = attempts + 1, error = %(error)s, retry_at = %(at)s
        WHERE id = %(id)s AND state <> 'closed'"""
    await execute(tx, text, {"id": batch_id, "error": error[:1000], "at": retry_at})


async def set_batch(tx: Tx, batch_id: int, state: BatchState, at: datetime, *, fallback: str = "") -> None:
    """Move a batch on."""
    text = """
        UPDATE change_batch SET state = %(state)s, retry_at = NULL,
            settled_at = coalesce(settled_at, %(at)s), fallback = coalesce(nullif(%(fallback)s, ''), fallback),
            closed_at = CASE WHEN %(state)s = 'closed' THEN %(at)s::timestamptz END
        WHERE id = %(id)s"""
    await execute(tx, text, {"id": batch_id, "state": state.value, "at": at, "fallback": fallback})


async def lane(tx: Tx, change_id: int, operator_id: int) -> DictRow | None:
    """A lane, locked."""
    text = """
        SELECT l.state, l.wave, l.forgiven FROM change_lane l
        WHERE l.change_id = %(id)s AND l.operator_id = %(operator_id)s FOR UPDATE"""
    return await fetch_one(tx, text, {"id": change_id, "operator_id": operator_id})
