"""What changes did to a thing shows on its timeline."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tieline.platform.scope import Permission, Scope
from tieline.utility.changes import Grade, record_evidence
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.timeline import events
from tieline.utility.inventory import Kind, Thing

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]


async def test_each_thing_shows_what_was_done_to_it(world: Any, prepare: Make) -> None:
    await world.build(3)
    change = await world.started(prepare())
    await world.drive(change.id)
    (item,) = await world.rows("SELECT * FROM change_item WHERE ref LIKE 'new-A-%%' AND site = 'S2'")
    now = datetime.now(UTC)
    async with world.db.transaction() as tx:
        site = await events(tx, world.fred, Thing(Kind.SITE, item["site_id"]), now, 10)
        old = await events(tx, world.fred, Thing(Kind.SUBSCRIPTION, 0, (item["source_id"],)), now, 10)
        new = await events(tx, world.fred, Thing(Kind.SUBSCRIPTION, 0, (item["subscription_id"],)), now, 10)
        stranger = await events(tx, Scope("user:x", frozenset()), Thing(Kind.SITE, item["site_id"]), now, 10)
    assert len(site) == 2
    assert [event.title for event in old] == ["Done and verified: 3G remediation"]
    assert old == new
    assert new[0].detail["after"]["state"] == "TEST_READY"
    assert new[0].link == f"/changes/{change.id}"
    assert stranger == []


async def test_better_evidence_is_kept_with_its_time_and_never_lost(world: Any, prepare: Make) -> None:
    await world.build(1)
    change = await world.started(prepare())
    await world.drive(change.id)
    ids = [row["subscription_id"] for row in await world.rows("SELECT subscription_id FROM change_item")]
    now = datetime.now(UTC)
    system = Scope("system:sessions", world.fred.permissions | {Permission.SYSTEM})
    async with world.db.transaction() as tx:
        assert await record_evidence(tx, system, Grade.IN_SERVICE, ids, at=now) == 2
        assert await record_evidence(tx, system, Grade.SEEN, ids, at=now) == 2
    rows = await world.rows("SELECT grade, operational_at, seen_at, in_service_at FROM change_item")
    assert {row["grade"] for row in rows} == {4}
    assert all(row["operational_at"] < row["in_service_at"] == now for row in rows)
