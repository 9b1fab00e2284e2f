"""Goods follow what crews report, and alarms are quiet while they are there: in the same transaction."""

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.fieldwork.conftest import NOW, iccid

from tieline.platform.scope import system
from tieline.utility import fieldwork, logistics
from tieline.utility.fieldwork import ReportState, StepState
from tieline.utility.logistics import Goods, PlaceKind

pytestmark = pytest.mark.anyio


async def card(world: Any, number: str, state: str = "issued") -> None:
    await world.run(
        """INSERT INTO card (iccid, operator_id, stock_state)
        VALUES (%(i)s, (SELECT id FROM operator WHERE code = 'B'), %(s)s)""",
        i=number,
        s=state,
    )


async def router(world: Any, serial: str, site: int | None = None) -> None:
    await world.run(
        "INSERT INTO device (external_id, site_id, generations) VALUES (%(e)s, %(s)s, '{4G}')", e=serial, s=site
    )


async def place_of(world: Any, goods: Goods, serial: str) -> Any:
    async with world.db.transaction() as tx:
        return (await logistics.where(tx, system("test"), goods, [serial])).get(serial)


async def test_card_and_router_go_to_the_site_and_the_old_ones_back(world: Any) -> None:
    (visit,) = await world.ordered(0)
    site = world.sites[0]
    await card(world, iccid(0, 2))
    await card(world, iccid(900), "fitted")
    await router(world, "R-1")
    await router(world, "OLD-1", site)
    fitted = await world.say(visit, "fitted", step="backup", iccid=iccid(0, 2), router="R-1")
    assert (fitted.state, fitted.rule) == (ReportState.ACCEPTED, "")
    for goods, serial in ((Goods.CARD, iccid(0, 2)), (Goods.ROUTER, "R-1")):
        found = await place_of(world, goods, serial)
        assert (found.place.kind, found.place.site_id) == (PlaceKind.SITE, site)
    await world.say(visit, "finished", outcome="again", why="dark", removed={"router": "OLD-1", "iccids": []})
    back = await place_of(world, Goods.ROUTER, "OLD-1")
    assert (back.place.kind, back.place.crew_id) == (PlaceKind.CREW, world.crews["north"])


async def test_a_list_of_reports_is_judged_one_after_the_other_and_moves_goods_more_than_once(world: Any) -> None:
    first, second = await world.ordered(0, 2)
    for number in (0, 2):
        await card(world, iccid(number, 2), "blocked" if number == 2 else "issued")
    for serial in ("R-1", "R-2"):
        await router(world, serial)
    said = [
        world.report(first, "arrived"),
        world.report(first, "fitted", step="backup", iccid=iccid(0, 2), router="R-1"),
        world.report(second, "fitted", step="backup", iccid=iccid(2, 2), router="R-2"),
        world.report(first, "finished", outcome="again", why="wet", removed={"router": "R-1", "iccids": []}),
        world.report(second, "left"),
        world.report(first, "left"),
    ]
    answers = await world.send(*said)
    states = [answer.state for answer in answers]
    assert states == [ReportState.ACCEPTED] * 2 + [ReportState.REFUSED] + [ReportState.ACCEPTED] * 3
    assert answers[2].rule == "goods", "the blocked card keeps none of the others back"
    moves = await world.rows(
        """SELECT b.act, m.to_place FROM stock_movement m JOIN stock_batch b ON b.id = m.batch_id
        JOIN stock_item i ON i.id = m.item_id WHERE i.serial = 'R-1' AND b.act <> 'taken up' ORDER BY m.id"""
    )
    assert [row["act"] for row in moves] == ["fitted", "brought back"]
    found = await place_of(world, Goods.ROUTER, "R-1")
    assert (found.place.kind, found.place.id) == (PlaceKind.CREW, moves[-1]["to_place"])
    assert await world.topics(first) == ["visit.arrived", "visit.fitted", "visit.finished", "visit.left"]
    assert await world.topics(second) == ["visit.left"]
    ended = await world.rows("SELECT ended_at FROM incident_expectation WHERE origin = %(o)s", o=f"visit:{first}")
    assert [row["ended_at"] for row in ended] == [NOW], "crews are expected until they have gone"
    async with world.db.transaction() as tx:
        assert (await logistics.balance(tx, system("test"))).ok


async def test_a_blocked_card_is_refused_and_nothing_moves(world: Any) -> None:
    (visit,) = await world.ordered(0)
    await card(world, iccid(0, 2), "blocked")
    await router(world, "R-1")
    answer = await world.say(visit, "fitted", step="backup", iccid=iccid(0, 2), router="R-1")
    assert (answer.state, answer.rule) == (ReportState.REFUSED, "goods")
    assert "must not be used" in answer.sentence
    assert (await world.visit(visit)).steps[0].state is StepState.OPEN
    found = await place_of(world, Goods.ROUTER, "R-1")
    assert found is None or found.place.kind is not PlaceKind.SITE
    assert await world.topics(visit) == []


async def test_what_becomes_known_later_is_taken_when_a_dispatcher_asks_again(world: Any) -> None:
    (visit,) = await world.ordered(0)
    await card(world, iccid(0, 2), "blocked")
    report = world.report(visit, "fitted", step="backup", iccid=iccid(0, 2), router="R-1")
    (refused,) = await world.send(report)
    assert (refused.state, refused.rule) == (ReportState.REFUSED, "goods")
    await world.run("UPDATE card SET stock_state = 'issued'")
    await router(world, "R-1")
    async with world.db.transaction() as tx:
        main = await logistics.warehouse(tx, system("test"), "MAIN")
        found = [logistics.Move(Goods.CARD, iccid(0, 2), main.id)]
        assert (await logistics.move(tx, system("test"), found, key="found", reason="Found.")).moved == 1
    async with world.db.transaction() as tx:
        assert (await fieldwork.take_anyway(tx, world.dora, world.clock, report.id)).state is ReportState.ACCEPTED
    for goods, serial in ((Goods.CARD, iccid(0, 2)), (Goods.ROUTER, "R-1")):
        found = await place_of(world, goods, serial)
        assert (found.place.kind, found.place.site_id) == (PlaceKind.SITE, world.sites[0])


async def test_what_the_books_never_heard_of_is_fitted_all_the_same_and_said(world: Any) -> None:
    (visit,) = await world.ordered(0)
    answer = await world.say(visit, "fitted", step="backup", iccid=iccid(0, 2), router="R-9")
    assert (answer.state, answer.rule) == (ReportState.ACCEPTED, "odd-goods")
    assert "Router R-9 is not in the books." in answer.sentence
    step = next(one for one in (await world.visit(visit)).steps if one.key == "backup")
    assert "Router R-9 is not in the books." in step.said  # the crew's phone shows it


async def test_alarms_are_expected_from_arrival_until_the_crew_has_gone(world: Any) -> None:
    (visit,) = await world.ordered(0)
    await world.say(visit, "arrived")
    rows = "SELECT origin, site_ids, starts_at, ends_at, ended_at FROM incident_expectation WHERE origin = %(o)s"
    (expected,) = await world.rows(rows, o=f"visit:{visit}")
    assert (expected["site_ids"], expected["starts_at"]) == ([world.sites[0]], NOW)
    assert expected["ends_at"] == NOW + timedelta(hours=10)
    world.clock.forward(timedelta(hours=1))
    await world.say(visit, "left", why="No key.")
    (ended,) = await world.rows(rows, o=f"visit:{visit}")
    assert ended["ended_at"] == NOW + timedelta(hours=1)
