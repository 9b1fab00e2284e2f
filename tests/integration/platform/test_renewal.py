"""Client and server certificates are renewed under continuous requests, and not one request fails."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from tieline.platform.clock import SetClock
from tieline.platform.pki import Authority, FollowingTransport, Listening, client_context, following, keep_current
from tieline.platform.web import bare_app, fingerprint_of, serve
from tieline.platform.wiring import Runtime

pytestmark = pytest.mark.anyio


class Side:
    """A server that knows two certificates of its client at a time, and a client that calls it without a pause."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.server = Listening(self.authority.server("server"))
        ours = self.authority.client("client")
        files = (ours.certificate, ours.key, ours.ca)
        self.transport = FollowingTransport(lambda: client_context(ours), files)
        self.known = {ours.fingerprint}
        self.seen: dict[str, int] = {}
        self.shown: set[bytes] = set()
        self.failed: list[str] = []
        self.done = False

    def app(self) -> FastAPI:
        app = bare_app("test")

        @app.get("/work")
        async def work(request: Request) -> dict[str, bool]:
            fingerprint = fingerprint_of(request.scope) or ""
            self.seen[fingerprint] = self.seen.get(fingerprint, 0) + 1
            await asyncio.sleep(0.005)  # long enough to be under way when certificates change
            return {"known": fingerprint in self.known}

        return app

    async def call(self, client: httpx.AsyncClient) -> None:
        while not self.done:
            try:
                answer = await client.get("/work")
                if not answer.json()["known"]:
                    self.failed.append("unknown certificate")
                stream = answer.extensions["network_stream"].get_extra_info("ssl_object")
                self.shown.add(stream.getpeercert(binary_form=True))
            except httpx.HTTPError as error:
                self.failed.append(repr(error))

    async def until_seen(self, fingerprint: str, times: int) -> None:
        async with asyncio.timeout(30):
            while self.seen.get(fingerprint, 0) < times:  # noqa: ASYNC110 - requests come from many tasks
                await asyncio.sleep(0.01)


async def test_not_one_request_fails_while_both_sides_renew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "EVERY_S", 0.05)
    side = Side(tmp_path)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(side.app(), "127.0.0.1", 0, tls=side.server.context, ready=port.set_result, grace=2)
    )
    following_files = asyncio.create_task(keep_current(side.server, every=0.05))
    url = f"https://localhost:{await asyncio.wait_for(port, 10)}"
    async with httpx.AsyncClient(transport=side.transport, base_url=url, timeout=20) as client:
        calls = [asyncio.create_task(side.call(client)) for _ in range(6)]
        (first,) = side.known
        await side.until_seen(first, 20)
        for _ in range(3):
            successor = side.authority.renew("client").fingerprint
            side.known.add(successor)  # the other side is told first: old and new count at once
            side.authority.renew("server")
            side.authority.switch("server")
            side.authority.switch("client")
            await side.until_seen(successor, 60)
            side.known = {successor}  # and the old one no longer, while calls go on
        side.done = True
        await asyncio.gather(*calls)
    for task in (following_files, serving):
        task.cancel()
    await asyncio.gather(following_files, serving, return_exceptions=True)
    assert side.failed == []
    assert len(side.seen) == 4
    assert len(side.shown) >= 3


async def test_health_and_metrics_warn_before_a_certificate_is_over(runtime: Runtime, clock: SetClock) -> None:
    authority = Authority(runtime.settings.pki_folder, clock)
    authority.client("utility-client")
    app = bare_app("test", runtime.settings, runtime=runtime)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:

        async def told() -> tuple[bool, str]:
            check = (await client.get("/health/ready")).json()["checks"]["certificates"]
            return check["ok"], check["detail"]

        assert await told() == (True, "more than 30 days left")
        clock.forward(timedelta(days=370))
        assert await told() == (True, "utility-client: 27 days left")
        clock.forward(timedelta(days=22))
        assert await told() == (False, "utility-client: 5 days left")
        clock.forward(timedelta(days=4, hours=12))
        assert await told() == (False, "utility-client: less than a day left")
        lines = (await client.get("/metrics")).text.splitlines()
        (figure,) = [line for line in lines if line.startswith('tieline_certificate_seconds{name="utility-client"}')]
        assert 0 < float(figure.split()[1]) < 86_400
