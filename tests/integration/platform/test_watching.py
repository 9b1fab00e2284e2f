"""REST of what the platform itself did: audit trail, events, jobs; for those who may see them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

import httpx
import msgspec
import pytest
from jsonschema import Draft202012Validator

from tieline.platform import audit, outbox
from tieline.platform.audit import Entry, open_witness, seal
from tieline.platform.db import Tx, execute
from tieline.platform.identity import store
from tieline.platform.identity.model import AccountDraft
from tieline.platform.identity.secret import csrf_token, hashed
from tieline.platform.jobs import job
from tieline.platform.outbox import Dispatcher, Event
from tieline.platform.scope import Role, system
from tieline.platform.web import create_app
from tieline.platform.wiring import Handler, Registry, Runtime

pytestmark = pytest.mark.anyio
Opener = Callable[[Role], AbstractAsyncContextManager[httpx.AsyncClient]]


class Nothing(msgspec.Struct):
    """Nothing."""


@job("import", lane="import.A")
async def never(_runtime: Runtime, _payload: Nothing) -> None:
    """Stay in the queue."""


@pytest.fixture
def client_as(runtime: Runtime) -> Opener:
    registry = Registry()
    for part in ("audit", "outbox", "jobs"):
        import_module(f"tieline.platform.{part}.wiring").register(registry)
    app = create_app(runtime.settings, registry, runtime=runtime)
    now = runtime.clock.now()

    @asynccontextmanager
    async def opened(role: Role) -> AsyncIterator[httpx.AsyncClient]:
        async with runtime.db.transaction() as tx:
            account = await store.insert_account(tx, AccountDraft(role, role, "", frozenset({role})), now)
            assert account is not None
            until = now + timedelta(hours=1)
            await store.insert_session(tx, account.id, hashed(role), now, expires_at=until, address="", agent="")
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t/api/v1") as client:
            client.cookies.set("tieline_session", role)
            client.headers["X-CSRF-Token"] = csrf_token(role)
            described = (await client.get("/openapi.json")).json()
            client.event_hooks["response"].append(_fits(described))
            yield client

    return opened


def _fits(described: dict[str, Any]) -> Callable[[httpx.Response], Any]:
    """Hold every answer against its description: those through msgspec are not checked anywhere else."""

    async def check(response: httpx.Response) -> None:
        path = response.request.url.path
        operation = described["paths"].get(path, {}).get(response.request.method.lower())
        if operation is None or response.status_code != 200:
            return
        await response.aread()
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": described["components"]}
        Draft202012Validator(whole).validate(response.json())

    return check


async def test_the_trail_is_read_page_by_page_by_those_who_may(runtime: Runtime, client_as: Opener) -> None:
    async with runtime.db.transaction() as tx:
        await audit.append(tx, system("x"), *(Entry("thing.done", f"thing:{n}", {"n": n}) for n in range(5)))
    async with client_as(Role.APPROVER) as client:
        first = (await client.get("/audit", params={"limit": 3, "action": "thing.*"})).json()
        assert [item["subject"] for item in first["items"]] == ["thing:4", "thing:3", "thing:2"]
        rest = (await client.get("/audit", params={"cursor": first["next"], "limit": 3})).json()
        assert [item["detail"] for item in rest["items"]] == [{"n": 1}, {"n": 0}]
        assert rest["next"] is None
        none = await client.get("/audit", params={"until": "2020-01-01T00:00:00Z"})
        assert none.json()["items"] == []
        for params in ({"cursor": "rubbish"}, {"limit": 0}, {"since": "yesterday"}, {"actor": "a\0"}):
            assert (await client.get("/audit", params=params)).status_code == 422, params
    async with client_as(Role.TECHNICIAN) as client:
        assert (await client.get("/audit")).status_code == 403
        assert (await client.get("/audit/verify")).status_code == 403


async def test_the_trails_verdict_names_fault_and_place(runtime: Runtime, client_as: Opener) -> None:
    async with runtime.db.transaction() as tx:
        await audit.append(tx, system("x"), *(Entry("thing.done", f"thing:{n}", {}) for n in range(5)))
    await seal(runtime, open_witness(runtime.settings))
    async with client_as(Role.ADMINISTRATOR) as client:
        good = (await client.get("/audit/verify")).json()
        assert (good["ok"], good["entries"], good["witnessed"], good["fault"]) == (True, 5, 5, None)
        async with runtime.db.transaction() as tx:
            await execute(tx, "ALTER TABLE audit DISABLE TRIGGER ALL")
            await execute(tx, "UPDATE audit SET subject = 'thing:9' WHERE seq = 3")
        bad = (await client.get("/audit/verify")).json()
        assert (bad["ok"], bad["entries"], bad["fault"]["wrong"], bad["fault"]["seq"]) == (False, 2, "tampered", 3)


async def test_dead_letters_are_seen_and_revived_and_that_is_audited(runtime: Runtime, client_as: Opener) -> None:
    async def fail(_tx: Tx, _event: Event) -> None:
        raise ValueError("no line")

    async with runtime.db.transaction() as tx:
        for number in range(3):
            await outbox.publish(tx, "thing.changed", {"n": number}, key=f"k{number}")
    dispatcher = Dispatcher([Handler("thing.changed", "pager", fail)], attempts=1)
    await dispatcher.drain(runtime.db, runtime.clock)
    async with client_as(Role.ADMINISTRATOR) as client:
        first = (await client.get("/events/dead?limit=2")).json()
        rest = (await client.get("/events/dead", params={"cursor": first["next"]})).json()
        letters = first["items"] + rest["items"]
        assert [(one["handler"], one["payload"], one["error"]) for one in letters] == [
            ("pager", {"n": number}, "ValueError: no line") for number in range(3)
        ]
        assert (await client.get("/events/status")).json()["dead"] == 3
        path = f"/events/dead/{letters[0]['event_id']}/pager/retry"
        assert (await client.post(path)).status_code == 204
        assert (await client.post(path)).status_code == 404
        assert (await client.get("/events/status")).json()["dead"] == 2
        assert (await client.get("/audit?action=event.revived")).json()["items"][0]["actor"] == "user:administrator"
    async with client_as(Role.VIEWER) as client:
        assert (await client.get("/events/dead")).status_code == 403
        assert (await client.post(path)).status_code == 403


async def test_jobs_are_listed_by_lane_and_state(runtime: Runtime, client_as: Opener) -> None:
    async with runtime.db.transaction() as tx:
        ids = [await never.defer(tx, Nothing()) for _ in range(3)]
        await never.defer(tx, Nothing(), lane="elsewhere")
    async with client_as(Role.ADMINISTRATOR) as client:
        page = (await client.get("/jobs", params={"lane": "import", "state": "waiting", "limit": 2})).json()
        assert [item["id"] for item in page["items"]] == ids[:0:-1]
        rest = (await client.get("/jobs", params={"lane": "import", "cursor": page["next"]})).json()
        assert [item["id"] for item in rest["items"]] == ids[:1]
        assert (await client.get("/jobs?state=failed")).json()["items"] == []
        lanes = (await client.get("/jobs/lanes")).json()["items"]
        assert [(lane["lane"], lane["waiting"]) for lane in lanes] == [("elsewhere", 1), ("import.A", 3)]
        assert (await client.post(f"/jobs/{ids[0]}/retry")).status_code == 404
    async with client_as(Role.TECHNICIAN) as client:
        assert (await client.get("/jobs")).status_code == 403
