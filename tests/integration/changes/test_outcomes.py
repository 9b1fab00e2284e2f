"""After changes: outcomes beside plans, reviews, reports; templates and policies on them; the calendar and its feed."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.conftest import Fresh
from tests.integration.changes.conftest import ANNA, FRED, person
from tests.integration.changes.test_rest import Desk, desk

from tieline.platform.db import Database
from tieline.platform.errors import Conflict, Forbidden, Invalid
from tieline.platform.scope import Role
from tieline.utility.application import registry
from tieline.utility.changes.model import ChangeState, ChangeType, Window
from tieline.utility.changes.service import calendar, holding, outcomes, ruling, templating, timing
from tieline.utility.changes.service.drafting import Draft

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]
__all__ = ["desk"]


@pytest.fixture
async def db(fresh: Fresh) -> AsyncIterator[Database]:
    """With the schema of every context: several put entries into the calendar."""
    async with fresh(registry().folders, size=10) as database:
        yield database


async def ended(world: Any, draft: Draft) -> Any:
    change = await world.started(draft)
    await world.drive(change.id)
    async with world.db.transaction() as tx:
        assert await outcomes.count_missing(tx) == 1
        assert await outcomes.count_missing(tx) == 0
    return change


async def test_an_outcome_stands_beside_its_plan(world: Any, configure: Make) -> None:
    await world.build(3)
    first = await ended(world, configure())
    async with world.db.transaction() as tx:
        row = await outcomes.outcome(tx, FRED, first.id)
        assert row is not None
        assert (row["planned"], row["verified"], row["failed"], row["left_out"]) == (6, 6, 0, 0)
        assert row["by_operator"] == {"A": {"planned": 3, "verified": 3}, "B": {"planned": 3, "verified": 3}}
        assert row["least_seconds"] <= row["most_seconds"]
        assert row["seconds"] > 0
        assert row["sites_hurt"] == 0
        assert not row["review_due"]
        (kind,) = await outcomes.report(tx, FRED, "kind")
        assert (kind["key"], kind["changes"], kind["planned"], kind["whole"]) == ("subscription.configure", 1, 6, 1)
        by_operator = await outcomes.report(tx, FRED, "operator")
        assert [(one["key"], one["planned"], one["verified"]) for one in by_operator] == [("B", 3, 3), ("A", 3, 3)]
        of_a = await outcomes.report(tx, FRED.narrowed(operators=["A"]), "operator")
        assert [one["key"] for one in of_a] == ["A"]
        assert await outcomes.outcome(tx, FRED.narrowed(regions=["Nowhere"]), first.id) is None
        with pytest.raises(Invalid):
            await outcomes.report(tx, FRED, "weather")
        page = await outcomes.outcomes(tx, FRED, {}, limit=1)
        assert page.next is None


async def test_an_emergency_has_to_be_reviewed(world: Any, configure: Make) -> None:
    await world.build(2)
    change = await ended(world, configure(type=ChangeType.EMERGENCY, reason="A mast fell"))
    clock = world.runtime.clock
    async with world.db.transaction() as tx:
        (row,) = (await outcomes.outcomes(tx, FRED, {"due": True})).items
        assert row["review_due"]
        with pytest.raises(Invalid, match="too little"):
            await outcomes.review(tx, FRED, clock, change.id, worked="perhaps", note=" ")
        with pytest.raises(Forbidden):
            await outcomes.review(tx, person("vera", 9, Role.VIEWER), clock, change.id, worked="yes", note="x")
        await outcomes.review(tx, FRED, clock, change.id, worked="partly", note="One site had to be visited.")
        assert (await outcomes.outcomes(tx, FRED, {"due": True})).items == []
        (one,) = await outcomes.reviews(tx, FRED, change.id)
        assert (one["worked"], one["actor"]) == ("partly", "user:fred")
    running = await world.started(configure(parameters={"data_plan": "m2m-300"}))
    async with world.db.transaction() as tx:
        with pytest.raises(Conflict, match="once it has run"):
            await outcomes.review(tx, FRED, clock, running.id, worked="yes", note="x")


async def test_a_template_is_saved_versioned_approved_and_used(world: Any, configure: Make) -> None:
    await world.build(2)
    clock = world.runtime.clock
    rules = timing.read(["Mon-Thu 22:00-05:00"])
    change = await world.plan(configure(window=Window(rules=rules)))
    async with world.db.transaction() as tx:
        saved = await templating.save_from(tx, FRED, clock, change.id, "Nightly plan", with_selection=False)
        again = await templating.save_from(tx, FRED, clock, change.id, "Nightly plan", with_selection=True)
        assert [one["version"] for one in again["versions"]] == [2, 1]
        with pytest.raises(Invalid, match="Say which"):
            await templating.draft(tx, FRED, saved["id"], version=1)
        draft = await templating.draft(tx, FRED, saved["id"], changes={"title": "Tonight"})
        assert (draft.title, draft.window.rules, draft.parameters["data_plan"]) == ("Tonight", rules, "m2m-200")
        with pytest.raises(Forbidden, match="of their own"):
            await templating.approve(tx, FRED_APPROVES, clock, saved["id"], 2)
        approved = await templating.approve(tx, ANNA, clock, saved["id"], 2)
        file = await templating.export(tx, FRED, saved["id"])
        assert file.name == "Nightly plan"
        await templating.retire(tx, FRED, clock, saved["id"])
        with pytest.raises(Conflict, match="retired"):
            await templating.draft(tx, FRED, saved["id"])
        with pytest.raises(Invalid, match="cannot be read"):
            await templating.bring(tx, FRED, clock, b'{"format": "x"}')
    assert approved["versions"][0]["approved_by"] == "user:anna"


FRED_APPROVES = person("fred", 1, Role.TECHNICIAN, Role.APPROVER)


async def test_a_policy_on_a_template_allows_that_alone(world: Any, configure: Make) -> None:
    await world.build(2)
    clock = world.runtime.clock
    change = await world.plan(configure())
    async with world.db.transaction() as tx:
        saved = await templating.save_from(tx, FRED, clock, change.id, "Plan 200", with_selection=True)
        version = saved["versions"][0]["id"]
        wanted: dict[str, Any] = {
            "name": "Plans",
            "kind": "subscription.configure",
            "max_items": 100,
            "critical_sites": False,
        }
        with pytest.raises(Conflict, match="approved version"):
            await ruling.make_policy(tx, FRED, **wanted, template_version_id=version)
        await templating.approve(tx, ANNA, clock, saved["id"], 1)
        policy = await ruling.make_policy(tx, FRED, **wanted, template_version_id=version)
        await ruling.approve_policy(tx, ANNA, clock, policy["id"])
    other = await world.plan(
        configure(type=ChangeType.STANDARD, policy_id=policy["id"], parameters={"data_plan": "m2m-300"})
    )
    with pytest.raises(Conflict, match="other values for data_plan"):
        await world.submit(other.id)
    same = await world.plan(configure(type=ChangeType.STANDARD, policy_id=policy["id"]))
    assert (await world.submit(same.id)).state is ChangeState.APPROVED


async def test_the_calendar_shows_changes_holds_and_conflicts(world: Any, configure: Make) -> None:
    await world.build(2)
    clock = world.runtime.clock
    now = clock.now()
    one, two = await world.plan(configure()), await world.plan(configure(parameters={"data_plan": "m2m-300"}))
    async with world.db.transaction() as tx:
        freeze = holding.Hold(reason="Works", starts_at=now + timedelta(days=2), ends_at=now + timedelta(days=3))
        await holding.make_hold(tx, FRED, clock, freeze)

        async def phases(_tx: Any, _scope: Any, start: Any, _end: Any) -> list[calendar.Entry]:
            return [
                calendar.Entry(
                    key="n", kind="notice", title="3G ends", starts_at=start, ends_at=None, href="/notices/1"
                )
            ]

        calendar.register_calendar("test", phases)
        try:
            found = await calendar.calendar(tx, FRED, clock, now, now + timedelta(days=9))
        finally:
            calendar.register_calendar("test", _nothing)
    told = {entry.key.split("-")[0] + str(entry.change_id or ""): entry for entry in found}
    assert {f"change{one.id}", f"change{two.id}", "hold", "n"} == set(told)
    assert told[f"change{one.id}"].tentative
    (meeting,) = told[f"change{one.id}"].meetings
    assert (meeting.change_id, meeting.where) == (two.id, "at 2 sites")
    assert f"Meets change {two.id} " in told[f"change{one.id}"].conflicts[0]


async def _nothing(*_: Any) -> list[calendar.Entry]:
    return []


async def test_rest_of_what_comes_and_came(world: Any, desk: Desk, configure: Make) -> None:
    await world.build(2)
    change = await ended(world, configure())
    assert (await desk.ask("GET", f"/changes/{change.id}/outcome"))["verified"] == 4
    assert (await desk.ask("GET", "/change-outcomes"))["items"][0]["change_id"] == change.id
    assert (await desk.ask("GET", "/change-outcomes/report", params={"by": "month"}))["items"][0]["changes"] == 1
    answer = await desk.http.get("/change-outcomes.csv")
    assert answer.text.splitlines()[1].startswith(f"{change.id},New plan,subscription.configure,normal,completed")
    review = {"worked": "yes", "note": "As planned."}
    assert (await desk.ask("POST", f"/changes/{change.id}/reviews", 201, json=review))["items"][0]["worked"] == "yes"
    saved = await desk.ask("POST", "/change-templates", 201, json={"name": "T", "change_id": change.id})
    file = await desk.ask("GET", f"/change-templates/{saved['id']}/export")
    await desk.ask("POST", "/change-templates/import", 201, json={**file, "name": "U"})
    await desk.ask("POST", "/change-templates/import", 422, json={**file, "format": "other"})
    assert [one["name"] for one in (await desk.ask("GET", "/change-templates"))["items"]] == ["T", "U"]
    body = {"selection": {"filter": {"linked": True}}}
    made = await desk.ask("POST", f"/change-templates/{saved['id']}/changes", 201, json=body)
    assert made["title"] == "New plan"
    await desk.ask("POST", f"/change-templates/{saved['id']}/changes", 422, json={})
    await desk.ask("POST", f"/change-templates/{saved['id']}/retire", 204)
    items = (await desk.ask("GET", "/changes/calendar"))["items"]
    assert isinstance(items, list)
    for start in ("2026-01-01T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        await desk.ask("GET", "/changes/calendar", 422, params={"start": start})
    await desk.ask("POST", "/change-holds", 422, json={"reason": "x", "starts_at": "0001-01-01T00:00:00+14:00"})
    await desk.ask("GET", "/changes/calendar.ics", 401, params={"token": "nobody"})
