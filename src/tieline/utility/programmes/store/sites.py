"""Sites of programmes and their links: chosen in bulk, moved by their state table, listed, counted."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.programmes.model import SiteFilter
from tieline.utility.programmes.policy.states import Act, sources, target

# Sites and links in one statement: a site without a link any more is not taken, and no link is without its site. The
# backup comes first: what is in use stays untouched until its successor has been seen to work.
_ADD = f"""
WITH linked AS MATERIALIZED (
    SELECT t.id AS site_id, coalesce(t.region, '') AS region, g.place, l.id, l.subscription_id, l.operator_id,
        o.code AS operator, l.role,
        row_number() OVER (PARTITION BY t.id ORDER BY l.role <> 'backup', o.code, l.subscription_id) AS position
    FROM unnest(%(sites)s::bigint[], %(places)s::integer[]) AS g(site_id, place) JOIN site t ON t.id = g.site_id
    JOIN link l ON l.site_id = t.id AND l.valid_to IS NULL JOIN operator o ON o.id = l.operator_id
    WHERE {within(operator="o.code")}
), links AS (
    INSERT INTO programme_link (programme_id, site_id, position, key, role, operator_id, old_link_id,
        old_subscription_id)
    SELECT %(id)s, site_id, position, position || '-' || operator || '-' || role, role, operator_id, id, subscription_id
    FROM linked ORDER BY site_id, position
)
INSERT INTO programme_site (programme_id, site_id, region, phase, due_at, changed_at)
SELECT %(id)s, site_id, region, coalesce((%(phases)s::text[])[place], ''), (%(dues)s::timestamptz[])[place], %(at)s
FROM linked WHERE position = 1 ORDER BY site_id
"""


async def elsewhere(tx: Tx, site_ids: Sequence[int]) -> set[int]:
    """Which of some sites are live in a programme already; what a closed one left lying is free."""
    text = """
        SELECT s.site_id FROM programme_site s JOIN programme p ON p.id = s.programme_id
        WHERE s.site_id = ANY(%(ids)s) AND s.state NOT IN ('done', 'left_out')
            AND NOT (p.state = 'closed' AND s.state = ANY(%(free)s))"""
    bound = {"ids": list(site_ids), "free": _LYING}
    return {row["site_id"] for row in await fetch_all(tx, text, bound)}


_LYING = [state.value for state in sources(Act.LEAVE_OUT)]


async def leave_closed(tx: Tx, site_ids: Sequence[int], at: datetime, *, why: str) -> None:
    """Leave sites out of the closed programmes in which they lie: another takes them."""
    text = """
        UPDATE programme_site s SET state = %(to)s, why = %(why)s, changed_at = %(at)s FROM programme p
        WHERE p.id = s.programme_id AND p.state = 'closed' AND s.site_id = ANY(%(ids)s) AND s.state = ANY(%(from)s)"""
    bound = {"ids": list(site_ids), "from": _LYING, "to": target(Act.LEAVE_OUT).value, "why": why, "at": at}
    await execute(tx, text, bound)


async def any_beyond(tx: Tx, scope: Scope, programme_id: int) -> bool:
    """Whether a programme has sites that the scope does not see."""
    text = f"""
        SELECT EXISTS (SELECT FROM programme_site s WHERE s.programme_id = %(id)s AND NOT {within("s.region")})"""
    return bool(await fetch_value(tx, text, {"id": programme_id, **scope.params()}))


async def add(
    tx: Tx,
    scope: Scope,
    programme_id: int,
    sites: Mapping[int, tuple[str, datetime] | None],
    at: datetime,
) -> int:
    """Take sites and their links into a programme, each with its phase and when it is due; returns how many sites.

    The database is told how much came in: its guesses of before would have the first pages read all of it.
    """
    known = {phase: place for place, phase in enumerate(filter(None, dict.fromkeys(sites.values())), 1)}
    bound = {
        "id": programme_id,
        "sites": list(sites),
        "places": [known[phase] if phase else None for phase in sites.values()],
        "phases": [name for name, _ in known],
        "dues": [due_at for _, due_at in known],
        "at": at,
        **scope.params(),
    }
    count = await execute(tx, _ADD, bound)
    await execute(tx, "ANALYZE (SKIP_LOCKED) programme_site, programme_link")
    return count


async def move(
    tx: Tx, programme_id: int, site_ids: Sequence[int], act: Act, at: datetime, *, why: str = "", **values: Any
) -> list[int]:
    """Move sites for which an act is legal; ``values`` are further columns. Returns the ids of those moved, sorted."""
    extra = "".join(f", {name} = %({name})s" for name in sorted(values))
    text = f"""
        WITH chosen AS MATERIALIZED (
            SELECT site_id FROM programme_site
            WHERE programme_id = %(id)s AND site_id = ANY(%(sites)s) AND state = ANY(%(from)s)
            ORDER BY site_id FOR UPDATE
        )
        UPDATE programme_site s SET state = %(to)s, why = %(why)s, changed_at = %(at)s{extra}
        FROM chosen c WHERE s.programme_id = %(id)s AND s.site_id = c.site_id RETURNING s.site_id"""
    bound = {
        "id": programme_id,
        "sites": list(site_ids),
        "from": [state.value for state in sources(act)],
        "to": target(act).value,
        "why": why[:1000],
        "at": at,
        **values,
    }
    return sorted(row["site_id"] for row in await fetch_all(tx, text, bound))


async def move_each(tx: Tx, programme_id: int, whys: Mapping[int, str], act: Act, at: datetime) -> int:
    """Move sites for which an act is legal, each with its own reason."""
    text = """
        UPDATE programme_site s SET state = %(to)s, why = w.why, changed_at = %(at)s
        FROM unnest(%(sites)s::bigint[], %(whys)s::text[]) w(site_id, why)
        WHERE s.programme_id = %(id)s AND s.site_id = w.site_id AND s.state = ANY(%(from)s)"""
    bound = {
        "id": programme_id,
        "sites": list(whys),
        "whys": [why[:1000] for why in whys.values()],
        "from": [state.value for state in sources(act)],
        "to": target(act).value,
        "at": at,
    }
    return await execute(tx, text, bound)


async def attempts(tx: Tx, programme_id: int, site_ids: Sequence[int]) -> dict[int, int]:
    """How many visits each of some sites had."""
    text = "SELECT site_id, attempts FROM programme_site WHERE programme_id = %(id)s AND site_id = ANY(%(sites)s)"
    rows = await fetch_all(tx, text, {"id": programme_id, "sites": list(site_ids)})
    return {row["site_id"]: row["attempts"] for row in rows}


async def tell_why(tx: Tx, programme_id: int, whys: Mapping[int, str]) -> None:
    """Say why sites stay where they are."""
    text = """
        UPDATE programme_site s SET why = w.why FROM unnest(%(sites)s::bigint[], %(whys)s::text[]) w(site_id, why)
        WHERE s.programme_id = %(id)s AND s.site_id = w.site_id AND s.why <> w.why"""
    await execute(tx, text, {"id": programme_id, "sites": list(whys), "whys": [why[:1000] for why in whys.values()]})


async def set_visits(tx: Tx, programme_id: int, visits: Mapping[int, int], change_id: int | None) -> None:
    """Note the visit that is planned for each site, and the change that cuts its links over (None: they are)."""
    text = """
        UPDATE programme_site s SET visit_id = v.visit_id, change_id = %(change)s, attempts = s.attempts + 1
        FROM unnest(%(sites)s::bigint[], %(visits)s::bigint[]) v(site_id, visit_id)
        WHERE s.programme_id = %(id)s AND s.site_id = v.site_id"""
    bound = {"id": programme_id, "sites": list(visits), "visits": list(visits.values()), "change": change_id}
    await execute(tx, text, bound)


async def in_states(
    tx: Tx,
    scope: Scope,
    programme_id: int,
    states: Sequence[str],
    *,
    regions: Sequence[str] = (),
    unprepared: bool = False,
    limit: int,
) -> list[DictRow]:
    """Sites in some states, those that are due first, first; ``unprepared``: only with links that are not prepared."""
    text = f"""
        SELECT s.site_id, s.region, s.phase, s.due_at, s.attempts, s.visit_id, s.change_id FROM programme_site s
        WHERE s.programme_id = %(id)s AND s.state = ANY(%(states)s)
            AND (cardinality(%(regions)s::text[]) = 0 OR s.region = ANY(%(regions)s)) AND {within("s.region")}
            AND (NOT %(unprepared)s OR EXISTS (SELECT FROM programme_link l WHERE l.programme_id = s.programme_id
                AND l.site_id = s.site_id AND l.new_subscription_id IS NULL))
        ORDER BY s.due_at NULLS LAST, s.region, s.site_id LIMIT %(limit)s"""
    bound = {
        "id": programme_id,
        "states": list(states),
        "regions": list(regions),
        "unprepared": unprepared,
        "limit": limit,
        **scope.params(),
    }
    return await fetch_all(tx, text, bound)


_TO_DO = "s.state NOT IN ('dwelling', 'retiring', 'done', 'left_out')"
_COLUMNS = f"""s.site_id, t.external_id, t.name, s.region, t.postcode, t.criticality, s.phase, s.due_at, s.state, s.why,
    s.attempts, s.visit_id, s.change_id, s.on_site_at, s.field_done_at, s.dwell_until, s.done_at, s.changed_at,
    s.due_at < %(now)s AND {_TO_DO} AS late"""

# Sites are taken to be done in the order in which they are due, at the pace of their part of the programme: as
# policy.forecast counts them.
_WILL_BE_LATE = f"""
    SELECT p.site_id FROM (
        SELECT s.site_id, s.due_at, row_number() OVER (ORDER BY s.due_at, s.site_id) AS place FROM programme_site s
        WHERE s.programme_id = %(id)s AND s.due_at IS NOT NULL AND {_TO_DO}
            AND (%(pace_region)s::text IS NULL OR s.region = %(pace_region)s) AND {within("s.region")}
    ) p WHERE %(a_day)s <= 0
        OR p.place > floor(extract(epoch FROM p.due_at - %(now)s::timestamptz) / 86400 * %(a_day)s + 1e-9)"""


def _matching(wanted: SiteFilter) -> str:
    """The WHERE clause of a filter."""
    expected = f"AND s.site_id IN ({_WILL_BE_LATE})" if wanted.will_be_late else ""
    return f"""s.programme_id = %(id)s {expected}
            AND (cardinality(%(states)s::text[]) = 0 OR s.state = ANY(%(states)s))
            AND (cardinality(%(regions)s::text[]) = 0 OR s.region = ANY(%(regions)s))
            AND (cardinality(%(phases)s::text[]) = 0 OR s.phase = ANY(%(phases)s))
            AND (NOT %(late)s OR (s.due_at < %(now)s AND {_TO_DO}))
            AND (%(text)s = '' OR starts_with(t.external_id, %(text)s)
                OR strpos(lower(t.name), lower(%(text)s)) > 0)
            AND {within("s.region")}"""


def _bound(scope: Scope, programme_id: int, wanted: SiteFilter, now: datetime, a_day: float) -> dict[str, Any]:
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(wanted).items()}
    region = wanted.regions[0] if len(wanted.regions) == 1 else None
    return {**plain, **scope.params(), "id": programme_id, "now": now, "a_day": a_day, "pace_region": region}


async def page(
    tx: Tx,
    scope: Scope,
    programme_id: int,
    wanted: SiteFilter,
    *,
    now: datetime,
    after: int,
    limit: int,
    a_day: float = 0.0,
) -> list[DictRow]:
    """Sites of a programme by id, one more than ``limit`` when there are more; ``a_day`` is the pace of late."""
    text = f"""
        SELECT {_COLUMNS} FROM programme_site s JOIN site t ON t.id = s.site_id
        WHERE s.site_id > %(after)s AND {_matching(wanted)} ORDER BY s.site_id LIMIT %(limit)s"""
    bound = _bound(scope, programme_id, wanted, now, a_day)
    return await fetch_all(tx, text, {**bound, "after": after, "limit": limit + 1})


async def count(
    tx: Tx, scope: Scope, programme_id: int, wanted: SiteFilter, *, now: datetime, a_day: float = 0.0
) -> int:
    """How many sites a filter matches."""
    join = "JOIN site t ON t.id = s.site_id" if wanted.text else ", (SELECT '' AS external_id, '' AS name) t"
    text = f"SELECT count(*) FROM programme_site s {join} WHERE {_matching(wanted)}"
    found: int = await fetch_value(tx, text, _bound(scope, programme_id, wanted, now, a_day))
    return found


async def one(tx: Tx, scope: Scope, programme_id: int, site_id: int, *, now: datetime) -> DictRow | None:
    """One site of a programme, if the scope sees it."""
    text = f"""
        SELECT {_COLUMNS} FROM programme_site s JOIN site t ON t.id = s.site_id
        WHERE s.programme_id = %(id)s AND s.site_id = %(site)s AND {within("s.region")}"""
    rows = await fetch_all(tx, text, {"id": programme_id, "site": site_id, "now": now, **scope.params()})
    return rows[0] if rows else None


async def of_site(tx: Tx, scope: Scope, site_id: int) -> list[DictRow]:
    """The programmes that a site is or was in, the newest first."""
    text = f"""
        SELECT s.programme_id, p.title, p.state AS programme_state, s.state, s.why, s.phase, s.due_at, s.visit_id,
            s.change_id, s.changed_at
        FROM programme_site s JOIN programme p ON p.id = s.programme_id
        WHERE s.site_id = %(site)s AND {within("s.region")} ORDER BY s.programme_id DESC LIMIT 20"""
    return await fetch_all(tx, text, {"site": site_id, **scope.params()})


async def counts(tx: Tx, scope: Scope, programme_id: int) -> list[DictRow]:
    """How many sites there are by region, phase and state; ``due_at`` is the latest of the phase."""
    text = f"""
        SELECT s.region, s.phase, s.state, count(*) AS sites, max(s.due_at) AS due_at, sum(s.attempts) AS visits
        FROM programme_site s WHERE s.programme_id = %(id)s AND {within("s.region")}
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    return await fetch_all(tx, text, {"id": programme_id, **scope.params()})


async def left(tx: Tx, scope: Scope, programme_id: int) -> list[DictRow]:
    """How many sites still need a crew, by region and by when they are due."""
    text = f"""
        SELECT s.region, s.due_at, count(*) AS sites FROM programme_site s
        WHERE s.programme_id = %(id)s AND s.state IN ('selected', 'preparing', 'ready', 'scheduled', 'on_site', 'again',
            'blocked') AND {within("s.region")} GROUP BY 1, 2"""
    return await fetch_all(tx, text, {"id": programme_id, **scope.params()})


async def done_since(tx: Tx, scope: Scope, programme_id: int, since: datetime) -> dict[str, int]:
    """How many sites crews have done since a moment, by region."""
    text = f"""
        SELECT s.region, count(*) AS sites FROM programme_site s
        WHERE s.programme_id = %(id)s AND s.field_done_at >= %(since)s AND {within("s.region")} GROUP BY 1"""
    rows = await fetch_all(tx, text, {"id": programme_id, "since": since, **scope.params()})
    return {row["region"]: row["sites"] for row in rows}


async def first_done(tx: Tx, programme_id: int) -> datetime | None:
    """When a crew had done the first site."""
    text = "SELECT min(field_done_at) FROM programme_site WHERE programme_id = %(id)s AND field_done_at IS NOT NULL"
    found: datetime | None = await fetch_value(tx, text, {"id": programme_id})
    return found


async def dwelt(tx: Tx, now: datetime, *, limit: int) -> list[DictRow]:
    """Sites of running programmes whose dwell is over, those that have waited longest first.

    What was found not to be well comes last: it must not keep the others from their turn.
    """
    text = """
        SELECT s.programme_id, s.site_id, s.why FROM programme_site s JOIN programme p ON p.id = s.programme_id
        WHERE s.state = 'dwelling' AND s.dwell_until <= %(now)s AND p.state = 'running'
        ORDER BY s.why <> '', s.dwell_until, s.site_id LIMIT %(limit)s"""
    return await fetch_all(tx, text, {"now": now, "limit": limit})


@dataclass(frozen=True, slots=True)
class Redated:
    """A site that is due at another time than before, if at all."""

    site_id: int
    before: datetime | None
    due_at: datetime | None

    @property
    def how(self) -> str:
        """In a word: which way."""
        if self.due_at is None or self.before is None:
            return "no longer due" if self.due_at is None else "due now"
        return "earlier" if self.due_at < self.before else "later" if self.due_at > self.before else "renamed"


async def redate(tx: Tx, programme_id: int, dues: Mapping[int, tuple[str, datetime]]) -> list[Redated]:
    """Let the sites of a programme that crews have not done be due as told: (phase, when), or not at all.

    Where a crew has begun, a site may be struck no more because its links are replaced: its time stays.
    """
    text = """
        WITH wanted AS (
            SELECT * FROM unnest(%(sites)s::bigint[], %(phases)s::text[], %(dues)s::timestamptz[])
                AS w (site_id, phase, due_at)
        ), before AS (
            SELECT s.site_id, s.due_at AS before, coalesce(w.phase, '') AS phase, w.due_at
            FROM programme_site s LEFT JOIN wanted w USING (site_id)
            WHERE s.programme_id = %(id)s AND s.state NOT IN ('dwelling', 'retiring', 'done', 'left_out')
                AND (w.site_id IS NOT NULL OR s.state IN ('selected', 'preparing', 'ready', 'scheduled'))
                AND (s.phase, s.due_at) IS DISTINCT FROM (coalesce(w.phase, ''), w.due_at)
            ORDER BY s.site_id FOR UPDATE OF s
        )
        UPDATE programme_site s SET phase = b.phase, due_at = b.due_at FROM before b
        WHERE s.programme_id = %(id)s AND s.site_id = b.site_id RETURNING s.site_id, b.before, b.due_at"""
    bound = {
        "id": programme_id,
        "sites": list(dues),
        "phases": [phase for phase, _ in dues.values()],
        "dues": [at for _, at in dues.values()],
    }
    return sorted((Redated(**row) for row in await fetch_all(tx, text, bound)), key=lambda one: one.site_id)


async def programmes_that_dwell(tx: Tx) -> list[int]:
    """Programmes with sites whose old subscriptions still stand by."""
    rows = await fetch_all(
        tx, "SELECT DISTINCT programme_id AS id FROM programme_site WHERE state = 'dwelling' ORDER BY 1"
    )
    return [row["id"] for row in rows]


async def move_dwells(tx: Tx, programme_id: int, by: timedelta) -> int:
    """Let the dwells of a programme end later, or earlier where ``by`` is below zero."""
    text = """
        UPDATE programme_site SET dwell_until = dwell_until + %(by)s
        WHERE programme_id = %(id)s AND state = 'dwelling' AND dwell_until IS NOT NULL"""
    return await execute(tx, text, {"id": programme_id, "by": by})


async def seen(tx: Tx, scope: Scope, programme_id: int, site_ids: Sequence[int]) -> list[int]:
    """Those of some sites of a programme that the scope sees."""
    text = f"""
        SELECT s.site_id FROM programme_site s
        WHERE s.programme_id = %(id)s AND s.site_id = ANY(%(sites)s) AND {within("s.region")} ORDER BY 1"""
    rows = await fetch_all(tx, text, {"id": programme_id, "sites": list(site_ids), **scope.params()})
    return [row["site_id"] for row in rows]


async def critical(tx: Tx, programme_id: int, site_ids: Sequence[int] | None = None) -> int:
    """How many of some sites of a programme, or of all that are not left out, are critical."""
    text = """
        SELECT count(*) FROM programme_site s JOIN site t ON t.id = s.site_id
        WHERE s.programme_id = %(id)s AND t.criticality = 'critical' AND s.state <> 'left_out'
            AND (%(sites)s::bigint[] IS NULL OR s.site_id = ANY(%(sites)s))"""
    bound = {"id": programme_id, "sites": None if site_ids is None else list(site_ids)}
    found: int = await fetch_value(tx, text, bound)
    return found


async def left_out(tx: Tx, programme_id: int, site_ids: Sequence[int]) -> list[int]:
    """Those of some sites that are left out of a programme."""
    text = """
        SELECT site_id FROM programme_site
        WHERE programme_id = %(id)s AND site_id = ANY(%(sites)s) AND state = 'left_out' ORDER BY 1"""
    return [row["site_id"] for row in await fetch_all(tx, text, {"id": programme_id, "sites": list(site_ids)})]


async def of_change(tx: Tx, programme_id: int, change_id: int, states: Sequence[str]) -> list[DictRow]:
    """Sites in some states whose cut-over a change is."""
    text = """
        SELECT site_id, visit_id FROM programme_site
        WHERE programme_id = %(id)s AND change_id = %(change)s AND state = ANY(%(states)s) ORDER BY site_id"""
    return await fetch_all(tx, text, {"id": programme_id, "change": change_id, "states": list(states)})


async def of_retirement(tx: Tx, programme_id: int, old_subscription_ids: Sequence[int]) -> list[int]:
    """Sites that are being retired, by the old subscriptions of their links."""
    text = """
        SELECT DISTINCT s.site_id FROM programme_site s JOIN programme_link l USING (programme_id, site_id)
        WHERE s.programme_id = %(id)s AND s.state = 'retiring' AND l.old_subscription_id = ANY(%(old)s) ORDER BY 1"""
    rows = await fetch_all(tx, text, {"id": programme_id, "old": list(old_subscription_ids)})
    return [row["site_id"] for row in rows]


async def leave_change(tx: Tx, programme_id: int, site_ids: Sequence[int]) -> None:
    """Sites have no cut-over any more."""
    text = """
        UPDATE programme_site SET change_id = NULL
        WHERE programme_id = %(id)s AND site_id = ANY(%(sites)s) AND state IN ('again', 'blocked', 'left_out')"""
    await execute(tx, text, {"id": programme_id, "sites": list(site_ids)})
