"""Incidents and changes of ours: what they explain, and how they put things right."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieline.utility.connectors import Field
from tieline.utility.incidents.policy import deviations

pytestmark = pytest.mark.anyio


async def configure(grid: Any, *refs: str, **parameters: Any) -> int:
    ids = [await grid.id(ref) for ref in refs]
    answer = await grid.people.post(
        "/changes",
        json={"kind": "subscription.configure", "title": "New APN", "parameters": parameters,
              "selection": {"subscription_ids": ids}},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    made: int = answer.json()["id"]
    return made


async def test_a_change_of_ours_is_no_incident_whatever_the_feed_says_meanwhile(grid: Any) -> None:
    change = await configure(grid, "A2", "A3", apn="new.dso")
    before = grid.told("A2", apn="scada.dso", by="utility:grid", at=datetime.now(UTC) - timedelta(seconds=1))
    assert await grid.carry_out(change) == {"verified": 2}
    after = {"state": "ACTIVE", "apn": "new.dso", "dataPlan": "m2m-100", "ipAddress": "10.0.0.21"}
    await grid.hear(grid.told("A2", apn="new.dso", by="utility:grid", operational=after))
    await grid.hear(before)
    await grid.read("A")
    await grid.sweep()
    assert await grid.incidents() == []


async def test_what_is_in_flight_is_explained_and_counted_so_in_the_reconciliation(grid: Any) -> None:
    change = await configure(grid, "A2", apn="new.dso")
    await grid.plan(change)
    await grid.run_sql("UPDATE change_item SET state = 'sent', queued_at = now() WHERE change_id = %(id)s", id=change)
    await grid.run_sql("UPDATE change SET state = 'running' WHERE id = %(id)s", id=change)
    grid.platforms["A"].touch("A2", {Field.APN: "new.dso"})
    await grid.read("A")
    assert await grid.incidents() == []
    (balance,) = await grid.rows("SELECT differing, explained FROM reconciliation")
    assert balance == {"differing": 1, "explained": 1}


async def test_what_an_operator_does_to_a_waiting_item_is_an_incident(grid: Any) -> None:
    await grid.plan(await configure(grid, "A2", apn="new.dso"))
    await grid.hear(grid.told("A2", apn="evil.apn"))
    assert len(await grid.open()) == 1


async def test_a_revert_writes_our_values_again_and_the_incident_ends_with_it(grid: Any) -> None:
    for ref in ("A1", "A2", "A4"):
        grid.platforms["A"].touch(ref, {Field.APN: "slip.apn"})
        await grid.hear(grid.told(ref, apn="slip.apn"))
    await grid.read("A")
    (one,) = await grid.open()
    answer = await grid.people.post(f"/incidents/{one['id']}/revert", json={})
    assert answer.status_code == 201, answer.text
    change = answer.json()["change_id"]
    assert (await grid.people.post(f"/incidents/{one['id']}/revert", json={})).status_code == 409
    states = await grid.carry_out(change)
    assert states == {"verified": 3}
    items = await grid.rows("SELECT ref, before, desired FROM change_item WHERE change_id = %(id)s", id=change)
    assert {item["before"]["apn"] for item in items} == {"slip.apn"}
    assert {item["desired"]["apn"] for item in items} == {"scada.dso"}
    await grid.recheck()
    (one,) = await grid.incidents()
    assert one["state"] == "resolved"
    assert one["resolved_why"] == f"Change {change} put it right."
    shown = grid.platforms["A"].read(["A1", "A2", "A4"])
    assert {report.operational[Field.APN] for report in shown} == {"scada.dso"}


async def test_a_revert_does_what_was_told_though_the_network_does_not_show_it_yet(grid: Any) -> None:
    await grid.read("A")
    await grid.hear(grid.told("A2", apn="evil.apn"))
    (one,) = await grid.open()
    change = (await grid.people.post(f"/incidents/{one['id']}/revert", json={})).json()["change_id"]
    await grid.plan(change)
    (item,) = await grid.rows("SELECT state, before, desired FROM change_item WHERE change_id = %(id)s", id=change)
    assert item == {"state": "planned", "before": {"apn": "evil.apn"}, "desired": {"apn": "scada.dso"}}


async def test_a_revert_is_undone_like_any_change(grid: Any) -> None:
    grid.platforms["A"].touch("A2", {Field.APN: "evil.apn"})
    await grid.read("A")
    (one,) = await grid.open()
    change = (await grid.people.post(f"/incidents/{one['id']}/revert", json={})).json()["change_id"]
    assert await grid.carry_out(change) == {"verified": 1}
    undo = (await grid.people.post(f"/changes/{change}/undo", json={})).json()["id"]
    assert await grid.carry_out(undo) == {"verified": 1}
    assert await grid.value("SELECT apn FROM subscription WHERE operator_ref = 'A2'") == "evil.apn"


async def test_keeping_the_operators_value_makes_it_ours(grid: Any) -> None:
    grid.platforms["A"].touch("A2", {Field.DATA_PLAN: "gold"})
    await grid.read("A")
    (one,) = await grid.open()
    change = (await grid.people.post(f"/incidents/{one['id']}/keep")).json()["change_id"]
    assert await grid.carry_out(change) == {"verified": 1}
    await grid.recheck()
    assert await grid.open() == []
    assert await grid.value("SELECT data_plan FROM subscription WHERE operator_ref = 'A2'") == "gold"


async def test_blocking_suspends_a_sim_in_a_foreign_device(grid: Any) -> None:
    await grid.hear(grid.told("A2", by="", imei="356938035643809"))
    (one,) = await grid.open()
    assert (await grid.people.post(f"/incidents/{one['id']}/revert", json={})).status_code == 409
    change = (await grid.people.post(f"/incidents/{one['id']}/block")).json()["change_id"]
    assert await grid.carry_out(change) == {"verified": 1}
    assert grid.platforms["A"].read(["A2"])[0].operational[Field.STATE] == "SUSPENDED"


async def test_what_an_operator_took_and_does_not_do_is_an_incident_once_the_change_is_over(
    grid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid.platforms["A"].behaviour.lies = {"A2"}
    change = await configure(grid, "A2", apn="new.dso")
    assert await grid.carry_out(change) == {"failed": 1}
    await grid.read("A")
    assert await grid.open() == []  # the change is paused: whoever runs it sees what failed
    assert (await grid.people.post(f"/changes/{change}/stop", json={"why": "Enough."})).status_code == 200
    await grid.drain()
    assert await grid.open() == []  # it may still come: the change has only just given up
    monkeypatch.setattr(deviations.judge, "__defaults__", (timedelta(0),))
    await grid.sweep()
    (one,) = await grid.open()
    assert one["title"] == "Operator A has not applied our APN: Moor 2, primary"
    assert "took our APN new.dso for the primary link of Moor 2, but its network still has scada.dso" in one["sentence"]


async def test_an_incident_and_a_driver_at_the_same_moment_do_not_wait_for_one_another(grid: Any) -> None:
    change = await configure(grid, *(f"A{n}" for n in range(1, 6)), apn="new.dso")
    sweeps = [grid.sweep() for _ in range(5)]
    states, *_ = await asyncio.gather(grid.carry_out(change), *sweeps)
    assert sum(states.values()) == 5
