"""A POST with an Idempotency-Key is done once, whatever becomes of the connection, and of the process, in between."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel
from starlette.types import Message, Receive, Scope, Send

from tieline.platform.clock import SetClock
from tieline.platform.db import execute, fetch_value
from tieline.platform.errors import Conflict, NotFound
from tieline.platform.identity.model import Account, Caller
from tieline.platform.repeats import jobs
from tieline.platform.scope import Role
from tieline.platform.web import CurrentRuntime, CurrentScope, create_app, current_caller, fast, once, unrepeatable
from tieline.platform.wiring import Registry, Runtime

pytestmark = pytest.mark.anyio
THINGS = "/api/v1/things"
KEY = {"Idempotency-Key": '"k-1"'}
router = APIRouter(prefix="/things")


class Thing(BaseModel):
    name: str = "x"


@dataclass
class Gate:
    """Where a request waits in the middle of its transaction."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)


async def make(runtime: Runtime, name: str) -> int:
    async with runtime.db.transaction() as tx:
        return int(await fetch_value(tx, "INSERT INTO thing (name) VALUES (%s) RETURNING id", (name,)))


@router.post("", status_code=201)
async def add(thing: Thing, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    made = await make(runtime, thing.name)
    return fast({"id": made, "by": scope.actor}, status=201, headers={"Location": f"{THINGS}/{made}"})


@router.post("/other", status_code=201)
async def other(thing: Thing, runtime: CurrentRuntime, _scope: CurrentScope) -> dict[str, int]:
    return {"id": await make(runtime, thing.name)}


@router.post("/slow", status_code=201)
async def slow(request: Request, runtime: CurrentRuntime, _scope: CurrentScope) -> Response:
    gate: Gate = request.app.state.gate
    async with runtime.db.transaction() as tx:
        await execute(tx, "INSERT INTO thing (name) VALUES ('slow')")
        gate.begun.set()
        await gate.opened.wait()
    return Response(status_code=204)


@router.post("/{what}/ends")
async def ends(what: str, runtime: CurrentRuntime, _scope: CurrentScope) -> dict[str, int]:
    if what == "refused":
        async with runtime.db.transaction() as tx:
            await execute(tx, "INSERT INTO thing (name) VALUES ('refused')")
            raise NotFound("No such thing.")
    await make(runtime, what)
    if what == "broken":
        raise ZeroDivisionError
    if what == "half":
        raise Conflict("It was noted, and not done.")
    async with runtime.db.snapshot() as tx:
        return {"seen": await fetch_value(tx, "SELECT count(*) FROM thing")}


@router.post("/large")
async def large(runtime: CurrentRuntime, _scope: CurrentScope) -> dict[str, str]:
    await make(runtime, "large")
    return {"text": "x" * (1024 * 1024)}


@router.post("/form")
async def upload(request: Request, runtime: CurrentRuntime, _scope: CurrentScope) -> dict[str, int]:
    async with request.form() as sent:
        return {"id": await make(runtime, str(sent["name"]))}


@router.post("/secret", openapi_extra=unrepeatable("It shows a secret."))
async def secret(runtime: CurrentRuntime, _scope: CurrentScope) -> dict[str, int]:
    return {"id": await make(runtime, "secret")}


@dataclass
class House:
    """An application with a table of things, and whoever asks."""

    app: FastAPI
    runtime: Runtime
    client: httpx.AsyncClient

    def sign_in(self, name: str) -> None:
        account = Account(
            id=1,
            name=name,
            display_name=name,
            email="",
            roles=frozenset({Role.VIEWER}),
            regions=None,
            operators=None,
            active=True,
            created_at=self.runtime.clock.now(),
            signed_in_at=None,
            version=1,
            local=True,
        )
        self.app.dependency_overrides[current_caller] = lambda: Caller(account, account.scope("request"))

    async def post(self, path: str = "", name: str = "x", **headers: str) -> httpx.Response:
        return await self.client.post(f"{THINGS}{path}", json={"name": name}, headers=headers or KEY)

    async def things(self) -> int:
        async with self.runtime.db.snapshot() as tx:
            return int(await fetch_value(tx, "SELECT count(*) FROM thing"))

    async def keys(self) -> int:
        async with self.runtime.db.snapshot() as tx:
            return int(await fetch_value(tx, "SELECT count(*) FROM request_key"))


@pytest.fixture
async def house(runtime: Runtime) -> AsyncIterator[House]:
    registry = Registry()
    registry.router(router)
    app = create_app(runtime.settings, registry, runtime=runtime)
    app.state.gate = Gate()
    async with runtime.db.transaction() as tx:
        await execute(tx, "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)")
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tieline.test") as client:
        made = House(app, runtime, client)
        made.sign_in("ann")
        yield made


async def test_a_repetition_is_answered_as_the_first_time_and_nothing_is_done_twice(house: House) -> None:
    first = await house.post()
    again = await house.post(**{"Idempotency-Key": "k-1"})  # the same key without quotes
    assert (first.status_code, "Idempotent-Replayed" in first.headers) == (201, False)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.content == first.content
    for name in ("Content-Type", "Location", "Cache-Control"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert await house.things() == 1


async def test_without_a_key_or_with_another_one_it_is_another_request(house: House) -> None:
    for headers in ({}, {}, {"Idempotency-Key": "k-2"}, {"Idempotency-Key": "k-3"}):
        made = await house.client.post(THINGS, json={"name": "x"}, headers=headers)
        assert made.status_code == 201
    assert (await house.things(), await house.keys()) == (4, 2)


@pytest.mark.parametrize(("path", "name"), [("", "y"), ("/other", "x"), ("?x=1", "x")])
async def test_a_key_with_another_request_is_refused(house: House, path: str, name: str) -> None:
    await house.post()
    answer = await house.post(path, name)
    assert (answer.status_code, answer.json()["code"]) == (422, "key-used")
    assert await house.things() == 1


async def test_a_key_is_its_askers_own(house: House) -> None:
    first = await house.post()
    house.sign_in("bob")
    second = await house.post()
    assert [one.json()["by"] for one in (first, second)] == ["user:ann", "user:bob"]
    assert await house.things() == 2


async def test_of_two_at_once_one_is_done_and_the_other_told_to_wait(house: House) -> None:
    gate: Gate = house.app.state.gate
    first = asyncio.create_task(house.post("/slow"))
    await gate.begun.wait()
    early = await house.post("/slow")
    assert (early.status_code, early.json()["code"]) == (409, "under-way")
    gate.opened.set()
    assert (await first).status_code == 204
    late = await house.post("/slow")
    assert (late.status_code, late.content, late.headers["Idempotent-Replayed"]) == (204, b"", "true")
    assert await house.things() == 1


async def test_many_at_once_are_done_once(house: House) -> None:
    answers = await asyncio.gather(*(house.post() for _ in range(6)))
    assert {one.status_code for one in answers} <= {201, 409}
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    assert await house.things() == 1


async def test_an_answer_that_never_arrived_comes_with_the_repetition(house: House) -> None:
    async def unplugged(scope: Scope, receive: Receive, send: Send) -> None:
        async def lost(_message: Message) -> None:
            raise ConnectionResetError

        del send
        await house.app(scope, receive, lost)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(unplugged), base_url="http://tieline.test") as client:
        with pytest.raises(ConnectionResetError):
            await client.post(THINGS, json={"name": "x"}, headers=KEY)
    assert await house.things() == 1
    again = await house.post()
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert await house.things() == 1


async def test_who_dies_before_the_answer_is_kept_has_done_nothing(house: House) -> None:
    gate: Gate = house.app.state.gate
    first = asyncio.create_task(house.post("/slow"))
    await gate.begun.wait()
    async with house.runtime.db.transaction() as tx:
        await execute(
            tx,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
            " AND datname = current_database() AND pid <> pg_backend_pid()",
        )
    gate.opened.set()
    assert (await first).status_code == 503
    assert (await house.things(), await house.keys()) == (0, 0)
    assert (await house.post("/slow")).status_code == 204
    assert await house.things() == 1


async def test_what_a_lost_commit_leaves_is_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last moment: the work is done, the answer is made and kept, and the process ends before both count."""

    async def killed(self: once.Once, answer: Any) -> None:
        await kept(self, answer)
        raise SystemExit

    kept = once.Once.keep
    monkeypatch.setattr(once.Once, "keep", killed)
    with pytest.raises(SystemExit):
        await house.post()
    monkeypatch.undo()
    assert (await house.things(), await house.keys()) == (0, 0)
    assert "Idempotent-Replayed" not in (await house.post()).headers
    assert await house.things() == 1


@pytest.mark.parametrize(("what", "status"), [("refused", 404), ("broken", 500)])
async def test_what_was_refused_or_failed_leaves_nothing_and_its_key_free(house: House, what: str, status: int) -> None:
    for _ in range(2):
        answer = await house.post(f"/{what}/ends")
        assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (status, False)
    assert (await house.things(), await house.keys()) == (0, 0)


async def test_a_refusal_that_was_written_down_is_repeated(house: House) -> None:
    first, again = [await house.post("/half/ends") for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()) == (409, 409, first.json())
    assert again.headers["Content-Type"] == "application/problem+json"
    assert await house.things() == 1


async def test_a_request_sees_what_it_has_written(house: House) -> None:
    assert (await house.post("/seen/ends")).json() == {"seen": 1}


async def test_an_answer_that_is_too_large_is_not_kept_and_says_so(house: House) -> None:
    first, again = [await house.post("/large") for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 409)
    assert "2026-03-01 12:00:00 UTC" in again.json()["detail"]
    assert await house.things() == 1


async def test_the_same_form_is_the_same_request_whatever_its_boundary(house: House) -> None:
    def sent(boundary: str) -> dict[str, Any]:
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n--{boundary}--\r\n'
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return {"content": part.encode(), "headers": {**KEY, **kind}}

    first, again = [await house.client.post(f"{THINGS}/form", **sent(one)) for one in ("a1", "b2b2")]
    assert (first.status_code, again.headers["Idempotent-Replayed"], again.json()) == (200, "true", first.json())


async def test_a_key_counts_for_a_day_and_goes_with_the_housekeeping(house: House, clock: SetClock) -> None:
    await house.post()
    clock.forward(timedelta(hours=23, minutes=59))
    assert "Idempotent-Replayed" in (await house.post()).headers
    clock.forward(timedelta(minutes=1))
    assert (await house.post(name="y")).status_code == 201
    assert (await house.things(), await house.keys()) == (2, 1)
    clock.forward(timedelta(hours=23))
    await jobs.sweep.run(house.runtime, jobs.Sweep())
    assert await house.keys() == 1
    clock.forward(timedelta(hours=1))
    await jobs.sweep.run(house.runtime, jobs.Sweep())
    assert await house.keys() == 0


async def test_more_keys_than_are_kept_are_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "MOST_KEYS", 2)
    answers = [await house.post(**{"Idempotency-Key": str(number)}) for number in (1, 2, 3, 1)]
    assert [one.status_code for one in answers] == [201, 201, 429, 201]
    assert "Retry-After" in answers[2].headers
    assert await house.things() == 2
    house.sign_in("bob")
    assert (await house.post()).status_code == 201


@pytest.mark.parametrize("key", ["", '""', '"a', "a b", "ä", "k" * 129, '"k";p=1'])
async def test_a_key_of_another_shape_is_refused(house: House, key: str) -> None:
    answer = await house.client.post(THINGS, json={}, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"] == "Idempotency-Key"
    assert await house.things() == 0


async def test_a_route_that_cannot_be_repeated_refuses_the_key(house: House) -> None:
    answer = await house.post("/secret")
    assert (answer.status_code, answer.json()["problems"][0]["rule"]) == (422, "unrepeatable")
    assert "It shows a secret." in answer.json()["detail"]
    assert (await house.client.post(f"{THINGS}/secret")).status_code == 200
    assert (await house.things(), await house.keys()) == (1, 0)
