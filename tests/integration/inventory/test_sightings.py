"""What operators show beyond operational values: kept while it deviates, forgotten when it does no more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieline.platform.db import Database, execute, fetch_all, fetch_value
from tieline.platform.errors import Forbidden, NotFound
from tieline.platform.scope import Permission, Scope, system
from tieline.utility import inventory
from tieline.utility.inventory import Shown

pytestmark = pytest.mark.anyio
SYSTEM = system("test")
NOW = datetime.now(UTC)
TOLD: dict[inventory.Field, Any] = {
    "state": "ACTIVE",
    "apn": "scada.dso",
    "ip_address": None,
    "subscription_group": None,
    "data_plan": None,
    "rat_restriction": ["GERAN", "UTRA"],
    "imei_lock": None,
}


@pytest.fixture
async def db(utility_db: Database) -> Database:
    async with utility_db.transaction() as tx:
        await execute(tx, "INSERT INTO operator (code, name) VALUES ('A', 'Operator A')")
        await execute(
            tx,
            """INSERT INTO subscription (operator_id, operator_ref, state, apn, rat_restriction, created_at)
            SELECT id, 's' || n, 'ACTIVE', 'scada.dso', '{UTRA,GERAN}', now() - interval '1 day'
            FROM operator, generate_series(1, 3) n""",
        )
    return utility_db


async def take(db: Database, *shown: Shown) -> Any:
    async with db.transaction() as tx:
        return await inventory.take_sightings(tx, SYSTEM, "A", shown)


async def kept(db: Database) -> list[dict[str, Any]]:
    async with db.transaction() as tx:
        return await fetch_all(tx, "SELECT ref, told, deviates, absent_at FROM sighting ORDER BY ref")


async def test_what_agrees_leaves_no_trace_however_lists_are_ordered(db: Database) -> None:
    found = await take(db, Shown(ref="s1", at=NOW, told=TOLD))
    assert (found.suspects, found.unknown) == ((), ())
    assert await kept(db) == []


async def test_what_deviates_is_kept_until_it_does_no_more(db: Database) -> None:
    found = await take(db, Shown(ref="s1", at=NOW, told={**TOLD, "apn": "evil.apn"}, by="staff:bob"))
    assert len(found.suspects) == 1
    again = await take(db, Shown(ref="s1", at=NOW + timedelta(seconds=1), told=TOLD))
    assert again.suspects == found.suspects  # worth a look: it came right
    assert await kept(db) == []


async def test_parts_are_laid_over_what_was_seen_and_older_ones_count_for_nothing(db: Database) -> None:
    await take(db, Shown(ref="s1", at=NOW, told={"apn": "evil.apn"}, by="staff:bob"))
    await take(db, Shown(ref="s1", at=NOW + timedelta(seconds=1), told={"data_plan": "gold"}, by="staff:bob"))
    await take(db, Shown(ref="s1", at=NOW - timedelta(seconds=9), told={"apn": "older.apn"}, by="staff:bob"))
    (row,) = await kept(db)
    assert row["told"] == {"apn": "evil.apn", "data_plan": "gold"}


async def test_what_the_inventory_does_not_have_is_unknown_until_it_has_it(db: Database) -> None:
    found = await take(db, Shown(ref="strange", at=NOW, told={"state": "ACTIVE"}))
    assert found.unknown == ("strange",)
    async with db.transaction() as tx:
        assert [one.ref for one in await inventory.unknown_sightings(tx, SYSTEM, "A")] == ["strange"]
        await execute(tx, "INSERT INTO subscription (operator_id, operator_ref, state) SELECT id, 'strange', 'ACTIVE'"
                          " FROM operator")  # fmt: skip
        await inventory.sightings(tx, SYSTEM)
        assert await inventory.unknown_sightings(tx, SYSTEM, "A") == []


async def test_a_full_read_says_what_is_missing_and_counts_the_rest(db: Database) -> None:
    async with db.transaction() as tx:
        await execute(tx, "UPDATE subscription SET observed_at = %(now)s, reported_at = %(now)s, op_state = state,"
                          " op_apn = apn, op_rat_restriction = rat_restriction WHERE operator_ref <> 's3'",
                      {"now": NOW})  # fmt: skip
        await execute(tx, "UPDATE subscription SET op_apn = 'evil.apn' WHERE operator_ref = 's2'")
        missing, tally = await inventory.mark_unread(tx, SYSTEM, "A", since=NOW, asked_at=NOW)
        third = await fetch_value(tx, "SELECT id FROM subscription WHERE operator_ref = 's3'")
    assert missing == [third]
    assert (tally.seen, tally.equal, tally.differing, tally.missing, tally.unknown) == (2, 1, 1, 1, 0)
    assert tally.fields == {"apn": 1}
    await take(db, Shown(ref="s3", at=NOW + timedelta(seconds=1), told=TOLD))
    assert await kept(db) == []


async def test_what_our_own_orders_set_is_forgotten_once_it_agrees(db: Database) -> None:
    await take(db, Shown(ref="s1", at=NOW, told={**TOLD, "apn": "new.dso"}, by="utility:grid", plan="job-1"))
    async with db.transaction() as tx:
        assert len(await inventory.sightings(tx, SYSTEM)) == 1
        await execute(tx, "UPDATE subscription SET apn = 'new.dso' WHERE operator_ref = 's1'")
        assert await inventory.sightings(tx, SYSTEM) == []


async def test_only_the_system_reports_and_only_of_operators_there_are(db: Database) -> None:
    async with db.transaction() as tx:
        with pytest.raises(NotFound):
            await inventory.take_sightings(tx, SYSTEM, "Z", [])
        with pytest.raises(Forbidden):
            await inventory.take_sightings(tx, Scope("user:a", frozenset({Permission.INVENTORY_READ})), "A", [])
