"""All SQL of 5G LAN groups."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value

_COLUMNS = "id, name, document, members, size, revision"
_OPEN = "NOT (wanted AND operational)"


async def add(tx: Tx, utility_id: int, values: Mapping[str, Any], now: datetime) -> int | None:
    """Keep a new group; None if the utility has one of that name."""
    row = await fetch_one(
        tx,
        """INSERT INTO lan_group (utility_id, name, document, members, size, created_at, modified_at)
           VALUES (%(utility)s, %(name)s, %(document)s, %(members)s, %(size)s, %(now)s, %(now)s)
           ON CONFLICT (utility_id, name) WHERE NOT deleted DO NOTHING RETURNING id""",
        {**_bound(values), "utility": utility_id, "name": values["name"], "now": now},
    )
    return None if row is None else int(row["id"])


async def count(tx: Tx, utility_id: int) -> int:
    """Count a utility's groups."""
    return int(
        await fetch_value(tx, "SELECT count(*) FROM lan_group WHERE utility_id = %s AND NOT deleted", [utility_id])
    )


async def find(tx: Tx, utility_id: int, group_id: int, *, lock: bool = False) -> DictRow | None:
    """Give a group of a utility."""
    return await fetch_one(
        tx,
        f"""SELECT {_COLUMNS} FROM lan_group WHERE utility_id = %s AND id = %s AND NOT deleted
            {"FOR UPDATE" if lock else ""}""",
        [utility_id, group_id],
    )


async def listed(tx: Tx, utility_id: int) -> list[DictRow]:
    """Give a utility's groups, the oldest first."""
    return await fetch_all(
        tx, f"SELECT {_COLUMNS} FROM lan_group WHERE utility_id = %s AND NOT deleted ORDER BY id", [utility_id]
    )


async def replace(tx: Tx, group_id: int, values: Mapping[str, Any], now: datetime) -> None:
    """Give a group other contents; its members follow."""
    await execute(
        tx,
        """UPDATE lan_group SET document = %(document)s, members = %(members)s, size = %(size)s,
               revision = revision + 1, modified_at = %(now)s WHERE id = %(id)s""",
        {**_bound(values), "id": group_id, "now": now},
    )


async def delete(tx: Tx, group_id: int, now: datetime) -> None:
    """End a group; the row goes once its last member has left."""
    await execute(
        tx,
        """UPDATE lan_group SET deleted = true, members = '{}', size = 0, revision = revision + 1, modified_at = %s
           WHERE id = %s""",
        [now, group_id],
    )


async def next_to_spread(tx: Tx) -> DictRow | None:
    """Give the group that waits longest for its members to follow."""
    return await fetch_one(
        tx,
        f"""SELECT {_COLUMNS}, utility_id, deleted FROM lan_group WHERE spread < revision
            ORDER BY modified_at, id LIMIT 1""",
    )


async def wanted(tx: Tx, group_id: int) -> set[str]:
    """Give the subscriptions that are to be members, as far as has been worked out."""
    rows = await fetch_all(tx, "SELECT subscription FROM lan_member WHERE group_id = %s AND wanted", [group_id])
    return {row["subscription"] for row in rows}


async def put_members(tx: Tx, utility_id: int, group_id: int, rows: Sequence[tuple[str, bool, datetime]]) -> None:
    """Say which subscriptions are to be members or no longer: (subscription, wanted, when the network will have it)."""
    await execute(
        tx,
        """INSERT INTO lan_member (group_id, utility_id, subscription, wanted, due_at)
           SELECT %(group)s, %(utility)s, subscription, wanted, due
           FROM jsonb_to_recordset(%(rows)s) AS r(subscription text, wanted boolean, due timestamptz)
           ON CONFLICT (group_id, subscription) DO UPDATE SET wanted = excluded.wanted, due_at = excluded.due_at""",
        {
            "group": group_id,
            "utility": utility_id,
            "rows": Jsonb([{"subscription": name, "wanted": is_in, "due": due} for name, is_in, due in rows]),
        },
    )


async def spread(tx: Tx, group_id: int, revision: int) -> None:
    """Note that all members of a revision are written down."""
    await execute(tx, "UPDATE lan_group SET spread = %s WHERE id = %s", [revision, group_id])


async def due(tx: Tx, now: datetime, most: int) -> list[DictRow]:
    """Give memberships that the network has by now, or has ended, the longest due first.

    One that leaves is due even if it was not seen in the network: whether it got there is not known after a crash.
    """
    return await fetch_all(
        tx,
        f"""SELECT m.group_id, m.utility_id, m.subscription, m.wanted FROM lan_member m
           WHERE {_OPEN} AND m.due_at <= %(now)s ORDER BY m.due_at LIMIT %(most)s""",
        {"now": now, "most": most},
    )


async def next_due(tx: Tx) -> datetime | None:
    """Say when a membership next takes effect."""
    found: datetime | None = await fetch_value(tx, f"SELECT min(due_at) FROM lan_member WHERE {_OPEN}")
    return found


async def settle(tx: Tx, rows: Sequence[tuple[int, str, bool]]) -> None:
    """Note what the network does: (group, subscription, member); one that was changed meanwhile stays due."""
    await execute(
        tx,
        """UPDATE lan_member m SET operational = r.member
           FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, subscription text, member boolean)
           WHERE m.group_id = r.id AND m.subscription = r.subscription""",
        {"rows": Jsonb([{"id": i, "subscription": name, "member": member} for i, name, member in rows])},
    )
    await execute(
        tx,
        """DELETE FROM lan_member m USING jsonb_to_recordset(%(rows)s) AS r(id bigint, subscription text)
           WHERE m.group_id = r.id AND m.subscription = r.subscription AND NOT m.wanted AND NOT m.operational""",
        {"rows": Jsonb([{"id": i, "subscription": name} for i, name, _ in rows])},
    )


async def give_up(tx: Tx, rows: Sequence[tuple[int, str]], until: datetime) -> None:
    """Ask the network no more before a moment: (group, subscription)."""
    await execute(
        tx,
        """UPDATE lan_member m SET due_at = %(until)s
           FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, subscription text)
           WHERE m.group_id = r.id AND m.subscription = r.subscription""",
        {"rows": Jsonb([{"id": i, "subscription": name} for i, name in rows]), "until": until},
    )


async def memberships(tx: Tx, utility_id: int, subscriptions: Sequence[str]) -> dict[str, list[str]]:
    """Give the names of the groups that each subscription is a member of in the network, in order."""
    rows = await fetch_all(
        tx,
        """SELECT m.subscription, array_agg(g.name ORDER BY g.name COLLATE "C") AS names
           FROM lan_member m JOIN lan_group g ON g.id = m.group_id
           WHERE m.utility_id = %(utility)s AND m.subscription = ANY(%(names)s) AND m.operational
           GROUP BY m.subscription""",
        {"utility": utility_id, "names": list(subscriptions)},
    )
    return {row["subscription"]: row["names"] for row in rows}


async def is_member(tx: Tx, utility_id: int, group: str, subscriptions: Sequence[str]) -> set[str]:
    """Give those of the subscriptions that are to be members of a group."""
    rows = await fetch_all(
        tx,
        """SELECT m.subscription FROM lan_member m JOIN lan_group g ON g.id = m.group_id
           WHERE g.utility_id = %(utility)s AND g.name = %(group)s AND NOT g.deleted AND m.wanted
             AND m.subscription = ANY(%(names)s)""",
        {"utility": utility_id, "group": group, "names": list(subscriptions)},
    )
    return {row["subscription"] for row in rows}


async def named(tx: Tx, utility_id: int, name: str) -> bool:
    """Tell whether a utility has a group of this name."""
    return (
        await fetch_one(
            tx, "SELECT 1 FROM lan_group WHERE utility_id = %s AND name = %s AND NOT deleted", [utility_id, name]
        )
        is not None
    )


async def forget_deleted(tx: Tx) -> int:
    """Remove groups that were ended and have no member left."""
    return await execute(
        tx,
        """DELETE FROM lan_group g WHERE g.deleted AND g.spread >= g.revision
           AND NOT EXISTS (SELECT 1 FROM lan_member m WHERE m.group_id = g.id)""",
    )


def _bound(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "document": Jsonb(values["document"]),
        "members": Jsonb(values["members"]),
        "size": len(values["members"]),
    }
