"""SQL that the northbound APIs share: which subscriptions names stand for."""

from collections.abc import Sequence

from tieline.platform.db import Tx, fetch_all


async def subscriptions(tx: Tx, utility_id: int, names: Sequence[str]) -> set[str]:
    """Give those of the names that are subscriptions."""
    if not names:
        return set()
    rows = await fetch_all(
        tx,
        """SELECT name FROM managed_object WHERE utility_id = %(utility)s AND class = 'UtilitySubscription'
           AND name = ANY(%(names)s)""",
        {"utility": utility_id, "names": list(names)},
    )
    return {row["name"] for row in rows}


async def strangers(tx: Tx, utility_id: int, names: Sequence[str]) -> set[str]:
    """Give those of the names that are no subscriptions: none, as a rule, so little comes back."""
    if not names:
        return set()
    rows = await fetch_all(
        tx,
        """SELECT name FROM unnest(%(names)s::text[]) AS name
           WHERE name NOT IN (SELECT m.name FROM managed_object m WHERE m.utility_id = %(utility)s
               AND m.class = 'UtilitySubscription' AND m.name = ANY(%(names)s))""",
        {"utility": utility_id, "names": list(names)},
    )
    return {row["name"] for row in rows}


async def subscriptions_of_numbers(tx: Tx, utility_id: int, numbers: Sequence[str]) -> dict[str, str]:
    """Give the subscription of each MSISDN; of a number that two have, none."""
    rows = await fetch_all(
        tx,
        """SELECT attributes ->> 'msisdn' AS msisdn, min(name) AS name FROM managed_object
           WHERE utility_id = %(utility)s AND class = 'UtilitySubscription'
             AND attributes ->> 'msisdn' = ANY(%(numbers)s)
           GROUP BY 1 HAVING count(*) = 1""",
        {"utility": utility_id, "numbers": list(numbers)},
    )
    return {row["msisdn"]: row["name"] for row in rows}
