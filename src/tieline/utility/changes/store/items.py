"""Items: written in bulk when a plan is made, listed in pages, counted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, copy_in, execute, fetch_all, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.changes.kinds.base import Effect
from tieline.utility.changes.model import TO_DO, PlannedItem
from tieline.utility.changes.policy.waves import Wave

_TABLE = """change_item (change_id, position, wave, operator_id, source_id, fingerprint, subscription_id, ref, version,
    site_id, site, site_name, region, criticality, customers, link_id, role, card_id, reservation_id, undoes_id, before,
    desired, notes, disruptive, awaits, after_id, state, reason_code, reason)"""


async def replace_plan(
    tx: Tx, change_id: int, items: Sequence[PlannedItem], waves: Sequence[Wave], *, disruptive: bool
) -> None:
    """Put a new plan in the place of the old one."""
    for table in ("change_item", "change_lane", "change_wave"):
        await execute(tx, f"DELETE FROM {table} WHERE change_id = %(id)s", {"id": change_id})
    await copy_in(tx, _TABLE, _rows(change_id, items, disruptive=disruptive))
    columns = "change_wave (change_id, number, title, items, sites)"
    await copy_in(tx, columns, ((change_id, wave.number, wave.title, wave.items, wave.sites) for wave in waves))


def _rows(change_id: int, items: Iterable[PlannedItem], *, disruptive: bool) -> Iterator[tuple[Any, ...]]:
    for position, item in enumerate(items, 1):
        reason = item.reason
        yield (
            change_id,
            position,
            item.wave,
            item.operator_id,
            item.source_id,
            item.fingerprint,
            item.subscription_id,
            item.ref,
            item.version,
            item.site_id,
            item.site,
            item.site_name,
            item.region,
            item.criticality,
            item.customers,
            item.link_id,
            item.role,
            item.card_id,
            item.reservation_id,
            item.undoes_id,
            Jsonb(item.before),
            Jsonb(item.desired),
            Jsonb([asdict(note) for note in item.notes]),
            disruptive,
            item.awaits,
            item.after_id,
            item.state.value,
            reason.code if reason else "",
            reason.text if reason else "",
        )


async def canonical(tx: Tx, change_id: int) -> list[list[Any]]:
    """What of each item a plan's hash covers, in order."""
    text = """
        SELECT jsonb_build_array(position, operator_id, source_id, subscription_id, ref, wave, before, desired,
            fingerprint, site_id, link_id, region, criticality, card_id, undoes_id, disruptive,
            CASE WHEN state IN ('blocked', 'conflict') THEN state ELSE 'planned' END)
            || CASE WHEN awaits = '' AND after_id IS NULL THEN '[]' ELSE jsonb_build_array(awaits, after_id) END AS it
        FROM change_item WHERE change_id = %(id)s ORDER BY position"""
    return [row["it"] for row in await fetch_all(tx, text, {"id": change_id})]


def canonical_of(position: int, item: PlannedItem, *, disruptive: bool) -> list[Any]:
    """The same of an item that is being planned."""
    return [
        position,
        item.operator_id,
        item.source_id,
        item.subscription_id,
        item.ref,
        item.wave,
        item.before,
        item.desired,
        item.fingerprint,
        item.site_id,
        item.link_id,
        item.region,
        item.criticality,
        item.card_id,
        item.undoes_id,
        disruptive,
        "planned" if item.state in TO_DO else item.state.value,
        *((item.awaits, item.after_id) if item.awaits or item.after_id is not None else ()),
    ]


async def fingerprints(tx: Tx, change_id: int) -> dict[int, str]:
    """The fingerprints of the rows that a plan was made from, by selected subscription."""
    text = "SELECT source_id, fingerprint FROM change_item WHERE change_id = %(id)s"
    return {row["source_id"]: row["fingerprint"] for row in await fetch_all(tx, text, {"id": change_id})}


async def busy(tx: Tx, change_id: int, subscription_ids: Sequence[int]) -> dict[int, int]:
    """Which of some subscriptions another change that is approved or under way will write to."""
    text = """
        SELECT i.subscription_id, min(i.change_id) AS change_id
        FROM change_item i JOIN change c ON c.id = i.change_id
        WHERE i.subscription_id = ANY(%(ids)s) AND i.change_id <> %(id)s
            AND i.state IN ('waiting', 'planned', 'queued', 'sent', 'accepted')
            AND (c.state IN ('approved', 'running', 'paused') OR i.state NOT IN ('waiting', 'planned'))
        GROUP BY i.subscription_id"""
    rows = await fetch_all(tx, text, {"id": change_id, "ids": list(subscription_ids)})
    return {row["subscription_id"]: row["change_id"] for row in rows}


async def prepared(tx: Tx, change_id: int, source_ids: Sequence[int]) -> dict[int, int]:
    """For which of some selected subscriptions another change has prepared, or is preparing, a successor."""
    text = """
        SELECT i.source_id, max(i.change_id) AS change_id
        FROM change_item i JOIN change c ON c.id = i.change_id
        WHERE i.source_id = ANY(%(ids)s) AND i.change_id <> %(id)s AND i.subscription_id <> i.source_id
            AND i.undone_by IS NULL AND i.undoes_id IS NULL
            AND (i.state = 'verified' OR i.state IN ('queued', 'sent', 'accepted')
                OR (i.state IN ('waiting', 'planned')
                    AND c.state IN ('submitted', 'approved', 'running', 'paused')))
        GROUP BY i.source_id"""
    rows = await fetch_all(tx, text, {"id": change_id, "ids": list(source_ids)})
    return {row["source_id"]: row["change_id"] for row in rows}


async def successors(tx: Tx, source_ids: Sequence[int]) -> dict[int, int]:
    """The subscription that was prepared last for each of some selected ones, and that nobody took back."""
    text = """
        SELECT DISTINCT ON (i.source_id) i.source_id, i.subscription_id
        FROM change_item i
        WHERE i.source_id = ANY(%(ids)s) AND i.subscription_id <> i.source_id AND i.card_id IS NOT NULL
            AND i.state = 'verified' AND i.undone_by IS NULL AND i.undoes_id IS NULL
        ORDER BY i.source_id, i.ended_at DESC, i.id DESC"""
    rows = await fetch_all(tx, text, {"ids": list(source_ids)})
    return {row["source_id"]: row["subscription_id"] for row in rows}


async def states(tx: Tx, pairs: Sequence[tuple[int, int]]) -> list[DictRow]:
    """The items that some changes have for some selected subscriptions; pairs of (change, selected subscription)."""
    text = """
        SELECT i.change_id, i.source_id, i.subscription_id, i.state, i.reason_code, i.reason
        FROM unnest(%(changes)s::bigint[], %(sources)s::bigint[]) w(change_id, source_id)
        JOIN change_item i ON i.source_id = w.source_id AND i.change_id = w.change_id ORDER BY i.id"""
    bound = {"changes": [change for change, _ in pairs], "sources": [source for _, source in pairs]}
    return await fetch_all(tx, text, bound)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a change's items; empty lists mean all."""

    regions: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    waves: tuple[int, ...] = ()
    item_ids: tuple[int, ...] = ()


_PART = f"""
    (cardinality(%(regions)s::text[]) = 0 OR i.region = ANY(%(regions)s))
    AND (cardinality(%(operators)s::text[]) = 0 OR o.code = ANY(%(operators)s))
    AND (cardinality(%(waves)s::integer[]) = 0 OR i.wave = ANY(%(waves)s))
    AND (cardinality(%(item_ids)s::bigint[]) = 0 OR i.id = ANY(%(item_ids)s))
    AND {within("i.region", "o.code")}"""


def _part(part: Part, scope: Scope) -> dict[str, Any]:
    return {name: list(value) for name, value in asdict(part).items()} | dict(scope.params())


async def effects(tx: Tx, scope: Scope, change_id: int, part: Part) -> list[Effect]:
    """What a change did and nobody has undone yet, within a part of it: what an undo sets back."""
    text = f"""
        SELECT i.id AS item_id, i.change_id, i.source_id, i.subscription_id, i.before, i.desired, i.site_id, i.site,
            i.site_name, i.region, i.criticality, i.customers, i.link_id, i.role
        FROM change_item i JOIN operator o ON o.id = i.operator_id
        WHERE i.change_id = %(id)s AND i.applied AND i.undone_by IS NULL AND i.subscription_id IS NOT NULL AND {_PART}
        ORDER BY i.position"""
    return [Effect(**row) for row in await fetch_all(tx, text, {"id": change_id, **_part(part, scope)})]


async def outside_scope(tx: Tx, scope: Scope, change_id: int) -> int:
    """How many items that will be done lie beyond what somebody may touch."""
    text = f"""
        SELECT count(*) FROM change_item i JOIN operator o ON o.id = i.operator_id
        WHERE i.change_id = %(id)s AND i.state NOT IN ('blocked', 'conflict')
            AND NOT ({within("i.region", "o.code")})"""
    found: int = await fetch_value(tx, text, {"id": change_id, **scope.params()})
    return found


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items to list; empty means any. ``text`` begins an identifier or is part of a site's name."""

    states: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    waves: tuple[int, ...] = ()
    site_id: int | None = None
    text: str = ""


async def page(tx: Tx, scope: Scope, change_id: int, wanted: ItemFilter, *, after: int, limit: int) -> list[DictRow]:
    """Items of a change in order, one more than ``limit`` when there are more."""
    query = f"""
        SELECT i.id, i.position, i.wave, o.code AS operator, i.source_id, i.subscription_id, i.ref, i.site_id, i.site,
            i.site_name, i.region, i.criticality, i.link_id, i.role, i.before, i.desired, i.notes, i.state, i.grade,
            i.awaits, i.reason_code, i.reason, i.attempts, i.applied, i.undone_by, i.undoes_id, i.batch_id, i.queued_at,
            i.accepted_at, i.operational_at, i.seen_at, i.in_service_at, i.ended_at
        FROM change_item i JOIN operator o ON o.id = i.operator_id
        WHERE i.change_id = %(id)s AND i.position > %(after)s
            AND (cardinality(%(states)s::text[]) = 0 OR i.state = ANY(%(states)s))
            AND (cardinality(%(reasons)s::text[]) = 0 OR i.reason_code = ANY(%(reasons)s))
            AND (cardinality(%(operators)s::text[]) = 0 OR o.code = ANY(%(operators)s))
            AND (cardinality(%(regions)s::text[]) = 0 OR i.region = ANY(%(regions)s))
            AND (cardinality(%(waves)s::integer[]) = 0 OR i.wave = ANY(%(waves)s))
            AND (%(site_id)s::bigint IS NULL OR i.site_id = %(site_id)s)
            AND (%(text)s = '' OR starts_with(i.site, %(text)s) OR starts_with(i.ref, %(text)s)
                OR strpos(lower(i.site_name), lower(%(text)s)) > 0)
            AND {within("i.region", "o.code")}
        ORDER BY i.position LIMIT %(limit)s"""
    bound: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value for name, value in asdict(wanted).items()
    }
    return await fetch_all(tx, query, {**bound, "id": change_id, "after": after, "limit": limit + 1, **scope.params()})


async def counts(tx: Tx, scope: Scope, change_id: int, seconds: float) -> list[DictRow]:
    """How many items there are by operator, wave and state, within the scope; how many ended that many seconds ago."""
    text = f"""
        SELECT o.code AS operator, i.wave, i.state, count(*) AS items,
            count(*) FILTER (WHERE i.ended_at > now() - make_interval(secs => %(seconds)s)) AS recent
        FROM change_item i JOIN operator o ON o.id = i.operator_id
        WHERE i.change_id = %(id)s AND {within("i.region", "o.code")} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    return await fetch_all(tx, text, {"id": change_id, "seconds": seconds, **scope.params()})


async def reasons(tx: Tx, scope: Scope, change_id: int) -> list[DictRow]:
    """Why items within the scope were not done, counted, with one of the sentences."""
    text = f"""
        SELECT i.state, i.reason_code AS code, count(*) AS items, min(i.reason) AS example
        FROM change_item i JOIN operator o ON o.id = i.operator_id
        WHERE i.change_id = %(id)s AND i.reason_code <> '' AND {within("i.region", "o.code")}
        GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 50"""
    return await fetch_all(tx, text, {"id": change_id, **scope.params()})


async def waves(tx: Tx, change_id: int) -> list[DictRow]:
    """The waves of a plan."""
    text = "SELECT number, title, items, sites FROM change_wave WHERE change_id = %(id)s ORDER BY number"
    return await fetch_all(tx, text, {"id": change_id})


async def of_thing(
    tx: Tx, scope: Scope, subscription_ids: Sequence[int], site_id: int | None, *, before: datetime, limit: int
) -> list[DictRow]:
    """Items that wrote to some subscriptions, were planned for them, or concern a site, and ended before a moment."""
    text = f"""
        SELECT i.ended_at, i.state, i.change_id, i.before, i.desired, i.reason, c.title,
            coalesce(c.started_by, c.created_by) AS actor
        FROM change_item i JOIN change c ON c.id = i.change_id JOIN operator o ON o.id = i.operator_id
        WHERE (i.subscription_id = ANY(%(ids)s) OR i.source_id = ANY(%(ids)s) OR i.site_id = %(site_id)s)
            AND i.ended_at < %(before)s AND {within("i.region", "o.code")}
        ORDER BY i.ended_at DESC LIMIT %(limit)s"""
    bound = {"ids": list(subscription_ids), "site_id": site_id, "before": before, "limit": limit, **scope.params()}
    return await fetch_all(tx, text, bound)
