"""The address plan: pools, and reservations that no two of a pool can share."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import AddressWant
from tieline.utility.inventory.policy.addresses import Usable

_POOLS = f"""
SELECT p.id, p.operator_id, p.cidr::text AS cidr FROM address_pool p
JOIN operator o ON o.id = p.operator_id
WHERE o.code = %(operator)s AND p.apn = %(apn)s AND {within(operator="o.code")}
ORDER BY p.id FOR UPDATE OF p
"""

_BY_KEY = """
SELECT r.key, host(r.address) AS address, r.id FROM address_reservation r
WHERE r.key = ANY(%(keys)s::text[]) AND r.state <> 'released'
"""

# Among the first (wanted + used) addresses at least `wanted` are free: a pool of any size is looked at no further.
# Used is what any subscription of the operator has or is promised, whatever its APN: a misspelt APN frees no address.
_RESERVE = """
WITH used AS MATERIALIZED (
    SELECT address FROM address_reservation
    WHERE operator_id = %(operator_id)s AND state <> 'released' AND address BETWEEN %(from)s::inet AND %(to)s::inet
    UNION
    SELECT ip_address FROM subscription
    WHERE operator_id = %(operator_id)s AND ip_address BETWEEN %(from)s::inet AND %(to)s::inet
    UNION
    SELECT op_ip_address FROM subscription
    WHERE operator_id = %(operator_id)s AND op_ip_address BETWEEN %(from)s::inet AND %(to)s::inet
), free AS (
    SELECT address, row_number() OVER (ORDER BY address) AS place FROM (
        SELECT %(network)s::inet + place AS address
        FROM generate_series(%(first)s::bigint, least(%(last)s::bigint,
            %(first)s::bigint + cardinality(%(keys)s::text[]) + (SELECT count(*) FROM used))) place
    ) candidate
    WHERE NOT EXISTS (SELECT FROM used u WHERE u.address = candidate.address)
    ORDER BY address LIMIT cardinality(%(keys)s::text[])
)
INSERT INTO address_reservation (pool_id, operator_id, apn, address, key, subscription_id, change_id)
SELECT %(pool_id)s, %(operator_id)s, %(apn)s, f.address, w.key, w.subscription_id, %(change_id)s
FROM free f
JOIN (SELECT key, subscription_id, place
      FROM unnest(%(keys)s::text[], %(subscription_ids)s::bigint[]) WITH ORDINALITY AS x(key, subscription_id, place)
     ) w USING (place)
RETURNING key, host(address) AS address, id
"""

# An address that is no pool's cannot be reserved; it is free as long as nobody else has it or is promised it.
_RESERVE_THESE = """
WITH want AS MATERIALIZED (
    SELECT key, subscription_id, address::inet AS address
    FROM unnest(%(keys)s::text[], %(subscription_ids)s::bigint[], %(addresses)s::text[])
        w(key, subscription_id, address)
), taken AS MATERIALIZED (
    SELECT w.key FROM want w JOIN address_reservation r ON r.address = w.address
    WHERE r.operator_id = %(operator_id)s AND r.state <> 'released' AND r.key IS DISTINCT FROM w.key
        AND r.subscription_id IS DISTINCT FROM w.subscription_id
    UNION
    SELECT w.key FROM want w JOIN subscription s ON s.ip_address = w.address
    WHERE s.operator_id = %(operator_id)s AND s.id IS DISTINCT FROM w.subscription_id
    UNION
    SELECT w.key FROM want w JOIN subscription s ON s.op_ip_address = w.address
    WHERE s.operator_id = %(operator_id)s AND s.id IS DISTINCT FROM w.subscription_id
), made AS (
    INSERT INTO address_reservation (pool_id, operator_id, apn, address, key, subscription_id, change_id)
    SELECT DISTINCT ON (w.address) p.id, p.operator_id, %(apn)s, w.address, w.key, w.subscription_id, %(change_id)s
    FROM want w JOIN address_pool p ON p.id = ANY(%(pool_ids)s) AND w.address <<= p.cidr
    WHERE w.key NOT IN (SELECT key FROM taken)
    ORDER BY w.address, p.id
    ON CONFLICT DO NOTHING RETURNING key, id
)
SELECT w.key, host(w.address) AS address, m.id, w.key IN (SELECT key FROM taken) AS taken
FROM want w LEFT JOIN made m ON m.key = w.key
"""

# Who has an address and will give it up keeps it until then; the promise stands beside it. Nobody else may have it too.
_PROMISE = """
WITH want AS MATERIALIZED (
    SELECT key, subscription_id, giver_id, address::inet AS address
    FROM unnest(%(keys)s::text[], %(subscription_ids)s::bigint[], %(givers)s::bigint[], %(addresses)s::text[])
        w(key, subscription_id, giver_id, address)
), taken AS MATERIALIZED (
    SELECT w.key FROM want w JOIN subscription s ON s.operator_id = %(operator_id)s AND s.ip_address = w.address
    WHERE s.id NOT IN (w.giver_id, w.subscription_id)
    UNION
    SELECT w.key FROM want w JOIN subscription s ON s.operator_id = %(operator_id)s AND s.op_ip_address = w.address
    WHERE s.id NOT IN (w.giver_id, w.subscription_id)
), promised AS (
    UPDATE address_reservation r SET successor_id = w.subscription_id, successor_key = w.key,
        successor_change_id = %(change_id)s
    FROM want w
    WHERE r.operator_id = %(operator_id)s AND r.address = w.address AND r.state = 'assigned'
        AND r.subscription_id = w.giver_id AND w.key NOT IN (SELECT key FROM taken)
)
SELECT key FROM taken
"""

_HELD = """
SELECT reserved_key AS key FROM card WHERE reserved_change_id = %(change_id)s AND stock_state = 'reserved'
UNION
SELECT key FROM address_reservation WHERE change_id = %(change_id)s AND state = 'reserved' AND key IS NOT NULL
UNION
SELECT successor_key FROM address_reservation WHERE successor_change_id = %(change_id)s AND successor_key IS NOT NULL
"""

_UNPROMISE = f"""
UPDATE address_reservation r SET successor_id = NULL, successor_key = NULL, successor_change_id = NULL
FROM operator o
WHERE o.id = r.operator_id AND {within(operator="o.code")} AND r.successor_key = ANY(%(keys)s::text[])
"""

_RELEASE = f"""
UPDATE address_reservation r SET state = 'released', at = now()
FROM operator o
WHERE o.id = r.operator_id AND {within(operator="o.code")}
    AND r.key = ANY(%(keys)s::text[]) AND r.state <> 'released'
"""


async def lock_pools(tx: Tx, scope: Scope, operator: str, apn: str) -> list[DictRow]:
    """The pools of an APN, locked until the transaction ends: whoever else wants addresses of them waits."""
    return await fetch_all(tx, _POOLS, {"operator": operator, "apn": apn, **scope.params()})


async def by_key(tx: Tx, keys: Sequence[str]) -> dict[str, DictRow]:
    """The reservations that some keys already have."""
    return {row["key"]: row for row in await fetch_all(tx, _BY_KEY, {"keys": list(keys)})}


async def reserve(
    tx: Tx,
    pool: DictRow,
    apn: str,
    wants: Sequence[tuple[str, int | None]],
    *,
    usable: Usable,
    change_id: int | None,
) -> dict[str, DictRow]:
    """Reserve the lowest free addresses of a locked pool for (key, subscription) pairs, as far as there are any."""
    rows = await fetch_all(
        tx,
        _RESERVE,
        {
            "pool_id": pool["id"],
            "operator_id": pool["operator_id"],
            "apn": apn,
            "keys": [key for key, _ in wants],
            "subscription_ids": [subscription for _, subscription in wants],
            "network": usable.network,
            "first": usable.first,
            "last": usable.last,
            "from": usable.address(usable.first),
            "to": usable.address(usable.last),
            "change_id": change_id,
        },
    )
    return {row["key"]: row for row in rows}


async def reserve_these(
    tx: Tx,
    pools: Sequence[DictRow],
    operator_id: int,
    apn: str,
    wants: Sequence[tuple[str, int | None, str]],
    *,
    change_id: int | None,
) -> dict[str, DictRow]:
    """Reserve given addresses, those of the locked pools, for (key, subscription, address); the rows tell ``taken``."""
    bound = {
        "pool_ids": [pool["id"] for pool in pools],
        "operator_id": operator_id,
        "apn": apn,
        "keys": [key for key, _, _ in wants],
        "subscription_ids": [subscription for _, subscription, _ in wants],
        "addresses": [address for _, _, address in wants],
        "change_id": change_id,
    }
    return {row["key"]: row for row in await fetch_all(tx, _RESERVE_THESE, bound)}


async def promise(tx: Tx, operator_id: int, wants: Sequence[AddressWant], *, change_id: int | None) -> set[str]:
    """Promise addresses to who takes them over; returns the keys of those that a third one has."""
    bound = {
        "operator_id": operator_id,
        "keys": [want.key for want in wants],
        "subscription_ids": [want.subscription_id for want in wants],
        "givers": [want.moves_from for want in wants],
        "addresses": [want.address for want in wants],
        "change_id": change_id,
    }
    return {row["key"] for row in await fetch_all(tx, _PROMISE, bound)}


async def held(tx: Tx, change_id: int) -> set[str]:
    """The keys under which a change has taken cards or addresses that it has not used yet."""
    return {row["key"] for row in await fetch_all(tx, _HELD, {"change_id": change_id})}


async def release(tx: Tx, scope: Scope, keys: Sequence[str]) -> int:
    """Give the addresses of some keys back; returns how many were held."""
    await execute(tx, _UNPROMISE, {"keys": list(keys), **scope.params()})
    return await execute(tx, _RELEASE, {"keys": list(keys), **scope.params()})
