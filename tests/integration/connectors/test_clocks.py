"""Clocks that are wrong: an operator's, our own, and what they leave behind when they are put right."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.connectors.test_devices import NEW, OLD, OTHER, events, report, told
from tests.integration.connectors.test_notifications import OPERATIONAL, change, moi_changes

from tieline.utility.connectors import LeaseLost, take_lease

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def test_a_notification_of_the_future_does_not_make_what_follows_old(house: Any) -> None:
    ahead = datetime.now(UTC) + DAY
    await house.notify(moi_changes(1, change(1, "s1", "operational", {**OPERATIONAL, "apn": "wrong.apn"}), at=ahead))
    assert await house.value("SELECT op_apn FROM subscription WHERE operator_ref = 's1'") == "wrong.apn"
    await house.notify(moi_changes(2, change(2, "s1", "operational", OPERATIONAL)))
    assert await house.value("SELECT op_apn FROM subscription WHERE operator_ref = 's1'") == OPERATIONAL["apn"]
    assert await house.value("SELECT max(observed_at) <= now() FROM subscription") is True


async def test_a_device_event_of_the_future_does_not_hide_the_next_one(house: Any) -> None:
    now = datetime.now(UTC)
    await told(house, report("s1", NEW, OLD, at=now + DAY))
    await told(house, report("s1", OTHER, NEW, at=datetime.now(UTC)))
    assert await house.value("SELECT imei_seen FROM subscription WHERE operator_ref = 's1'") == OTHER
    assert [(one["old_imei"], one["new_imei"]) for one in await events(house)] == [(OLD, NEW), (NEW, OTHER)]


async def test_what_a_wrong_clock_of_ours_dated_in_the_future_is_no_newer_than_what_is_read_now(house: Any) -> None:
    await house.notify(moi_changes(1, change(1, "s1", "operational", OPERATIONAL)))
    await house.run_sql(
        "UPDATE subscription SET reported_at = now() + interval '1 day', observed_at = now() + interval '1 day'"
        " WHERE operator_ref = 's1'"
    )
    await house.notify(moi_changes(2, change(2, "s1", "operational", {**OPERATIONAL, "apn": "later.apn"})))
    (row,) = await house.rows("SELECT op_apn, reported_at <= now() AS past FROM subscription WHERE operator_ref = 's1'")
    assert row == {"op_apn": "later.apn", "past": True}


async def test_a_lease_that_a_clock_which_went_back_would_hold_for_hours_is_taken_over(house: Any) -> None:
    operator_id = await house.value("SELECT id FROM operator WHERE code = 'A'")
    dead = await take_lease(house.db, operator_id, "changes", "one", 10)
    assert dead is not None
    await house.run_sql("UPDATE operator_lease SET expires_at = expires_at + interval '1 hour'")
    assert await take_lease(house.db, operator_id, "changes", "two", 10) is not None
    async with house.db.transaction() as tx:
        with pytest.raises(LeaseLost):
            await dead.hold(tx)
