"""Imports on PostgreSQL: upserts, references, modes, dry runs, scopes, crashes."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest

from tieline.platform import audit
from tieline.platform.db import Database, execute, fetch_all, fetch_one, fetch_value
from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound
from tieline.platform.scope import Role, Scope
from tieline.platform.settings import Settings
from tieline.standards.numbering import luhn_digit
from tieline.utility.inventory.importing.mapping import from_object
from tieline.utility.inventory.model import ImportMode
from tieline.utility.inventory.service import imports, uploads
from tieline.utility.inventory.store import imports as store

pytestmark = pytest.mark.anyio
Importer = Callable[..., Awaitable[Any]]

SITE: dict[str, Any] = {
    "kind": "site",
    "name": "sites",
    "columns": {"external_id": "id", "name": "name", "region": "region", "lat": "lat", "lon": "lon"},
}
LINK = {
    "kind": "link",
    "name": "links",
    "columns": {
        "site_external_id": "site",
        "device_external_id": "device",
        "modem_slot": "slot",
        "iccid": "iccid",
        "role": "role",
    },
}
SUBSCRIPTION: dict[str, Any] = {
    "kind": "subscription",
    "name": "subscriptions",
    "columns": {
        "operator": {"const": "A"},
        "operator_ref": "ref",
        "iccid": "iccid",
        "imsi": "imsi",
        "state": "state",
        "apn": "apn",
        "ip_address": "ip",
        "data_plan": "plan",
    },
}
ICCID = {n: (digits := f"89441000000000000{n}") + luhn_digit(digits) for n in range(1, 5)}


def csv(*rows: str) -> bytes:
    return ("\n".join(rows) + "\n").encode()


def sites(*rows: str) -> bytes:
    return csv("id,name,region,lat,lon", *rows)


def subscriptions(*rows: str) -> bytes:
    return csv("ref,iccid,imsi,state,apn,ip,plan", *rows)


@pytest.fixture
async def operators(db: Database) -> Database:
    async with db.transaction() as tx:
        await execute(
            tx, "INSERT INTO operator (code, name, plmns) VALUES ('A', 'A', '{23415}'), ('B', 'B', '{23410}')"
        )
    return db


async def test_an_upsert_is_idempotent_and_keeps_the_before_image(db: Database, import_bytes: Importer) -> None:
    first = await import_bytes(db, SITE, sites("1,One,North,50,1", "2,Two,South,51,1"))
    assert first.counts == (2, 0, 0, 0)
    second = await import_bytes(db, SITE, sites("1,One,North,50,1", "2,Zwei,South,51,1", "3,Three,South,51,1"))
    assert second.counts == (1, 1, 1, 0)
    assert second.run.notes["fields"] == {"name": 1}
    async with db.snapshot() as tx:
        history = await fetch_all(tx, "SELECT * FROM history")
        entries = (await audit.entries(tx, Scope("t", frozenset(Role.APPROVER.permissions)), audit.Filter())).items
    assert [(row["thing"], row["before"]["name"], row["after"]["name"]) for row in history] == [("site", "Two", "Zwei")]
    assert history[0]["reason"] == f"import {second.run.id}"
    assert [entry.action for entry in entries] == ["import.done", "import.done"]


async def test_an_import_ends_when_it_ended_not_when_its_transaction_began(
    db: Database, import_bytes: Importer
) -> None:
    await import_bytes(db, SITE, sites("S1,Byker,North East,54.9,-1.5"))
    async with db.snapshot() as tx:
        text = "SELECT finished_at > (SELECT created_at FROM site) AS later FROM import_run"
        assert await fetch_value(tx, text) is True


async def test_fields_that_are_not_mapped_are_left_alone(db: Database, import_bytes: Importer) -> None:
    await import_bytes(db, SITE, sites("1,One,North,50,1"))
    names = {"kind": "site", "name": "n", "columns": {"external_id": "id", "name": "name"}}
    report = await import_bytes(db, names, csv("id,name,colour", "1,Uno,red"))
    assert report.counts == (0, 1, 0, 0)
    assert report.run.notes["unknown_columns"] == ["colour"]
    async with db.snapshot() as tx:
        row = await fetch_one(tx, "SELECT name, name_folded, region, lat FROM site")
    assert row == {"name": "Uno", "name_folded": "uno", "region": "North", "lat": 50.0}


@pytest.mark.parametrize(("mode", "taken"), [("keep_good", 1), ("all_or_nothing", 0)])
async def test_modes(db: Database, import_bytes: Importer, mode: str, taken: int) -> None:
    report = await import_bytes(db, SITE, sites("1,One,North,50,1", "2,Two,South,91,1"), mode=mode)
    assert report.problems == [(3, "lat", "range")]
    assert report.run.state == ("done" if taken else "refused")
    async with db.snapshot() as tx:
        assert await fetch_value(tx, "SELECT count(*) FROM site") == taken


async def test_a_dry_run_says_what_would_be(
    db: Database, import_bytes: Importer, settings: Settings, everything: Scope
) -> None:
    report = await import_bytes(db, SITE, sites("1,One,North,50,1", "1,Two,South,51,1"), dry_run=True)
    assert (report.run.state, report.counts, report.problems) == (
        "done",
        (1, 0, 0, 1),
        [(3, "external_id", "duplicate")],
    )
    async with db.transaction() as tx:
        assert await fetch_value(tx, "SELECT count(*) FROM site") == 0
        again = await imports.repeat(tx, everything, report.run.id)
    await imports.run(db, settings, again)
    async with db.transaction() as tx:
        assert await fetch_value(tx, "SELECT count(*) FROM site") == 1
        await execute(tx, "UPDATE import_run SET finished_at = now() - interval '30 days'")
        await imports.forget_files(tx, settings, days=14)
        with pytest.raises(Conflict):
            await imports.repeat(tx, everything, again)
        with pytest.raises(NotFound):
            await imports.repeat(tx, everything, 999)
    assert list((settings.home / "uploads").iterdir()) == []


async def test_parents_may_come_later_in_the_file(db: Database, import_bytes: Importer) -> None:
    mapping = {"kind": "site", "name": "p", "columns": {"external_id": "id", "name": "id", "parent_external_id": "up"}}
    report = await import_bytes(db, mapping, csv("id,up", "c,b", "b,a", "a,", "x,y", "y,z", "w,w"))
    assert report.problems == [
        (5, "parent_external_id", "unknown_reference"),
        (6, "parent_external_id", "unknown_reference"),
        (7, "parent_external_id", "loop"),
    ]
    async with db.snapshot() as tx:
        rows = await fetch_all(
            tx,
            "SELECT s.external_id, p.external_id AS up FROM site s LEFT JOIN site p ON p.id = s.parent_id ORDER BY 1",
        )
    assert [(row["external_id"], row["up"]) for row in rows] == [("a", None), ("b", "a"), ("c", "b")]
    again = await import_bytes(db, mapping, csv("id,up", "c,b", "b,a", "a,"))
    assert again.counts == (0, 0, 3, 0)


async def test_subscriptions_come_with_their_cards(operators: Database, import_bytes: Importer) -> None:
    rows = [f"R1,{ICCID[1]},234150000000001,ACTIVE,net,10.0.0.1,p", f"R2,{ICCID[2]},,INVENTORY,,,"]
    assert (await import_bytes(operators, SUBSCRIPTION, subscriptions(*rows))).counts == (2, 0, 0, 0)
    async with operators.snapshot() as tx:
        found = await fetch_all(
            tx,
            "SELECT s.operator_ref, c.iccid, c.stock_state, s.state, host(s.ip_address) AS ip FROM subscription s"
            " JOIN card_subscription x ON x.subscription_id = s.id JOIN card c ON c.id = x.card_id ORDER BY 1",
        )
    assert [tuple(row.values()) for row in found] == [
        ("R1", ICCID[1], "issued", "ACTIVE", "10.0.0.1"),
        ("R2", ICCID[2], "in_stock", "INVENTORY", None),
    ]
    # R1 moves to a new card; R2 takes the card that R1 left, and a plan. Pairs are dated.
    moved = [f"R1,{ICCID[3]},234150000000001,ACTIVE,net,10.0.0.1,p", f"R2,{ICCID[1]},,INVENTORY,,,q"]
    report = await import_bytes(operators, SUBSCRIPTION, subscriptions(*moved))
    assert (report.counts, report.run.notes["fields"]) == ((0, 2, 0, 0), {"data_plan": 1, "iccid": 2})
    async with operators.snapshot() as tx:
        pairs = await fetch_all(
            tx,
            "SELECT s.operator_ref, c.iccid, x.valid_to IS NULL AS live FROM card_subscription x"
            " JOIN subscription s ON s.id = x.subscription_id JOIN card c ON c.id = x.card_id ORDER BY 1, 3",
        )
        assert await fetch_value(tx, "SELECT max(version) FROM subscription") == 2
    assert [tuple(row.values()) for row in pairs] == [
        ("R1", ICCID[1], False),
        ("R1", ICCID[3], True),
        ("R2", ICCID[2], False),
        ("R2", ICCID[1], True),
    ]


async def test_what_only_the_database_knows_of_subscriptions(operators: Database, import_bytes: Importer) -> None:
    await import_bytes(operators, SUBSCRIPTION, subscriptions(f"R1,{ICCID[1]},234150000000001,ACTIVE,net,10.0.0.1,p"))
    rows = [
        f"R2,{ICCID[1]},,ACTIVE,,,",
        f"R3,{ICCID[2]},234150000000001,ACTIVE,,,",
        f"R4,{ICCID[3]},,ACTIVE,net,10.0.0.1,",
        f"R5,{ICCID[4]},,ACTIVE,other,10.0.0.1,",
    ]
    report = await import_bytes(operators, SUBSCRIPTION, subscriptions(*rows))
    assert report.problems == [(2, "iccid", "duplicate"), (3, "imsi", "duplicate"), (4, "ip_address", "duplicate")]
    other = {**SUBSCRIPTION, "columns": {**SUBSCRIPTION["columns"], "operator": {"const": "B"}}}
    report = await import_bytes(operators, other, subscriptions(f"B1,{ICCID[1]},,ACTIVE,,,"))
    assert report.problems == [(2, "iccid", "duplicate")]
    unknown = {**SUBSCRIPTION, "columns": {**SUBSCRIPTION["columns"], "operator": {"const": "C"}}}
    report = await import_bytes(operators, unknown, subscriptions(f"B1,{ICCID[1]},,ACTIVE,,,"))
    assert report.problems == [(2, "operator", "unknown_reference")]


@pytest.fixture
async def fitted(operators: Database, import_bytes: Importer) -> Database:
    await import_bytes(operators, SITE, sites("S1,One,North,50,1", "S2,Two,South,51,1"))
    device = {"kind": "device", "name": "d", "columns": {"external_id": "id", "site_external_id": "site"}}
    await import_bytes(operators, device, csv("id,site", "D1,S1", "D2,S2"))
    rows = [f"R{n},{ICCID[n]},,ACTIVE,,," for n in ICCID]
    await import_bytes(operators, SUBSCRIPTION, subscriptions(*rows))
    links = csv("site,device,slot,iccid,role", f"S1,D1,1,{ICCID[1]},primary", f"S2,D2,1,{ICCID[2]},primary")
    assert (await import_bytes(operators, LINK, links)).counts == (2, 0, 0, 0)
    return operators


async def where_things_are(db: Database) -> list[tuple[Any, ...]]:
    async with db.snapshot() as tx:
        rows = await fetch_all(
            tx,
            "SELECT s.operator_ref, t.external_id, c.stock_state FROM subscription s"
            " JOIN card_subscription x ON x.subscription_id = s.id AND x.valid_to IS NULL"
            " JOIN card c ON c.id = x.card_id LEFT JOIN site t ON t.id = s.site_id ORDER BY 1",
        )
    return [tuple(row.values()) for row in rows]


async def test_links_are_dated(fitted: Database, import_bytes: Importer) -> None:
    assert await where_things_are(fitted) == [
        ("R1", "S1", "fitted"),
        ("R2", "S2", "fitted"),
        ("R3", None, "issued"),
        ("R4", None, "issued"),
    ]
    # The two cards change places at once, and one slot gets a third; the others are left.
    links = csv("site,device,slot,iccid,role", f"S1,D1,1,{ICCID[2]},backup", f"S2,D2,1,{ICCID[1]},primary")
    report = await import_bytes(fitted, LINK, links)
    assert (report.problems, report.counts) == ([], (0, 2, 0, 0))
    report = await import_bytes(fitted, LINK, csv("site,device,slot,iccid,role", f"S1,D1,1,{ICCID[3]},primary"))
    assert report.counts == (0, 1, 0, 0)
    assert await where_things_are(fitted) == [
        ("R1", "S2", "fitted"),
        ("R2", None, "returned"),
        ("R3", "S1", "fitted"),
        ("R4", None, "issued"),
    ]
    async with fitted.snapshot() as tx:
        assert await fetch_value(tx, "SELECT count(*) FROM link") == 5
        assert await fetch_value(tx, "SELECT count(*) FROM link WHERE valid_to IS NULL") == 2
        assert await fetch_value(tx, "SELECT count(*) FROM history WHERE thing = 'link'") == 3


async def test_what_only_the_database_knows_of_links(fitted: Database, import_bytes: Importer) -> None:
    links = csv(
        "site,device,slot,iccid,role",
        f"S1,D1,2,{ICCID[2]},backup",
        f"S1,D2,2,{ICCID[3]},backup",
        f"S2,D2,3,{ICCID[4]},backup",
        f"S2,D2,3,{ICCID[3]},backup",
    )
    report = await import_bytes(fitted, LINK, links)
    assert report.problems == [
        (2, "iccid", "duplicate"),
        (3, "device_external_id", "mismatch"),
        (5, "modem_slot", "duplicate"),
    ]
    assert report.counts == (1, 0, 0, 3)


async def test_cells_share_masts_and_risk(operators: Database, import_bytes: Importer) -> None:
    def cells(code: str) -> dict[str, object]:
        columns = {"operator": {"const": code}, "cell_key": "cell", "rat": "rat", "lat": "lat", "lon": "lon"}
        return {"kind": "cell", "name": "c", "columns": columns}

    await import_bytes(operators, cells("A"), csv("cell,rat,lat,lon", "1,4G,50.00001,1", "2,UMTS,51,1", "3,nr,,"))
    report = await import_bytes(operators, cells("B"), csv("cell,rat,lat,lon", "1,LTE,50.00002,1", "4,6G,1,1"))
    assert report.problems == [(3, "rat", "choice")]
    async with operators.snapshot() as tx:
        assert await fetch_value(tx, "SELECT count(*) FROM mast") == 2
        assert await fetch_value(tx, "SELECT array_agg(rat ORDER BY operator_id, cell_key) FROM cell") == [
            "EUTRA",
            "UTRA",
            "NR",
            "EUTRA",
        ]
        assert await fetch_value(tx, "SELECT array_agg(name) FROM shared_risk_group") == ["@50.0000,1.0000"]
    await import_bytes(operators, cells("B"), csv("cell,rat,lat,lon", "1,LTE,53,1"))
    async with operators.snapshot() as tx:
        assert await fetch_value(tx, "SELECT count(*) FROM shared_risk_group") == 0


async def test_pools_do_not_overlap(operators: Database, import_bytes: Importer) -> None:
    columns = {"operator": "operator", "apn": "apn", "cidr": "cidr", "name": "cidr"}
    mapping = {"kind": "address_pool", "name": "pools", "columns": columns}
    good = csv("operator,apn,cidr", "A,x,10.0.0.0/24", "A,y,10.0.0.0/24", "B,x,10.0.0.0/24")
    assert (await import_bytes(operators, mapping, good)).counts == (3, 0, 0, 0)
    assert (await import_bytes(operators, mapping, good)).counts == (0, 0, 3, 0)
    bad = csv("operator,apn,cidr", "A,x,10.0.0.128/25", "A,z,10.1.0.0/24", "A,z,10.1.0.0/25", "A,x,10.2.0.1/24")
    report = await import_bytes(operators, mapping, bad)
    assert report.problems == [(2, "cidr", "overlap"), (4, "cidr", "overlap"), (5, "cidr", "format")]


async def test_a_scope_bounds_what_an_import_touches(
    fitted: Database, import_bytes: Importer, north: Scope, only_a: Scope
) -> None:
    rows = sites("S2,Mine,North,50,1", "S3,Theirs,South,50,1", "S4,Mine,North,50,1")
    report = await import_bytes(fitted, SITE, rows, scope=north)
    assert report.problems == [(2, "external_id", "scope"), (3, "region", "scope")]
    links = csv("site,device,slot,iccid,role", f"S2,D2,2,{ICCID[3]},backup")
    report = await import_bytes(fitted, LINK, links, scope=north)
    assert report.problems == [(2, "site_external_id", "unknown_reference")]
    other = {**SUBSCRIPTION, "columns": {**SUBSCRIPTION["columns"], "operator": {"const": "B"}}}
    report = await import_bytes(fitted, other, subscriptions(f"B1,{ICCID[1]},,ACTIVE,,,"), scope=only_a)
    assert report.problems == [(2, "operator", "unknown_reference")]
    report = await import_bytes(fitted, SUBSCRIPTION, subscriptions(f"R2,{ICCID[2]},,ACTIVE,,,x"), scope=north)
    assert report.problems == [(2, "operator_ref", "scope")]
    async with fitted.snapshot() as tx:
        assert await store.one(tx, only_a, report.run.id) is None


async def test_viewers_import_nothing(db: Database, import_bytes: Importer) -> None:
    with pytest.raises(Forbidden):
        await import_bytes(db, SITE, sites("1,One,North,50,1"), scope=Scope("user:v", Role.VIEWER.permissions))


async def test_forms_of_files(db: Database, import_bytes: Importer) -> None:
    rows = [{"id": str(n), "name": f"Überlandwerk {n}", "region": "R", "lat": 50.5, "lon": None} for n in range(3)]
    lines = b"\n".join(msgspec.json.encode({**row, "lon": 1, "more": [1, 2]}) for row in rows)
    report = await import_bytes(db, SITE, gzip.compress(lines + b"\n{broken\n[1]\n"), "sites.jsonl.gz")
    assert report.problems == [(4, "", "json"), (5, "", "json")]
    assert (report.counts, report.run.notes["form"], report.run.notes["unknown_columns"]) == (
        (3, 0, 0, 2),
        "jsonl",
        ["more"],
    )
    text = "id;name;region;lat;lon\r\n" + "".join(f"{n};Überlandwerk {n};R;50.5;1\r\n" for n in range(3))
    mapping = {**SITE, "format": {"encoding": "cp1252"}}
    report = await import_bytes(db, mapping, text.encode("cp1252"))
    assert (report.counts, report.run.notes["form"]) == ((0, 0, 3, 0), "csv")


async def test_an_empty_upload_leaves_nothing(settings: Settings) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        for chunk in list[bytes]():
            yield chunk

    with pytest.raises(Invalid):
        await uploads.keep(settings, "x.csv", nothing())
    assert list((settings.home / "uploads").iterdir()) == []


async def test_an_import_that_died_is_done_again_and_one_that_is_over_is_not(
    db: Database, settings: Settings, everything: Scope
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield sites("1,One,North,50,1")

    upload = await uploads.keep(settings, "C:\\files\\sites.csv\0", chunks())
    assert upload.name == "sites.csv"
    async with db.transaction() as tx:
        identity = await imports.create(
            tx, everything, upload, from_object(SITE), mode=ImportMode.KEEP_GOOD, dry_run=False
        )
        assert await store.claim(tx, identity) is not None
    await asyncio.gather(imports.run(db, settings, identity), imports.run(db, settings, identity))
    await imports.run(db, settings, identity)
    async with db.snapshot() as tx:
        row = await store.one(tx, everything, identity)
        assert row is not None
        assert (row.state, row.rows_created) == ("done", 1)
        assert await fetch_value(tx, "SELECT count(*) FROM audit WHERE action = 'import.done'") == 1


async def test_an_error_of_ours_is_told_and_raised(db: Database, settings: Settings, everything: Scope) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield sites("1,One,North,50,1")

    upload = await uploads.keep(settings, "sites.csv", chunks())
    async with db.transaction() as tx:
        identity = await imports.create(
            tx, everything, upload, from_object(SITE), mode=ImportMode.KEEP_GOOD, dry_run=False
        )
    upload.path.unlink()
    with pytest.raises(FileNotFoundError):
        await imports.run(db, settings, identity)
    async with db.snapshot() as tx:
        row = await store.one(tx, everything, identity)
    assert row is not None
    assert (row.state, "recorded" in row.message) == ("failed", True)
