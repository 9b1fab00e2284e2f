"""Looking at changes: lists, one change, its items, how it gets on, what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.model import Approval, Change, ChangeState, ChangeType, Grade, Lane, LaneState
from tieline.utility.changes.policy.approval import Person
from tieline.utility.changes.policy.estimate import remaining
from tieline.utility.changes.policy.states import ENDED, Act, may
from tieline.utility.changes.service.deciding import authors
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import driving, items, lanes

_PACE_SECONDS = 30.0
_DONE = frozenset({"verified", "failed", "conflict", "cancelled"})


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything of a change but its items. ``acts`` are those that the asker may do now.

    ``undone_by`` are the changes that were made to take it back.
    """

    change: Change
    approvals: Sequence[Approval]
    lanes: Sequence[Lane]
    waves: Sequence[DictRow]
    reasons: Sequence[DictRow]
    acts: Sequence[str]
    undone_by: Sequence[int]


async def page(
    tx: Tx,
    scope: Scope,
    *,
    states: Sequence[str] = (),
    kinds: Sequence[str] = (),
    text: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Change]:
    """Changes, the newest first."""
    scope.require(Permission.CHANGE_READ)
    before = None if cursor is None else decode_key(cursor, int)[0]
    found = await store.page(tx, states=states, kinds=kinds, text=text, before=before, limit=limit)
    found = [within_scope(change, scope) for change in found]
    return page_of(found, limit, lambda change: (change.id,))


async def detail(tx: Tx, scope: Scope, change_id: int) -> Detail:
    """One change."""
    scope.require(Permission.CHANGE_READ)
    change = await store.get(tx, change_id)
    return Detail(
        within_scope(change, scope),
        await store.approvals(tx, change_id),
        _seen(await lanes.lanes(tx, change_id), scope),
        await items.waves(tx, change_id),
        await items.reasons(tx, scope, change_id),
        acts(change, scope),
        await store.undoing(tx, change_id),
    )


def within_scope(change: Change, scope: Scope) -> Change:
    """A change as somebody sees who sees only some regions or operators: sites and shares of others are left out."""
    impact = (change.summary or {}).get("impact")
    if impact is None or (scope.regions is None and scope.operators is None):
        return change
    bounded = {
        **impact,
        "critical": [site for site in impact["critical"] if _may_see(scope.regions, site["region"])],
        "by_region": {name: count for name, count in impact["by_region"].items() if _may_see(scope.regions, name)},
        "by_operator": {code: n for code, n in impact["by_operator"].items() if _may_see(scope.operators, code)},
    }
    lanes_seen = {
        code: lane for code, lane in (change.summary or {}).get("lanes", {}).items() if _may_see(scope.operators, code)
    }
    return replace(change, summary={**(change.summary or {}), "impact": bounded, "lanes": lanes_seen})


def _may_see(bounds: frozenset[str] | None, name: str) -> bool:
    return bounds is None or name in bounds


def _seen(found: Sequence[Lane], scope: Scope) -> list[Lane]:
    return [lane for lane in found if _may_see(scope.operators, lane.operator)]


_NEEDS: Mapping[Act, Permission] = {
    Act.PLAN: Permission.CHANGE_PLAN,
    Act.SUBMIT: Permission.CHANGE_PLAN,
    Act.APPROVE: Permission.CHANGE_APPROVE,
    Act.REJECT: Permission.CHANGE_APPROVE,
    Act.START: Permission.CHANGE_RUN,
    Act.PAUSE: Permission.CHANGE_RUN,
    Act.RESUME: Permission.CHANGE_RUN,
    Act.STOP: Permission.CHANGE_RUN,
    Act.RETRY: Permission.CHANGE_RUN,
}


def acts(change: Change, scope: Scope) -> list[str]:
    """What somebody may do with a change as it stands: for buttons. The acts themselves check again."""
    own = any(Person(scope.actor, scope.user_id).same_as(author) for author in authors(change))
    found = [
        act.value
        for act, permission in _NEEDS.items()
        if may(change.state, act)
        and scope.may(permission)
        and not (own and act in {Act.APPROVE, Act.REJECT})
        and not (act is Act.SUBMIT and _is_empty(change))
    ]
    afterwards = change.type is ChangeType.EMERGENCY and change.started_at is not None
    if afterwards and not own and scope.may(Permission.CHANGE_APPROVE):
        found.append("approve-afterwards")
    undoable = change.started_at is not None and change.state is not ChangeState.RUNNING
    return [*found, "undo"] if undoable and scope.may(Permission.CHANGE_PLAN) else found


def _is_empty(change: Change) -> bool:
    """Whether its plan has nothing that can be done: there is nothing to ask approval for."""
    impact = (change.summary or {}).get("impact")
    return impact is not None and not impact["items"]


async def item_page(
    tx: Tx, scope: Scope, change_id: int, wanted: items.ItemFilter, *, cursor: str | None = None, limit: int = 100
) -> Page[DictRow]:
    """Items of a change in their order, within the scope."""
    scope.require(Permission.CHANGE_READ)
    await store.get(tx, change_id)
    after = 0 if cursor is None else decode_key(cursor, int)[0]
    rows = await items.page(tx, scope, change_id, wanted, after=after, limit=limit)
    return page_of(rows, limit, lambda row: (row["position"],))


async def item_states(
    tx: Tx, scope: Scope, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], list[Mapping[str, Any]]]:
    """How the items of some (change, selected subscription) stand; each may have several."""
    scope.require(Permission.CHANGE_READ)
    found: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
    for row in await items.states(tx, pairs):
        found.setdefault((row["change_id"], row["source_id"]), []).append(row)
    return found


@dataclass(frozen=True, slots=True)
class LaneProgress:
    """How a change gets on at one operator. ``rate`` is items a second lately; ``seconds_left`` a range, if any."""

    operator: str
    state: str
    wave: int
    why: str
    counts: Mapping[str, int]
    rate: float
    seconds_left: tuple[float, float] | None
    waiting_batches: Sequence[DictRow]


@dataclass(frozen=True, slots=True)
class Progress:
    """How a change gets on. ``done`` are items that came to an end, of ``total`` that were to be done."""

    change_id: int
    state: str
    state_why: str
    counts: Mapping[str, int]
    done: int
    total: int
    operators: Sequence[LaneProgress]
    waves: Sequence[DictRow]
    seconds_left: tuple[float, float] | None
    at: datetime


async def progress(tx: Tx, scope: Scope, clock: Clock, change_id: int) -> Progress:
    """How a change gets on, counted from its items within the scope."""
    scope.require(Permission.CHANGE_READ)
    change = await store.get(tx, change_id)
    rows = await items.counts(tx, scope, change_id, _PACE_SECONDS)
    open_batches = await lanes.batches(tx, scope, change_id, only_open=True)
    now = clock.now()
    found = []
    for lane in _seen(await _lanes(tx, change, rows), scope):
        its = [row for row in rows if row["operator"] == lane.operator]
        mine = _sum(its)
        waits = [one for one in open_batches if one["operator"] == lane.operator and one["error"]]
        rate = sum(row["recent"] for row in its) / _elapsed(change, now)
        left = _left(change, lane, mine, now)
        found.append(LaneProgress(lane.operator, lane.state, lane.wave, lane.why, mine, round(rate, 2), left, waits))
    counts = _sum(rows)
    total = sum(number for state, number in counts.items() if state != "blocked")
    ranges = [one.seconds_left for one in found if one.seconds_left is not None]
    whole = (max(one[0] for one in ranges), max(one[1] for one in ranges)) if ranges else None
    done = sum(counts.get(state, 0) for state in _DONE)
    waves = await _waves(tx, change_id, rows)
    return Progress(
        change_id, change.state.value, change.state_why, counts, done, total, found, waves, whole, now
    )  # fmt: skip


async def _lanes(tx: Tx, change: Change, rows: Sequence[DictRow]) -> list[Lane]:
    """The lanes or, before the start, what will be lanes."""
    found = await lanes.lanes(tx, change.id)
    if found:
        return found
    return [
        Lane(
            operator_id=0,
            operator=code,
            state=LaneState.WAITING,
            wave=1,
            forgiven=0,
            why="",
            at=change.created_at,
        )
        for code in sorted({row["operator"] for row in rows})
    ]


def _sum(rows: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["state"]] = counts.get(row["state"], 0) + row["items"]
    return counts


def _elapsed(change: Change, now: datetime) -> float:
    if change.started_at is None:
        return _PACE_SECONDS
    return max(1.0, min(_PACE_SECONDS, (now - change.started_at).total_seconds()))


def _left(change: Change, lane: Lane, counts: Mapping[str, int], now: datetime) -> tuple[float, float] | None:
    if change.state in ENDED or lane.state == "done":
        return None
    planned = ((change.summary or {}).get("lanes") or {}).get(lane.operator) or {}
    span = (float(planned.get("least_seconds", 0)), float(planned.get("most_seconds", 0)))
    done = sum(counts.get(state, 0) for state in _DONE)
    waiting = sum(counts.get(state, 0) for state in ("planned", "queued", "sent", "accepted"))
    elapsed = (now - change.started_at).total_seconds() if change.started_at else 0.0
    return remaining(done, waiting, elapsed, span)


async def _waves(tx: Tx, change_id: int, rows: Sequence[DictRow]) -> list[DictRow]:
    found = await items.waves(tx, change_id)
    return [{**wave, "counts": _sum(row for row in rows if row["wave"] == wave["number"])} for wave in found]


async def events(tx: Tx, scope: Scope, change_id: int, *, after: int = 0, limit: int = 500) -> list[DictRow]:
    """A change's own log after an entry."""
    scope.require(Permission.CHANGE_READ)
    await store.get(tx, change_id)
    return await store.events(tx, change_id, after=after, limit=limit)


async def latest_events(tx: Tx, scope: Scope, change_id: int, *, limit: int) -> list[DictRow]:
    """The latest entries of a change's own log, in order."""
    scope.require(Permission.CHANGE_READ)
    await store.get(tx, change_id)
    return await store.latest_events(tx, change_id, limit)


async def batches(tx: Tx, scope: Scope, change_id: int, *, only_open: bool = False) -> list[DictRow]:
    """The calls made to operators for a change, the newest first; one that does not get on shows its error."""
    scope.require(Permission.CHANGE_READ)
    await store.get(tx, change_id)
    return await lanes.batches(tx, scope, change_id, only_open=only_open)


async def record_evidence(tx: Tx, scope: Scope, grade: Grade, subscription_ids: Sequence[int], *, at: datetime) -> int:
    """Better evidence for what changes did to some subscriptions: a session was seen, an application answered.

    It goes to the item that wrote to each last, if that is verified; evidence never gets less. Returns how many.
    """
    scope.require(Permission.SYSTEM)
    ids = await driving.latest_items(tx, subscription_ids)
    await driving.grade(tx, dict.fromkeys(ids, grade), at)
    return len(ids)
