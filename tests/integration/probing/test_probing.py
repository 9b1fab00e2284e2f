"""Applications are asked through the queue: once a key, again after a pause, told once, held as evidence."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tests.integration.changes.conftest import FRED
from tests.integration.probing.conftest import Rig

from tieline.lab.sites import Field
from tieline.platform.errors import Forbidden, Invalid
from tieline.platform.scope import Permission
from tieline.utility import probing
from tieline.utility.changes import Draft
from tieline.utility.probing import Why, store
from tieline.utility.probing.worker import Asker

pytestmark = pytest.mark.anyio


async def test_an_application_that_answers_is_told_and_kept(rig: Rig) -> None:
    one, address = next(iter((await rig.addresses()).items()))
    rig.attach(address)
    assert await rig.ask([one]) == 1
    assert await rig.asker.round() == 1
    latest = await rig.latest(one)
    assert latest is not None
    assert (latest.ok, latest.why, latest.address, latest.at) == (True, Why.ANSWERED, address, rig.clock.at)
    assert latest.rtt_ms is not None
    (told,) = await rig.told()
    assert set(told) == {"subscription_id", "origin", "key", "ok", "rtt_ms", "why", "at"}
    assert (told["subscription_id"], told["origin"], told["key"], told["ok"]) == (one, "test:1", "1", True)


async def test_the_same_key_asks_once_however_often_it_comes(rig: Rig) -> None:
    ids = list(await rig.addresses())
    assert await rig.ask(ids) == len(ids)
    assert await rig.ask(ids) == 0
    rig.attach(*(await rig.addresses()).values())
    await rig.asker.round()
    assert await rig.ask(ids) == 0
    assert await rig.ask(ids, key="2") == len(ids)
    await rig.asker.round()
    assert len(await rig.told()) == 2 * len(ids)


async def test_it_is_asked_again_after_pauses_before_it_is_given_up(rig: Rig) -> None:
    one = next(iter(await rig.addresses()))
    await rig.ask([one])
    for pause in (10, 20):
        assert await rig.asker.round() == 0
        assert await rig.told() == []
        rig.clock.pass_by(pause - 1)
        assert await rig.asker.round() == 0
        rig.clock.pass_by(1)
    assert await rig.asker.round() == 1
    latest = await rig.latest(one)
    assert latest is not None
    assert (latest.ok, latest.why) == (False, Why.UNREACHABLE)
    assert await rig.world.value("SELECT attempts FROM probe") == 3


async def test_one_that_comes_back_meanwhile_answers(rig: Rig) -> None:
    one, address = next(iter((await rig.addresses()).items()))
    await rig.ask([one])
    assert await rig.asker.round() == 0
    rig.attach(address)
    rig.clock.pass_by(10)
    assert await rig.asker.round() == 1
    latest = await rig.latest(one)
    assert latest is not None
    assert latest.ok


async def test_the_address_is_what_the_network_gives_and_never_our_own(rig: Rig) -> None:
    ids = list(await rig.addresses())[:3]
    await rig.world.run_sql("UPDATE subscription SET op_ip_address = '10.77.0.1' WHERE id = %(id)s", id=ids[0])
    await rig.world.run_sql("UPDATE subscription SET op_ip_address = '169.254.169.254' WHERE id = %(id)s", id=ids[1])
    await rig.world.run_sql(
        "UPDATE subscription SET op_ip_address = NULL, ip_address = NULL WHERE id = %(id)s", id=ids[2]
    )
    rig.attach("10.77.0.1", "169.254.169.254")
    await rig.ask(ids)
    assert await rig.asker.round() == 3
    found = [await rig.latest(one) for one in ids]
    assert [one and one.why for one in found] == [Why.ANSWERED, Why.NOT_ALLOWED, Why.NO_ADDRESS]
    assert rig.sites.reached == 1


async def test_a_dead_application_is_not_in_service_though_the_link_is_up(rig: Rig) -> None:
    one, address = next(iter((await rig.addresses()).items()))
    rig.attach(address)
    rig.sites.field = Field(dead=frozenset({address}), hurry=0)
    settings = rig.settings.model_copy(update={"probing_attempts": 1, "probing_answer_s": 0.1})
    await rig.ask([one])
    await Asker(rig.world.db, rig.clock, settings).round()
    latest = await rig.latest(one)
    assert latest is not None
    assert latest.why in {Why.REFUSED, Why.SILENT, Why.GARBLED}
    assert not latest.ok


async def test_two_workers_share_the_queue_and_tell_each_answer_once(rig: Rig) -> None:
    addresses = await rig.addresses()
    rig.attach(*addresses.values())
    await rig.ask(list(addresses))
    settings = rig.settings.model_copy(update={"probing_at_once": 3})
    askers = [Asker(rig.world.db, rig.clock, settings) for _ in range(2)]
    ended = await asyncio.gather(*(asker.round() for asker in askers))
    assert sum(ended) == len(addresses)
    assert sorted(told["subscription_id"] for told in await rig.told()) == sorted(addresses)


async def test_what_a_killed_worker_had_taken_is_asked_when_its_lease_is_over(rig: Rig) -> None:
    one, address = next(iter((await rig.addresses()).items()))
    rig.attach(address)
    await rig.ask([one])
    killed = rig.asker
    await killed.take()
    assert await rig.asker.take() == 0
    rig.clock.pass_by(60)
    assert await rig.asker.round() == 1
    assert await killed.settle(5) == 0  # it was only thought dead: its answer comes late and is not told again
    assert len(await rig.told()) == 1


async def test_a_worker_stops_in_the_middle(rig: Rig) -> None:
    addresses = await rig.addresses()
    rig.attach(*addresses.values())
    await rig.ask(list(addresses))
    task = asyncio.create_task(rig.asker.run())
    async with asyncio.timeout(20):
        while len(await rig.told()) < len(addresses):
            await asyncio.wait([task], timeout=0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_evidence_reaches_the_change_that_wrote_last(rig: Rig, prepare: Callable[..., Draft]) -> None:
    change = await rig.world.started(prepare())
    await rig.world.drive(change.id)
    rows = await rig.world.rows(
        """SELECT i.subscription_id AS id, host(s.ip_address) AS address
           FROM change_item i JOIN subscription s ON s.id = i.subscription_id ORDER BY i.id"""
    )
    rig.attach(rows[0]["address"])
    settings = rig.settings.model_copy(update={"probing_attempts": 1})
    rig.clock.at = datetime.now(UTC)
    await rig.ask([row["id"] for row in rows])
    assert await Asker(rig.world.db, rig.clock, settings).round() == len(rows) > 1
    graded = await rig.world.rows("SELECT subscription_id AS id, in_service_at FROM change_item ORDER BY id")
    in_service = {row["id"]: row["in_service_at"] for row in graded if row["in_service_at"] is not None}
    there = [row["id"] for row in rows if row["address"] == rows[0]["address"]]
    assert in_service == dict.fromkeys(there, rig.clock.at)
    assert len(there) < len(rows)


async def test_answers_are_forgotten_and_the_last_one_stays(rig: Rig) -> None:
    one, address = next(iter((await rig.addresses()).items()))
    rig.attach(address)
    await rig.ask([one])
    await rig.asker.round()
    rig.clock.pass_by(31 * 86_400)
    await rig.asker.forget()
    assert await rig.world.value("SELECT count(*) FROM probe") == 0
    assert await rig.latest(one) is not None


async def test_who_may_ask_and_see(rig: Rig) -> None:
    ids = list(await rig.addresses())
    viewer = FRED.narrowed(permissions=[Permission.INVENTORY_READ])
    async with rig.world.db.transaction() as tx:
        with pytest.raises(Forbidden):
            await probing.ask(tx, viewer, ids, origin="x", key="1")
        with pytest.raises(Invalid):
            await probing.ask(tx, FRED, ids, origin="", key="1")
        north = FRED.narrowed(regions=["North"], operators=["A"])
        asked = await probing.ask(tx, north, ids, origin="x", key="1")
    expected = await rig.world.value(
        """SELECT count(*) FROM subscription s JOIN site t ON t.id = s.site_id JOIN operator o ON o.id = s.operator_id
           WHERE t.region = 'North' AND o.code = 'A'"""
    )
    assert 0 < asked <= expected + await rig.world.value("SELECT count(*) FROM subscription WHERE site_id IS NULL")
    async with rig.world.db.snapshot() as tx:
        south = FRED.narrowed(regions=["South"])
        assert list((await probing.probe_page(tx, south, probing.ProbeFilter())).items) == []
        assert len((await probing.probe_page(tx, north, probing.ProbeFilter())).items) == asked
        assert await probing.summary(tx, north, rig.clock) == {"waiting": asked}


async def test_the_queue_is_taken_oldest_first(rig: Rig) -> None:
    ids = list(await rig.addresses())
    await rig.ask(ids[:2], key="1")
    rig.clock.pass_by(1)
    await rig.ask(ids[2:], key="2")
    async with rig.world.db.transaction() as tx:
        taken = await store.take(tx, rig.clock.at, rig.clock.at, 3)
    assert sorted(one.subscription_id for one in taken)[:2] == ids[:2]
