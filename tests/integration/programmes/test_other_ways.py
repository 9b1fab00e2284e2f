"""Ways out of every corner: sites given up and taken in again, programmes closed, changes that somebody denied."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.conftest import Whole
from tests.integration.programmes.test_programme import ready

from tieline.platform.errors import Conflict, Forbidden
from tieline.platform.outbox import Event
from tieline.platform.scope import Scope
from tieline.platform.web import current_scope
from tieline.utility import changes, programmes
from tieline.utility.programmes import jobs
from tieline.utility.programmes.service import conducting

pytestmark = pytest.mark.anyio


async def fitted(works: Any, visit: Any) -> Any:
    """A crew comes to a site, fits the first card, and asks for its test."""
    step = visit.steps[0]
    await works.say(visit.id, "arrived")
    await works.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router="NR1")
    await works.say(visit.id, "test-asked", step=step.key)
    return step


async def take_in(works: Any, programme: int, *site_ids: int) -> list[int]:
    async with works.db.transaction() as tx:
        return list(await programmes.take_in(tx, works.world.fred, works.runtime.calendar, programme, site_ids))


async def test_what_a_crew_gave_up_is_tried_again_when_a_person_says_so(works: Any) -> None:
    programme = await ready(works, 1)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    await works.say(visit.id, "arrived")
    await works.say(visit.id, "finished", outcome="not-possible", why="The station is flooded.")
    found = await works.site(programme, visit.site_id)
    assert (found["state"], found["why"]) == ("blocked", "The station is flooded.")
    with pytest.raises(Conflict, match="prepared already"):
        await works.prepare(programme)
    assert await take_in(works, programme, visit.site_id) == [visit.site_id]
    assert await works.states(programme) == {"ready": 1}
    await works.schedule(programme)
    _, again = await works.visits(programme)
    await works.replace(programme, again, "NR1")
    await works.until(lambda: works.all_in(programme, "done"))


async def test_after_three_visits_in_vain_a_person_looks_before_a_crew_goes_again(works: Any) -> None:
    programme = await ready(works, 1)
    for expected in ("again", "again", "blocked"):
        await works.schedule(programme)
        visit = (await works.visits(programme))[-1]
        await works.say(visit.id, "arrived")
        await works.say(visit.id, "finished", outcome="again", why="The test does not pass.")
        found = await works.site(programme, visit.site_id)
        assert found["state"] == expected
    assert found["why"] == "Visit 3 did not do it either. The test does not pass."
    assert await take_in(works, programme, visit.site_id) == [visit.site_id]
    assert await works.states(programme) == {"ready": 1}


async def test_a_prepared_site_that_was_left_out_is_ready_when_it_is_taken_in(works: Any) -> None:
    programme = await ready(works, 2)
    first, second = [row["site_id"] for row in await works.world.rows("SELECT site_id FROM programme_site ORDER BY 1")]
    async with works.db.transaction() as tx:
        await programmes.leave_out(
            tx, works.world.fred, works.runtime.calendar, programme, [first], why="It is rebuilt next year."
        )
    assert await take_in(works, programme, first) == [first]
    assert await works.states(programme) == {"ready": 2}
    with pytest.raises(Conflict, match="None of these sites"):
        await take_in(works, programme, second)


async def test_what_waits_in_a_closed_programme_is_free_for_another(works: Any) -> None:
    closed = await ready(works, 2)
    await works.schedule(closed)
    await works.steer(closed, "close")
    await works.turn()
    following = await works.open()
    assert await works.states(following.id) == {"selected": 2}
    assert await works.states(closed) == {"left_out": 2}
    whys = await works.world.rows("SELECT DISTINCT why FROM programme_site WHERE programme_id = %(id)s", id=closed)
    assert [row["why"] for row in whys] == [f"In programme {following.id} now."]
    waiting = await works.world.value("SELECT count(*) FROM change_item WHERE state = 'waiting'")
    assert waiting == 0, "nothing of the closed programme's cut-over waits for a crew"


async def test_only_who_sees_every_site_steers_a_programme(works: Any) -> None:
    programme = await ready(works, 2)
    elsewhere = replace(works.world.fred, regions=frozenset({"Nowhere"}))
    async with works.db.transaction() as tx:
        with pytest.raises(Forbidden, match="outside your regions"):
            await programmes.steer(tx, elsewhere, works.runtime.calendar, programme, "close")
    assert await works.states(programme) == {"ready": 2}


async def test_a_stopped_cut_over_says_why(works: Any) -> None:
    programme = await ready(works, 1)
    made = await works.schedule(programme, approve=False)
    async with works.db.transaction() as tx:
        await changes.stop(tx, works.world.fred, works.runtime.clock, made.change_id, why="The wrong crews.")
    await works.turn()
    found = await works.world.rows("SELECT state, why FROM programme_site")
    assert [row["state"] for row in found] == ["again"]
    assert found[0]["why"].startswith("The change was stopped: ")
    assert "The wrong crews." in found[0]["why"]


async def test_a_denied_retirement_is_asked_for_again_a_week_later(works: Any) -> None:
    programme = await ready(works, 1, dwell_hours=1.0)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    await works.replace(programme, visit, "NR1")
    await works.world.run_sql("UPDATE programme_site SET dwell_until = now() - interval '1 minute'")
    await works.turn()
    first = await works.world.value("SELECT change_id FROM programme_change WHERE part = 'retire'")
    await works.approve(first, approve=False)
    found = await works.site(programme, visit.site_id)
    assert found["state"] == "dwelling"
    assert found["why"] == f"The change was rejected. The old subscriptions stay (change {first})."
    days = await works.world.value(
        "SELECT round(extract(epoch FROM dwell_until - now()) / 86400) FROM programme_site WHERE state = 'dwelling'"
    )
    assert days == 7
    await works.world.run_sql("UPDATE programme_site SET dwell_until = now() - interval '1 minute'")
    await works.until(lambda: works.all_in(programme, "done"))


async def test_retirements_are_gathered(works: Any) -> None:
    programme = await ready(works, 2, retire_every_hours=24.0)
    await works.schedule(programme)
    for number, visit in enumerate(await works.visits(programme), 1):
        await works.replace(programme, visit, f"NR{number}")
        await works.turn()
    count = "SELECT count(*) FROM programme_change WHERE part = 'retire'"
    assert await works.world.value(count) == 1
    assert (await works.states(programme))["dwelling"] == 1, "the second waits for its turn"
    await works.world.run_sql("UPDATE programme_change SET at = at - interval '25 hours' WHERE part = 'retire'")
    await works.until(lambda: works.all_in(programme, "done"))
    assert await works.world.value(count) == 2


async def test_a_crew_that_waits_for_an_approval_is_told_which(works: Any) -> None:
    programme = await ready(works, 1, test_seconds=10.0)
    made = await works.schedule(programme, approve=False)
    (visit,) = await works.visits(programme)
    await fitted(works, visit)
    (waiting,) = await works.visits(programme)
    assert waiting.steps[0].state == "testing"
    await works.world.run_sql("UPDATE programme_link SET test_asked_at = test_asked_at - interval '11 seconds'")
    await works.turn()
    (told,) = await works.visits(programme)
    assert told.steps[0].state == "failed"
    assert told.steps[0].said == (
        f"The cut-over of this link is not released: change {made.change_id} is submitted. Call the desk."
    )


async def test_what_is_told_of_an_earlier_visit_moves_nothing(works: Any) -> None:
    programme = await ready(works, 1)
    await works.schedule(programme)
    (visit,) = await works.visits(programme)
    await works.say(visit.id, "arrived")
    await works.say(visit.id, "finished", outcome="again", why="Nobody opened.")
    await works.schedule(programme)
    _, now = await works.visits(programme)
    for told, expected in ((visit.id, 0), (now.id, 1)):
        payload = {"visit_id": told, "site_id": visit.site_id, "origin": f"programme:{programme}"}
        async with works.db.transaction() as tx:
            await jobs.visits_told(tx, [Event(1, "visit.arrived", str(told), payload, works.runtime.clock.now())])
        assert await works.world.value("SELECT count(*) FROM programme_inbox") == expected


async def test_over_rest_a_number_out_of_range_is_no_failure_of_the_server(works: Any, application: Whole) -> None:
    programme = await ready(works, 1)

    async def current() -> Scope:
        fred: Scope = works.world.fred
        return fred

    app = application(works.runtime)
    app.dependency_overrides[current_scope] = current
    far = 2**63
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test/api/v1") as http:
        assert (await http.get(f"/programmes/{programme}")).status_code == 200
        for path in (f"/{far}", "/0", f"/{programme}/sites/{far}", f"/{programme}/sites/{far}/links"):
            assert (await http.get(f"/programmes{path}")).status_code == 422, path
        for path, body in (
            ("/take-in", {"site_ids": [far]}),
            ("/leave-out", {"site_ids": [0], "why": "No."}),
            ("/schedule", {"crew_ids": [far], "first_day": "2026-12-01"}),
        ):
            assert (await http.post(f"/programmes/{programme}{path}", json=body)).status_code == 422, path
        opening = {"title": "Again", "notice_ids": [far]}
        assert (await http.post("/programmes", json=opening)).status_code == 422


async def test_cards_that_wait_for_an_approval_keep_no_other_from_its_turn(
    works: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as are looked at together wait; one behind them is approved, and goes over."""
    monkeypatch.setattr(conducting, "BATCH", 1)
    programme = await ready(works, 2)
    changes_of: dict[int, int] = {}
    for number in (1, 2):
        made = await works.schedule(programme, approve=False, limit=1)
        visit = next(one for one in await works.visits(programme) if one.state == "planned")
        step = visit.steps[0]
        await works.say(visit.id, "arrived")
        answer = await works.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router=f"NR{number}")
        assert answer.state == "accepted", answer
        changes_of[visit.site_id] = made.change_id
    first, last = sorted(changes_of)
    await works.approve(changes_of[last])
    await works.until(lambda: works.cut_over(programme, last, 1))
    assert await works.links(programme, first) == ["fitted", "prepared"]
