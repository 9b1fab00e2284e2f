"""Selections, desired values and reports, on PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tieline.platform.db import Database, fetch_all, fetch_value
from tieline.platform.errors import Forbidden, Invalid, NotFound
from tieline.platform.scope import Permission, Role, Scope
from tieline.utility.inventory import (
    Desired,
    DesiredChange,
    FleetFilter,
    FleetRow,
    OperatorReport,
    Selection,
    apply_desired,
    apply_reports,
    resolve_selection,
    subscriptions,
)

pytestmark = pytest.mark.anyio
T0 = datetime(2026, 1, 1, tzinfo=UTC)


async def select(db: Database, scope: Scope, **wanted: object) -> list[FleetRow]:
    async with db.snapshot() as tx:
        return await resolve_selection(tx, scope, Selection(filter=FleetFilter(**wanted)))  # type: ignore[arg-type]


async def test_a_selection_has_all_that_a_change_needs(fleet: Database, everything: Scope) -> None:
    found = await select(fleet, everything, operators=("A",), criticalities=("critical",))
    assert len(found) == 1
    row = found[0]
    assert (row.site_external_id, row.region, row.customers, row.role) == ("S0001", "North", 100, "primary")
    assert (row.operator_code, row.operator_ref, row.generation, row.version) == ("A", "A0001", "3G", 1)
    assert row.device_generations == ["3G", "4G"]
    assert row.desired == {
        "state": "ACTIVE",
        "apn": "scada.dso",
        "ip_address": "10.0.0.1",
        "subscription_group": "grid",
        "data_plan": "plan",
        "rat_restriction": [],
        "imei_lock": None,
        "lan_groups": [],
    }
    assert set(row.operational.values()) == {None}


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 44),
        ({"linked": True}, 24),
        ({"linked": False, "operators": ("B",)}, 10),
        ({"regions": ("South",)}, 10),
        ({"generations": ("2G",)}, 6),
        ({"q": "albion 12"}, 2),
        ({"q": "S0003"}, 2),
        ({"q": "D0004"}, 2),
        ({"q": "ts5 1a"}, 2),
        ({"q": "A0009"}, 1),
        ({"q": "234100000000003"}, 1),
        ({"q": "10.0.0.5"}, 1),
        ({"q": "'); DROP TABLE site;--"}, 0),
        ({"technologies": ("none",)}, 44),
        ({"technologies": ("3G",)}, 0),
        ({"stale": True}, 44),
        ({"hanging_on": "3G"}, 0),
        ({"drift": True}, 0),
        ({"subscription_generations": ("5G",)}, 10),
        ({"roles": ("backup",), "states": ("ACTIVE",)}, 12),
        ({"stock_states": ("in_stock",)}, 20),
    ],
)
async def test_filters(fleet: Database, everything: Scope, wanted: dict[str, object], count: int) -> None:
    assert len(await select(fleet, everything, **wanted)) == count


async def test_a_selection_ends_at_the_scope(fleet: Database, north: Scope, only_a: Scope) -> None:
    assert {row.region for row in await select(fleet, north)} == {"North"}
    assert {row.operator_code for row in await select(fleet, only_a)} == {"A"}
    assert await select(fleet, only_a, q="234100000000003") == []


async def test_single_ones_and_exceptions(fleet: Database, everything: Scope) -> None:
    async with fleet.snapshot() as tx:
        some = await subscriptions(tx, everything, [3, 1, 2])
        rest = await resolve_selection(
            tx, everything, Selection(subscription_ids=(1, 2, 3), except_subscription_ids=(2,)), limit=1
        )
    assert [row.subscription_id for row in some] == [1, 2, 3]
    assert [row.subscription_id for row in rest] == [1]


async def test_desired_values_keep_their_before_image(fleet: Database, everything: Scope) -> None:
    fields: Desired = {"state": "SUSPENDED", "apn": None, "rat_restriction": ["UTRA", "GERAN"]}
    async with fleet.transaction() as tx:
        outcome = await apply_desired(tx, everything, [DesiredChange(1, 1, fields, 7)], reason="test")
        row = (await subscriptions(tx, everything, [1]))[0]
        history = await fetch_all(tx, "SELECT * FROM history")
    assert [(one.subscription_id, one.version) for one in outcome.applied] == [(1, 2)]
    assert (row.state, row.apn, row.rat_restriction, row.data_plan) == ("SUSPENDED", None, ["GERAN", "UTRA"], "plan")
    assert len(history) == 1
    kept = history[0]
    assert (kept["thing"], kept["thing_id"], kept["actor"], kept["reason"], kept["change_id"]) == (
        "subscription",
        1,
        "system:tests",
        "test",
        7,
    )
    assert (kept["before"]["state"], kept["before"]["apn"], kept["before"]["ip_address"]) == (
        "ACTIVE",
        "scada.dso",
        "10.0.0.1",
    )
    assert kept["after"] == {**row.desired}


async def test_what_somebody_changed_since_is_a_conflict(fleet: Database, everything: Scope, north: Scope) -> None:
    async with fleet.transaction() as tx:
        await apply_desired(tx, everything, [DesiredChange(1, 1, {"data_plan": "x"})], reason="one")
        outcome = await apply_desired(
            tx, everything, [DesiredChange(1, 1, {"data_plan": "y"}), DesiredChange(9999, 1, {})], reason="two"
        )
        assert outcome.applied == ()
        assert [(one.subscription_id, one.version) for one in outcome.conflicts] == [(1, 2), (9999, None)]
        foreign = await apply_desired(tx, north, [DesiredChange(12, 1, {"data_plan": "y"})], reason="out of reach")
        assert [(one.subscription_id, one.version) for one in foreign.conflicts] == [(12, None)]


async def test_two_that_change_the_same_at_once(fleet: Database, everything: Scope) -> None:
    async def run(plan: str, ids: list[int]) -> int:
        async with fleet.transaction() as tx:
            changes = [DesiredChange(one, 1, {"data_plan": plan}) for one in ids]
            return len((await apply_desired(tx, everything, changes, reason=plan)).applied)

    ids = list(range(1, 25))
    counts = await asyncio.gather(run("x", ids), run("y", ids[::-1]), run("z", ids[5:]))
    assert sum(counts) == 24
    async with fleet.snapshot() as tx:
        assert await fetch_value(tx, "SELECT count(*) FROM history") == 24
        assert await fetch_value(tx, "SELECT count(*) FROM subscription WHERE version = 2") == 24


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "ASLEEP"},
        {"imsi": "1"},
        {"ip_address": "10.0.0.999"},
        {"ip_address": "fe80::1%0"},
        {"rat_restriction": ["6G"]},
        {"apn": ""},
    ],
)
async def test_values_that_nothing_can_have(fleet: Database, everything: Scope, fields: dict[str, object]) -> None:
    async with fleet.transaction() as tx:
        with pytest.raises(Invalid) as caught:
            await apply_desired(tx, everything, [DesiredChange(1, 1, fields)], reason="")  # type: ignore[arg-type]
    assert caught.value.problems[0].field == next(iter(fields))


async def test_viewers_change_nothing(fleet: Database) -> None:
    viewer = Scope("user:v", Role.VIEWER.permissions)
    async with fleet.transaction() as tx:
        with pytest.raises(Forbidden):
            await apply_desired(tx, viewer, [DesiredChange(1, 1, {"data_plan": "x"})], reason="")
        with pytest.raises(Forbidden):
            await apply_reports(tx, viewer, "A", [])
        with pytest.raises(Forbidden):
            await resolve_selection(tx, Scope("user:n", frozenset({Permission.AUDIT_READ})), Selection())


REPORTED: Desired = {
    "state": "ACTIVE",
    "apn": "scada.dso",
    "ip_address": "10.0.0.1",
    "subscription_group": "grid",
    "data_plan": "plan",
    "rat_restriction": [],
    "imei_lock": None,
    "lan_groups": [],
}


async def test_reports_are_compared_with_what_is_desired(fleet: Database, everything: Scope) -> None:
    reports = [
        OperatorReport(operator_ref="A0001", reported_at=T0, operational=REPORTED),
        OperatorReport(operator_ref="A0002", reported_at=T0, operational={"apn": "other", "state": "ACTIVE"}),
        OperatorReport(operator_ref="A9999", reported_at=T0),
    ]
    async with fleet.transaction() as tx:
        outcome = await apply_reports(tx, everything, "A", reports)
        rows = await resolve_selection(tx, everything, Selection(filter=FleetFilter(q="A0001")))
    assert (outcome.taken, outcome.unknown) == (2, ("A9999",))
    assert [(one.operator_ref, one.field, one.desired, one.operational) for one in outcome.drifts] == [
        ("A0002", "apn", "scada.dso", "other")
    ]
    assert rows[0].operational == rows[0].desired
    assert rows[0].reported_at == T0
    assert len(await select(fleet, everything, drift=True, states=("ACTIVE",))) == 1


async def test_an_older_report_changes_nothing(fleet: Database, everything: Scope) -> None:
    cell = {"rat": "UTRA", "band": "B8", "cell_key": "3G-1-1"}
    newer = OperatorReport(
        operator_ref="A0001",
        reported_at=T0,
        operational={"apn": "new"},
        cell_at=T0,
        attached=True,
        imei="1",
        last_seen=T0,
        **cell,  # type: ignore[arg-type]
    )
    earlier = T0 - timedelta(minutes=1)
    older = OperatorReport(
        operator_ref="A0001",
        reported_at=earlier,
        operational={"apn": "old", "data_plan": "old"},
        rat="NR",
        cell_at=earlier,
        attached=False,
        last_seen=earlier,
    )
    async with fleet.transaction() as tx:
        await apply_reports(tx, everything, "A", [newer])
        outcome = await apply_reports(tx, everything, "A", [older])
        row = (await resolve_selection(tx, everything, Selection(filter=FleetFilter(q="A0001"))))[0]
    assert (outcome.taken, outcome.drifts) == (0, ())
    assert (row.op_apn, row.op_data_plan, row.rat, row.band, row.attached) == ("new", None, "UTRA", "B8", True)
    assert (row.cell_at, row.last_seen, row.imei_seen) == (T0, T0, "1")


async def test_a_cell_report_leaves_the_operational_values_alone(fleet: Database, everything: Scope) -> None:
    later = T0 + timedelta(hours=1)
    async with fleet.transaction() as tx:
        await apply_reports(
            tx, everything, "A", [OperatorReport(operator_ref="A0001", reported_at=T0, operational=REPORTED)]
        )
        outcome = await apply_reports(
            tx, everything, "A", [OperatorReport(operator_ref="A0001", reported_at=later, rat="EUTRA", cell_at=later)]
        )
        row = (await resolve_selection(tx, everything, Selection(filter=FleetFilter(q="A0001"))))[0]
    assert outcome.drifts == ()
    assert (row.reported_at, row.op_apn, row.rat, row.cell_at) == (T0, "scada.dso", "EUTRA", later)


async def test_hanging_on_3g_and_a_shared_mast(fleet: Database, everything: Scope, only_a: Scope) -> None:
    async def report(operator: str, numbers: range, rat: str, cell: str) -> None:
        async with fleet.transaction() as tx:
            reports = [
                OperatorReport(operator_ref=f"{operator}{n:04d}", reported_at=T0, rat=rat, cell_key=cell, cell_at=T0)
                for n in numbers
            ]
            await apply_reports(tx, everything, operator, reports)

    async with fleet.transaction() as tx:
        await tx.execute("INSERT INTO mast (mast_key) VALUES ('M1'), ('M2')")
        await tx.execute(
            "INSERT INTO cell (operator_id, cell_key, rat, mast_id) VALUES (1, 'a', 'UTRA', 1), (2, 'b', 'UTRA', 1),"
            " (2, 'c', 'EUTRA', 2)"
        )
    await report("A", range(1, 7), "UTRA", "a")
    await report("B", range(1, 4), "UTRA", "b")
    await report("B", range(4, 7), "EUTRA", "c")
    assert {row.site_id for row in await select(fleet, everything, hanging_on="3G")} == {1, 2, 3}
    assert {row.site_id for row in await select(fleet, everything, shared_mast=True)} == {1, 2, 3}
    assert {row.site_id for row in await select(fleet, only_a, hanging_on="3G")} == {1, 2, 3, 4, 5, 6}
    assert len(await select(fleet, everything, technologies=("3G",))) == 9


async def test_an_operator_out_of_scope_cannot_be_reported(fleet: Database, only_a: Scope) -> None:
    async with fleet.transaction() as tx:
        with pytest.raises(NotFound):
            await apply_reports(tx, only_a, "B", [])
