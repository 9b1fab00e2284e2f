"""What a crew fits becomes a link; what it takes away ends one. Refusals name the rule, and nothing is done twice."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tieline.platform.db import Database, execute, fetch_all, fetch_value
from tieline.platform.scope import Role, Scope
from tieline.utility.inventory import FitOutcome, Fitting, end_links, fit_links, take_devices_away

pytestmark = pytest.mark.anyio

TECH = Scope("user:fred", Role.TECHNICIAN.permissions, user_id=1)
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


async def router(fleet: Database, name: str = "NEW-1") -> None:
    async with fleet.transaction() as tx:
        await execute(
            tx,
            "INSERT INTO device (external_id, make, model, imei, generations, modems)"
            " VALUES (%(name)s, 'Make', 'Five', NULL, '{4G,5G}', 2)",
            {"name": name},
        )


async def spare(fleet: Database, operator: str, place: int = 0) -> str:
    text = """
        SELECT c.iccid FROM card c JOIN operator o ON o.id = c.operator_id
        WHERE o.code = %(operator)s AND c.stock_state = 'in_stock' ORDER BY c.id OFFSET %(place)s LIMIT 1"""
    async with fleet.transaction() as tx:
        return str(await fetch_value(tx, text, {"operator": operator, "place": place}))


async def site(fleet: Database, external_id: str = "S0002") -> int:
    async with fleet.transaction() as tx:
        return int(await fetch_value(tx, "SELECT id FROM site WHERE external_id = %(id)s", {"id": external_id}))


async def fit(fleet: Database, *fittings: Fitting, scope: Scope = TECH) -> FitOutcome:
    async with fleet.transaction() as tx:
        return await fit_links(tx, scope, fittings, at=NOW, reason="Visit 7.")


async def rows(fleet: Database, text: str, **bound: Any) -> list[dict[str, Any]]:
    async with fleet.transaction() as tx:
        return await fetch_all(tx, text, bound)


async def test_a_router_with_two_cards_stands_beside_the_old_one(fleet: Database) -> None:
    await router(fleet)
    place = await site(fleet)
    cards = [await spare(fleet, "A"), await spare(fleet, "B")]
    done = await fit(
        fleet,
        Fitting(site_id=place, device="NEW-1", iccid=cards[1], role="backup"),
        Fitting(site_id=place, device="NEW-1", iccid=cards[0], role="primary"),
    )
    assert [one.fitting.iccid for one in done.fitted] == [cards[1], cards[0]]
    live = await rows(
        fleet,
        "SELECT d.external_id, l.modem_slot, l.role, c.stock_state, s.site_id FROM link l"
        " JOIN device d ON d.id = l.device_id JOIN card c ON c.id = l.card_id"
        " JOIN subscription s ON s.id = l.subscription_id"
        " WHERE l.site_id = %(site)s AND l.valid_to IS NULL ORDER BY l.id",
        site=place,
    )
    assert [(row["external_id"], row["modem_slot"], row["role"]) for row in live] == [
        ("D0002", 1, "primary"),
        ("D0002", 2, "backup"),
        ("NEW-1", 1, "backup"),
        ("NEW-1", 2, "primary"),
    ]
    assert {(row["stock_state"], row["site_id"]) for row in live} == {("fitted", place)}
    kept = await rows(fleet, "SELECT thing, before, reason FROM history WHERE actor = 'user:fred' ORDER BY id")
    assert [(row["thing"], row["before"], row["reason"]) for row in kept] == [("link", {}, "Visit 7.")] * 2


async def test_the_same_twice_is_one_link(fleet: Database) -> None:
    await router(fleet)
    one = Fitting(site_id=await site(fleet), device="NEW-1", iccid=await spare(fleet, "A"))
    first, second = await fit(fleet, one), await fit(fleet, one)
    assert first.fitted[0].link_id == second.fitted[0].link_id
    assert len(await rows(fleet, "SELECT id FROM link WHERE device_id = (SELECT max(id) FROM device)")) == 1


async def test_what_cannot_be_is_refused_by_its_rule(fleet: Database) -> None:
    await router(fleet)
    place, other = await site(fleet), await site(fleet, "S0003")
    card = await spare(fleet, "A")
    busy = (await rows(fleet, "SELECT c.iccid FROM link l JOIN card c ON c.id = l.card_id ORDER BY l.id LIMIT 1"))[0][
        "iccid"
    ]
    lost = await spare(fleet, "B", 1)
    async with fleet.transaction() as tx:
        await execute(tx, "UPDATE card SET stock_state = 'lost' WHERE iccid = %(iccid)s", {"iccid": lost})
    wrong = [
        (Fitting(site_id=10**6, device="NEW-1", iccid=card), "no-site"),
        (Fitting(site_id=place, device="NEW-9", iccid=card), "no-device"),
        (Fitting(site_id=place, device="NEW-1", iccid="123"), "no-card"),
        (Fitting(site_id=place, device="NEW-1", iccid=busy), "card-elsewhere"),
        (Fitting(site_id=place, device="NEW-1", iccid=lost), "card-blocked"),
        (Fitting(site_id=other, device="D0002", iccid=card), "device-elsewhere"),
        (Fitting(site_id=place, device="D0002", iccid=card, modem_slot=1), "slot-taken"),
        (Fitting(site_id=place, device="D0002", iccid=card), "no-slot"),
    ]
    for fitting, code in wrong:
        outcome = await fit(fleet, fitting)
        assert [one.code for one in outcome.refused] == [code]
        assert not outcome.fitted


async def test_a_crew_of_one_region_fits_nothing_in_another(fleet: Database) -> None:
    await router(fleet)
    south = Scope("user:sue", Role.TECHNICIAN.permissions, regions=frozenset({"South"}), user_id=2)
    outcome = await fit(
        fleet, Fitting(site_id=await site(fleet), device="NEW-1", iccid=await spare(fleet, "A")), scope=south
    )
    assert [one.code for one in outcome.refused] == ["no-site"]


async def test_what_is_taken_away_ends_and_its_things_come_back(fleet: Database) -> None:
    place = await site(fleet)
    links = await rows(fleet, "SELECT id, device_id FROM link WHERE site_id = %(site)s", site=place)
    ids = [row["id"] for row in links]
    async with fleet.transaction() as tx:
        assert await take_devices_away(tx, TECH, [links[0]["device_id"]], reason="Visit 7.") == 0
        assert await end_links(tx, TECH, ids, at=NOW.replace(year=2027), reason="Visit 7.") == ids
        assert await end_links(tx, TECH, ids, at=NOW.replace(year=2027), reason="Visit 7.") == []
        assert await take_devices_away(tx, TECH, [links[0]["device_id"]], reason="Visit 7.") == 1
    after = await rows(
        fleet,
        "SELECT c.stock_state, s.site_id, d.site_id AS stands FROM link l JOIN card c ON c.id = l.card_id"
        " JOIN subscription s ON s.id = l.subscription_id JOIN device d ON d.id = l.device_id"
        " WHERE l.id = ANY(%(ids)s)",
        ids=ids,
    )
    assert [tuple(row.values()) for row in after] == [("returned", None, None)] * 2
