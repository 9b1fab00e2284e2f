"""What every application does: problems, request ids, safe headers, bounds, CSRF, validators, health, metrics."""

import errno
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

import httpx
import psycopg
import pytest
from fastapi import APIRouter, FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from tieline.platform import outbox
from tieline.platform.db import Database, execute, fetch_value
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem, TooMany
from tieline.platform.identity import store
from tieline.platform.identity.model import AccountDraft
from tieline.platform.identity.secret import csrf_token, hashed
from tieline.platform.scope import Role
from tieline.platform.settings import Settings
from tieline.platform.web import (
    MEGABYTE,
    CurrentRuntime,
    CurrentScope,
    ProblemDetails,
    create_app,
    create_operator_app,
    etag_of,
    fast,
    unchanged,
    validated,
)
from tieline.platform.wiring import Registry, Runtime

pytestmark = pytest.mark.anyio
router = APIRouter(prefix="/things", tags=["things"])
ERRORS = {
    "missing": NotFound("No thing 7.", advice="Look at the list."),
    "conflict": Conflict("It runs already."),
    "often": TooMany("Slowly.", retry_after=2.4),
    "invalid": Invalid("Bad.", [Problem("iccid", "luhn", "The check digit is wrong.", "8949", 3)]),
    "crash": ZeroDivisionError("secret insides"),
    "gone": psycopg.OperationalError("connection failed: password=hunter2"),
    "full": psycopg.errors.DiskFull('could not extend file "base/1/2": No space left on device'),
    "no-room": OSError(errno.ENOSPC, "No space left on device", "/var/lib/tieline/secret"),
}


class Thing(BaseModel):
    name: str
    size: int


@dataclass
class Row:
    name: str
    size: int


@router.get("/{thing_id}/boom/{what}")
async def boom(thing_id: int, what: str) -> Thing:
    assert thing_id < 8
    raise ERRORS[what]


@router.post("")
async def create(thing: Thing, scope: CurrentScope) -> dict[str, str]:
    return {"actor": scope.actor, "request": scope.request_id, "thing": thing.name}


@router.post("/form")
async def form(name: Annotated[str, Form()], scope: CurrentScope) -> dict[str, str]:
    return {"actor": scope.actor, "name": name}


@router.put("/large", max_body_size=3 * MEGABYTE)
async def large(request: Request) -> dict[str, int]:
    return {"size": len(await request.body())}


@router.get("", response_model=list[Thing])
async def listed(request: Request) -> Response:
    etag = etag_of("things", 7)
    return unchanged(request, etag) or fast([Row("a", 1)], headers=validated(etag))


@router.post("/unstorable")
async def unstorable(thing: Thing, runtime: CurrentRuntime) -> None:
    async with runtime.db.transaction() as tx:
        await fetch_value(tx, "SELECT %s::text || %s::int AS x", (thing.name, thing.size))


@pytest.fixture
def app(runtime: Runtime) -> FastAPI:
    registry = Registry()
    registry.router(router)
    return create_app(runtime.settings, registry, runtime=runtime)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://tieline.test") as client:
        yield client


@pytest.fixture
async def signed_in(runtime: Runtime, client: httpx.AsyncClient) -> str:
    """A session in the client's cookies; gives its CSRF token."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as tx:
        account = await store.insert_account(tx, AccountDraft("ann", "Ann", "", frozenset({Role.VIEWER})), now)
        assert account is not None
        await store.insert_session(
            tx, account.id, hashed("s3cret"), now, expires_at=now + timedelta(hours=1), address="", agent=""
        )
    client.cookies.set("tieline_session", "s3cret")
    return csrf_token("s3cret")


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("missing", 404, "not-found"),
        ("conflict", 409, "conflict"),
        ("often", 429, "too-many"),
        ("invalid", 422, "invalid"),
        ("crash", 500, "internal"),
        ("gone", 503, "unavailable"),
        ("full", 503, "unavailable"),
        ("no-room", 503, "unavailable"),
    ],
)
async def test_every_error_is_a_problem_document(client: httpx.AsyncClient, what: str, status: int, code: str) -> None:
    answer = await client.get(f"/api/v1/things/7/boom/{what}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = ProblemDetails.model_validate_json(answer.content)
    assert (problem.status, problem.code, problem.type) == (status, code, f"urn:tieline:problem:{code}")
    assert problem.request_id == answer.headers["X-Request-ID"]
    assert "secret insides" not in answer.text
    assert "hunter2" not in answer.text
    assert ("Retry-After" in answer.headers) == (status in {429, 503})
    assert ("make room" in answer.text) == (what in {"full", "no-room"})
    assert "/var/lib" not in answer.text


async def test_broken_rules_name_field_rule_and_words_and_never_the_value(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/things/7/boom/invalid")
    assert answer.json()["problems"] == [
        {"field": "iccid", "rule": "luhn", "message": "The check digit is wrong.", "value": "8949", "line": 3}
    ]
    answer = await client.post("/api/v1/things/unstorable", json={"name": 5, "size": "hunter2"})
    assert answer.status_code == 422
    assert {(problem["field"], problem["rule"]) for problem in answer.json()["problems"]} == {
        ("name", "string_type"),
        ("size", "int_parsing"),
    }
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("thing", [{"name": "a\0b", "size": 1}, {"name": "a", "size": 10**30}])
async def test_what_the_database_cannot_hold_is_the_senders_fault(
    client: httpx.AsyncClient, thing: dict[str, object]
) -> None:
    answer = await client.post("/api/v1/things/unstorable", json=thing)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/api/v1/things", 405)])
async def test_paths_and_methods_that_nobody_serves(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


async def test_the_callers_request_id_is_kept_when_sane_and_replaced_when_not(client: httpx.AsyncClient) -> None:
    for sent, kept in (("trace-1", True), ("a b\tc", False), ("x" * 65, False), ("", False)):
        answer = await client.get("/health/live", headers={"X-Request-ID": sent})
        assert (answer.headers["X-Request-ID"] == sent) is kept
        assert answer.headers["X-Request-ID"]


async def test_every_answer_has_safe_headers(client: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/nowhere", "/api/v1/things/7/boom/crash"):
        headers = (await client.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in headers


async def test_over_https_browsers_are_told_to_stay_there(runtime: Runtime) -> None:
    settings = Settings(home=runtime.settings.home, public_url="https://grid.example")
    app = create_operator_app(settings, Registry(), runtime=runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://grid.example") as client:
        assert "max-age" in (await client.get("/health/live")).headers["Strict-Transport-Security"]


async def test_bodies_are_bounded_and_a_route_may_take_more(client: httpx.AsyncClient) -> None:
    async def pieces(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * (MEGABYTE // 2)

    big = b'{"name": "' + b"x" * (2 * MEGABYTE) + b'"}'
    for content in (big, pieces(5)):
        answer = await client.post(
            "/api/v1/things/unstorable", content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 413
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert (await client.put("/api/v1/things/large", content=big)).json() == {"size": len(big)}
    assert (await client.put("/api/v1/things/large", content=pieces(7))).status_code == 413


async def test_without_a_session_or_token_nobody_is_served(client: httpx.AsyncClient) -> None:
    thing = {"name": "a", "size": 1}
    for headers in ({}, {"Authorization": "Bearer tl_wrong"}, {"Authorization": "Basic Zm9vOmJhcg=="}):
        answer = await client.post("/api/v1/things", json=thing, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_cookie_alone_changes_nothing(client: httpx.AsyncClient, signed_in: str) -> None:
    thing = {"name": "a", "size": 1}
    for headers in (
        {},
        {"X-CSRF-Token": "wrong"},
        {"X-CSRF-Token": csrf_token("another session")},
        {"X-CSRF-Token": signed_in, "Origin": "https://evil.example"},
        {"X-CSRF-Token": signed_in, "Sec-Fetch-Site": "cross-site"},
    ):
        answer = await client.post("/api/v1/things", json=thing, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), headers
    answer = await client.post(
        "/api/v1/things",
        json=thing,
        headers={"X-CSRF-Token": signed_in, "Origin": "http://tieline.test", "X-Request-ID": "r-7"},
    )
    assert answer.json() == {"actor": "user:ann", "request": "r-7", "thing": "a"}


async def test_a_form_may_carry_the_token_in_a_field(client: httpx.AsyncClient, signed_in: str) -> None:
    assert (await client.post("/api/v1/things/form", data={"name": "x"})).status_code == 403
    answer = await client.post("/api/v1/things/form", data={"name": "x", "csrf_token": signed_in})
    assert answer.json() == {"actor": "user:ann", "name": "x"}


async def test_an_unchanged_list_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/api/v1/things")
    assert first.json() == [{"name": "a", "size": 1}]
    again = await client.get("/api/v1/things", headers={"If-None-Match": f'"old", {first.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "private, no-cache"


async def test_a_browser_gets_the_applications_error_page_outside_the_api(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    app.state.error_page = lambda _request, problem: HTMLResponse(f"<h1>{problem.title}</h1>", problem.status)
    page = {"Accept": "text/html,application/xhtml+xml"}
    assert (await client.get("/nowhere", headers=page)).text == "<h1>Not Found</h1>"
    assert (await client.get("/nowhere")).json()["status"] == 404
    assert (await client.get("/api/v1/nowhere", headers=page)).json()["status"] == 404


async def test_the_description_names_operations_and_problems(client: httpx.AsyncClient) -> None:
    described = (await client.get("/api/v1/openapi.json")).json()
    operation = described["paths"]["/api/v1/things"]["post"]
    assert operation["operationId"] == "things_create"
    problem = operation["responses"]["4XX"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/ProblemDetails"}
    assert described["components"]["schemas"]["ProblemDetails"]["required"] == [
        "type",
        "title",
        "status",
        "detail",
        "code",
        "request_id",
    ]


async def test_metrics_count_by_template_and_are_for_neighbours(
    runtime: Runtime, app: FastAPI, client: httpx.AsyncClient
) -> None:
    for number in range(3):
        await client.get(f"/api/v1/things/{number}/boom/missing")
    await client.get("/nowhere/else")
    async with runtime.db.transaction() as tx:
        await outbox.publish(tx, "a", {})
    text = (await client.get("/metrics")).text
    assert (
        'tieline_http_requests_total{method="GET",route="/api/v1/things/{thing_id}/boom/{what}",status="404"} 3.0'
        in text
    )
    assert 'route="-",status="404"} 1.0' in text
    assert 'tieline_outbox_deliveries{state="waiting"} 1.0' in text
    assert "tieline_db_pool" in text
    far = httpx.ASGITransport(app=app, client=("192.0.2.7", 5000))
    async with httpx.AsyncClient(transport=far, base_url="http://tieline.test") as stranger:
        assert (await stranger.get("/metrics")).status_code == 401


async def test_readiness_tells_what_lags_and_fails_without_the_database(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    assert (await client.get("/health/ready")).json()["status"] == "degraded", "no worker was ever heard"
    async with runtime.db.transaction() as tx:
        await execute(tx, "INSERT INTO procrastinate_workers DEFAULT VALUES")
    assert (await client.get("/health/ready")).json()["status"] == "ready"
    async with runtime.db.transaction() as tx:
        await outbox.publish(tx, "a", {})
        await execute(tx, "UPDATE outbox_event SET at = at - interval '2 minutes'")
    answer = (await client.get("/health/ready")).json()
    assert (answer["status"], answer["checks"]["outbox"]["ok"]) == ("degraded", False)

    nowhere = await Database.open("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1", size=2)
    app = create_app(runtime.settings, Registry(), runtime=replace(runtime, db=nowhere))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as lost:
        answered = await lost.get("/health/ready")
        assert (answered.status_code, answered.json()["status"]) == (503, "unavailable")
        assert (await lost.get("/health/live")).status_code == 200
    await nowhere.close()
    assert json.loads(answered.content)["checks"]["database"]["ok"] is False
