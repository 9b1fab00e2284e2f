"""Asking over real sockets: stations that answer, are silent, close, speak otherwise; proxies that work or do not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tieline.standards.iec104 import Controlled, Information, write
from tieline.standards.socks5 import Credentials, Reply, Server, SocksError, Target
from tieline.utility.probing.asking import ask
from tieline.utility.probing.model import Answer, Why
from tieline.utility.probing.policy import Limits, Proxy

pytestmark = pytest.mark.anyio
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENT = Limits(connect_s=10, answer_s=10)
HASTY = Limits(connect_s=10, answer_s=0.05)


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[Target]:
    under_way: set[asyncio.Task[None]] = set()

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            await serve(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    async with server:
        yield Target("127.0.0.1", server.sockets[0].getsockname()[1])
        await asyncio.sleep(0)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def unit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    station = Controlled()
    writer.write(write(Information(0, 0, b"\x01" * 40)))  # data that nobody asked for comes first
    while data := await reader.read(100):
        writer.write(station.feed(data))


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(100):
        pass


async def closing_at_once(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read(100)


async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read(100)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for number in range(1000):
        writer.write(write(Information(number, 0, bytes(200))))
    await writer.drain()
    await reader.read()


async def test_an_application_answers() -> None:
    async with listening(unit) as target:
        answer = await ask(target, None, PATIENT)
    assert answer.ok
    assert answer.rtt_ms is not None
    assert answer.connect_ms is not None
    assert answer.rtt_ms >= 0


@pytest.mark.parametrize(
    ("serve", "limits", "why"),
    [
        (silent, HASTY, Why.SILENT),
        (closing_at_once, PATIENT, Why.CLOSED),
        (web, PATIENT, Why.GARBLED),
        (endless, PATIENT, Why.GARBLED),
    ],
)
async def test_why_an_application_does_not_answer(serve: Serve, limits: Limits, why: Why) -> None:
    async with listening(serve) as target:
        answer = await ask(target, None, limits)
    assert answer.why is why
    assert answer.rtt_ms is None


async def test_nobody_listens() -> None:
    async with listening(silent) as target:
        pass
    assert (await ask(target, None, PATIENT)).why is Why.REFUSED


def proxy_to(target: Target | None, login: Credentials | None = None, reply: Reply = Reply.SUCCEEDED) -> Serve:
    """A proxy that leads to ``target`` whatever is asked for, or answers something else than success."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy = Server(login)
        while proxy.wanted is None:
            data = await reader.read(7)
            if not data:
                return
            try:
                writer.write(proxy.feed(data))
            except SocksError:
                writer.write(proxy.last)
                return
        writer.write(proxy.reply(reply))
        if target is None or reply is not Reply.SUCCEEDED:
            return
        there, onward = await asyncio.open_connection(*target)
        try:
            onward.write(proxy.rest)
            await asyncio.gather(_pump(reader, onward), _pump(there, writer))
        finally:
            onward.transport.abort()

    return serve


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


@pytest.mark.parametrize("login", [None, Credentials("grid", "secret")])
async def test_through_a_proxy(login: Credentials | None) -> None:
    async with listening(unit) as target, listening(proxy_to(target, login)) as proxy:
        assert (await ask(Target("10.9.8.7", 2404), Proxy(proxy, login), PATIENT)).ok


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply.HOST_UNREACHABLE, Why.UNREACHABLE),
        (Reply.NETWORK_UNREACHABLE, Why.UNREACHABLE),
        (Reply.REFUSED, Why.REFUSED),
        (Reply.TTL_EXPIRED, Why.NO_CONNECTION),
        (Reply.NOT_ALLOWED, Why.NO_WAY),
        (Reply.FAILURE, Why.NO_WAY),
    ],
)
async def test_what_a_proxy_says(reply: Reply, why: Why) -> None:
    async with listening(proxy_to(None, reply=reply)) as proxy:
        assert await ask(Target("10.9.8.7", 2404), Proxy(proxy), PATIENT) == Answer(why)


async def test_a_way_that_does_not_work_is_no_fault_of_the_site() -> None:
    target = Target("10.9.8.7", 2404)
    async with listening(proxy_to(None, Credentials("grid", "secret"))) as proxy:
        assert (await ask(target, Proxy(proxy, Credentials("grid", "wrong")), PATIENT)).why is Why.NO_WAY
        assert (await ask(target, Proxy(proxy), PATIENT)).why is Why.NO_WAY
    assert (await ask(target, Proxy(proxy), PATIENT)).why is Why.NO_WAY
    async with listening(closing_at_once) as proxy:
        assert (await ask(target, Proxy(proxy), PATIENT)).why is Why.NO_WAY
    async with listening(silent) as proxy:
        assert (await ask(target, Proxy(proxy), Limits(connect_s=0.05))).why is Why.NO_CONNECTION
