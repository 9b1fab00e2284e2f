"""Servers: several in one process, mutual TLS that tells who came, graceful end."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from tieline.platform.pki import Authority, client_context, server_context
from tieline.platform.web import bare_app, fingerprint_of, serve

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served(app: FastAPI, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, "asyncio.Task[None]"]]:
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app, "127.0.0.1", 0, tls=tls, ready=port.set_result, grace=5))
    try:
        yield await asyncio.wait_for(port, 10), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def app() -> FastAPI:
    made = bare_app("test")

    @made.get("/who")
    async def who(request: Request) -> dict[str, str | None]:
        tls = request.scope.get("extensions", {}).get("tls", {})
        return {"fingerprint": fingerprint_of(request.scope), "name": tls.get("client_cert_name")}

    return made


async def test_mutual_tls_tells_the_application_who_came(app: FastAPI, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    mine, other = authority.client("utility-1"), authority.client("utility-2")
    async with served(app, server_context(authority.server("gateway"))) as (port, _):
        for credential, name in ((mine, "CN=utility-1"), (other, "CN=utility-2")):
            async with httpx.AsyncClient(verify=client_context(credential)) as client:
                for host in ("localhost", "127.0.0.1"):
                    seen = (await client.get(f"https://{host}:{port}/who")).json()
                    assert seen == {"fingerprint": credential.fingerprint, "name": name}


async def test_strangers_and_old_protocols_do_not_get_in(app: FastAPI, tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    ancient = client_context(authority.client("c"))
    ancient.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLS"):
        ancient.maximum_version = ssl.TLSVersion.TLSv1_1
    trusting_stranger = client_context(stranger.client("c"), ca=authority.ca)
    async with served(app, server_context(authority.server("gateway"))) as (port, _):
        for context in (
            client_context(ca=authority.ca),
            trusting_stranger,
            ancient,
            client_context(stranger.client("d")),
        ):
            async with httpx.AsyncClient(verify=context) as client:
                with pytest.raises(httpx.TransportError):
                    await client.get(f"https://localhost:{port}/who")


async def test_two_servers_of_one_process_live_apart_and_plain_http_knows_nobody(app: FastAPI) -> None:
    async with served(app) as (first, _), httpx.AsyncClient() as client:
        async with served(bare_app("other")) as (second, _):
            assert (await client.get(f"http://127.0.0.1:{first}/who")).json() == {"fingerprint": None, "name": None}
            assert (await client.get(f"http://127.0.0.1:{second}/who")).status_code == 404
        assert (await client.get(f"http://127.0.0.1:{first}/who")).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{second}/who")


async def test_what_is_under_way_is_finished_before_the_end(app: FastAPI) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    @app.get("/slow")
    async def slow() -> dict[str, bool]:
        begun.set()
        await may_end.wait()
        return {"finished": True}

    async with served(app) as (port, task), httpx.AsyncClient() as client:
        request = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/slow"))
        await begun.wait()
        task.cancel()
        asyncio.get_running_loop().call_later(0.2, may_end.set)
        assert (await request).json() == {"finished": True}
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 10)


async def test_a_taken_port_is_an_error_at_once(app: FastAPI) -> None:
    async with served(app) as (port, _):
        with pytest.raises(OSError, match="in use"):
            await serve(app, "127.0.0.1", port)
