"""Who holds fixed addresses: by the objects themselves, and by a table of those that the network has yet to take."""

from collections.abc import Collection, Sequence

from psycopg.types.json import Jsonb

from tieline.gateway.model import dn_of
from tieline.gateway.objects.addresses import Held, Holder
from tieline.platform.db import Tx, execute, fetch_all

_LOCK = 0x41444452
"""First half of the key of an advisory lock; the second is the utility: one transaction at a time gives addresses."""


async def lock(tx: Tx, utility_id: int) -> None:
    """Let nobody else give this utility's addresses to subscriptions until the transaction ends."""
    await execute(tx, "SELECT pg_advisory_xact_lock(%s, (%s %% 2147483647)::integer)", [_LOCK, utility_id])


async def holders(tx: Tx, utility_id: int, addresses: Collection[str]) -> dict[Held, list[Holder]]:
    """Give the subscriptions that hold one of these addresses, in whichever APN."""
    rows = await fetch_all(
        tx,
        """SELECT m.path, coalesce(m.attributes ->> 'apn', '') AS apn, a.address, false AS leaving
           FROM unnest(%(addresses)s::text[]) AS a(address)
           JOIN managed_object m ON m.utility_id = %(utility)s AND m.attributes ->> 'ipAddress' = a.address
           WHERE m.class = 'UtilitySubscription' AND m.attributes ->> 'state' <> 'RETIRED'
           UNION ALL
           SELECT m.path, l.apn, l.address, true
           FROM address_leaving l JOIN managed_object m ON m.id = l.object_id
           WHERE l.utility_id = %(utility)s AND l.address = ANY(%(addresses)s)""",
        {"utility": utility_id, "addresses": list(addresses)},
    )
    found: dict[Held, list[Holder]] = {}
    for row in rows:
        holder = Holder(dn_of(row["path"]), row["leaving"])
        found.setdefault(Held(row["apn"], row["address"]), []).append(holder)
    return found


async def leave(tx: Tx, utility_id: int, leaving: Sequence[tuple[int, Held]]) -> None:
    """Note that the network has still to take an address from each of these objects."""
    if leaving:
        rows = [{"id": object_id, "apn": held.apn, "address": held.address} for object_id, held in leaving]
        await execute(
            tx,
            """INSERT INTO address_leaving (object_id, utility_id, apn, address)
               SELECT id, %(utility)s, apn, address
               FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, apn text, address text)
               ON CONFLICT (object_id) DO UPDATE SET apn = excluded.apn, address = excluded.address""",
            {"utility": utility_id, "rows": Jsonb(rows)},
        )


async def left(tx: Tx, object_ids: Sequence[int]) -> None:
    """Note that the network has taken the addresses from these objects."""
    if object_ids:
        await execute(tx, "DELETE FROM address_leaving WHERE object_id = ANY(%s)", [list(object_ids)])
