"""Imports on PostgreSQL of what was made to break them: odd values, odd names, a lost database, two at once."""

import asyncio
import gzip
import io
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import openpyxl
import psycopg
import pytest

from tieline.platform.db import Database, execute, fetch_all, fetch_value
from tieline.platform.scope import Scope
from tieline.platform.settings import Settings
from tieline.standards.numbering import luhn_digit
from tieline.utility.inventory.importing.kinds import KINDS
from tieline.utility.inventory.importing.mapping import from_object
from tieline.utility.inventory.model import ImportMode, Kind
from tieline.utility.inventory.service import imports, uploads
from tieline.utility.inventory.store import imports as store

pytestmark = pytest.mark.anyio
Importer = Callable[..., Awaitable[Any]]

SITE: dict[str, Any] = {
    "kind": "site",
    "name": "sites",
    "columns": {"external_id": "id", "name": "name", "region": "region"},
}
ICCID = [(digits := f"89441000000000000{n}") + luhn_digit(digits) for n in range(1, 10)]

# What a field is given that it was not made for; each has broken some importer.
ODD = (
    "",
    " ",
    "'; DROP TABLE site; --",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://example.org")',
    "\u3316" * 200,
    "\ufdfa" * 200,
    "\U0001f5fc" * 200,
    "***",
    "\ufeff\u200b",
    "\\N",
    "\\.",
    "{}",
    "{a,b}",
    "NULL",
    "NaN",
    "Infinity",
    "-0",
    "1e308",
    "1e-320",
    "2147483648",
    "9" * 40,
    "١٢",
    "fe80::1%1",
    "::ffff:10.0.0.1",
    "10.0.0.0/0.0.0.255",
    "0.0.0.0/0",
    "::/0",
    "0001-01-01",
    "9999-12-31",
    "2G 3G,2G",
    "true",
    "A",
    "x" * 200,
)


@pytest.fixture
async def operators(db: Database) -> Database:
    async with db.transaction() as tx:
        await execute(tx, "INSERT INTO operator (code, name, plmns) VALUES ('A', 'A', '{23415}'), ('B', 'B', '{}')")
    return db


@pytest.mark.parametrize("kind", list(KINDS))
async def test_any_value_is_taken_or_named(operators: Database, import_bytes: Importer, kind: Kind) -> None:
    names = [spec.name for spec in KINDS[kind]]
    good = {
        "operator": "A",
        "iccid": ICCID[0],
        "rat": "4G",
        "cidr": "10.0.0.0/24",
        "lat": "1",
        "lon": "1",
    }
    rows = [
        {name: good.get(name, "x") if KINDS[kind][place].required else "" for place, name in enumerate(names)}
        | {"external_id": f"i{n}", "operator_ref": f"i{n}", "cell_key": f"i{n}", "iccid": ICCID[n % len(ICCID)]}
        | {odd_name: value}
        for n, (odd_name, value) in enumerate((name, value) for name in names for value in ODD)
    ]
    lines = b"".join(msgspec.json.encode({name: row.get(name, "") for name in names}) + b"\n" for row in rows)
    described = {"kind": kind, "name": "m", "columns": {name: name for name in names}}
    report = await import_bytes(operators, described, lines, "x.jsonl")
    assert report.run.state == "done"
    assert report.run.rows_read == len(rows)
    assert sum(report.counts) == len(rows)
    again = await import_bytes(operators, described, lines, "x.jsonl")
    assert (again.run.state, again.run.rows_created) == ("done", 0)
    third = await import_bytes(operators, described, lines, "x.jsonl")
    assert third.counts == again.counts


async def test_a_column_that_is_not_in_the_file_empties_nothing(db: Database, import_bytes: Importer) -> None:
    await import_bytes(db, SITE, b"id,name,region\n1,One,North\n")
    report = await import_bytes(db, SITE, b"id,name\n1,Uno\n2,Due\n")
    assert (report.counts, report.run.notes["missing_columns"]) == ((1, 1, 0, 0), ["region"])
    report = await import_bytes(db, SITE, b'{"id": 1, "name": "Eins"}\n{"id": 2, "name": "Due"}\n', "x.jsonl")
    assert (report.counts, report.run.notes["missing_columns"]) == ((0, 1, 1, 0), ["region"])
    async with db.snapshot() as tx:
        rows = await fetch_all(tx, "SELECT name, region FROM site ORDER BY external_id")
    assert [tuple(row.values()) for row in rows] == [("Eins", "North"), ("Due", None)]
    # An empty value in a column that is there does: so it is written.
    await import_bytes(db, SITE, b"id,name,region\n1,Eins,\n")
    async with db.snapshot() as tx:
        assert await fetch_value(tx, "SELECT region FROM site WHERE external_id = '1'") is None


def workbook(*rows: list[str]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (b'{"id": "1", "name": "One", "\\u0000odd": 1}\n', "done"),
        (b'{"id": "1", "name": "One\\u0000", "' + b"x" * 900_000 + b'": 1}\n', "done"),
        (workbook(["id", "name", "odd_x0000_"], ["1", "One", "x"]), "done"),
        (workbook(["odd_x0000_", "name"], ["1", "One"]), "refused"),
        (workbook(["odd_x0000_"], ["1"]), "refused"),
        (b"id,name,name\n1,One,Uno\n", "refused"),
        (gzip.compress(b"id,name\n" + b"1,x\n" * 99_999)[:-20], "refused"),
    ],
)
async def test_odd_files_end_in_a_report(db: Database, import_bytes: Importer, content: bytes, state: str) -> None:
    report = await import_bytes(db, SITE, content)
    assert report.run.state == state
    assert "\0" not in str(report.run.notes) + report.run.message
    assert len(str(report.run.notes)) < 1000
    async with db.snapshot() as tx:
        assert await fetch_value(tx, "SELECT detail ->> 'message' FROM audit WHERE action = 'import.refused'") == (
            report.run.message if state == "refused" else None
        )


async def entered(db: Database, settings: Settings, scope: Scope, content: bytes) -> int:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    upload = await uploads.keep(settings, "sites.csv", chunks())
    async with db.transaction() as tx:
        return await imports.create(tx, scope, upload, from_object(SITE), mode=ImportMode.KEEP_GOOD, dry_run=False)


async def found(db: Database, query: str) -> Any:
    """One value, as a new transaction sees it."""
    async with db.snapshot() as tx:
        return await fetch_value(tx, query)


async def test_an_import_whose_database_is_lost_is_done_again(
    db: Database, settings: Settings, everything: Scope
) -> None:
    identity = await entered(db, settings, everything, b"id,name,region\n1,One,R\n2,Two,R\n")
    async with db.transaction() as tx:
        await execute(tx, "LOCK TABLE site IN ACCESS EXCLUSIVE MODE")
        running = asyncio.create_task(imports.run(db, settings, identity))
        waits = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        async with asyncio.timeout(30):
            # Asked in a new transaction each time: within one, PostgreSQL shows the activity it saw first.
            while (pid := await found(db, waits)) is None:  # noqa: ASYNC110 - PostgreSQL tells no event of it
                await asyncio.sleep(0)
        await execute(tx, "SELECT pg_terminate_backend(%s)", (pid,))
        with pytest.raises(psycopg.OperationalError):
            await running
    async with db.snapshot() as tx:
        left = await store.one(tx, everything, identity)
        assert await fetch_value(tx, "SELECT count(*) FROM site") == 0
    assert left is not None
    assert left.state == "running"
    await imports.run(db, settings, identity)
    async with db.snapshot() as tx:
        done = await store.one(tx, everything, identity)
        assert await fetch_value(tx, "SELECT count(*) FROM audit WHERE action LIKE 'import.%%'") == 1
    assert done is not None
    assert (done.state, done.rows_created) == ("done", 2)


async def test_two_imports_at_once_of_the_same_things_take_turns(
    db: Database, settings: Settings, everything: Scope
) -> None:
    rows = [f"{n},{{}},R" for n in range(300)]
    contents = ["\n".join(["id,name,region", *rows, ""]).replace("{}", name).encode() for name in ("One", "Two")]
    both = [await entered(db, settings, everything, content) for content in contents]
    await asyncio.gather(*(imports.run(db, settings, identity) for identity in both))
    async with db.snapshot() as tx:
        ended = [await store.one(tx, everything, identity) for identity in both]
        names = await fetch_value(tx, "SELECT array_agg(DISTINCT name) FROM site")
    assert sorted((run.rows_created, run.rows_updated) for run in ended if run) == [(0, 300), (300, 0)]
    assert names in (["One"], ["Two"])


async def test_what_a_killed_process_left_half_sent_is_cleared_away(
    db: Database, settings: Settings, everything: Scope
) -> None:
    await entered(db, settings, everything, b"id,name,region\n1,One,R\n")
    folder = settings.home / "uploads"
    [waiting] = folder.iterdir()
    young, old = folder / "young", folder / "old"
    for file in (young, old):
        file.write_bytes(b"id,na")
    for file in (waiting, old):
        os.utime(file, (0, 0))
    async with db.transaction() as tx:
        await imports.forget_files(tx, settings, days=14)
    assert sorted(folder.iterdir()) == sorted([waiting, young])
