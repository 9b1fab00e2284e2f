"""What becomes an incident, what does not, and how it ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieline.utility.connectors import Field

pytestmark = pytest.mark.anyio


async def test_a_change_by_the_operators_staff_is_an_incident_with_both_values(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    (one,) = await grid.open()
    assert one["kind"] == "configuration"
    assert one["severity"] == "major"
    assert one["title"] == "APN changed at operator A: Moor 2, primary"
    assert (
        "Operator A's staff (bob) set the APN of the primary link of Moor 2 to evil.apn; we want scada.dso."
        in (one["sentence"])
    )
    (member,) = await grid.rows("SELECT fields, site, region FROM incident_member")
    assert member["fields"]["apn"]["ours"] == "scada.dso"
    assert member["fields"]["apn"]["theirs"] == "evil.apn"
    assert (member["site"], member["region"]) == ("S2", "North")
    assert await grid.value("SELECT count(*) FROM audit WHERE action = 'incident.opened'") == 1
    assert await grid.value("SELECT count(*) FROM outbox_event WHERE topic = 'incident.state'") == 1


async def test_what_comes_twice_and_what_its_network_then_shows_is_the_same_incident(grid: Any) -> None:
    body = grid.told("A2", apn="evil.apn")
    await grid.hear(body, body)
    await grid.hear(grid.told("A2", by="", operational={"state": "ACTIVE", "apn": "evil.apn", "dataPlan": "m2m-100",
                                                        "ipAddress": "10.0.0.21"}))  # fmt: skip
    await grid.sweep()
    assert len(await grid.incidents()) == 1


async def test_a_critical_site_or_both_links_of_a_site_make_it_critical(grid: Any) -> None:
    await grid.hear(grid.told("A1", apn="evil.apn"))
    assert [one["severity"] for one in await grid.open()] == ["critical"]
    await grid.hear(grid.told("A3", apn="other.apn"))
    await grid.hear(grid.told("B3", apn="third.apn"), operator="B")
    assert [one["severity"] for one in await grid.open()] == ["critical", "major", "critical"]


async def test_an_equal_slip_on_many_is_one_incident_with_members(grid: Any) -> None:
    await grid.hear(*(grid.told(f"A{number}", apn="slip.apn") for number in range(1, 6)))
    (one,) = await grid.open()
    assert (one["members"], one["sites"]) == (5, 5)
    assert one["title"] == "APN changed at operator A: 5 subscriptions"
    await grid.hear(grid.told("A5", apn="scada.dso"))
    (one,) = await grid.open()
    assert one["members"] == 4


async def test_what_goes_back_by_itself_is_resolved_and_says_so(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    await grid.hear(grid.told("A2", apn="scada.dso"))
    (one,) = await grid.incidents()
    assert one["state"] == "resolved"
    assert one["resolved_by"] == "system:incidents"
    assert "by itself" in one["resolved_why"]


async def test_back_and_forth_before_anybody_looked_is_told_all_the_same(grid: Any) -> None:
    there, back = grid.told("A2", apn="evil.apn"), grid.told("A2", apn="scada.dso")
    for body in (there, back):
        async with grid.db.transaction() as tx:
            from tieline.utility.connectors import service  # noqa: PLC0415
            from tieline.utility.connectors.providers.mns3gpp.notices import read_notices  # noqa: PLC0415

            row = await service.connection(tx, grid.scope[0], "A")
            await service.take_notices(tx, grid.runtime.clock, row, read_notices(body))
    await grid.drain()
    (one,) = await grid.incidents()
    assert one["state"] == "resolved"
    assert "by the time we looked" in one["resolved_why"]
    assert "evil.apn" in one["sentence"]


async def test_notifications_out_of_order_leave_what_is_so_now(grid: Any) -> None:
    now = datetime.now(UTC)
    newer = grid.told("A2", apn="scada.dso", at=now)
    older = grid.told("A2", apn="evil.apn", at=now - timedelta(minutes=1))
    await grid.hear(newer)
    await grid.hear(older)
    assert await grid.open() == []


async def test_a_lost_notification_is_found_by_the_full_read(grid: Any) -> None:
    grid.platforms["A"].touch("A4", {Field.APN: "evil.apn"})
    await grid.read("A")
    (one,) = await grid.open()
    assert one["title"] == "APN changed at operator A: Moor 4, primary"
    (balance,) = await grid.rows("SELECT * FROM reconciliation")
    assert (balance["read"], balance["equal"], balance["differing"]) == (5, 4, 1)
    assert (balance["missing"], balance["unknown"], balance["fields"]) == (0, 0, {"apn": 1})
    grid.platforms["A"].touch("A4", {Field.APN: "scada.dso"})
    await grid.read("A")
    await grid.recheck()
    assert await grid.open() == []


async def test_missing_and_unknown_subscriptions_are_found_by_the_full_read(grid: Any) -> None:
    await grid.read("A")
    del grid.platforms["A"]._subscriptions["A2"]
    grid.platforms["A"].load({"strange-1": {Field.STATE: "ACTIVE"}, "strange-2": {Field.STATE: "ACTIVE"}})
    await grid.read("A")
    found = {one["kind"]: one for one in await grid.open()}
    assert set(found) == {"missing", "unknown"}
    assert found["missing"]["title"] == "Gone at operator A: Moor 2, primary"
    assert found["unknown"]["title"] == "2 subscriptions at operator A that we do not know"
    assert found["unknown"]["members"] == 2
    balance = (await grid.rows("SELECT * FROM reconciliation ORDER BY id"))[-1]
    assert (balance["missing"], balance["unknown"], balance["equal"]) == (1, 2, 4)
    del grid.platforms["A"]._subscriptions["strange-1"]
    grid.platforms["A"].load({"A2": {Field.STATE: "ACTIVE", Field.APN: "scada.dso", Field.DATA_PLAN: "m2m-100",
                                     Field.IP_ADDRESS: "10.0.0.21"}})  # fmt: skip
    await grid.read("A")
    await grid.recheck()
    (left,) = await grid.open()
    assert (left["kind"], left["members"]) == ("unknown", 1)


async def test_a_deleted_subscription_is_missing_at_once(grid: Any) -> None:
    await grid.hear(grid.gone("A3"))
    (one,) = await grid.open()
    assert (one["kind"], one["severity"]) == ("missing", "major")


async def test_a_sim_in_a_foreign_device_is_an_incident_and_ends_when_it_is_back(grid: Any) -> None:
    await grid.hear(grid.told("A2", by="", imei="356938035643809", attached=True))
    (one,) = await grid.open()
    assert (one["kind"], one["severity"]) == ("wrong-device", "major")
    assert "in a device with IMEI 356938035643809" in one["sentence"]
    ours = await grid.value("SELECT imei FROM device WHERE external_id = 'R2'")
    await grid.hear(grid.told("A2", by="", imei=ours, attached=True))
    await grid.recheck()
    assert await grid.open() == []


async def test_a_broken_imei_lock_says_so(grid: Any) -> None:
    ours = await grid.value("SELECT imei FROM device WHERE external_id = 'R2'")
    await grid.run_sql("UPDATE subscription SET imei_lock = %(imei)s WHERE operator_ref = 'A2'", imei=ours)
    await grid.hear(grid.told("A2", by="", imei="356938035643809"))
    (one,) = await grid.open()
    assert one["title"] == "SIM used outside the device it is locked to: Moor 2, primary"


async def test_another_card_at_the_operator_is_an_incident(grid: Any) -> None:
    await grid.hear(grid.told("A2", by="", card="card-other"))
    (one,) = await grid.open()
    assert (one["kind"], one["title"]) == ("wrong-card", "Another card at operator A: Moor 2, primary")


async def test_a_second_field_joins_the_incident_of_its_subscription(grid: Any) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    await grid.hear(grid.told("A2", dataPlan="gold"))
    (one,) = await grid.open()
    assert one["title"] == "APN and data plan changed at operator A: Moor 2, primary"
