"""What people do to incidents, what other contexts open, what is expected, who sees what."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound
from tieline.platform.scope import Permission, Role, Scope
from tieline.utility import incidents
from tieline.utility.incidents import Expectation, IncidentFilter, NewIncident, Severity
from tieline.utility.incidents.store import incidents as store

pytestmark = pytest.mark.anyio

NORTH = Scope("user:nora", Role.TECHNICIAN.permissions, regions=frozenset({"North"}), user_id=8)
ONLY_B = Scope("user:ben", Role.TECHNICIAN.permissions, operators=frozenset({"B"}), user_id=9)
VIEWER = Scope("user:vera", Role.VIEWER.permissions, user_id=10)


async def test_an_incident_is_acknowledged_assigned_commented_resolved_and_reopened(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    (one,) = await grid.open()
    path = f"/incidents/{one['id']}"
    assert (await grid.people.post(f"{path}/acknowledge")).json()["state"] == "acknowledged"
    assert (await grid.people.post(f"{path}/acknowledge")).status_code == 409
    assert (await grid.people.post(f"{path}/assign", json={"assignee": "fred"})).json()["assignee"] == "user:fred"
    assert (await grid.people.post(f"{path}/comments", json={"text": "Called their desk."})).status_code == 201
    assert (await grid.people.post(f"{path}/comments", json={"text": "  "})).status_code == 422
    assert (await grid.people.post(f"{path}/resolve", json={"why": "Agreed with them."})).json()["state"] == "resolved"
    await grid.sweep()
    assert await grid.open() == []  # accepted as it is
    answer = await grid.people.post(f"{path}/reopen", json={"why": "Not agreed after all."})
    assert (answer.json()["state"], answer.json()["members"]) == ("open", 1)
    journal = (await grid.people.get(path)).json()["journal"]
    assert [entry["kind"] for entry in journal] == ["opened", "acknowledged", "assigned", "comment", "resolved", "open"]


async def test_what_was_accepted_is_told_again_when_it_changes(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    (one,) = await grid.open()
    await grid.people.post(f"/incidents/{one['id']}/resolve", json={"why": "Agreed."})
    await grid.hear(grid.told("A2", apn="worse.apn"))
    (other,) = await grid.open()
    assert "worse.apn" in other["sentence"]
    assert other["id"] != one["id"]


async def test_many_are_acknowledged_at_once_and_one_that_refuses_leaves_the_others(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"), grid.told("A3", apn="other.apn"))
    first, second = await grid.open()
    await grid.people.post(f"/incidents/{first['id']}/acknowledge")
    body = {"ids": [first["id"], second["id"]], "act": "acknowledge"}
    told = (await grid.people.post("/incidents/acts", json=body)).json()
    assert told["done"] == [second["id"]]
    assert told["refused"] == [[first["id"], f"Incident {first['id']} is acknowledged already."]]


async def test_of_many_one_that_is_not_there_leaves_the_others(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    (one,) = await grid.open()
    told = await grid.people.post("/incidents/acts", json={"ids": [one["id"], 999], "act": "comment", "text": "Seen."})
    assert told.json() == {
        "done": [one["id"]],
        "refused": [[999, "There is no incident 999, or none that you may see."]],
    }


async def test_one_more_like_an_acknowledged_one_makes_it_new_again(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="slip.apn"))
    (one,) = await grid.open()
    await grid.people.post(f"/incidents/{one['id']}/acknowledge")
    await grid.hear(grid.told("A3", apn="slip.apn"))
    (one,) = await grid.open()
    assert (one["state"], one["members"], one["acknowledged_by"]) == ("open", 2, None)


async def test_who_sees_a_region_or_an_operator_sees_no_more(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="slip.apn"), grid.told("A5", apn="slip.apn"))
    (one,) = await grid.open()
    async with grid.db.transaction() as tx:
        found = await incidents.detail(tx, NORTH, one["id"])
        assert (found.seen, found.total, found.live) == (1, 2, 1)
        assert "acknowledge" not in found.acts
        with pytest.raises(Forbidden):
            await incidents.acknowledge(tx, NORTH, grid.runtime.clock, one["id"])
        assert (await incidents.page(tx, ONLY_B, IncidentFilter())).items == []
        with pytest.raises(NotFound):
            await incidents.detail(tx, ONLY_B, one["id"])
        with pytest.raises(Forbidden):
            await incidents.acknowledge(tx, VIEWER, grid.runtime.clock, one["id"])
    grid.scope[0] = NORTH
    lines = (await grid.people.get(f"/incidents/{one['id']}/members.csv")).text.splitlines()
    assert len(lines) == 2
    assert "S2" in lines[1]


async def test_lists_are_filtered_and_paged_the_worst_first(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="a.apn"), grid.told("A1", apn="b.apn"), grid.told("A3", apn="c.apn"))
    first = (await grid.people.get("/incidents", params={"limit": 2})).json()
    assert [one["severity"] for one in first["items"]] == ["critical", "major"]
    rest = (await grid.people.get("/incidents", params={"limit": 2, "cursor": first["next"]})).json()
    assert len(rest["items"]) == 1
    assert rest["next"] is None
    site = await grid.value("SELECT id FROM site WHERE external_id = 'S1'")
    for query, count in (({"site_id": site}, 1), ({"q": "moor 3"}, 1), ({"severity": "major"}, 2),
                         ({"operator": "B"}, 0), ({"region": "South"}, 0), ({"state": "resolved"}, 0),
                         ({"kind": "configuration"}, 3)):  # fmt: skip
        found = (await grid.people.get("/incidents", params=query)).json()["items"]
        assert len(found) == count, query


async def test_a_timeline_has_the_incidents_of_its_thing(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    site = await grid.value("SELECT id FROM site WHERE external_id = 'S2'")
    events = (await grid.people.get(f"/sites/{site}/timeline")).json()["items"]
    assert [event["title"] for event in events if event["lane"] == "incidents"] == [
        "APN changed at operator A: Moor 2, primary"
    ]


# ── what other contexts find ──────────────────────────────────────────────────────────────────────────────────────────


async def test_an_incident_of_another_context_is_open_once_for_its_key(grid: Any) -> None:
    site = await grid.value("SELECT id FROM site WHERE external_id = 'S2'")
    new = NewIncident(kind="field", key="visit:1", severity=Severity.MAJOR, title="Wrong router", site_id=site)

    async def opened() -> int:
        async with grid.db.transaction() as tx:
            return await incidents.open_incident(tx, grid.scope[0], new)

    first, *others = await asyncio.gather(*(opened() for _ in range(4)))
    assert set(others) == {first}
    (one,) = await grid.open()
    assert (one["repeats"], one["members"], one["sites"]) == (4, 1, 1)
    await grid.sweep()
    assert len(await grid.open()) == 1
    async with grid.db.transaction() as tx:
        assert await incidents.resolve_by_key(tx, grid.scope[0], "visit:1", "Fitted the right one.")
        assert not await incidents.resolve_by_key(tx, grid.scope[0], "visit:1", "Again.")
    assert await opened() != first
    with pytest.raises(Invalid):
        async with grid.db.transaction() as tx:
            await incidents.open_incident(
                tx, grid.scope[0], NewIncident(kind="configuration", key="x", severity=Severity.MINOR, title="x")
            )


async def test_two_that_find_the_same_make_one_incident(grid: Any) -> None:
    await grid.run_sql("UPDATE subscription SET op_apn = 'evil.apn', op_state = state, op_data_plan = data_plan,"
                       " op_ip_address = ip_address, reported_at = now() WHERE operator_ref = 'A2'")  # fmt: skip
    await asyncio.gather(*(grid.sweep() for _ in range(4)))
    assert len(await grid.incidents()) == 1


@pytest.mark.parametrize("act", ["resolve", "reopen"])
async def test_what_people_decide_waits_for_who_is_looking_and_holds_nothing_meanwhile(grid: Any, act: str) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    (one,) = await grid.open()
    if act == "reopen":
        await grid.people.post(f"/incidents/{one['id']}/resolve", json={"why": "Agreed."})
    async with grid.db.transaction() as tx:
        await store.lock(tx)
        asked = asyncio.create_task(grid.people.post(f"/incidents/{one['id']}/{act}", json={"why": "So."}))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not asked.done() and not await grid.value(waiting):  # noqa: ASYNC110 - what waits is in the database
            await asyncio.sleep(0)
        assert not asked.done()
        await store.get(tx, one["id"], lock=True)
    assert (await asked).status_code == 200


# ── expectations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def expectation(**values: Any) -> Expectation:
    now = datetime.now(UTC)
    plain = Expectation(
        origin="visit:1",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(hours=1),
        why="A crew is on site.",
    )
    return replace(plain, **values)


async def test_what_is_expected_is_no_incident_until_the_grace_ends_and_it_is_so_still(grid: Any) -> None:
    site = await grid.value("SELECT id FROM site WHERE external_id = 'S2'")
    async with grid.db.transaction() as tx:
        await incidents.expect(tx, grid.scope[0], expectation(site_ids=(site,)))
    await grid.hear(grid.told("A2", apn="evil.apn"), grid.told("A3", apn="evil.apn"))
    (expected,) = await grid.incidents("expected")
    assert "Moor 2" in expected["title"]
    (one,) = await grid.open()
    assert "Moor 3" in one["title"]
    async with grid.db.transaction() as tx:
        ended = await incidents.end_expectations(tx, grid.scope[0], "visit:1", at=datetime.now(UTC))
    assert ended == 1
    await grid.recheck()
    assert {one["id"] for one in await grid.open()} == {expected["id"], one["id"]}


async def test_what_went_away_within_the_grace_was_nothing(grid: Any) -> None:
    async with grid.db.transaction() as tx:
        await incidents.expect(tx, grid.scope[0], expectation(operator="A", fields=("imei",)))
    await grid.hear(grid.told("A2", by="", imei="356938035643809"))
    assert len(await grid.incidents("expected")) == 1
    ours = await grid.value("SELECT imei FROM device WHERE external_id = 'R2'")
    await grid.hear(grid.told("A2", by="", imei=ours))
    async with grid.db.transaction() as tx:
        await incidents.end_expectations(tx, grid.scope[0], "visit:1", at=datetime.now(UTC))
    await grid.recheck()
    assert await grid.open() == []
    await grid.hear(grid.told("A2", apn="evil.apn"))
    assert len(await grid.open()) == 1


async def test_what_is_open_is_quiet_once_all_of_it_is_expected_and_nothing_else_hides_in_it(grid: Any) -> None:
    ids = [await grid.value("SELECT id FROM site WHERE external_id = %(s)s", s=site) for site in ("S2", "S3")]
    await grid.hear(grid.told("A2", apn="evil.apn"), grid.told("A3", apn="evil.apn"))
    async with grid.db.transaction() as tx:
        await incidents.expect(tx, grid.scope[0], expectation(site_ids=ids[:1]))
    await grid.recheck()
    (one,) = await grid.open()  # a part of it is expected
    async with grid.db.transaction() as tx:
        await incidents.expect(tx, grid.scope[0], expectation(origin="visit:2", site_ids=ids[1:], why="Crew 2."))
    await grid.recheck()
    assert await grid.open() == []
    assert [quiet["id"] for quiet in await grid.incidents("expected")] == [one["id"]]
    await grid.hear(grid.told("A4", apn="evil.apn"))
    (other,) = await grid.open()
    assert "Moor 4" in other["title"]
    async with grid.db.transaction() as tx:
        for visit in ("visit:1", "visit:2"):
            await incidents.end_expectations(tx, grid.scope[0], visit, at=datetime.now(UTC))
    await grid.recheck()
    assert {each["id"] for each in await grid.open()} == {one["id"], other["id"]}


async def test_who_is_responsible_for_a_part_expects_and_ends_for_that_part_alone(grid: Any) -> None:
    site = await grid.value("SELECT id FROM site WHERE external_id = 'S5'")
    async with grid.db.transaction() as tx:
        for scope, values in (
            (NORTH, {"site_ids": (site,)}),
            (ONLY_B, {"site_ids": (site,)}),
            (ONLY_B, {"region": "South"}),
        ):
            with pytest.raises(Invalid):
                await incidents.expect(tx, scope, expectation(**values))
        everywhere = await incidents.expect(tx, grid.scope[0], expectation(operator="A"))
        theirs = await incidents.expect(tx, NORTH, expectation(region="North", operator="A"))
        now = datetime.now(UTC)
        for scope, number in ((NORTH, everywhere), (ONLY_B, everywhere), (ONLY_B, theirs)):
            with pytest.raises(NotFound):
                await incidents.end_one(tx, scope, number, at=now)
        assert (await incidents.end_one(tx, NORTH, theirs, at=now)).ended_at == now


async def test_an_expectation_says_of_what_until_when_and_why(grid: Any) -> None:
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    for body in ({"why": "All", "ends_at": later}, {"why": "", "ends_at": later, "operator": "A"},
                 {"why": "Past", "ends_at": "2020-01-01T00:00:00Z", "operator": "A"},
                 {"why": "Odd", "ends_at": later, "operator": "A", "fields": ["colour"]}):  # fmt: skip
        assert (await grid.people.post("/expectations", json=body)).status_code == 422, body
    made = await grid.people.post("/expectations", json={"why": "Works", "ends_at": later, "operator": "A"})
    assert made.status_code == 201
    (one,) = (await grid.people.get("/expectations")).json()["items"]
    assert (one["why"], one["operator"]) == ("Works", "A")
    assert (await grid.people.post(f"/expectations/{one['id']}/end")).status_code == 200
    assert (await grid.people.post(f"/expectations/{one['id']}/end")).status_code == 409
    async with grid.db.transaction() as tx:
        with pytest.raises(Forbidden):
            await incidents.expect(tx, VIEWER, expectation(operator="A"))


async def test_nothing_is_reopened_while_the_same_is_open(grid: Any) -> None:
    new = NewIncident(kind="field", key="k", severity=Severity.MINOR, title="Odd")
    async with grid.db.transaction() as tx:
        first = await incidents.open_incident(tx, grid.scope[0], new)
        await incidents.resolve_by_key(tx, grid.scope[0], "k", "Well.")
        await incidents.open_incident(tx, grid.scope[0], new)
        with pytest.raises(Conflict):
            await incidents.reopen(tx, grid.scope[0], grid.runtime.clock, first, "No.")
    assert Permission.INCIDENT_WRITE in Role.CONTROLLER.permissions
