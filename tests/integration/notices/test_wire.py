"""Notices over mutual TLS, between a real gateway and the address that it posts events to."""

import asyncio
import importlib.util
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.conftest import Fresh
from tests.integration.notices.conftest import CITIES, REST, phase

from tieline.gateway import migrations
from tieline.platform.clock import SystemClock
from tieline.platform.db import execute, fetch_value
from tieline.platform.pki import Authority, server_context
from tieline.platform.scope import system
from tieline.platform.settings import Settings
from tieline.platform.web import create_operator_app, serve
from tieline.platform.wiring import Runtime
from tieline.utility.application import registry
from tieline.utility.connectors import Lines
from tieline.utility.connectors.providers.installed import PROVIDERS
from tieline.utility.notices import Answer, answer, jobs, notice_page
from tieline.utility.notices.desks import desks_of
from tieline.utility.notices.service.listening import Listener

pytestmark = pytest.mark.anyio
_PLACE = Path(__file__).parents[1] / "changes" / "test_gateways.py"


def _running() -> Any:
    """The gateway on sockets of the change engine's tests (tests are not a package: it is loaded by its path)."""
    spec = importlib.util.spec_from_file_location("gateways_on_sockets", _PLACE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.running


_CONNECT = """
INSERT INTO operator_connection (operator_id, provider, base_url, dn, certificate, private_key, authority,
    calls_per_second, notification_fingerprint, notification_url, updated_by)
SELECT id, 'mns3gpp', %(url)s, 'SubNetwork=grid', 'utility-grid.pem', 'utility-grid.key', 'ca.pem', 500,
    %(fingerprint)s, %(callback)s, 'test' FROM operator WHERE code = 'A'"""


async def test_a_notice_comes_by_event_and_is_answered(fresh: Fresh, clone: Callable[..., str], tmp_path: Path) -> None:
    pki = Authority(tmp_path / "pki")
    ours = pki.client("utility-grid")
    async with fresh(registry().folders) as db, AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(_running()("A", clone(migrations()), tmp_path))
        lines = Lines(db, PROVIDERS, tmp_path / "pki")
        stack.push_async_callback(lines.close)
        runtime = Runtime(Settings(home=tmp_path), db, SystemClock(), {"connectors.lines": lines})
        port = await _listen(runtime, pki, stack)
        terms = {"code": "grid", "name": "Grid", "certificates": [ours.fingerprint]}
        hosts = {"notification_hosts": [f"localhost:{port}"]}
        (await gateway.staff.post("/backoffice/v1/utilities", json={**terms, **hosts})).raise_for_status()
        bound = {
            "url": gateway.base_url,
            "fingerprint": pki.client("operator-a").fingerprint,
            "callback": f"https://localhost:{port}/3gpp/notifications/A",
        }
        async with db.transaction() as tx:
            await execute(tx, "INSERT INTO operator (code, name) VALUES ('A', 'Operator A')")
            await execute(tx, _CONNECT, bound)
        await Listener(runtime, desks_of(runtime)).look()
        await _publish(gateway.staff, phase(*CITIES))
        await _publish(gateway.staff, phase(*REST))
        with anyio.fail_after(30):
            while not (found := await _seen(runtime)) or found[0].revision < 2:  # noqa: ASYNC110 - it comes over the wire
                await asyncio.sleep(0.05)
        (notice,) = found
        assert [one.id for one in notice.phases] == ["rest"]
        async with db.transaction() as tx:
            sources = await fetch_value(tx, "SELECT array_agg(source ORDER BY revision) AS s FROM notice_revision")
            number = await answer(tx, system("test"), runtime.clock, notice.id, Answer.APPROVED, words="Fine.")
        assert sources == ["event", "event"]
        await jobs.say.run(runtime, jobs.Say(notice.id, number))
        assert (await _seen(runtime))[0].status == "approved"
        (theirs,) = (await gateway.staff.get("/backoffice/v1/notices/3G")).json()["answers"]
        assert (theirs["utility"], theirs["status"]) == ("grid", "approved")


async def _listen(runtime: Runtime, pki: Authority, stack: AsyncExitStack) -> int:
    """Serve the utility's port for operators until the end of the test; gives the port."""
    app = create_operator_app(runtime.settings, registry(), runtime=runtime)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    tls = server_context(pki.server("utility-operators"))
    task = asyncio.create_task(serve(app, "127.0.0.1", 0, tls=tls, ready=port.set_result, grace=0))

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)
    with anyio.fail_after(30):
        return await port


async def _publish(staff: Any, one: dict[str, Any]) -> None:
    body = {
        "kind": "phase-out",
        "title": "3G ends",
        "technology": "3G",
        "approval": True,
        "phases": [one],
        "by": "jane",
    }
    (await staff.put("/backoffice/v1/notices/3G", json=body)).raise_for_status()
    (await staff.post("/backoffice/v1/notices/3G/publish", json={"by": "jane"})).raise_for_status()


async def _seen(runtime: Runtime) -> list[Any]:
    async with runtime.db.snapshot() as tx:
        return list((await notice_page(tx, system("test"), runtime.clock)).items)
