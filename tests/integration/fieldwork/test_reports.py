"""What crews report: the good way through a visit, and each way in which it goes wrong."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.fieldwork.conftest import NOW, iccid

from tieline.platform.db import fetch_all
from tieline.platform.errors import Conflict, Forbidden
from tieline.utility import fieldwork
from tieline.utility.fieldwork import Report, ReportKind, ReportState, StepState, VisitState

pytestmark = pytest.mark.anyio
ACCEPTED, REFUSED, HELD = ReportState.ACCEPTED, ReportState.REFUSED, ReportState.HELD


async def test_a_visit_from_arrival_to_the_end(world: Any) -> None:
    (visit,) = await world.ordered(0)
    assert (await world.say(visit, "arrived")).state is ACCEPTED
    assert (await world.visit(visit)).state is VisitState.ON_SITE
    for key, operator in (("backup", 2), ("primary", 1)):
        fitted, asked = await world.step(visit, key, 0, operator=operator)
        assert (fitted.state, asked.state) == (ACCEPTED, ACCEPTED)
    removed = {"router": "OLD-1", "iccids": [iccid(900), iccid(901)]}
    assert (await world.say(visit, "finished", outcome="done", removed=removed)).state is ACCEPTED
    found = await world.visit(visit)
    assert (found.state, found.outcome, found.router) == (VisitState.FINISHED, "done", "R-1")
    assert [step.state for step in found.steps] == [StepState.PASSED, StepState.PASSED]
    assert await world.topics(visit) == [
        "visit.arrived",
        *["visit.fitted", "visit.test-asked"] * 2,
        "visit.finished",
    ]
    (finished,) = await world.told("visit.finished")
    goods = [("router", "OLD-1"), ("card", iccid(900)), ("card", iccid(901))]
    assert [(one["goods"], one["serial"]) for one in finished["removed"]] == goods
    assert (finished["origin"], finished["origin_key"], finished["attempt"]) == ("programme:1", "site:0/1", 1)
    fitted_told = (await world.told("visit.fitted"))[0]
    assert (fitted_told["step_key"], fitted_told["iccid"], fitted_told["router"]) == ("backup", iccid(0, 2), "R-1")


async def test_a_report_sent_twice_has_one_effect_and_the_same_answer(world: Any) -> None:
    (visit,) = await world.ordered(0)
    report = world.report(visit, "arrived")
    first = await world.send(report)
    again = await world.send(report, report)
    assert (first[0].state, first[0].repeated) == (ACCEPTED, False)
    assert [(one.state, one.repeated, one.sentence) for one in again] == [(ACCEPTED, True, first[0].sentence)] * 2
    assert await world.topics(visit) == ["visit.arrived"]


async def test_the_number_of_somebody_elses_report_tells_nothing_of_it(world: Any) -> None:
    mine, theirs = (await world.ordered(0))[0], (await world.ordered(1, crew="south"))[0]
    report = world.report(mine, "arrived")
    await world.send(report)
    forged = Report(report.id, theirs, ReportKind.ARRIVED)
    (answer,) = await world.send(forged, who="lee")
    assert (answer.state, answer.rule) == (REFUSED, "id-taken")
    assert await world.topics(theirs) == []


async def test_the_card_of_another_site_is_refused_with_the_site_it_is_for(world: Any) -> None:
    here, there = await world.ordered(0, 2)
    answer = await world.say(here, "fitted", step="backup", iccid=iccid(2, 2), router="R-1")
    assert (answer.state, answer.rule) == (REFUSED, "wrong-site")
    assert "for Site 3, not for Site 1" in answer.sentence
    assert "right site" in answer.advice
    assert (await world.visit(here)).steps[0].state is StepState.OPEN
    assert await world.topics(here) == await world.topics(there) == []
    async with world.db.transaction() as tx:
        (kept,) = (await fieldwork.report_page(tx, world.dora, fieldwork.ReportFilter(attention=True))).items
        assert (kept["id"], kept["rule"], kept["site_name"]) == (answer.id, "wrong-site", "Site 1")
        await fieldwork.look_at_report(tx, world.dora, world.clock, answer.id, "Called them.")
        assert await fieldwork.attention(tx, world.dora) == 0


async def test_a_crew_does_not_learn_where_another_crews_card_belongs(world: Any) -> None:
    (here,) = await world.ordered(0)
    await world.ordered(1, crew="south")
    answer = await world.say(here, "fitted", step="backup", iccid=iccid(1, 2), router="R-1")
    assert answer.rule == "wrong-site"
    assert "another visit" in answer.sentence
    assert "Site 2" not in answer.sentence + answer.advice


async def test_the_second_card_before_the_first_has_passed_is_refused(world: Any) -> None:
    (visit,) = await world.ordered(0)
    await world.say(visit, "fitted", step="backup", iccid=iccid(0, 2), router="R-1")
    answer = await world.say(visit, "fitted", step="primary", iccid=iccid(0, 1), router="R-1")
    assert (answer.state, answer.rule) == (REFUSED, "early")
    assert "both links" in answer.advice
    assert (await world.say(visit, "test-asked", step="primary")).rule == "early"
    assert [step.state for step in (await world.visit(visit)).steps] == [StepState.FITTED, StepState.CLOSED]


async def test_a_failed_test_keeps_the_next_step_closed_and_may_be_asked_for_again(world: Any) -> None:
    (visit,) = await world.ordered(0)
    await world.say(visit, "fitted", step="backup", iccid=iccid(0, 2), router="R-1")
    await world.say(visit, "test-asked", step="backup")
    assert await world.answer(visit, "backup", passed=None)
    assert (await world.visit(visit)).steps[0].state is StepState.TESTING
    assert await world.answer(visit, "backup", passed=False)
    assert [step.state for step in (await world.visit(visit)).steps] == [StepState.FAILED, StepState.CLOSED]
    assert not await world.answer(visit, "backup"), "a verdict that nobody waits for changes nothing"
    assert (await world.say(visit, "test-asked", step="backup")).state is ACCEPTED
    assert await world.answer(visit, "backup")
    assert [step.state for step in (await world.visit(visit)).steps] == [StepState.PASSED, StepState.OPEN]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"step": "backup", "iccid": "8944502000000000009", "router": "R-1"}, "iccid"),
        ({"step": "backup", "iccid": iccid(77, 2), "router": "R-1"}, "not-planned"),
        ({"step": "backup", "iccid": iccid(0, 1), "router": "R-1"}, "other-step"),
        ({"step": "backup", "iccid": iccid(0, 2), "router": " "}, "router"),
        ({"step": "backup", "iccid": iccid(0, 2), "router": "R-1", "imei": "123456789012345"}, "imei"),
        ({"step": "third", "iccid": iccid(77, 2), "router": "R-1"}, "step"),
        ({"step": 7, "iccid": ["x"]}, "form"),
    ],
)
async def test_what_cannot_be_fitted_is_refused_by_its_rule(world: Any, body: dict[str, Any], rule: str) -> None:
    (visit,) = await world.ordered(0)
    answer = await world.say(visit, "fitted", **body)
    assert (answer.state, answer.rule) == (REFUSED, rule)
    assert answer.sentence.endswith(".")
    assert answer.advice
    assert await world.topics(visit) == []


async def test_both_cards_sit_in_the_same_router(world: Any) -> None:
    (visit,) = await world.ordered(0)
    await world.step(visit, "backup", 0, operator=2)
    answer = await world.say(visit, "fitted", step="primary", iccid=iccid(0, 1), router="R-2")
    assert (answer.state, answer.rule) == (REFUSED, "router")


async def test_a_cancelled_visit_is_said_to_be_so(world: Any) -> None:
    (visit,) = await world.ordered(0)
    async with world.db.transaction() as tx:
        assert await fieldwork.cancel_visits(tx, world.dora, [visit], "The site is sold") == 1
    answer = await world.say(visit, "fitted", step="backup", iccid=iccid(0, 2), router="R-1")
    assert (answer.rule, answer.state) == ("cancelled", REFUSED)
    assert "The site is sold" in answer.sentence


async def test_a_visit_is_not_cancelled_under_the_hands_of_a_crew(world: Any) -> None:
    (visit,) = await world.ordered(0)
    await world.say(visit, "arrived")
    async with world.db.transaction() as tx:
        with pytest.raises(Conflict, match="Crew north is at Site 1"):
            await fieldwork.cancel_visits(tx, world.dora, [visit], "why not")


async def test_done_needs_every_test_and_anything_else_a_reason(world: Any) -> None:
    (visit,) = await world.ordered(0)
    await world.step(visit, "backup", 0, operator=2)
    assert (await world.say(visit, "finished", outcome="done")).rule == "not-passed"
    assert (await world.say(visit, "finished", outcome="again")).rule == "why"
    assert (await world.say(visit, "finished", outcome="not-possible", why="Flooded.")).state is ACCEPTED
    assert (await world.visit(visit)).outcome_why == "Flooded."
    assert (await world.say(visit, "arrived")).rule == "finished"


async def test_two_phones_of_one_crew_say_the_same_thing_once(world: Any) -> None:
    (visit,) = await world.ordered(0)
    for who in ("kit", "kim"):
        assert (await world.say(visit, "arrived", who=who)).state is ACCEPTED
        fitted = await world.say(visit, "fitted", who=who, step="backup", iccid=iccid(0, 2), router="R-1")
        assert fitted.state is ACCEPTED
    assert await world.topics(visit) == ["visit.arrived", "visit.fitted"]
    for who in ("kit", "kim"):
        assert (await world.say(visit, "finished", who=who, outcome="again", why="dark")).state is ACCEPTED
    assert (await world.topics(visit)).count("visit.finished") == 1


async def test_a_crew_reports_on_its_own_visits_alone(world: Any) -> None:
    (visit,) = await world.ordered(0)
    answer = await world.say(visit, "arrived", who="lee")
    assert (answer.state, answer.rule) == (REFUSED, "not-yours")
    assert (await world.visit(visit)).state is VisitState.PLANNED
    (answer,) = await world.send(world.report(999_999, "arrived"))
    assert answer.rule == "not-yours"
    with pytest.raises(Forbidden):
        async with world.db.transaction() as tx:
            await fieldwork.report_page(tx, world.kit, fieldwork.ReportFilter())


async def test_reports_that_overtook_one_another_are_taken_in_the_phones_order(world: Any) -> None:
    (visit,) = await world.ordered(0)
    first = world.report(visit, "fitted", phone="p", step="backup", iccid=iccid(0, 2), router="R-1")
    second = world.report(visit, "test-asked", phone="p", step="backup")
    third = world.report(visit, "trouble", phone="p", words="It rains.")
    assert [one.state for one in await world.send(third)] == [HELD]
    assert [one.state for one in await world.send(second)] == [HELD]
    assert await world.topics(visit) == []
    assert [one.state for one in await world.send(first)] == [ACCEPTED]
    assert await world.topics(visit) == ["visit.fitted", "visit.test-asked", "visit.trouble"]
    assert [one.state for one in await world.send(second, third)] == [ACCEPTED, ACCEPTED]


async def test_a_list_is_taken_in_the_phones_order_and_answered_in_its_own(world: Any) -> None:
    (visit,) = await world.ordered(0)
    first = world.report(visit, "fitted", phone="p", step="backup", iccid=iccid(0, 2), router="R-1")
    second = world.report(visit, "test-asked", phone="p", step="backup")
    answers = await world.send(second, first)
    assert [one.id for one in answers] == [second.id, first.id]
    assert [one.state for one in answers] == [ACCEPTED, ACCEPTED]


async def test_a_dispatcher_goes_on_when_a_phone_was_lost(world: Any) -> None:
    (visit,) = await world.ordered(0)
    lost = world.report(visit, "arrived", phone="p")
    late = world.report(visit, "trouble", phone="p", words="Wasps.")
    assert [one.state for one in await world.send(late)] == [HELD]
    async with world.db.transaction() as tx:
        assert (await fieldwork.take_anyway(tx, world.dora, world.clock, late.id)).state is ACCEPTED
    assert (await world.visit(visit)).trouble == "Wasps."
    assert [one.state for one in await world.send(lost)] == [ACCEPTED], "it was found again"


async def test_what_a_crew_did_before_its_order_was_handed_over_can_be_taken(world: Any) -> None:
    (visit,) = await world.ordered(0)
    order = (await world.visit(visit)).order_id
    report = world.report(visit, "arrived")
    async with world.db.transaction() as tx:
        await fieldwork.hand_over(tx, world.dora, world.clock, order, crew_id=world.crews["south"])
    assert (await world.send(report))[0].rule == "not-yours"
    async with world.db.transaction() as tx:
        assert (await fieldwork.take_anyway(tx, world.dora, world.clock, report.id)).state is ACCEPTED
        with pytest.raises(Conflict):
            await fieldwork.take_anyway(tx, world.dora, world.clock, report.id)
    assert await world.topics(visit) == ["visit.arrived"]


async def test_a_day_late_with_a_clock_that_is_wrong_the_times_are_ours(world: Any) -> None:
    (visit,) = await world.ordered(0)
    wrong = timedelta(hours=5)
    reports = [Report(world.report(visit, "arrived").id, visit, ReportKind.ARRIVED, {}, NOW + wrong)]
    world.clock.forward(timedelta(hours=26))
    await world.send(*reports, sent_at=world.clock.now() + wrong)
    assert (await world.visit(visit)).arrived_at == NOW
    (told,) = await world.told("visit.arrived")
    assert told["at"] == NOW.isoformat()
    received = await world.value("SELECT received_at FROM field_report")
    assert received == NOW + timedelta(hours=26)


async def test_a_time_that_cannot_be_is_not_believed(world: Any) -> None:
    first, second = await world.ordered(0, 2)
    future = Report(world.report(first, "arrived").id, first, ReportKind.ARRIVED, {}, NOW + timedelta(days=400))
    past = Report(world.report(second, "arrived").id, second, ReportKind.ARRIVED, {}, NOW - timedelta(days=4000))
    await world.send(future, past)
    assert (await world.visit(first)).arrived_at == (await world.visit(second)).arrived_at == NOW


async def test_a_crew_that_leaves_may_come_back(world: Any) -> None:
    (visit,) = await world.ordered(0)
    await world.say(visit, "arrived")
    await world.say(visit, "left", why="No key.")
    found = await world.visit(visit)
    assert (found.state, found.left_at) == (VisitState.LEFT, NOW)
    await world.say(visit, "arrived")
    assert (await world.visit(visit)).state is VisitState.ON_SITE
    assert await world.topics(visit) == ["visit.arrived", "visit.left", "visit.arrived"]


async def test_a_crew_that_came_back_has_arrived_anew_and_not_left(world: Any) -> None:
    (visit,) = await world.ordered(0)
    await world.say(visit, "arrived")
    await world.say(visit, "left", why="No key.")
    world.clock.forward(timedelta(hours=2))
    await world.say(visit, "arrived")
    found = await world.visit(visit)
    assert (found.arrived_at, found.left_at) == (NOW + timedelta(hours=2), None)
    expected = await world.rows("SELECT starts_at, ended_at FROM incident_expectation ORDER BY id")
    assert [(row["starts_at"], row["ended_at"]) for row in expected] == [
        (NOW, NOW),
        (NOW + timedelta(hours=2), None),
    ]


async def test_what_a_second_phone_says_late_does_not_bring_a_crew_back_or_send_it_away(world: Any) -> None:
    (visit,) = await world.ordered(0)
    old = [world.report(visit, kind, phone="second") for kind in ("arrived", "left")]
    world.clock.forward(timedelta(hours=1))
    await world.say(visit, "left", why="No key.")
    assert [one.state for one in await world.send(old[0], who="kim")] == [ACCEPTED]
    assert (await world.visit(visit)).state is VisitState.LEFT
    assert await world.value("SELECT count(*) FROM incident_expectation WHERE ended_at IS NULL") == 0
    await world.say(visit, "arrived")
    assert [one.state for one in await world.send(old[1], who="kim")] == [ACCEPTED]
    assert (await world.visit(visit)).state is VisitState.ON_SITE
    assert await world.topics(visit) == ["visit.left", "visit.arrived"]


async def test_behind_a_report_that_a_dispatcher_took_the_phone_goes_on(world: Any) -> None:
    (visit,) = await world.ordered(0)
    world.report(visit, "arrived", phone="p")  # its phone lost it
    late = [world.report(visit, "trouble", phone="p", words=words) for words in ("Wasps.", "Ants.", "Bees.")]
    assert [one.state for one in await world.send(*late[:2])] == [HELD, HELD]
    async with world.db.transaction() as tx:
        assert (await fieldwork.take_anyway(tx, world.dora, world.clock, late[0].id)).state is ACCEPTED
    assert [one.state for one in await world.send(late[2])] == [ACCEPTED]
    assert [one.state for one in await world.send(*late)] == [ACCEPTED, ACCEPTED, ACCEPTED]
    assert [one["words"] for one in await world.told("visit.trouble")] == ["Wasps.", "Ants.", "Bees."]


async def test_a_report_taken_by_a_dispatcher_waits_for_its_phone_and_not_the_phone_for_it(world: Any) -> None:
    (visit,) = await world.ordered(0)
    first = world.report(visit, "arrived", phone="p")
    late = world.report(visit, "trouble", phone="p", words="Wasps.")
    await world.send(late)

    async def dispatcher() -> None:
        async with world.db.transaction() as tx:
            await fieldwork.take_anyway(tx, world.dora, world.clock, late.id)

    async with world.db.transaction() as tx:
        await fetch_all(tx, "SELECT FROM field_phone FOR UPDATE")
        waiting = asyncio.create_task(dispatcher())
        await until_somebody_waits(world)
        await fieldwork.take_reports(tx, world.kit, world.clock, [first])
    with pytest.raises(Conflict, match="taken already"):
        await waiting
    assert await world.topics(visit) == ["visit.arrived", "visit.trouble"]


async def until_somebody_waits(world: Any) -> None:
    """Until a connection of this database waits for a lock."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(20):
        while not await world.value(waits):  # noqa: ASYNC110 - the database tells no event
            await asyncio.sleep(0)
