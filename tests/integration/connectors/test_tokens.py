"""Tokens on our side: a real gateway that asks for them, over mutual TLS."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tieline.gateway import application, migrations
from tieline.gateway.settings import GatewaySettings
from tieline.platform.pki import Authority, following
from tieline.utility.connectors import Connection, Denied, Unreachable
from tieline.utility.connectors.providers.mns3gpp.client import Client
from tieline.utility.connectors.providers.mns3gpp.tokens import TokenSource
from tieline.utility.connectors.registry import TokenTerms

pytestmark = pytest.mark.anyio
TREE = "/ProvMnS/v1/SubNetwork=grid"


@dataclass
class Operator:
    """A gateway, its staff, and the connection of a utility to it."""

    office: httpx.AsyncClient
    connection: Connection

    async def terms(self, **more: Any) -> None:
        ours = Authority(self.connection.authority.parent).client("utility-grid") if self.connection.authority else None
        assert ours is not None
        body = {"code": "grid", "name": "Grid", "certificates": [ours.fingerprint], "calls_per_second": 1000, **more}
        (await self.office.post("/backoffice/v1/utilities", json=body)).raise_for_status()

    @asynccontextmanager
    async def client(self, **more: Any) -> AsyncIterator[Client]:
        made = Client(replace(self.connection, **more))
        try:
            yield made
        finally:
            await made.close()


def held(client: Client) -> str:
    """The token that a client has now."""
    found = client._tokens._held if client._tokens else None
    return found.token if found else ""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture
async def operator(clone: Callable[[Sequence[Path]], str], tmp_path: Path) -> AsyncIterator[Operator]:
    ours = Authority(tmp_path / "pki").client("utility-grid")
    port = free_port()
    settings = GatewaySettings(
        database_url=SecretStr(clone(migrations())),
        port=port,
        backoffice_port=0,
        backoffice_token_file=tmp_path / "gateway" / "token",
        pki=tmp_path / "pki",
    )
    ports: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(application.run(settings, ready=lambda *both: ports.set_result(both)))
    _, office = await asyncio.wait_for(ports, 30)
    headers = {"Authorization": f"Bearer {settings.backoffice_token_file.read_text().strip()}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{office}", headers=headers) as staff:
        connection = Connection(
            "A",
            "mns3gpp",
            f"https://localhost:{port}/3gpp-mns",
            "SubNetwork=grid",
            certificate=ours.certificate,
            key=ours.key,
            authority=ours.ca,
            tokens=TokenTerms("grid"),
        )
        yield Operator(staff, connection)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_token_is_found_fetched_once_and_borne(operator: Operator) -> None:
    await operator.terms(token_required=True)
    async with operator.client(tokens=None) as bare:
        with pytest.raises(Denied, match="access token"):
            await bare.request("GET", TREE)
    async with operator.client() as client:
        await asyncio.gather(*(client.request("GET", TREE) for _ in range(8)))
        held = client._tokens._held if client._tokens else None
        assert held is not None
        await client.request("GET", TREE)
        assert client._tokens is not None
        assert client._tokens._held is held


async def test_it_is_renewed_ahead_of_time_and_the_old_one_lasts_while_none_is_given_out(operator: Operator) -> None:
    await operator.terms(token_required=True)
    async with operator.client() as client:
        await client.request("GET", TREE)
        assert client._tokens is not None
        first = client._tokens._held
        assert first is not None
        client._tokens._held = replace(first, renew_at=0)
        await client.request("GET", TREE)
        assert client._tokens._held is not None
        assert client._tokens._held.token != first.token
        second = client._tokens._held
        client._tokens._held = replace(second, renew_at=0)
        client._tokens._url = "https://localhost:1/nobody"
        await client.request("GET", TREE)
        client._tokens._held = replace(second, renew_at=0, ends_at=0)
        with pytest.raises(Unreachable, match="no token"):
            await client.request("GET", TREE)


async def test_while_none_is_given_out_not_every_request_asks_for_one() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        given = {"access_token": "first", "token_type": "Bearer", "expires_in": 600}
        return httpx.Response(200, json=given) if len(asked) == 1 else httpx.Response(503)

    source = TokenSource(Connection("A", "mns3gpp", "https://op.test/mns", ""), TokenTerms("c", "https://op.test/t"))
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        assert await source.token(http) == "first"
        assert source._held is not None
        source._held = replace(source._held, renew_at=0)
        assert [await source.token(http) for _ in range(20)] == ["first"] * 20
    assert len(asked) == 2


async def test_one_that_no_longer_counts_is_replaced_within_the_request(operator: Operator) -> None:
    await operator.terms(token_required=True)
    async with operator.client() as client:
        await client.request("GET", TREE)
        assert client._tokens is not None
        assert client._tokens._held is not None
        client._tokens._held = replace(client._tokens._held, token="forged.by.somebody")
        await client.request("GET", TREE)
        assert client._tokens._held.token != "forged.by.somebody"


async def test_a_renewed_certificate_gets_a_token_of_its_own_and_no_request_fails(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "EVERY_S", 0.02)
    await operator.terms(token_required=True)
    assert operator.connection.authority is not None
    authority = Authority(operator.connection.authority.parent)
    successor = authority.renew("utility-grid").fingerprint
    added = {"certificate": successor, "by": "jane"}
    (await operator.office.post("/backoffice/v1/utilities/grid/certificates", json=added)).raise_for_status()
    async with operator.client() as client:
        await client.request("GET", TREE)
        before = held(client)
        calls = [asyncio.create_task(client.request("GET", TREE)) for _ in range(10)]
        authority.switch("utility-grid")
        async with asyncio.timeout(30):
            while held(client) == before:
                await client.request("GET", TREE)
        await asyncio.gather(*calls)
        await client.request("GET", TREE)


async def test_who_is_not_known_is_told_so_and_nothing_was_done(operator: Operator) -> None:
    await operator.terms()
    async with operator.client(tokens=TokenTerms("grid.nobody")) as client:
        with pytest.raises(Denied, match="invalid_client"):
            await client.request("GET", TREE)
    async with operator.client(tokens=TokenTerms("grid", scope="everything")) as client:
        with pytest.raises(Denied, match="invalid_scope"):
            await client.request("GET", TREE)


async def test_a_secret_goes_as_basic_authentication_and_shows_in_no_error() -> None:
    """Client password by RFC 6749 clause 2.3.1; what the operator answers is bounded and quoted."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if "well-known" in request.url.path:
            return httpx.Response(200, json={"issuer": "https://op.test", "token_endpoint": "https://op.test/t"})
        return httpx.Response(400, json={"error": "invalid_client", "error_description": "x" * 900})

    connection = Connection(
        "A", "mns3gpp", "https://op.test/mns", "", tokens=TokenTerms("a:b"), secret="s3cret", timeout=5
    )
    client = Client(connection)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        assert client._tokens is not None
        with pytest.raises(Denied) as refused:
            await client._tokens.token(http)
    await client.close()
    assert seen[1].headers["authorization"] == "Basic YSUzQWI6czNjcmV0"
    assert "s3cret" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("described", "why"),
    [
        ({"issuer": "https://evil.test", "token_endpoint": "https://evil.test/t"}, "another"),
        ({"issuer": "https://op.test", "token_endpoint": "http://op.test/t"}, "without TLS"),
        ({"issuer": 7}, "cannot be read"),
    ],
)
async def test_a_description_that_leads_elsewhere_is_not_followed(described: dict[str, Any], why: str) -> None:
    client = Client(Connection("A", "mns3gpp", "https://op.test/mns", "", tokens=TokenTerms("grid")))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=described))
    async with httpx.AsyncClient(transport=transport) as http:
        assert client._tokens is not None
        with pytest.raises(Exception, match=why):
            await client._tokens.token(http)
    await client.close()
