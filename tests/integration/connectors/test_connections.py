"""How operators are reached, over REST; leases."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tieline.platform.scope import Role
from tieline.utility.connectors import LeaseLost, service, store, take_lease
from tieline.utility.connectors.lines import SYSTEM

pytestmark = pytest.mark.anyio

BODY = {"provider": "mns3gpp", "base_url": "https://operator-b.test/3gpp-mns", "dn": "SubNetwork=grid"}


async def test_a_connection_is_set_and_shown_with_what_the_platform_can_do(house: Any) -> None:
    answer = await house.people.put("/operators/B/connection", json={**BODY, "max_batch": 7, "calls_per_second": 2.5})
    assert answer.status_code == 200, answer.text
    shown = (await house.people.get("/operators/B/connection")).json()
    assert shown["capabilities"]["max_batch"] == 7
    assert shown["capabilities"]["calls_per_second"] == 2.5
    assert "TEST_READY" in shown["capabilities"]["transitions"]["INVENTORY"]
    assert await house.value("SELECT count(*) FROM audit WHERE action = 'connection.set'") == 2


async def test_the_contract_narrows_what_the_platform_can(house: Any) -> None:
    await house.run_sql(
        "INSERT INTO contract (operator_id, name, calls_per_second, max_batch)"
        " SELECT id, 'main', 5, 100 FROM operator WHERE code = 'A'"
    )
    capabilities = (await house.lines.get("A")).capabilities
    assert (capabilities.calls_per_second, capabilities.max_batch) == (5.0, 100)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**BODY, "provider": "nobody"}, 422),
        ({**BODY, "base_url": "http://plain.test"}, 422),
        ({**BODY, "private_key": "../../etc/shadow"}, 422),
        ({**BODY, "surprise": 1}, 422),
    ],
)
async def test_nonsense_is_refused(house: Any, body: dict[str, Any], status: int) -> None:
    assert (await house.people.put("/operators/B/connection", json=body)).status_code == status


async def test_only_who_may_sets_connections(house: Any) -> None:
    house.roles[:] = [Role.TECHNICIAN]
    assert (await house.people.put("/operators/B/connection", json=BODY)).status_code == 403
    assert (await house.people.get("/operator-connections")).status_code == 200
    assert (await house.people.get("/operators/Z/connection")).status_code == 404


async def test_a_changed_connection_opens_a_new_line(house: Any) -> None:
    first = await house.lines.get("A")
    assert await house.lines.get("A") is first
    await house.run_sql("UPDATE operator_connection SET updated_at = clock_timestamp(), max_batch = 3")
    second = await house.lines.get("A")
    assert second is not first
    assert second.capabilities.max_batch == 3


async def test_a_lease_has_one_holder_and_who_lost_it_cannot_commit(house: Any) -> None:
    operator_id = await house.value("SELECT id FROM operator WHERE code = 'A'")
    first = await take_lease(house.db, operator_id, "changes", "one", 0.1)
    assert first is not None
    assert await take_lease(house.db, operator_id, "changes", "two", 0.1) is None
    await asyncio.sleep(0.15)
    second = await take_lease(house.db, operator_id, "changes", "two", 10)
    assert second is not None
    async with house.db.transaction() as tx:
        with pytest.raises(LeaseLost):
            await first.hold(tx)
        with pytest.raises(LeaseLost):
            await first.renew(tx)
        await second.hold(tx)
    async with house.db.transaction() as tx:
        await second.drop(tx)
    assert await take_lease(house.db, operator_id, "changes", "three", 1) is not None


async def test_a_full_read_whose_worker_was_killed_is_begun_again_at_once(house: Any) -> None:
    operator_id = await house.value("SELECT id FROM operator WHERE code = 'A'")
    async with house.db.transaction() as tx:
        sync_id = await store.add_sync(tx, SYSTEM, operator_id, "test")
        await store.start_sync(tx, sync_id, datetime.now(UTC))
    assert await take_lease(house.db, operator_id, "sync", f"sync-{sync_id}", 60) is not None
    await service.sync(house.db, house.lines, house.runtime.clock, sync_id)
    assert await house.value("SELECT state FROM operator_sync WHERE id = %(id)s", id=sync_id) == "done"


async def test_a_rate_that_the_contract_changes_holds_from_the_next_call(house: Any) -> None:
    first = await house.lines.get("A")
    await house.run_sql(
        "INSERT INTO contract (operator_id, name, calls_per_second) SELECT id, 'main', 5 FROM operator WHERE code = 'A'"
    )
    second = await house.lines.get("A")
    assert second is not first
    assert second.capabilities.calls_per_second == 5.0


async def test_old_and_new_certificate_count_while_an_operator_renews_its_own(house: Any) -> None:
    old, new = "ab" * 32, "cd" * 32
    assert (await house.notify(b"{}", fingerprint=new)).status_code == 403
    body = {**BODY, "notification_fingerprint": old, "notification_fingerprint_next": new}
    assert (await house.people.put("/operators/A/connection", json=body)).status_code == 200
    for fingerprint in (old, new):
        assert (await house.notify(b"{}", fingerprint=fingerprint)).status_code == 422, "let in, and not understood"
    done = {**BODY, "notification_fingerprint": new}
    assert (await house.people.put("/operators/A/connection", json=done)).status_code == 200
    assert (await house.notify(b"{}", fingerprint=old)).status_code == 403
