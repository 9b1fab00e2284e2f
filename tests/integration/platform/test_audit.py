"""The audit trail: what is written can be verified, and whatever is done to it afterwards shows."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tieline.platform import audit
from tieline.platform.audit import Entry, Fault, Filter, Verdict, Wrong, open_witness, seal
from tieline.platform.audit.sealing import keep_sealed
from tieline.platform.db import Database, execute, fetch_value
from tieline.platform.errors import Forbidden, Invalid
from tieline.platform.scope import Permission, Scope, system
from tieline.platform.wiring import Runtime

pytestmark = pytest.mark.anyio
SCOPE = Scope("user:fred", frozenset({Permission.AUDIT_READ}), request_id="r-1")


async def write(db: Database, count: int, detail: Mapping[str, Any] | None = None, first: int = 1) -> None:
    entries = [Entry("thing.done", f"thing:{n}", detail or {"n": n}) for n in range(first, first + count)]
    async with db.transaction() as tx:
        await audit.append(tx, SCOPE, *entries)


async def intrude(db: Database, *statements: str) -> None:
    """What the owner of the tables can do: take the guards away and alter."""
    async with db.transaction() as tx:
        await execute(tx, "ALTER TABLE audit DISABLE TRIGGER ALL")
        await execute(tx, "ALTER TABLE audit_head DISABLE TRIGGER ALL")
        for statement in statements:
            await execute(tx, statement)


@pytest.fixture(scope="module")
async def chain_of_seven(clone: Callable[[Sequence[Path]], str]) -> AsyncIterator[Database]:
    """A trail of seven entries; what a test does to it is rolled back."""
    db = await Database.open(clone([Path(audit.__path__[0]) / "migrations"]), size=2)
    await write(db, 7)
    yield db
    await db.close()


async def after(db: Database, *statements: str) -> Fault:
    """The fault that is found after an intruder's statements, which are then rolled back."""
    async with db.autocommit() as connection:
        await execute(connection, "BEGIN")
        for statement in ("ALTER TABLE audit DISABLE TRIGGER ALL", "ALTER TABLE audit_head DISABLE TRIGGER ALL"):
            await execute(connection, statement)
        for statement in statements:
            await execute(connection, statement)
        found = await audit.verify(connection)
        await execute(connection, "ROLLBACK")
    assert found.fault is not None
    return found.fault


async def verdict(db: Database) -> Verdict:
    async with db.snapshot() as tx:
        return await audit.verify(tx)


async def test_an_untouched_trail_is_whole(platform_db: Database) -> None:
    assert (await verdict(platform_db)).ok
    await write(platform_db, 3)
    await write(platform_db, 2, first=4)
    found = await verdict(platform_db)
    assert (found.ok, found.head.seq, found.witnessed) == (True, 5, 0)


async def test_entries_of_transactions_at_the_same_time_make_one_chain(platform_db: Database) -> None:
    await asyncio.gather(*(write(platform_db, 7, first=n) for n in range(20)))
    found = await verdict(platform_db)
    assert (found.ok, found.head.seq) == (True, 140)


async def test_twenty_thousand_entries_are_one_quick_statement(platform_db: Database) -> None:
    async with asyncio.timeout(15):
        await write(platform_db, 20_000)
    assert (await verdict(platform_db)).head.seq == 20_000


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    actor=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20),
    detail=st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=8),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(10**20), 10**20)
            | st.text(st.characters(codec="utf-8"))
            | st.floats(allow_nan=False, allow_infinity=False),
            lambda inner: st.lists(inner, max_size=3),
        ),
        max_size=4,
    ),
)
def test_the_database_and_the_verifier_agree_on_the_canonical_form_of_anything(
    clone: Callable[..., str], actor: str, detail: dict[str, Any]
) -> None:
    asyncio.run(_round_trip(_database(clone), actor, detail))


_URLS: list[str] = []


def _database(clone: Callable[..., str]) -> str:
    if not _URLS:
        folder = Path(audit.__path__[0]) / "migrations"
        _URLS.append(clone([folder]))
    return _URLS[0]


async def _round_trip(url: str, actor: str, detail: dict[str, Any]) -> None:
    db = await Database.open(url, size=2)
    try:
        async with db.transaction() as tx:
            await audit.append(tx, Scope(actor, frozenset()), Entry("a", "b", detail), Entry("c", "d", {}))
        assert (await verdict(db)).ok
    finally:
        await db.close()


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_the_database_refuses_to_alter_the_trail(platform_db: Database, statement: str) -> None:
    await write(platform_db, 2)
    async with platform_db.autocommit() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added to"):
            await execute(connection, statement)
    assert (await verdict(platform_db)).head.seq == 2


async def test_the_guards_hold_in_sessions_that_call_themselves_replicas(platform_db: Database) -> None:
    async with platform_db.transaction() as tx:
        modes = await fetch_value(
            tx, "SELECT array_agg(DISTINCT tgenabled::text) AS m FROM pg_trigger WHERE tgname LIKE 'audit_%%'"
        )
    assert modes == ["A"]


COLUMNS = {
    "at": "at + interval '1 microsecond'",
    "actor": "actor || 'x'",
    "action": "'thing.undone'",
    "subject": "'thing:99'",
    "detail": """'{"n": 4, "m": 1}'""",
    "request_id": "''",
    "prev": r"'\x00'",
    "hash": r"'\x00'",
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("seq", [1, 4, 7])
async def test_a_tampered_column_is_found_in_its_row(chain_of_seven: Database, column: str, seq: int) -> None:
    fault = await after(chain_of_seven, f"UPDATE audit SET {column} = {COLUMNS[column]} WHERE seq = {seq}")
    assert (fault.wrong, fault.seq) == (Wrong.TAMPERED, seq)


@pytest.mark.parametrize("at", ["infinity", "-infinity", "20000-01-01"])
async def test_a_time_that_cannot_be_is_a_fault_and_no_crash(chain_of_seven: Database, at: str) -> None:
    fault = await after(chain_of_seven, f"UPDATE audit SET at = '{at}' WHERE seq = 2")
    assert (fault.wrong, fault.seq) == (Wrong.TAMPERED, 2)


RENUMBER_DOWN = "UPDATE audit SET seq = -seq WHERE seq > 4; UPDATE audit SET seq = -seq - 1 WHERE seq < 0"
MAKE_ROOM = "UPDATE audit SET seq = -seq WHERE seq >= 4; UPDATE audit SET seq = -seq + 1 WHERE seq < 0"
FORGED = """
INSERT INTO audit SELECT 4, at, actor, 'forged', subject, detail, request_id, hash,
    sha256(hash || audit_field('4') || audit_field((extract(epoch FROM at) * 1000000)::bigint::text)
        || audit_field(actor) || audit_field('forged') || audit_field(subject) || audit_field(detail::text)
        || audit_field(request_id)) FROM audit WHERE seq = 3
"""
CLUMSY = (
    "INSERT INTO audit SELECT 4, at, actor, 'forged', subject, detail, request_id, {prev}, sha256('x')"
    " FROM audit WHERE seq = 3"
)
SWAP = (
    "UPDATE audit SET seq = -1 WHERE seq = {a}; UPDATE audit SET seq = {a} WHERE seq = {b};"
    "UPDATE audit SET seq = {b} WHERE seq = -1"
)
ATTACKS: dict[str, tuple[list[str], Wrong, int]] = {
    "deleted": (["DELETE FROM audit WHERE seq = 4"], Wrong.DELETED, 4),
    "first deleted": (["DELETE FROM audit WHERE seq = 1"], Wrong.DELETED, 1),
    "several deleted": (["DELETE FROM audit WHERE seq IN (3, 4, 5)"], Wrong.DELETED, 3),
    "deleted and renumbered": (
        ["DELETE FROM audit WHERE seq = 4", *RENUMBER_DOWN.split(";"), "UPDATE audit_head SET seq = seq - 1"],
        Wrong.DELETED,
        4,
    ),
    "swapped neighbours": (SWAP.format(a=3, b=4).split(";"), Wrong.REORDERED, 3),
    "swapped far apart": (SWAP.format(a=2, b=6).split(";"), Wrong.REORDERED, 2),
    "forged entry slipped in": (
        [*MAKE_ROOM.split(";"), FORGED, "UPDATE audit_head SET seq = seq + 1"],
        Wrong.INSERTED,
        4,
    ),
    "clumsy entry slipped in": ([*MAKE_ROOM.split(";"), CLUMSY.format(prev="hash")], Wrong.INSERTED, 4),
    "rubbish slipped in": ([*MAKE_ROOM.split(";"), CLUMSY.format(prev=r"'\x01'")], Wrong.INSERTED, 4),
    "number given twice": (
        [
            "ALTER TABLE audit DROP CONSTRAINT audit_pkey",
            CLUMSY.format(prev="hash"),
        ],
        Wrong.INSERTED,
        4,
    ),
    "tail cut": (["DELETE FROM audit WHERE seq > 5"], Wrong.CUT, 6),
    "head taken away": (["DELETE FROM audit_head"], Wrong.DELETED, 7),
    "added behind the system's back": (
        ["UPDATE audit_head SET seq = 6, hash = (SELECT prev FROM audit WHERE seq = 7)"],
        Wrong.INSERTED,
        7,
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_what_was_done_to_the_trail_is_named_with_its_place(chain_of_seven: Database, attack: str) -> None:
    statements, wrong, seq = ATTACKS[attack]
    fault = await after(chain_of_seven, *statements)
    assert (fault.wrong, fault.seq) == (wrong, seq)


async def sealed(runtime: Runtime, count: int = 5) -> None:
    await write(runtime.db, count)
    assert await seal(runtime, open_witness(runtime.settings))


async def test_a_tail_that_was_cut_together_with_the_head_disagrees_with_the_witness(runtime: Runtime) -> None:
    await sealed(runtime)
    await intrude(
        runtime.db,
        "DELETE FROM audit WHERE seq > 3",
        "UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)",
    )
    assert (await verdict(runtime.db)).ok
    fault = (await audit.judge(runtime)).fault
    assert fault is not None
    assert (fault.wrong, fault.seq) == (Wrong.CUT, 4)


async def test_a_completely_rewritten_trail_disagrees_with_the_witness(runtime: Runtime) -> None:
    await sealed(runtime)
    assert (await audit.judge(runtime)).witnessed == 5
    await intrude(runtime.db, "DELETE FROM audit", "UPDATE audit_head SET seq = 0, hash = sha256('tieline'::bytea)")
    await write(runtime.db, 8, {"n": "other"})
    assert (await verdict(runtime.db)).ok
    fault = (await audit.judge(runtime)).fault
    assert fault is not None
    assert (fault.wrong, fault.seq) == (Wrong.REWRITTEN, 5)
    assert not await seal(runtime, open_witness(runtime.settings)), "a rewritten trail must not be signed on"


@pytest.mark.parametrize(
    ("field", "value"), [("hash", "00" * 32), ("signature", "AAAA"), ("seq", 7), ("key", "0" * 16), ("at", "1970")]
)
async def test_a_forged_line_of_the_witness_is_found(runtime: Runtime, field: str, value: object) -> None:
    await sealed(runtime)
    path = runtime.settings.witness_file
    line = json.loads(path.read_text())
    path.write_text(json.dumps({**line, field: value}) + "\n")
    fault = (await audit.judge(runtime)).fault
    assert fault is not None
    assert fault.wrong is Wrong.WITNESS


async def test_a_line_torn_by_a_crash_says_nothing_and_the_next_one_stands_alone(runtime: Runtime) -> None:
    await sealed(runtime)
    path = runtime.settings.witness_file
    with path.open("ab") as file:
        file.write(b'{"seq": 6, "ha')
    assert (await audit.judge(runtime)).ok
    await write(runtime.db, 1, first=6)
    await seal(runtime, open_witness(runtime.settings))
    assert [json.loads(line)["seq"] for line in path.read_text().splitlines()] == [5, 6]
    found = await audit.judge(runtime)
    assert (found.ok, found.witnessed) == (True, 6)


async def test_the_key_is_private_and_a_head_is_signed_once_and_at_the_end(runtime: Runtime) -> None:
    service = asyncio.create_task(keep_sealed(runtime))
    await sealed(runtime)
    await write(runtime.db, 1, first=6)
    service.cancel()
    await asyncio.gather(service, return_exceptions=True)
    lines = runtime.settings.witness_file.read_text().splitlines()
    assert json.loads(lines[-1])["seq"] == 6
    assert len(lines) == len(set(lines))
    assert stat.S_IMODE((runtime.settings.home / "keys" / "audit.pem").stat().st_mode) == 0o600
    assert (await audit.judge(runtime)).witnessed == 6


async def test_the_trail_is_listed_newest_first_by_who_what_and_when(platform_db: Database) -> None:
    await write(platform_db, 5)
    async with platform_db.transaction() as tx:
        await audit.append(tx, system("x"), Entry("other.thing", "thing:1", {"nul": "a\0b"}))
        assert await audit.append(tx, SCOPE) == 0

    async def listed(wanted: Filter, cursor: str | None = None, limit: int = 3) -> tuple[list[int], str | None]:
        async with platform_db.snapshot() as tx:
            page = await audit.entries(tx, SCOPE, wanted, cursor=cursor, limit=limit)
            return [record.seq for record in page.items], page.next

    seqs, cursor = await listed(Filter())
    assert seqs == [6, 5, 4]
    assert (await listed(Filter(), cursor)) == ([3, 2, 1], None)
    assert (await listed(Filter(actor="system:x")))[0] == [6]
    async with platform_db.transaction() as tx:
        await audit.append(tx, Scope("user:mara/token:7", frozenset()), Entry("one.more", "thing:2", {}))
        await audit.append(tx, Scope("user:mara2", frozenset()), Entry("one.more", "thing:2", {}))
    assert (await listed(Filter(actor="user:mara")))[0] == [7], "what her programs did is hers too"
    assert (await listed(Filter(actor="user:mara/token:7")))[0] == [7]
    assert (await listed(Filter(actor="mara")))[0] == [7], "a name alone is enough"
    assert (await listed(Filter(action="thing.*")))[0] == [5, 4, 3]
    assert (await listed(Filter(action="thing.done", subject="thing:1")))[0] == [1]
    assert (await listed(Filter(until=datetime(2020, 1, 1, tzinfo=UTC))))[0] == []
    async with platform_db.snapshot() as tx:
        page = await audit.entries(tx, SCOPE, Filter(actor="system:x"))
        assert page.items[0].detail == {"nul": "a\ufffdb"}
        with pytest.raises(Forbidden):
            await audit.entries(tx, Scope("user:x", frozenset()), Filter())
        with pytest.raises(Invalid):
            await audit.entries(tx, SCOPE, Filter(), cursor="WyJ4Il0")
