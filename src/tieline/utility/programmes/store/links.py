"""The links of a programme's sites: what each was, what it becomes, and how far it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_value
from tieline.platform.scope import Scope, within
from tieline.utility.programmes.model import LinkRow, LinkState, Terms

_LINKS = """
    SELECT l.id, l.programme_id, l.site_id, l.position, l.key, l.role, o.code AS operator, l.operator_id,
        l.old_link_id, l.old_subscription_id, l.new_subscription_id, l.new_iccid, l.new_link_id, l.state,
        s.visit_id, s.change_id, l.cut_at, l.test_asked_at, l.probe_asked_at, l.probes, l.passed_at, l.checks
    FROM programme_link l JOIN programme_site s ON s.programme_id = l.programme_id AND s.site_id = l.site_id
    JOIN operator o ON o.id = l.operator_id"""


def _link(row: DictRow) -> LinkRow:
    return LinkRow(**{**row, "state": LinkState(row["state"])})


async def links_of(tx: Tx, programme_id: int, site_ids: Sequence[int]) -> list[LinkRow]:
    """The links of some sites, in their order."""
    text = f"{_LINKS} WHERE l.programme_id = %(id)s AND l.site_id = ANY(%(sites)s) ORDER BY l.site_id, l.position"
    return [_link(row) for row in await fetch_all(tx, text, {"id": programme_id, "sites": list(site_ids)})]


async def count(tx: Tx, programme_id: int) -> int:
    """How many links a programme has, those of sites that are left out among them."""
    found: int = await fetch_value(
        tx, "SELECT count(*) FROM programme_link WHERE programme_id = %(id)s", {"id": programme_id}
    )
    return found


async def links_in(tx: Tx, state: LinkState, *, limit: int) -> list[LinkRow]:
    """Links of programmes that are not closed in a state; of more than the limit others each time.

    Those that cannot go on, because nobody has approved their cut-over say, keep none from its turn so.
    """
    text = f"""{_LINKS} WHERE l.id IN (
            SELECT l.id FROM programme_link l JOIN programme p ON p.id = l.programme_id
            WHERE l.state = %(state)s AND p.state <> 'closed' ORDER BY random() LIMIT %(limit)s)
        ORDER BY l.id"""
    return [_link(row) for row in await fetch_all(tx, text, {"state": state.value, "limit": limit})]


async def source_subscriptions(tx: Tx, programme_id: int, site_ids: Sequence[int] | None) -> list[DictRow]:
    """Old and new subscription of each link of some sites, or of all that are in preparation."""
    text = """
        SELECT l.site_id, l.old_subscription_id, l.new_subscription_id, l.state FROM programme_link l
        JOIN programme_site s ON s.programme_id = l.programme_id AND s.site_id = l.site_id
        WHERE l.programme_id = %(id)s
            AND CASE WHEN %(sites)s::bigint[] IS NULL THEN s.state = 'preparing' ELSE l.site_id = ANY(%(sites)s) END
        ORDER BY l.site_id, l.position"""
    chosen = None if site_ids is None else list(site_ids)
    return await fetch_all(tx, text, {"id": programme_id, "sites": chosen})


async def set_prepared(tx: Tx, programme_id: int, prepared: Sequence[tuple[int, int, str]]) -> None:
    """Links have their new subscription and card; ``prepared`` has (old subscription, new subscription, ICCID)."""
    text = """
        UPDATE programme_link l SET new_subscription_id = v.new_id, new_iccid = v.iccid,
            state = CASE WHEN l.state = 'old' THEN 'prepared' ELSE l.state END
        FROM unnest(%(old)s::bigint[], %(new)s::bigint[], %(iccids)s::text[]) v(old_id, new_id, iccid)
        WHERE l.programme_id = %(id)s AND l.old_subscription_id = v.old_id"""
    bound = {
        "id": programme_id,
        "old": [old for old, _, _ in prepared],
        "new": [new for _, new, _ in prepared],
        "iccids": [iccid for _, _, iccid in prepared],
    }
    await execute(tx, text, bound)


async def set_link(tx: Tx, link_id: int, **values: Any) -> None:
    """Set columns of a link."""
    pairs = ", ".join(f"{name} = %({name})s" for name in sorted(values))
    plain = {name: Jsonb(value) if name == "checks" else value for name, value in values.items()}
    await execute(tx, f"UPDATE programme_link SET {pairs} WHERE id = %(link_id)s", {**plain, "link_id": link_id})


async def set_links(tx: Tx, link_ids: Sequence[int], state: LinkState, *, of: Sequence[LinkState]) -> int:
    """Move links that are in some states to another."""
    text = "UPDATE programme_link SET state = %(to)s WHERE id = ANY(%(ids)s) AND state = ANY(%(of)s)"
    return await execute(tx, text, {"ids": list(link_ids), "to": state.value, "of": [one.value for one in of]})


async def fitted(tx: Tx, links: Mapping[int, int], at: datetime) -> None:
    """Links have a new link of the inventory each: their card is in its router."""
    text = """
        UPDATE programme_link l SET new_link_id = v.link_id, fitted_at = %(at)s,
            state = CASE WHEN l.state IN ('old', 'prepared') THEN 'fitted' ELSE l.state END
        FROM unnest(%(ids)s::bigint[], %(links)s::bigint[]) v(id, link_id) WHERE l.id = v.id"""
    await execute(tx, text, {"ids": list(links), "links": list(links.values()), "at": at})


async def not_fitted(tx: Tx, link_id: int) -> None:
    """A card is in no router that we know of."""
    text = """
        UPDATE programme_link SET new_link_id = NULL, state = CASE WHEN state = 'old' THEN 'old' ELSE 'prepared' END
        WHERE id = %(id)s AND state NOT IN ('passed', 'retired')"""
    await execute(tx, text, {"id": link_id})


async def unfit(tx: Tx, now: datetime, *, limit: int) -> list[LinkRow]:
    """Links whose test is asked for and cannot begin, while nothing of theirs waits to be taken.

    Their card is not fitted, they must not go over, or their cut-over was not released while a test may take.
    """
    text = f"""{_LINKS} JOIN programme p ON p.id = l.programme_id
        WHERE l.test_asked_at IS NOT NULL AND (l.state IN ('old', 'prepared')
                OR (l.state = 'fitted' AND (l.checks @> '[{{"name": "Other link"}}]' OR l.test_asked_at
                    + make_interval(secs => coalesce((p.terms ->> 'test_seconds')::float, %(usual)s)) <= %(now)s)))
            AND NOT EXISTS (SELECT FROM programme_inbox x WHERE x.programme_id = l.programme_id
                AND x.site_id = l.site_id)
        ORDER BY l.id LIMIT %(limit)s"""
    bound = {"limit": limit, "now": now, "usual": Terms().test_seconds}
    return [_link(row) for row in await fetch_all(tx, text, bound)]


async def probed(tx: Tx, link_ids: Sequence[int], at: datetime) -> None:
    """The applications behind some links were asked."""
    text = "UPDATE programme_link SET probe_asked_at = %(at)s, probes = probes + 1 WHERE id = ANY(%(ids)s)"
    await execute(tx, text, {"ids": list(link_ids), "at": at})


async def retired(tx: Tx, programme_id: int, old_subscription_ids: Sequence[int], at: datetime) -> list[int]:
    """Old subscriptions are retired; returns the sites all of whose links are by now."""
    text = """
        UPDATE programme_link SET state = 'retired', retired_at = %(at)s
        WHERE programme_id = %(id)s AND old_subscription_id = ANY(%(old)s) AND state = 'passed' RETURNING site_id"""
    rows = await fetch_all(tx, text, {"id": programme_id, "old": list(old_subscription_ids), "at": at})
    whole = """
        SELECT site_id FROM programme_link WHERE programme_id = %(id)s AND site_id = ANY(%(sites)s)
        GROUP BY site_id HAVING bool_and(state = 'retired')"""
    found = await fetch_all(tx, whole, {"id": programme_id, "sites": sorted({row["site_id"] for row in rows})})
    return [row["site_id"] for row in found]


async def ask_tests(tx: Tx, link_ids: Sequence[int], at: datetime) -> None:
    """Crews ask for the tests of links; each begins once the link's cut-over is released.

    What was found of a card that could not be fitted stays, to be told.
    """
    text = """
        UPDATE programme_link SET test_asked_at = %(at)s, probe_asked_at = NULL,
            checks = CASE WHEN state IN ('old', 'prepared', 'fitted') THEN checks ELSE '[]' END,
            state = CASE WHEN state = 'cutting' THEN 'testing' ELSE state END
        WHERE id = ANY(%(ids)s)"""
    await execute(tx, text, {"ids": list(link_ids), "at": at})


async def unask(tx: Tx, link_ids: Sequence[int]) -> None:
    """The test that was asked for of some links does not begin."""
    await execute(tx, "UPDATE programme_link SET test_asked_at = NULL WHERE id = ANY(%(ids)s)", {"ids": list(link_ids)})


async def set_tested(tx: Tx, found: Sequence[tuple[int, bool | None, Any]], at: datetime) -> None:
    """How the tests of links stand: (link, passed, checks); None still runs, False waits until it is asked anew."""
    text = """
        UPDATE programme_link l SET checks = v.checks,
            state = CASE v.passed WHEN true THEN 'passed' WHEN false THEN 'cutting' ELSE l.state END,
            passed_at = CASE WHEN v.passed THEN %(at)s ELSE l.passed_at END,
            test_asked_at = CASE v.passed WHEN false THEN NULL ELSE l.test_asked_at END
        FROM unnest(%(ids)s::bigint[], %(passed)s::boolean[], %(checks)s::jsonb[]) AS v (id, passed, checks)
        WHERE l.id = v.id"""
    bound = {
        "ids": [link for link, _, _ in found],
        "passed": [passed for _, passed, _ in found],
        "checks": [Jsonb(checks) for _, _, checks in found],
        "at": at,
    }
    await execute(tx, text, bound)


async def cut_over(tx: Tx, link_ids: Sequence[int], at: datetime) -> None:
    """Links have gone over to their new subscriptions."""
    text = "UPDATE programme_link SET cut_at = coalesce(cut_at, %(at)s) WHERE id = ANY(%(ids)s)"
    await execute(tx, text, {"ids": list(link_ids), "at": at})


async def to_let_go(tx: Tx, limit: int) -> list[LinkRow]:
    """Links of sites that need another visit, or somebody who looks, and are still in the cut-over of the last one."""
    text = f"""{_LINKS}
        WHERE s.state IN ('again', 'blocked', 'left_out') AND s.change_id IS NOT NULL
        ORDER BY l.programme_id, l.site_id, l.position LIMIT %(limit)s"""
    return [_link(row) for row in await fetch_all(tx, text, {"limit": limit})]


async def link_page(tx: Tx, scope: Scope, programme_id: int, *, after: int, limit: int) -> list[DictRow]:
    """Links of a programme by id, with the operators' own names of both subscriptions; one more than ``limit``."""
    text = f"""
        SELECT l.id, l.site_id, l.key, l.role, l.state, k.code AS operator, o.operator_ref AS old_ref,
            n.operator_ref AS new_ref, l.new_iccid, l.fitted_at, l.cut_at, l.passed_at, l.retired_at
        FROM programme_link l JOIN programme_site s USING (programme_id, site_id)
        JOIN operator k ON k.id = l.operator_id JOIN subscription o ON o.id = l.old_subscription_id
        LEFT JOIN subscription n ON n.id = l.new_subscription_id
        WHERE l.programme_id = %(id)s AND l.id > %(after)s AND {within("s.region", "k.code")}
        ORDER BY l.id LIMIT %(limit)s"""
    bound = {"id": programme_id, "after": after, "limit": limit + 1, **scope.params()}
    return await fetch_all(tx, text, bound)
