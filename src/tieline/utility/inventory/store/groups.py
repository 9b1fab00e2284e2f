"""All SQL of 5G LAN groups: their definitions, and their members over time."""

from collections.abc import Sequence

from psycopg.rows import DictRow, class_row

from tieline.platform.db import Tx, execute, fetch_all, sql
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import LanGroup, LanGroupSpec

_GROUPS = f"""
SELECT g.id, g.operator_id, o.code AS operator_code, g.name, g.title, g.dnn, g.sst, g.sd, g.session_type,
    host(g.aaa_address) AS aaa_address, g.aaa_usages, g.change_id, g.created_by, g.created_at,
    coalesce(n.members, 0) AS members, coalesce(n.settled, 0) AS settled
FROM lan_group g JOIN operator o ON o.id = g.operator_id
LEFT JOIN LATERAL (
    SELECT count(*) AS members, count(*) FILTER (WHERE s.op_lan_groups @> ARRAY[g.name::text]) AS settled
    FROM subscription s LEFT JOIN site t ON t.id = s.site_id
    WHERE s.lan_groups <> '{{}}' AND s.lan_groups @> ARRAY[g.name::text] AND s.operator_id = g.operator_id
        AND (s.site_id IS NULL OR {within("t.region")})
) n ON true
WHERE {within(operator="o.code")}
    AND (%(ids)s::bigint[] IS NULL OR g.id = ANY(%(ids)s)) AND (%(names)s::text[] IS NULL OR g.name = ANY(%(names)s))
ORDER BY g.name, o.code
"""

_DEFINE = """
INSERT INTO lan_group (operator_id, name, title, dnn, sst, sd, session_type, aaa_address, aaa_usages, change_id,
    created_by)
SELECT o.id, %(name)s, %(title)s, %(dnn)s, %(sst)s, %(sd)s, %(session_type)s, %(aaa_address)s::inet, %(aaa_usages)s,
    %(change_id)s, %(actor)s
FROM operator o WHERE o.code = %(operator)s
ON CONFLICT (operator_id, name) DO NOTHING
"""

# A membership ends when the group is no longer among the desired ones, and begins when it is anew.
_FOLLOW = """
WITH ended AS (
    UPDATE lan_group_member m SET valid_to = now() FROM subscription s, lan_group g
    WHERE m.subscription_id = s.id AND m.lan_group_id = g.id AND m.valid_to IS NULL AND s.id = ANY(%(ids)s)
        AND NOT s.lan_groups @> ARRAY[g.name::text]
)
INSERT INTO lan_group_member (lan_group_id, subscription_id)
SELECT g.id, s.id FROM subscription s JOIN lan_group g ON g.operator_id = s.operator_id
WHERE s.id = ANY(%(ids)s) AND s.lan_groups @> ARRAY[g.name::text]
ON CONFLICT (lan_group_id, subscription_id) WHERE valid_to IS NULL DO NOTHING
"""

_POOLS = """
SELECT p.id, p.name, p.cidr::text AS cidr, p.apn,
    (SELECT count(*) FROM subscription s WHERE s.operator_id = p.operator_id AND s.ip_address <<= p.cidr) AS used
FROM address_pool p JOIN lan_group g ON g.operator_id = p.operator_id AND p.apn = g.dnn
WHERE g.id = %(id)s ORDER BY p.id
"""


async def groups(
    tx: Tx, scope: Scope, *, ids: Sequence[int] | None = None, names: Sequence[str] | None = None
) -> list[LanGroup]:
    """Groups at the operators within the scope: all, or those of some ids or names."""
    bound = {
        "ids": None if ids is None else list(ids),
        "names": None if names is None else list(names),
        **scope.params(),
    }
    async with tx.cursor(row_factory=class_row(LanGroup)) as cursor:
        await cursor.execute(sql(_GROUPS), bound)
        return await cursor.fetchall()


async def define(tx: Tx, scope: Scope, operator: str, spec: LanGroupSpec, change_id: int | None) -> bool:
    """Keep what a group is; False if there is one of that name at the operator, which stays as it is."""
    bound = {
        "operator": operator,
        "name": spec.name,
        "title": spec.title,
        "dnn": spec.dnn,
        "sst": spec.sst,
        "sd": spec.sd,
        "session_type": spec.session_type,
        "aaa_address": spec.aaa_address,
        "aaa_usages": list(spec.aaa_usages),
        "change_id": change_id,
        "actor": scope.actor,
    }
    return await execute(tx, _DEFINE, bound) > 0


async def follow(tx: Tx, subscription_ids: Sequence[int]) -> None:
    """Bring the dated memberships in line with the desired groups of some subscriptions."""
    await execute(tx, _FOLLOW, {"ids": list(subscription_ids)})


async def pools(tx: Tx, group_id: int) -> list[DictRow]:
    """Address pools of a group's data network, and how many of their addresses are desired by subscriptions."""
    return await fetch_all(tx, _POOLS, {"id": group_id})
