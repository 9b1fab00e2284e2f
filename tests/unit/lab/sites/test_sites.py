"""The simulated field: a unit is reached where a network has the address attached, and answers as the field says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tieline.lab.sites import Dead, Field, Networks, Office, Sites
from tieline.standards.iec104 import Function, Reader, Unnumbered, write
from tieline.standards.socks5 import Client, Credentials, Reply, SocksError, Target

pytestmark = pytest.mark.anyio
LOGIN = Credentials("utility", "secret")
TEST = write(Unnumbered(Function.TESTFR_ACT))


class Offices:
    """Two operators' back offices; an address is attached at one of them."""

    def __init__(self, **attached: str) -> None:
        self.attached = {name.replace("_", "."): rat for name, rat in attached.items()}
        self.calls: list[list[str]] = []
        self.down = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer token"
        assert request.url.path == "/simulation/v1/sessions"
        addresses = json.loads(request.content)
        self.calls.append(addresses)
        if self.down:
            return httpx.Response(503)
        mine = request.url.host == "b.example"
        return httpx.Response(
            200,
            json=[
                {"address": one, "attached": mine and one in self.attached, "rat": self.attached.get(one)}
                for one in addresses
            ],
        )


@asynccontextmanager
async def field_of(offices: Offices, field: Field | None = None) -> AsyncIterator[tuple[Sites, int]]:
    both = [Office("http://a.example", "token"), Office("http://b.example", "token")]
    async with Networks(both, httpx.MockTransport(offices)) as networks:
        sites = Sites(networks, field or Field(hurry=0), LOGIN)
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(sites.serve("127.0.0.1", 0, ready=port.set_result))
        try:
            yield sites, await port
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def connect(port: int, host: str, login: Credentials = LOGIN) -> bytes:
    """Go through the proxy, ask for a test, and give what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        client = Client(Target(host, 2404), login)
        writer.write(client.begin())
        while not client.connected:
            data = await reader.read(100)
            assert data, "the proxy closed the connection without a word"
            writer.write(client.feed(data))
        writer.write(TEST)
        async with asyncio.timeout(0.2):
            return client.rest or await reader.read(100)
    finally:
        writer.transport.abort()


async def test_a_unit_answers_where_an_address_is_attached() -> None:
    async with field_of(Offices(**{"10_0_0_1": "UTRA"})) as (sites, port):
        assert Reader().feed(await connect(port, "10.0.0.1")) == [Unnumbered(Function.TESTFR_CON)]
        with pytest.raises(SocksError) as caught:
            await connect(port, "10.0.0.2")
        assert caught.value.reply is Reply.HOST_UNREACHABLE
        assert sites.reached == 1


async def test_it_follows_what_is_attached_now() -> None:
    offices = Offices(**{"10_0_0_1": "UTRA"})
    async with field_of(offices) as (_, port):
        await connect(port, "10.0.0.1")
        offices.attached.clear()
        with pytest.raises(SocksError):
            await connect(port, "10.0.0.1")


async def test_only_who_knows_the_password_comes_in() -> None:
    async with field_of(Offices(**{"10_0_0_1": "UTRA"})) as (_, port):
        with pytest.raises(SocksError, match="refuses the user name"):
            await connect(port, "10.0.0.1", Credentials("utility", "guessed"))


async def test_a_network_that_is_down_is_a_failure_of_the_way() -> None:
    offices = Offices()
    offices.down = True
    async with field_of(offices) as (_, port):
        with pytest.raises(SocksError) as caught:
            await connect(port, "10.0.0.1")
        assert caught.value.reply is Reply.FAILURE


async def test_questions_of_one_moment_are_asked_together() -> None:
    offices = Offices(**{f"10_0_1_{n}": "NR" for n in range(100)})
    async with field_of(offices) as (_, port):
        await asyncio.gather(*(connect(port, f"10.0.1.{n}") for n in range(100)))
    assert len(offices.calls) < 100
    assert sum(map(len, offices.calls)) == 200


def dead_by(fault: Dead) -> tuple[Field, str]:
    """A field in which everything is dead, and an address that is dead in this way."""
    field = Field(dead_share=1, hurry=0)
    return field, next(a for a in (f"10.0.2.{n}" for n in range(256)) if field.fault(a) is fault)


async def test_applications_are_dead_though_the_link_is_up() -> None:
    for fault in Dead:
        field, address = dead_by(fault)
        async with field_of(Offices(**{address.replace(".", "_"): "NR"}), field) as (_, port):
            match fault:
                case Dead.REFUSES:
                    with pytest.raises(SocksError) as caught:
                        await connect(port, address)
                    assert caught.value.reply is Reply.REFUSED
                case Dead.SILENT:
                    with pytest.raises(TimeoutError):
                        await connect(port, address)
                case Dead.GARBLES:
                    assert (await connect(port, address)).startswith(b"HTTP")


def test_the_share_of_the_dead_is_what_was_asked_for() -> None:
    field = Field(seed=7, dead_share=0.1)
    addresses = [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in range(20_000)]
    assert sum(field.fault(one) is not None for one in addresses) / len(addresses) == pytest.approx(0.1, abs=0.01)
    assert Field().fault("10.0.0.1") is None
    assert Field(dead=frozenset({"10.0.0.1"})).fault("10.0.0.1") is not None


def test_older_technologies_take_longer() -> None:
    trips = [Field().round_trip_s(rat) for rat in ("GERAN", "UTRA", "EUTRA", "NR")]
    assert trips == sorted(trips, reverse=True)
    assert Field(hurry=0).round_trip_s("GERAN") == 0
