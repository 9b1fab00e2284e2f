"""Members: what incidents are about."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow, class_row
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, sql
from tieline.platform.scope import Scope, within
from tieline.utility.incidents.model import Deviation, Member
from tieline.utility.incidents.policy.words import record_of

COLUMNS = """m.id, m.incident_id, m.kind, m.subject, m.subscription_id, m.ref, m.operator, m.site_id, m.site,
    m.site_name, m.region, m.criticality, m.role, m.fields, m.record, m.signature, m.since, m.ended_at, m.end_why,
    m.accepted, m.version, m.observed_at"""
SEEN = f"{within('m.region')} AND (m.operator = '' OR {within(None, 'm.operator')})"
"""A member that the scope sees."""
Mark = tuple[int, datetime | None]
_NEVER: Mark = (0, None)


async def of_subjects(tx: Tx, subjects: Sequence[str]) -> list[Member]:
    """Members that are so now, and those that somebody accepted, of some subjects."""
    text = f"""
        SELECT {COLUMNS} FROM incident_member m
        WHERE m.subject = ANY(%(subjects)s::text[]) AND (m.ended_at IS NULL OR m.accepted) ORDER BY m.id"""
    return await _members(tx, text, {"subjects": list(subjects)})


async def live(tx: Tx, *, kinds: Sequence[str]) -> list[DictRow]:
    """Members that are so now, or were accepted as they are, of some kinds: enough to look at each again."""
    text = """
        SELECT m.subject, m.subscription_id, m.operator, m.version, m.observed_at FROM incident_member m
        WHERE m.kind = ANY(%(kinds)s::text[]) AND (m.ended_at IS NULL OR m.accepted) ORDER BY m.id"""
    return await fetch_all(tx, text, {"kinds": list(kinds)})


async def add(tx: Tx, incident_id: int, found: Iterable[tuple[Deviation, str]], marks: Mapping[int, Mark]) -> None:
    """Add members (deviation, signature) to an incident; a subject that is one already stays where it is."""
    text = """
        INSERT INTO incident_member (incident_id, kind, subject, subscription_id, ref, operator, site_id, site,
            site_name, region, criticality, role, fields, record, signature, since, version, observed_at)
        SELECT %(incident)s, e.kind, e.subject, e.subscription_id, e.ref, e.operator, e.site_id, e.site, e.site_name,
            e.region, e.criticality, e.role, e.fields, e.record, e.signature, e.since, e.version, e.observed_at
        FROM jsonb_to_recordset(%(rows)s) AS e(kind text, subject text, subscription_id bigint, ref text,
            operator text, site_id bigint, site text, site_name text, region text, criticality text, role text,
            fields jsonb, record jsonb, signature text, since timestamptz, version integer, observed_at timestamptz)
        ON CONFLICT (kind, subject) WHERE ended_at IS NULL DO NOTHING"""
    rows = [_row(one, signature, marks.get(one.subscription_id or 0, _NEVER)) for one, signature in found]
    await execute(tx, text, {"incident": incident_id, "rows": Jsonb(rows)})


def _row(one: Deviation, signature: str, mark: Mark) -> dict[str, Any]:
    record = record_of(one)
    return {
        "kind": one.kind,
        "subject": one.subject,
        "subscription_id": one.subscription_id,
        "ref": one.ref,
        "operator": one.operator,
        "site_id": one.place.site_id,
        "site": one.place.site,
        "site_name": one.place.site_name,
        "region": one.place.region,
        "criticality": one.place.criticality,
        "role": one.place.role,
        "fields": record["differences"],
        "record": record,
        "signature": signature,
        "since": one.since,
        "version": mark[0],
        "observed_at": mark[1],
    }


async def refresh(tx: Tx, found: Iterable[tuple[int, Deviation, str]], marks: Mapping[int, Mark]) -> None:
    """Members (id, deviation, signature) that are so still, with what is known now."""
    text = """
        UPDATE incident_member m SET fields = e.fields, record = e.record, signature = e.signature,
            version = e.version, observed_at = e.observed_at
        FROM jsonb_to_recordset(%(rows)s) AS e(id bigint, fields jsonb, record jsonb, signature text, version integer,
            observed_at timestamptz)
        WHERE m.id = e.id"""
    rows = [
        {"id": identity, **_row(one, signature, marks.get(one.subscription_id or 0, _NEVER))}
        for identity, one, signature in found
    ]
    if rows:
        await execute(tx, text, {"rows": Jsonb(rows)})


async def mark(tx: Tx, marks: Mapping[int, Mark]) -> None:
    """Note up to where some subscriptions were looked at."""
    text = """
        UPDATE incident_member m SET version = e.version, observed_at = e.at
        FROM unnest(%(ids)s::bigint[], %(versions)s::integer[], %(ats)s::timestamptz[]) e(id, version, at)
        WHERE m.subscription_id = e.id AND (m.ended_at IS NULL OR m.accepted)
            AND (m.version <> e.version OR m.observed_at IS DISTINCT FROM e.at)"""
    bound = {
        "ids": list(marks),
        "versions": [one[0] for one in marks.values()],
        "ats": [one[1] for one in marks.values()],
    }
    await execute(tx, text, bound)


async def end(tx: Tx, ids: Sequence[int], at: datetime, why: str) -> None:
    """End members that are so no more."""
    text = """
        UPDATE incident_member SET ended_at = %(at)s, end_why = %(why)s, accepted = false
        WHERE id = ANY(%(ids)s::bigint[])"""
    await execute(tx, text, {"ids": list(ids), "at": at, "why": why})


async def forget_accepted(tx: Tx, ids: Sequence[int]) -> None:
    """What was accepted is so no more: should it come again, it is news."""
    await execute(tx, "UPDATE incident_member SET accepted = false WHERE id = ANY(%(ids)s)", {"ids": list(ids)})


async def accept(tx: Tx, incident_id: int, at: datetime, why: str) -> int:
    """End an incident's members though they are so still: somebody says that it may be."""
    text = """
        UPDATE incident_member SET ended_at = %(at)s, end_why = %(why)s, accepted = true
        WHERE incident_id = %(id)s AND ended_at IS NULL"""
    return await execute(tx, text, {"id": incident_id, "at": at, "why": why})


async def revive(tx: Tx, incident_id: int) -> int:
    """Accepted members are members again, unless another incident has them."""
    text = """
        UPDATE incident_member m SET ended_at = NULL, end_why = '', accepted = false
        WHERE m.incident_id = %(id)s AND m.accepted AND NOT EXISTS (SELECT FROM incident_member o
            WHERE o.kind = m.kind AND o.subject = m.subject AND o.ended_at IS NULL)"""
    return await execute(tx, text, {"id": incident_id})


async def tally(tx: Tx, incident_id: int) -> DictRow:
    """How many members an incident has now, at how many sites, and at how many with every link touched."""
    text = """
        WITH own AS (SELECT * FROM incident_member WHERE incident_id = %(id)s AND ended_at IS NULL)
        SELECT (SELECT count(*) FROM own) AS members, (SELECT count(DISTINCT site_id) FROM own) AS sites,
            (SELECT count(*) FROM (
                SELECT o.site_id FROM incident_member o
                WHERE o.ended_at IS NULL AND o.site_id IN (SELECT site_id FROM own WHERE site_id IS NOT NULL)
                GROUP BY o.site_id HAVING count(DISTINCT o.subscription_id) > 1) both_links) AS both_links"""
    return await fetch_one(tx, text, {"id": incident_id}) or {}


async def weights(tx: Tx, incident_id: int) -> list[DictRow]:
    """What of an incident's present members says how bad it is; members that say the same are counted together."""
    text = """
        SELECT site_id, criticality, ARRAY(SELECT jsonb_object_keys(fields)) AS fields, count(*) AS members
        FROM incident_member WHERE incident_id = %(id)s AND ended_at IS NULL GROUP BY 1, 2, 3"""
    return await fetch_all(tx, text, {"id": incident_id})


async def first(tx: Tx, incident_id: int) -> DictRow | None:
    """The first member that is so now, or the first of all when none is."""
    text = f"""
        SELECT {COLUMNS} FROM incident_member m WHERE m.incident_id = %(id)s
        ORDER BY m.ended_at IS NOT NULL, m.id LIMIT 1"""
    return await fetch_one(tx, text, {"id": incident_id})


async def page(
    tx: Tx, scope: Scope, incident_id: int, *, after: int = 0, limit: int = 100, only_live: bool = False
) -> list[Member]:
    """Members of an incident that the scope sees, in their order."""
    text = f"""
        SELECT {COLUMNS} FROM incident_member m
        WHERE m.incident_id = %(id)s AND m.id > %(after)s AND (NOT %(live)s OR m.ended_at IS NULL) AND {SEEN}
        ORDER BY m.id LIMIT %(limit)s"""
    bound = {"id": incident_id, "after": after, "limit": limit, "live": only_live, **scope.params()}
    return await _members(tx, text, bound)


async def counts(tx: Tx, scope: Scope, incident_id: int) -> DictRow:
    """Members that the scope sees, those that are so now, and how many there are in all."""
    text = f"""
        SELECT count(*) AS total, count(*) FILTER (WHERE {SEEN}) AS seen,
            count(*) FILTER (WHERE {SEEN} AND m.ended_at IS NULL) AS live
        FROM incident_member m WHERE m.incident_id = %(id)s"""
    return await fetch_one(tx, text, {"id": incident_id, **scope.params()}) or {}


async def covered(tx: Tx, subjects: Sequence[str], at: datetime) -> set[str]:
    """Subjects that some incident told of at or after a moment: what was so then is known."""
    text = """
        SELECT DISTINCT subject FROM incident_member
        WHERE subject = ANY(%(subjects)s::text[]) AND (ended_at IS NULL OR ended_at >= %(at)s)"""
    return {row["subject"] for row in await fetch_all(tx, text, {"subjects": list(subjects), "at": at})}


async def _members(tx: Tx, text: str, bound: Mapping[str, Any]) -> list[Member]:
    async with tx.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(sql(text), bound)
        return await cursor.fetchall()
