"""Plan descriptors, their contents, and plan groups."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tieline.gateway.plans.model import LISTED, Part
from tieline.platform.db import Tx, execute, fetch_all, fetch_one, fetch_value

_PLAN = """id, name, properties, activation_mode, validation_state, last_modified_at, last_validated_at, content_id"""
_GROUP = """id, name, properties, members, is_ordered, is_fail_on_member_conflicts, activation_mode, validation_state,
    last_modified_at, last_validated_at"""


async def keep_content(tx: Tx, utility_id: int, changes: bytes, size: int) -> Part:
    """Keep the changes of a plan; they are never altered, so that jobs may go on referring to them."""
    content_id: int = await fetch_value(
        tx,
        "INSERT INTO plan_content (utility_id, changes, size) VALUES (%s, %s, %s) RETURNING id",
        [utility_id, changes, size],
    )
    return Part(content_id, size)


async def content(tx: Tx, content_id: int) -> bytes:
    """Give the changes of a plan as they were kept."""
    found: Any = await fetch_value(tx, "SELECT changes FROM plan_content WHERE id = %s", [content_id])
    return bytes(found)


async def add(tx: Tx, utility_id: int, plan: Mapping[str, Any], content_id: int, now: datetime) -> DictRow:
    """Keep a new descriptor."""
    row = await fetch_one(
        tx,
        f"""INSERT INTO plan_descriptor (utility_id, name, properties, activation_mode, last_modified_at, content_id)
            VALUES (%(utility)s, %(name)s, %(properties)s, %(mode)s, %(now)s, %(content)s) RETURNING {_PLAN}""",
        {
            "utility": utility_id,
            "name": plan["name"],
            "properties": Jsonb(plan["properties"]),
            "mode": plan["mode"],
            "now": now,
            "content": content_id,
        },
    )
    if row is None:
        raise LookupError("the database gave no row back")
    return row


async def replace(
    tx: Tx, utility_id: int, number: int, plan: Mapping[str, Any], *, content_id: int, now: datetime
) -> bool:
    """Give a descriptor other contents, not validated yet; False if there is none."""
    count = await execute(
        tx,
        """UPDATE plan_descriptor SET name = %(name)s, properties = %(properties)s, activation_mode = %(mode)s,
               last_modified_at = %(now)s, content_id = %(content)s, validation_state = 'NOT_VALIDATED',
               last_validated_at = NULL
           WHERE id = %(id)s AND utility_id = %(utility)s AND NOT deleted""",
        {
            "id": number,
            "utility": utility_id,
            "name": plan["name"],
            "properties": Jsonb(plan["properties"]),
            "mode": plan["mode"],
            "now": now,
            "content": content_id,
        },
    )
    return count == 1


async def find(tx: Tx, utility_id: int, number: int) -> DictRow | None:
    """Give a descriptor, without its changes, and how many these are."""
    return await fetch_one(
        tx,
        f"""SELECT {_PLAN}, (SELECT size FROM plan_content c WHERE c.id = content_id) AS size
            FROM plan_descriptor WHERE id = %s AND utility_id = %s AND NOT deleted""",
        [number, utility_id],
    )


async def hold(tx: Tx, utility_id: int, number: int) -> DictRow | None:
    """Give a descriptor as ``find`` does; until the transaction ends it is neither replaced nor forgotten.

    A job that is made of it refers to its changes: they must not go before the job is there to be seen.
    """
    await execute(
        tx,
        "SELECT 1 FROM plan_descriptor WHERE id = %s AND utility_id = %s AND NOT deleted FOR SHARE",
        [number, utility_id],
    )
    return await find(tx, utility_id, number)


async def listed(tx: Tx, utility_id: int, name: str | None) -> list[DictRow]:
    """Give the newest descriptors, of a name if one is given."""
    return await fetch_all(
        tx,
        """SELECT id, name, properties FROM plan_descriptor
           WHERE utility_id = %(utility)s AND NOT deleted AND (%(name)s::text IS NULL OR name = %(name)s)
           ORDER BY id DESC LIMIT %(most)s""",
        {"utility": utility_id, "name": name, "most": LISTED},
    )


async def remove(tx: Tx, utility_id: int, number: int) -> bool:
    """Delete a descriptor; its contents stay for the jobs made from it. False if there is none."""
    count = await execute(
        tx,
        "UPDATE plan_descriptor SET deleted = true WHERE id = %s AND utility_id = %s AND NOT deleted",
        [number, utility_id],
    )
    return count == 1


async def in_groups(tx: Tx, utility_id: int, member: Mapping[str, str]) -> bool:
    """Tell whether a plan or a group is a member of a group."""
    found: bool = await fetch_value(
        tx,
        "SELECT EXISTS (SELECT 1 FROM plan_group WHERE utility_id = %s AND members @> %s) AS found",
        [utility_id, Jsonb([dict(member)])],
    )
    return found


async def set_validity(tx: Tx, utility_id: int, number: int, *, content_id: int, valid: bool, now: datetime) -> None:
    """Note what a validation found, unless the plan was replaced since."""
    await execute(
        tx,
        """UPDATE plan_descriptor SET validation_state = %s, last_validated_at = %s
           WHERE id = %s AND utility_id = %s AND content_id = %s AND NOT deleted""",
        ["VALID" if valid else "INVALID", now, number, utility_id, content_id],
    )


async def add_group(tx: Tx, utility_id: int, group: Mapping[str, Any], now: datetime) -> DictRow:
    """Keep a new group."""
    row = await fetch_one(
        tx,
        f"""INSERT INTO plan_group (utility_id, name, properties, members, is_ordered, is_fail_on_member_conflicts,
                activation_mode, last_modified_at)
            VALUES (%(utility)s, %(name)s, %(properties)s, %(members)s, %(ordered)s, %(conflicts)s, %(mode)s, %(now)s)
            RETURNING {_GROUP}""",
        {**_group_values(group), "utility": utility_id, "now": now},
    )
    if row is None:
        raise LookupError("the database gave no row back")
    return row


async def replace_group(
    tx: Tx, utility_id: int, number: int, group: Mapping[str, Any], now: datetime
) -> DictRow | None:
    """Replace a group; None if there is none."""
    return await fetch_one(
        tx,
        f"""UPDATE plan_group SET name = %(name)s, properties = %(properties)s, members = %(members)s,
                is_ordered = %(ordered)s, is_fail_on_member_conflicts = %(conflicts)s, activation_mode = %(mode)s,
                last_modified_at = %(now)s, validation_state = 'NOT_VALIDATED', last_validated_at = NULL
            WHERE id = %(id)s AND utility_id = %(utility)s RETURNING {_GROUP}""",
        {**_group_values(group), "utility": utility_id, "id": number, "now": now},
    )


async def find_group(tx: Tx, utility_id: int, number: int) -> DictRow | None:
    """Give a group."""
    return await fetch_one(
        tx, f"SELECT {_GROUP} FROM plan_group WHERE id = %s AND utility_id = %s", [number, utility_id]
    )


async def listed_groups(tx: Tx, utility_id: int, name: str | None) -> list[DictRow]:
    """Give the newest groups, of a name if one is given."""
    return await fetch_all(
        tx,
        """SELECT id, name, properties FROM plan_group
           WHERE utility_id = %(utility)s AND (%(name)s::text IS NULL OR name = %(name)s)
           ORDER BY id DESC LIMIT %(most)s""",
        {"utility": utility_id, "name": name, "most": LISTED},
    )


async def remove_group(tx: Tx, utility_id: int, number: int) -> bool:
    """Delete a group; False if there is none."""
    count = await execute(tx, "DELETE FROM plan_group WHERE id = %s AND utility_id = %s", [number, utility_id])
    return count == 1


async def set_group_validity(tx: Tx, utility_id: int, number: int, state: str, now: datetime) -> None:
    """Note what a validation of a group found."""
    await execute(
        tx,
        "UPDATE plan_group SET validation_state = %s, last_validated_at = %s WHERE id = %s AND utility_id = %s",
        [state, now, number, utility_id],
    )


def _group_values(group: Mapping[str, Any]) -> dict[str, Any]:
    members: Sequence[Any] = group["members"]
    return {
        "name": group["name"],
        "properties": Jsonb(group["properties"]),
        "members": Jsonb(list(members)),
        "ordered": group["ordered"],
        "conflicts": group["conflicts"],
        "mode": group["mode"],
    }
