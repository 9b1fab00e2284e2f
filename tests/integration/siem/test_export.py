"""The export against receivers: whole, in order, at least once; whatever the receiver does."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.siem.conftest import SCOPE, Receiver, running, wait, write

from tieline.platform.db import execute, fetch_value
from tieline.platform.errors import Conflict, Forbidden, NotFound, Unavailable
from tieline.platform.pki import Authority, server_context
from tieline.platform.scope import Scope
from tieline.platform.siem import AuditSource, Destination, Exporter, Form, destination_of, replay, send_test, state
from tieline.platform.siem import exporter as engine
from tieline.platform.siem.routes import router
from tieline.platform.siem.service import style_of
from tieline.platform.web import bare_app, current_scope
from tieline.platform.wiring import Runtime

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for people's sake does not make tests wait."""
    for name, seconds in (("IDLE_S", 0.02), ("_FIRST_WAIT_S", 0.02), ("_LONGEST_WAIT_S", 0.1), ("_LOCK_S", 0.05)):
        monkeypatch.setattr(engine, name, seconds)


def to(receiver: Receiver, **more: Any) -> Destination:
    return Destination("tcp", "127.0.0.1", receiver.port, **{"form": Form.CEF, "framing": receiver.framing, **more})


async def exporter(runtime: Runtime, destination: Destination) -> Exporter:
    return Exporter(runtime.db, runtime.clock, destination, await style_of(destination), [AuditSource()])


async def sent(runtime: Runtime) -> int:
    async with runtime.db.snapshot() as tx:
        return int(await fetch_value(tx, "SELECT sent FROM siem_cursor WHERE source = 'audit'") or 0)


async def caught_up(runtime: Runtime, number: int) -> None:
    async def there() -> bool:
        return await sent(runtime) >= number

    await wait(there)


@pytest.mark.parametrize("framing", ["octets", "newline"])
@pytest.mark.parametrize("form", list(Form))
async def test_what_is_written_goes_out_whole_and_in_order(
    runtime: Runtime, receiver: Receiver, framing: str, form: Form
) -> None:
    receiver.framing = framing
    await receiver.start()
    await write(runtime.db, 450)
    async with running((await exporter(runtime, to(receiver, form=form))).run()):
        await receiver.until(lambda: len(receiver.numbers) >= 450)
        await write(runtime.db, 3, first=451, words='spät\nam | Tag]="')
        await receiver.until(lambda: len(receiver.numbers) >= 453)
        await caught_up(runtime, 453)
    assert receiver.numbers == list(range(1, 454))


async def test_while_the_receiver_is_away_nothing_is_lost_and_people_see_why(
    runtime: Runtime, receiver: Receiver
) -> None:
    await receiver.start()
    await receiver.stop()
    await write(runtime.db, 20)
    async with running((await exporter(runtime, to(receiver))).run()):
        await wait(lambda: failed(runtime))
        async with runtime.db.snapshot() as tx:
            found = await state(tx, SCOPE, to(receiver), [AuditSource()])
        assert (found.sources[0].waiting, found.sources[0].troubled) == (20, True)
        assert "cannot be reached" in found.sources[0].cursor.error
        await receiver.start()
        await receiver.until(lambda: len(receiver.numbers) >= 20)
    assert receiver.numbers == list(range(1, 21))


async def failed(runtime: Runtime) -> bool:
    async with runtime.db.snapshot() as tx:
        return bool(await fetch_value(tx, "SELECT error FROM siem_cursor"))


async def test_a_receiver_that_dies_with_what_it_took_gets_it_again(runtime: Runtime, receiver: Receiver) -> None:
    """Its machine acknowledged the octets; its program never saw them."""
    await receiver.start()
    await write(runtime.db, 50)
    receiver.reads.clear()
    async with running((await exporter(runtime, to(receiver))).run()):
        await caught_up(runtime, 50)
        assert not receiver.messages
        await receiver.stop()
        receiver.reads.set()
        await write(runtime.db, 1, first=51)
        await receiver.start()
        await receiver.until(lambda: 51 in receiver.numbers)
    assert sorted(set(receiver.numbers)) == list(range(1, 52))
    assert receiver.numbers[-51:] == list(range(1, 52))


@pytest.mark.parametrize("octets", [0, 700, 20_000])
async def test_a_connection_that_breaks_in_the_middle_loses_nothing(
    runtime: Runtime, receiver: Receiver, octets: int
) -> None:
    receiver.closes_after = octets
    await receiver.start()
    await write(runtime.db, 300)
    async with running((await exporter(runtime, to(receiver))).run()):
        await receiver.until(lambda: 300 in receiver.numbers)
        await caught_up(runtime, 300)
    assert sorted(set(receiver.numbers)) == list(range(1, 301))
    again = receiver.numbers.index(1, 1) if receiver.numbers.count(1) > 1 else 0
    assert receiver.numbers[again:] == list(range(1, 301))


async def test_a_killed_exporter_goes_on_where_the_receiver_was(runtime: Runtime, receiver: Receiver) -> None:
    await receiver.start()
    for begin in range(1, 1001, 250):
        await write(runtime.db, 250, first=begin)
        async with running((await exporter(runtime, to(receiver))).run()):
            await receiver.until(lambda begin=begin: len(set(receiver.numbers)) >= begin + 50)  # type: ignore[misc]
    async with running((await exporter(runtime, to(receiver))).run()):
        await receiver.until(lambda: 1000 in receiver.numbers)
    assert sorted(set(receiver.numbers)) == list(range(1, 1001))


async def test_a_slow_receiver_holds_the_exporter_back_and_not_its_memory(runtime: Runtime, receiver: Receiver) -> None:
    await receiver.start()
    receiver.reads.clear()
    await write(runtime.db, 1500, words="x" * 6000)
    async with running((await exporter(runtime, to(receiver))).run()):
        await wait(lambda: stands(runtime, receiver))
        assert await sent(runtime) < 1500
        receiver.reads.set()
        await receiver.until(lambda: 1500 in receiver.numbers)
        await caught_up(runtime, 1500)
    assert receiver.numbers == list(range(1, 1501))


async def stands(runtime: Runtime, receiver: Receiver) -> bool:
    """Whether the cursor stood still for a while on a standing connection: the buffers of both ends are full."""
    before = await sent(runtime)
    await asyncio.sleep(0.3)
    return bool(receiver.writers) and before == await sent(runtime)


async def test_two_processes_do_not_send_twice(runtime: Runtime, receiver: Receiver) -> None:
    await receiver.start()
    await write(runtime.db, 300)
    one, other = await exporter(runtime, to(receiver)), await exporter(runtime, to(receiver))
    async with running(one.run()), running(other.run()):
        await caught_up(runtime, 300)
        await write(runtime.db, 100, first=301)
        await caught_up(runtime, 400)
    await receiver.until(lambda: len(receiver.numbers) >= 400)
    assert receiver.numbers == list(range(1, 401))


async def test_from_an_entry_on_it_is_sent_again_while_it_runs(runtime: Runtime, receiver: Receiver) -> None:
    await receiver.start()
    await write(runtime.db, 10)
    async with running((await exporter(runtime, to(receiver))).run()):
        await receiver.until(lambda: len(receiver.numbers) == 10)
        await caught_up(runtime, 10)
        async with runtime.db.transaction() as tx:
            await replay(tx, SCOPE, "audit", 8)
        await receiver.until(lambda: receiver.numbers[-1] == 11)
    assert receiver.numbers == [*range(1, 11), 8, 9, 10, 11]
    assert "siem.replayed" in receiver.messages[-1]


# ── TLS ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_over_tls_both_sides_know_one_another(runtime: Runtime, receiver: Receiver, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    ours = authority.client("siem-client")
    await receiver.start(server_context(authority.server("siem", ["127.0.0.1"])))
    await write(runtime.db, 5)
    known = to_tls(receiver, ca=ours.ca, certificate=ours.certificate, key=ours.key)
    async with running((await exporter(runtime, known)).run()):
        await receiver.until(lambda: len(receiver.numbers) == 5)
    assert "siem-client" in receiver.peers[0]


def to_tls(receiver: Receiver, **more: Any) -> Destination:
    return Destination("tls", "127.0.0.1", receiver.port, Form.CEF, **more)


async def test_a_receiver_that_is_not_the_one_gets_nothing(
    runtime: Runtime, receiver: Receiver, tmp_path: Path
) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    await receiver.start(server_context(theirs.server("siem", ["127.0.0.1"]), mutual=False))
    await write(runtime.db, 5)
    async with running((await exporter(runtime, to_tls(receiver, ca=ours.ca))).run()):
        await wait(lambda: failed(runtime))
    assert await sent(runtime) == 0
    assert not receiver.messages


# ── UDP, tests, rights ────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def datagrams() -> AsyncIterator[tuple[int, list[bytes]]]:
    taken: list[bytes] = []

    class Take(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
            taken.append(data)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Take, local_addr=("127.0.0.1", 0))
    yield int(transport.get_extra_info("sockname")[1]), taken
    transport.close()


async def _are_there(taken: list[bytes], count: int) -> bool:
    return len(taken) >= count


async def test_a_datagram_holds_one_message(runtime: Runtime) -> None:
    await write(runtime.db, 5)
    async with datagrams() as (port, taken):
        destination = Destination("udp", "127.0.0.1", port, Form.CEF)
        async with running((await exporter(runtime, destination)).run()):
            await caught_up(runtime, 5)
            await wait(lambda: _are_there(taken, 5))
    assert [f"externalId={number} ".encode() in one for number, one in enumerate(taken, 1)] == [True] * 5
    assert all(one.startswith(b"<109>1 ") for one in taken)


async def test_a_test_message_says_so_and_a_receiver_that_is_away_is_an_error(
    runtime: Runtime, receiver: Receiver
) -> None:
    await receiver.start()
    destination = to(receiver)
    now = runtime.clock.now()
    assert await send_test(SCOPE, destination, await style_of(destination), now) == f"tcp://127.0.0.1:{receiver.port}"
    await receiver.until(lambda: bool(receiver.messages))
    assert "Nothing happened" in receiver.messages[0]
    await receiver.stop()
    with pytest.raises(Unavailable, match="cannot be reached"):
        await send_test(SCOPE, destination, await style_of(destination), now)
    with pytest.raises(Conflict):
        await send_test(SCOPE, None, None, now)


async def test_only_who_may_sees_and_steers_it(runtime: Runtime) -> None:
    nobody = Scope("user:x", frozenset())
    async with runtime.db.transaction() as tx:
        with pytest.raises(Forbidden):
            await state(tx, nobody, None, [AuditSource()])
        with pytest.raises(Forbidden):
            await replay(tx, nobody, "audit", 1)
        with pytest.raises(NotFound):
            await replay(tx, SCOPE, "elsewhere", 1)
    with pytest.raises(Forbidden):
        await send_test(nobody, None, None, runtime.clock.now())


async def test_over_rest(runtime: Runtime, receiver: Receiver) -> None:
    await receiver.start()
    settings = runtime.settings.model_copy(update={"siem_url": f"tcp://127.0.0.1:{receiver.port}"})
    runtime = Runtime(settings, runtime.db, runtime.clock)
    app = bare_app("test", settings, runtime=runtime)
    app.include_router(router)

    async def asker() -> Scope:
        return SCOPE

    app.dependency_overrides[current_scope] = asker
    await write(runtime.db, 4)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
        found = (await client.get("/siem")).json()
        assert found["target"] == f"tcp://127.0.0.1:{receiver.port}"
        assert (found["sources"][0]["sent"], found["sources"][0]["waiting"]) == (0, 4)
        assert (await client.post("/siem/test")).json() == {"target": found["target"]}
        assert (await client.post("/siem/replay", json={"first": 2})).status_code == 404
        destination = destination_of(settings)
        assert destination is not None
        async with running((await exporter(runtime, destination)).run()):
            await caught_up(runtime, 4)
        again = (await client.post("/siem/replay", json={"first": 2})).json()
        assert (again["sources"][0]["sent"], again["sources"][0]["end"]) == (1, 5)


# ── another program ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def rsyslog(tmp_path: Path) -> tuple[str, Path]:
    program = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
    if not Path(program).exists():
        pytest.skip("the program rsyslogd is not installed")
    return program, tmp_path


async def _lines(taken: Path, count: int) -> bool:
    return await asyncio.to_thread(lambda: taken.exists() and taken.read_text("utf-8").count("\n") >= count)


CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="64k"
    defaultNetstreamDriverCAFile="{ca}" defaultNetstreamDriverCertFile="{certificate}"
    defaultNetstreamDriverKeyFile="{key}")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="fields" type="string"
    string="%pri%|%timereported:::date-rfc3339%|%app-name%|%msgid%|%structured-data%|%msg%\\n")
action(type="omfile" file="{folder}/taken" template="fields")
"""


async def test_rsyslog_reads_what_is_sent_over_tls(runtime: Runtime, rsyslog: tuple[str, Path]) -> None:
    program, folder = rsyslog
    authority = Authority(folder / "pki")
    server, ours = authority.server("siem", ["127.0.0.1"]), authority.client("siem-client")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    configuration = folder / "rsyslog.conf"
    values = {"folder": folder, "ca": server.ca, "certificate": server.certificate, "key": server.key, "port": port}
    configuration.write_text(CONFIGURATION.format(**values))
    arguments = (program, "-n", "-f", str(configuration), "-i", str(folder / "pid"))
    process = await asyncio.create_subprocess_exec(*arguments, stderr=asyncio.subprocess.DEVNULL)
    destination = Destination(
        "tls", "127.0.0.1", port, Form.STRUCTURED, ca=ours.ca, certificate=ours.certificate, key=ours.key
    )
    taken = folder / "taken"
    try:
        await write(runtime.db, 300, words='spät | am = Tag ] " \\ \n Ende')
        async with running((await exporter(runtime, destination)).run()):
            await wait(lambda: _lines(taken, 300))
    finally:
        process.terminate()
        await process.wait()
    lines = taken.read_text("utf-8").splitlines()
    fields = [line.split("|", 4) for line in lines]
    assert [one[0] for one in fields] == ["109"] * 300
    assert {one[2] for one in fields} == {"tieline"}
    assert {one[3] for one in fields} == {"thing.done"}
    numbers = [int(one[4].split('number="')[1].split('"')[0]) for one in fields]
    assert numbers == list(range(1, 301))
    assert all("sp\u00e4t | am = Tag \\] " in one[4] for one in fields)


async def test_a_change_of_the_trail_is_not_needed_to_begin(runtime: Runtime, receiver: Receiver) -> None:
    """A new receiver gets the whole trail from its first entry on."""
    await write(runtime.db, 3)
    await receiver.start()
    async with runtime.db.transaction() as tx:
        await execute(tx, "DELETE FROM siem_cursor")
    async with running((await exporter(runtime, to(receiver))).run()):
        await receiver.until(lambda: len(receiver.numbers) == 3)
