"""All SQL of static addresses: what was provisioned, and what is still to be written to subscriptions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value


async def add(tx: Tx, utility_id: int, addresses: Sequence[Mapping[str, Any]], feat: str | None, now: datetime) -> int:
    """Keep a provisioning; gives its number."""
    return int(
        await fetch_value(
            tx,
            """INSERT INTO address_provisioning (utility_id, addresses, supp_feat, created_at, modified_at)
               VALUES (%s, %s, %s, %s, %s) RETURNING id""",
            [utility_id, Jsonb(list(addresses)), feat, now, now],
        )
    )


async def count(tx: Tx, utility_id: int) -> int:
    """Count a utility's provisionings."""
    return int(await fetch_value(tx, "SELECT count(*) FROM address_provisioning WHERE utility_id = %s", [utility_id]))


async def find(tx: Tx, utility_id: int, number: int, *, lock: bool = False) -> DictRow | None:
    """Give a provisioning of a utility."""
    return await fetch_one(
        tx,
        f"""SELECT id, addresses, supp_feat FROM address_provisioning WHERE utility_id = %s AND id = %s
            {"FOR UPDATE" if lock else ""}""",
        [utility_id, number],
    )


async def listed(tx: Tx, utility_id: int, most: int) -> list[DictRow]:
    """Give a utility's newest provisionings, the oldest of them first."""
    rows = await fetch_all(
        tx,
        "SELECT id, addresses, supp_feat FROM address_provisioning WHERE utility_id = %s ORDER BY id DESC LIMIT %s",
        [utility_id, most],
    )
    return rows[::-1]


async def replace(tx: Tx, number: int, addresses: Sequence[Mapping[str, Any]], feat: str | None, now: datetime) -> None:
    """Give a provisioning other addresses."""
    await execute(
        tx,
        "UPDATE address_provisioning SET addresses = %s, supp_feat = %s, modified_at = %s WHERE id = %s",
        [Jsonb(list(addresses)), feat, now, number],
    )


async def delete(tx: Tx, number: int) -> None:
    """Forget a provisioning."""
    await execute(tx, "DELETE FROM address_provisioning WHERE id = %s", [number])


async def order(
    tx: Tx, utility_id: int, orders: Sequence[tuple[str, str | None, str | None]], client: str | None
) -> None:
    """Have addresses written: (subscription, address or None to unset, only instead of this one), in order.

    ``client`` is the API client that asks for it. What was still to be written to one of the subscriptions is not
    written any more.
    """
    await execute(
        tx,
        "DELETE FROM address_order WHERE utility_id = %s AND subscription = ANY(%s)",
        [utility_id, [subscription for subscription, _, _ in orders]],
    )
    await execute(
        tx,
        """INSERT INTO address_order (utility_id, subscription, address, instead_of, client)
           SELECT %(utility)s, subscription, address, instead_of, %(client)s
           FROM ROWS FROM (jsonb_to_recordset(%(rows)s) AS (subscription text, address text, instead_of text))
               WITH ORDINALITY AS r(subscription, address, instead_of, n) ORDER BY n""",
        {
            "utility": utility_id,
            "client": client,
            "rows": Jsonb([{"subscription": s, "address": a, "instead_of": i} for s, a, i in orders]),
        },
    )


async def next_orders(tx: Tx, most: int) -> list[DictRow]:
    """Give orders of one utility and API client: those that were tried least first, the oldest of them."""
    return await fetch_all(
        tx,
        """WITH next AS (SELECT utility_id, client FROM address_order ORDER BY attempts, id LIMIT 1)
           SELECT o.id, o.utility_id, o.client, o.subscription, o.address, o.instead_of, o.attempts
           FROM address_order o JOIN next n ON n.utility_id = o.utility_id AND n.client IS NOT DISTINCT FROM o.client
           ORDER BY o.attempts, o.id LIMIT %s""",
        [most],
    )


async def done(tx: Tx, ids: Sequence[int]) -> None:
    """Take orders off the list."""
    await execute(tx, "DELETE FROM address_order WHERE id = ANY(%s)", [list(ids)])


async def tried(tx: Tx, ids: Sequence[int]) -> None:
    """Note that orders could not be carried out yet."""
    await execute(tx, "UPDATE address_order SET attempts = attempts + 1 WHERE id = ANY(%s)", [list(ids)])


async def are_left(tx: Tx) -> bool:
    """Tell whether any order is still to be carried out."""
    return await fetch_one(tx, "SELECT 1 FROM address_order LIMIT 1") is not None


async def waiting(tx: Tx, utility_id: int, subscriptions: Sequence[str]) -> set[str]:
    """Give those of the subscriptions that are still to be written to."""
    rows = await fetch_all(
        tx,
        "SELECT DISTINCT subscription FROM address_order WHERE utility_id = %s AND subscription = ANY(%s)",
        [utility_id, list(subscriptions)],
    )
    return {row["subscription"] for row in rows}


async def settings(tx: Tx, utility_id: int, subscriptions: Sequence[str]) -> dict[str, DictRow]:
    """Give APN and address of subscriptions."""
    rows = await fetch_all(
        tx,
        """SELECT name, attributes ->> 'apn' AS apn, attributes ->> 'ipAddress' AS address FROM managed_object
           WHERE utility_id = %(utility)s AND class = 'UtilitySubscription' AND name = ANY(%(names)s)""",
        {"utility": utility_id, "names": list(subscriptions)},
    )
    return {row["name"]: row for row in rows}
