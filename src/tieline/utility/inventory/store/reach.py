"""Where the applications behind subscriptions are reached, and whether they are in the network now."""

from collections.abc import Sequence

from psycopg.rows import class_row

from tieline.platform.db import Tx, sql
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import Reach

_REACH = f"""
SELECT s.id AS subscription_id, o.code AS operator_code, host(coalesce(s.op_ip_address, s.ip_address)) AS address,
    t.kind AS site_kind, t.region
FROM unnest(%(ids)s::bigint[]) AS r(id)
JOIN subscription s ON s.id = r.id
JOIN operator o ON o.id = s.operator_id
LEFT JOIN site t ON t.id = s.site_id
WHERE {within(None, "o.code")} AND (s.site_id IS NULL OR {within("t.region")})
ORDER BY s.id
"""


async def reach(tx: Tx, scope: Scope, ids: Sequence[int]) -> list[Reach]:
    """Where subscriptions within the scope are reached, by id; each once."""
    async with tx.cursor(row_factory=class_row(Reach)) as cursor:
        await cursor.execute(sql(_REACH), {**scope.params(), "ids": sorted(set(ids))})
        return await cursor.fetchall()
