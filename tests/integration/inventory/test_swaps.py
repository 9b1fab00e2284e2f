"""Cards change places: a link is one card at work, so that another card ends it and begins a new one, dated."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tieline.platform.db import Database, execute, fetch_all, fetch_value, lock_key
from tieline.standards.numbering import luhn_digit

pytestmark = pytest.mark.anyio
Importer = Callable[..., Awaitable[Any]]

ICCID = {n: (digits := f"89441000000000000{n}") + luhn_digit(digits) for n in range(1, 7)}
SUBSCRIPTION: dict[str, Any] = {
    "kind": "subscription",
    "name": "subscriptions",
    "columns": {"operator": {"const": "A"}, "operator_ref": "ref", "iccid": "iccid", "imsi": "imsi"},
}
LINK: dict[str, Any] = {
    "kind": "link",
    "name": "links",
    "columns": {"site_external_id": "site", "device_external_id": "device", "modem_slot": "slot", "iccid": "iccid"},
}
DEVICE: dict[str, Any] = {
    "kind": "device",
    "name": "devices",
    "columns": {"external_id": "id", "site_external_id": "site"},
}


def csv(*rows: str) -> bytes:
    return ("\n".join(rows) + "\n").encode()


def subscriptions(**cards: int) -> bytes:
    return csv("ref,iccid,imsi", *(f"{ref},{ICCID[card]}," for ref, card in cards.items()))


def links(*rows: tuple[int, int, int]) -> bytes:
    """Site (and the device of that number), slot, card."""
    return csv("site,device,slot,iccid", *(f"S{n},D{n},{slot},{ICCID[card]}" for n, slot, card in rows))


@pytest.fixture
async def fitted(db: Database, import_bytes: Importer) -> Database:
    """R1 and R2 at S1, the second as its backup; R3 at S2; R4 in stock. Each begins with the card of its number."""
    async with db.transaction() as tx:
        await execute(tx, "INSERT INTO operator (code, name) VALUES ('A', 'A')")
    site = {"kind": "site", "name": "sites", "columns": {"external_id": "id", "name": "id"}}
    await import_bytes(db, site, csv("id", "S1", "S2"))
    await import_bytes(db, DEVICE, csv("id,site", "D1,S1", "D2,S2"))
    await import_bytes(db, SUBSCRIPTION, subscriptions(R1=1, R2=2, R3=3, R4=4))
    described = {**LINK, "columns": {**LINK["columns"], "role": "role"}}
    rows = [f"S1,D1,1,{ICCID[1]},primary", f"S1,D1,2,{ICCID[2]},backup", f"S2,D2,1,{ICCID[3]},primary"]
    report = await import_bytes(db, described, csv("site,device,slot,iccid,role", *rows))
    assert report.counts == (3, 0, 0, 0)
    return db


async def history_of_links(db: Database) -> list[tuple[Any, ...]]:
    """Every link there was: subscription, card, site, slot, role, and whether it lives."""
    async with db.snapshot() as tx:
        rows = await fetch_all(
            tx,
            "SELECT s.operator_ref, c.iccid, t.external_id, l.modem_slot, l.role, l.valid_to IS NULL AS live"
            " FROM link l JOIN subscription s ON s.id = l.subscription_id JOIN card c ON c.id = l.card_id"
            " JOIN site t ON t.id = l.site_id ORDER BY 1, l.valid_from, l.id",
        )
    card = {iccid: number for number, iccid in ICCID.items()}
    return [(r["operator_ref"], card[r["iccid"]], r["external_id"], *list(r.values())[3:]) for r in rows]


async def whole(db: Database) -> None:
    """What must hold whatever was imported: links, cards, subscriptions and dates agree with one another."""
    async with db.snapshot() as tx:
        split = "SELECT count(*) FROM link l LEFT JOIN card_subscription cs ON cs.card_id = l.card_id AND"
        split += " cs.subscription_id = l.subscription_id AND cs.valid_to IS NULL"
        assert await fetch_value(tx, f"{split} WHERE l.valid_to IS NULL AND cs.id IS NULL") == 0
        bare = "SELECT count(*) FROM subscription s WHERE NOT EXISTS (SELECT FROM card_subscription cs WHERE"
        assert await fetch_value(tx, f"{bare} cs.subscription_id = s.id AND cs.valid_to IS NULL)") == 0
        astray = "SELECT count(*) FROM subscription s LEFT JOIN link l ON l.subscription_id = s.id"
        astray += " AND l.valid_to IS NULL"
        assert await fetch_value(tx, f"{astray} WHERE l.site_id IS DISTINCT FROM s.site_id") == 0
        loose = "SELECT count(*) FROM link l JOIN card c ON c.id = l.card_id"
        assert await fetch_value(tx, f"{loose} WHERE l.valid_to IS NULL AND c.stock_state <> 'fitted'") == 0
        for table in ("link", "card_subscription"):
            overlaps = f"SELECT count(*) FROM {table} a JOIN {table} b ON a.subscription_id = b.subscription_id"
            overlaps += " AND a.id < b.id AND (a.valid_from, coalesce(a.valid_to, 'infinity'))"
            overlaps += " OVERLAPS (b.valid_from, coalesce(b.valid_to, 'infinity'))"
            assert await fetch_value(tx, overlaps) == 0


async def test_a_swap_ends_the_link_and_begins_a_new_one(fitted: Database, import_bytes: Importer) -> None:
    report = await import_bytes(fitted, SUBSCRIPTION, subscriptions(R2=5))
    assert (report.counts, report.run.notes["fields"]) == ((0, 1, 0, 0), {"iccid": 1})
    assert [row for row in await history_of_links(fitted) if row[0] == "R2"] == [
        ("R2", 2, "S1", 2, "backup", False),
        ("R2", 5, "S1", 2, "backup", True),
    ]
    await whole(fitted)
    async with fitted.snapshot() as tx:
        ended, begun = await fetch_all(tx, "SELECT * FROM link WHERE role = 'backup' ORDER BY id")
        [kept] = await fetch_all(tx, "SELECT thing_id, before, after FROM history WHERE thing = 'link'")
        assert await fetch_value(tx, "SELECT stock_state FROM card WHERE iccid = %s", (ICCID[2],)) == "returned"
    assert ended["valid_to"] == begun["valid_from"]
    assert (kept["thing_id"], kept["before"]["valid_to"]) == (ended["id"], None)
    assert kept["after"]["valid_to"] is not None
    again = await import_bytes(fitted, SUBSCRIPTION, subscriptions(R2=5))
    assert again.counts == (0, 0, 1, 0)
    assert len(await history_of_links(fitted)) == 4


async def test_two_links_may_change_cards_with_one_another(fitted: Database, import_bytes: Importer) -> None:
    report = await import_bytes(fitted, SUBSCRIPTION, subscriptions(R1=3, R3=1))
    assert (report.run.state, report.counts) == ("done", (0, 2, 0, 0))
    assert [row for row in await history_of_links(fitted) if row[-1]] == [
        ("R1", 3, "S1", 1, "primary", True),
        ("R2", 2, "S1", 2, "backup", True),
        ("R3", 1, "S2", 1, "primary", True),
    ]
    await whole(fitted)


async def test_a_row_that_counts_on_a_refused_one_is_refused_too(fitted: Database, import_bytes: Importer) -> None:
    # R4 would take the card that R1 leaves, but R1 leaves it for one that R3 is given first: a later rule.
    report = await import_bytes(fitted, SUBSCRIPTION, subscriptions(R3=5, R1=5, R4=1))
    assert report.problems == [(3, "iccid", "duplicate"), (4, "iccid", "duplicate")]
    assert report.counts == (0, 1, 0, 2)
    assert [row[:2] for row in await history_of_links(fitted) if row[-1]] == [("R1", 1), ("R2", 2), ("R3", 5)]
    await whole(fitted)
    # The same for links: card 5 would be free if card 4 came to S2 in its stead, but that is in two places then.
    report = await import_bytes(fitted, LINK, links((1, 3, 4), (2, 1, 4), (1, 4, 5)))
    assert report.problems == [(3, "iccid", "duplicate"), (4, "iccid", "duplicate")]
    await whole(fitted)


async def test_a_slot_keeps_its_role_when_the_file_says_nothing_of_roles(
    fitted: Database, import_bytes: Importer
) -> None:
    report = await import_bytes(fitted, LINK, links((1, 2, 4)))
    assert report.counts == (0, 1, 0, 0)
    assert ("R4", 4, "S1", 2, "backup", True) in await history_of_links(fitted)
    await whole(fitted)


async def test_a_device_takes_its_cards_along(fitted: Database, import_bytes: Importer) -> None:
    report = await import_bytes(fitted, DEVICE, csv("id,site", "D1,S2"))
    assert report.counts == (0, 1, 0, 0)
    assert [row for row in await history_of_links(fitted) if row[0] != "R3"] == [
        ("R1", 1, "S1", 1, "primary", False),
        ("R1", 1, "S2", 1, "primary", True),
        ("R2", 2, "S1", 2, "backup", False),
        ("R2", 2, "S2", 2, "backup", True),
    ]
    await whole(fitted)
    await import_bytes(fitted, DEVICE, csv("id,site", "D1,"))
    assert [row[0] for row in await history_of_links(fitted) if row[-1]] == ["R3"]
    await whole(fitted)


async def test_what_an_import_waited_for_ends_after_it_began(fitted: Database, import_bytes: Importer) -> None:
    """An import whose transaction began first, and that gets its turn second, ends what the other one began."""
    async with fitted.transaction() as tx:
        await execute(tx, "SELECT pg_advisory_xact_lock(%s)", (lock_key("inventory.loading"),))
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        waiting = asyncio.ensure_future(import_bytes(fitted, SUBSCRIPTION, subscriptions(R1=5)))
        async with asyncio.timeout(30):
            while not await fetch_value(tx, waits):  # noqa: ASYNC110 - PostgreSQL tells no event of it
                await asyncio.sleep(0)
        await execute(tx, "UPDATE link SET valid_from = clock_timestamp() WHERE valid_to IS NULL")
        await execute(tx, "UPDATE card_subscription SET valid_from = clock_timestamp() WHERE valid_to IS NULL")
    report = await waiting
    assert (report.run.state, report.counts) == ("done", (0, 1, 0, 0))
    await whole(fitted)
