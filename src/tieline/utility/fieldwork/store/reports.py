"""SQL of what crews report: reports as they came, phones and how far each is, pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.fieldwork.model import Answer, Report, ReportState
from tieline.utility.fieldwork.store.crews import OWN_ORDERS, bounds

_SEEN = f"""(r.visit_id IS NULL AND %(own)s::bigint IS NULL AND %(scope_regions)s::text[] IS NULL
    OR r.visit_id IS NOT NULL AND {within("t.region")} AND {OWN_ORDERS})"""
_REPORT = f"""
    SELECT r.id::text AS id, r.visit_id, r.named_visit, v.title, t.name AS site_name, t.region, r.account_id, r.crew_id,
        c.name AS crew, r.actor, r.phone, r.seq, r.kind, r.body, r.phone_at, r.at, r.received_at, r.state, r.rule,
        r.sentence, r.advice, r.looked_by, r.looked_at, r.looked_note
    FROM field_report r LEFT JOIN visit v ON v.id = r.visit_id LEFT JOIN site t ON t.id = v.site_id
    LEFT JOIN work_order o ON o.id = v.order_id LEFT JOIN crew c ON c.id = r.crew_id
    WHERE {_SEEN}"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A report as it is kept: who sent it, when it came, when it happened by our clock."""

    report: Report
    digest: bytes
    account_id: int | None
    crew_id: int | None
    at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Which reports. ``attention``: refused or held, and nobody has looked at it yet."""

    visit_id: int | None = None
    states: tuple[ReportState, ...] = ()
    attention: bool = False


async def known(tx: Tx, ids: Sequence[str]) -> dict[str, DictRow]:
    """Reports that came before, by id."""
    text = """SELECT id::text AS id, account_id, digest, state, rule, sentence, advice
        FROM field_report WHERE id = ANY(%(ids)s::uuid[])"""
    return {row["id"]: row for row in await fetch_all(tx, text, {"ids": list(ids)})}


async def add(tx: Tx, scope: Scope, rows: Sequence[tuple[Kept, Answer, int | None]]) -> int:
    """Keep reports with what became of each, and the visit that each is about, if there is one; returns how many.

    One that is kept already, because it came twice at the same moment, is left out.
    """
    if not rows:
        return 0
    text = """
        INSERT INTO field_report (id, visit_id, named_visit, account_id, crew_id, actor, phone, seq, kind, body, digest,
            phone_at, at, received_at, state, rule, sentence, advice)
        SELECT n.id, n.visit_id, n.named_visit, n.account_id, n.crew_id, %(actor)s, n.phone, n.seq, n.kind, n.body,
            n.digest, n.phone_at, n.at, n.received_at, n.state, n.rule, n.sentence, n.advice
        FROM unnest(%(id)s::uuid[], %(visit_id)s::bigint[], %(named_visit)s::bigint[], %(account_id)s::bigint[],
            %(crew_id)s::bigint[], %(phone)s::text[], %(seq)s::bigint[], %(kind)s::text[], %(body)s::jsonb[],
            %(digest)s::bytea[], %(phone_at)s::timestamptz[], %(at)s::timestamptz[], %(received_at)s::timestamptz[],
            %(state)s::text[], %(rule)s::text[], %(sentence)s::text[], %(advice)s::text[])
            AS n (id, visit_id, named_visit, account_id, crew_id, phone, seq, kind, body, digest, phone_at, at,
                received_at, state, rule, sentence, advice)
        ORDER BY n.id ON CONFLICT (id) DO NOTHING"""
    told = [kept.report for kept, _, _ in rows]
    bound: dict[str, Any] = {
        "actor": scope.actor,
        "visit_id": [visit_id for _, _, visit_id in rows],
        "named_visit": [report.visit_id for report in told],
        "body": [Jsonb(report.body) for report in told],
        "phone_at": [report.at for report in told],
    }
    bound |= {name: [getattr(report, name) for report in told] for name in ("id", "phone", "seq", "kind")}
    named = ("account_id", "crew_id", "digest", "at", "received_at")
    bound |= {name: [getattr(kept, name) for kept, _, _ in rows] for name in named}
    answered = ("state", "rule", "sentence", "advice")
    bound |= {name: [getattr(answer, name) for _, answer, _ in rows] for name in answered}
    return await execute(tx, text, bound)


async def settle(tx: Tx, answer: Answer) -> None:
    """Write anew what became of a report that was held, or that a dispatcher took after all."""
    text = """UPDATE field_report SET state = %(state)s, rule = %(rule)s, sentence = %(sentence)s, advice = %(advice)s
        WHERE id = %(id)s"""
    bound = {"id": answer.id, "state": answer.state, "rule": answer.rule, "sentence": answer.sentence}
    await execute(tx, text, {**bound, "advice": answer.advice})


async def lock_phones(tx: Tx, account_id: int, phones: Sequence[str], now: datetime) -> dict[str, int]:
    """How far each phone of somebody is: the number of its last report taken. Locked, the phones in order."""
    text = """
        INSERT INTO field_phone (account_id, phone, seq, seen_at)
        SELECT %(account)s, phone, 0, %(now)s FROM unnest(%(phones)s::text[]) AS n (phone) ORDER BY phone
        ON CONFLICT (account_id, phone) DO UPDATE SET seen_at = excluded.seen_at RETURNING phone, seq"""
    rows = await fetch_all(tx, text, {"account": account_id, "phones": sorted(set(phones)), "now": now})
    return {row["phone"]: int(row["seq"]) for row in rows}


async def set_phones(tx: Tx, account_id: int, phones: Mapping[str, int]) -> None:
    """Note how far somebody's phones are."""
    if not phones:
        return
    text = """
        UPDATE field_phone p SET seq = n.seq FROM unnest(%(phones)s::text[], %(seqs)s::bigint[]) AS n (phone, seq)
        WHERE p.account_id = %(account)s AND p.phone = n.phone"""
    await execute(tx, text, {"account": account_id, "phones": list(phones), "seqs": list(phones.values())})


async def held(tx: Tx, account_id: int, phones: Sequence[str]) -> list[DictRow]:
    """Reports of somebody's phones that wait for an earlier one."""
    text = """SELECT id::text AS id, named_visit, kind, body, phone, seq, phone_at, at FROM field_report
        WHERE account_id = %(account)s AND phone = ANY(%(phones)s) AND state = 'held' ORDER BY phone, seq"""
    return await fetch_all(tx, text, {"account": account_id, "phones": list(phones)})


async def page(
    tx: Tx, scope: Scope, wanted: ReportFilter, *, before: tuple[datetime, str] | None, limit: int
) -> list[DictRow]:
    """Reports, the latest first."""
    text = f"""{_REPORT}
            AND (%(visit)s::bigint IS NULL OR r.visit_id = %(visit)s)
            AND (%(states)s::text[] = '{{}}' OR r.state = ANY(%(states)s))
            AND (NOT %(attention)s OR (r.state <> 'accepted' AND r.looked_at IS NULL))
            AND (%(at)s::timestamptz IS NULL OR (r.received_at, r.id) < (%(at)s, %(id)s::uuid))
        ORDER BY r.received_at DESC, r.id DESC LIMIT %(limit)s"""
    at, last = before or (None, None)
    bound = {
        **bounds(scope),
        "visit": wanted.visit_id,
        "states": list(wanted.states),
        "attention": wanted.attention,
        "at": at,
        "id": last,
        "limit": limit,
    }
    return await fetch_all(tx, text, bound)


async def one(tx: Tx, scope: Scope, report_id: str, *, lock: bool = False) -> DictRow | None:
    """One report within the scope."""
    text = f"{_REPORT} AND r.id = %(id)s::uuid {'FOR UPDATE OF r' if lock else ''}"
    return await fetch_one(tx, text, {**bounds(scope), "id": report_id})


async def refused_of(tx: Tx, crew_id: int, visit_ids: Sequence[int]) -> list[DictRow]:
    """A crew's own reports of some visits that were refused and that no dispatcher has looked at, for it to see."""
    text = """SELECT id::text AS id, visit_id, kind, state, sentence, advice, at FROM field_report
        WHERE visit_id = ANY(%(ids)s) AND crew_id = %(crew)s AND state <> 'accepted' AND looked_at IS NULL
        ORDER BY received_at, id"""
    return await fetch_all(tx, text, {"ids": list(visit_ids), "crew": crew_id})


async def look(tx: Tx, scope: Scope, report_id: str, note: str, now: datetime) -> None:
    """Note that somebody looked at a report."""
    text = """UPDATE field_report SET looked_by = %(actor)s, looked_at = %(now)s, looked_note = %(note)s
        WHERE id = %(id)s"""
    await execute(tx, text, {"id": report_id, "actor": scope.actor, "now": now, "note": note})


async def attention(tx: Tx, scope: Scope) -> int:
    """How many reports were refused or wait, and were not looked at."""
    text = f"SELECT count(*) FROM ({_REPORT} AND r.state <> 'accepted' AND r.looked_at IS NULL) found"
    found: int = await fetch_value(tx, text, bounds(scope))
    return found


async def add_photo(tx: Tx, values: dict[str, Any]) -> bool:
    """Keep what is known of a picture; False when one of that id is kept already."""
    text = """
        INSERT INTO field_photo (id, visit_id, account_id, actor, media_type, width, height, size_bytes, sha256, file,
            received_at)
        VALUES (%(id)s, %(visit_id)s, %(account_id)s, %(actor)s, %(media_type)s, %(width)s, %(height)s, %(size_bytes)s,
            %(sha256)s, %(file)s, %(received_at)s)
        ON CONFLICT (id) DO NOTHING"""
    return await execute(tx, text, values) == 1


async def photo_files(tx: Tx) -> set[str]:
    """Names of the files that pictures lie in."""
    return {row["file"] for row in await fetch_all(tx, "SELECT file FROM field_photo")}


_PHOTO = f"""
    SELECT p.id::text AS id, p.visit_id, p.actor, p.media_type, p.width, p.height, p.size_bytes, p.sha256, p.file,
        p.received_at
    FROM field_photo p JOIN visit v ON v.id = p.visit_id JOIN site t ON t.id = v.site_id
    LEFT JOIN work_order o ON o.id = v.order_id
    WHERE {within("t.region")} AND {OWN_ORDERS}"""


async def photo(tx: Tx, scope: Scope, photo_id: str) -> DictRow | None:
    """A picture within the scope."""
    return await fetch_one(tx, f"{_PHOTO} AND p.id = %(id)s::uuid", {**bounds(scope), "id": photo_id})


async def photos(tx: Tx, scope: Scope, visit_id: int) -> list[DictRow]:
    """The pictures of a visit, in the order in which they came."""
    text = f"{_PHOTO} AND p.visit_id = %(id)s ORDER BY p.received_at, p.id"
    return await fetch_all(tx, text, {**bounds(scope), "id": visit_id})
