"""Saved views over REST, by several people."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.conftest import Whole

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, fetch_all
from tieline.platform.scope import Role, Scope
from tieline.platform.settings import Settings
from tieline.platform.web import current_scope
from tieline.platform.wiring import Runtime

pytestmark = pytest.mark.anyio
FRED = Scope("user:fred", Role.TECHNICIAN.permissions)
FREDS_TOKEN = Scope("user:fred/token:3", Role.TECHNICIAN.permissions)
VERA = Scope("user:vera", Role.VIEWER.permissions)
ANNA = Scope("user:anna", Role.ADMINISTRATOR.permissions)
WALES = {"path": "/sites", "name": "Wales on 3G", "query": "region=Wales&technology=3G&after=x", "hidden": ["seen"]}


class Desk:
    """REST as whoever sits at it."""

    def __init__(self, http: httpx.AsyncClient, app: FastAPI, db: Database) -> None:
        self.http, self.app, self.db = http, app, db

    async def ask(self, who: Scope, method: str, path: str, expected: int = 200, **more: Any) -> Any:
        self.app.dependency_overrides[current_scope] = lambda: who
        answer = await self.http.request(method, path, **more)
        assert answer.status_code == expected, answer.text
        return answer.json() if answer.content else None

    async def names(self, who: Scope) -> list[str]:
        return [one["name"] for one in (await self.ask(who, "GET", "/views"))["items"]]

    async def trail(self) -> list[str]:
        async with self.db.snapshot() as tx:
            return [row["action"] for row in await fetch_all(tx, "SELECT action FROM audit ORDER BY seq")]


@pytest.fixture
async def desk(utility_db: Database, application: Whole, tmp_path: Path) -> AsyncIterator[Desk]:
    app = application(Runtime(Settings(home=tmp_path), utility_db, SystemClock()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console.test/api/v1") as http:
        yield Desk(http, app, utility_db)


async def test_a_view_is_kept_for_oneself(desk: Desk) -> None:
    made = await desk.ask(FRED, "POST", "/views", 201, json=WALES)
    assert made["href"] == f"/sites?region=Wales&technology=3G&saved={made['id']}"
    assert made["hidden"] == ["seen"]
    assert await desk.names(FREDS_TOKEN) == ["Wales on 3G"], "a person's programs see the person's views"
    assert await desk.names(VERA) == []
    await desk.ask(VERA, "GET", f"/views/{made['id']}", 404)
    await desk.ask(VERA, "DELETE", f"/views/{made['id']}", 404)
    await desk.ask(FRED, "POST", "/views", 409, json={**WALES, "name": "wales on 3g"})
    assert await desk.trail() == [], "what is one's own is nobody's business"


async def test_a_shared_view_has_an_owner_and_is_on_record(desk: Desk) -> None:
    made = await desk.ask(FRED, "POST", "/views", 201, json={**WALES, "shared": True})
    number = made["id"]
    assert await desk.names(VERA) == ["Wales on 3G"]
    await desk.ask(VERA, "PATCH", f"/views/{number}", 403, json={"name": "Mine"})
    await desk.ask(VERA, "POST", "/views", 403, json={**WALES, "shared": True})
    chosen = await desk.ask(VERA, "PUT", f"/views/{number}/choice", json={"is_default": True, "pin": "navigation"})
    assert (chosen["is_default"], chosen["pin"], chosen["own"]) == (True, "navigation", False)
    of_fred = await desk.ask(FRED, "GET", f"/views/{number}")
    assert (of_fred["is_default"], of_fred["pin"]) == (False, "none"), "what one chooses is one's own"
    renamed = await desk.ask(ANNA, "PATCH", f"/views/{number}", json={"name": "West"})
    assert (renamed["name"], renamed["owner"]) == ("West", "user:fred")
    await desk.ask(FRED, "PATCH", f"/views/{number}", json={"shared": False})
    assert await desk.names(VERA) == []
    await desk.ask(FRED, "PATCH", f"/views/{number}", json={"shared": True})
    assert not (await desk.ask(VERA, "GET", f"/views/{number}"))["is_default"], "forgotten when it was withdrawn"
    await desk.ask(FRED, "DELETE", f"/views/{number}", 204)
    assert await desk.trail() == ["view.shared", "view.changed", "view.unshared", "view.shared", "view.deleted"]


async def test_one_view_opens_first_and_order_is_kept(desk: Desk) -> None:
    ids = [(await desk.ask(FRED, "POST", "/views", 201, json={**WALES, "name": name}))["id"] for name in "abc"]
    for number in ids[:2]:
        await desk.ask(FRED, "PUT", f"/views/{number}/choice", json={"is_default": True})
    found = (await desk.ask(FRED, "GET", "/views", params={"list": "/sites"}))["items"]
    assert [one["id"] for one in found if one["is_default"]] == [ids[1]]
    await desk.ask(FRED, "PUT", "/views/order", json={"ids": [ids[2], 987654321, ids[0]]})
    assert await desk.names(FRED) == ["c", "a", "b"]
    assert (await desk.ask(FRED, "GET", "/views", params={"list": "/cells"}))["items"] == []


async def test_views_of_lists_that_one_may_not_see_are_not_seen(desk: Desk) -> None:
    await desk.ask(ANNA, "POST", "/views", 201, json={"path": "/audit", "name": "Sign-ins", "shared": True})
    assert await desk.names(VERA) == []
    await desk.ask(VERA, "POST", "/views", 403, json={"path": "/audit", "name": "Mine"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"path": "/account", "name": "a"},
        {"path": "/sites", "name": " "},
        {"path": "/sites", "name": "a\0"},
        {"path": "/sites", "name": "a" * 81},
        {"path": "/sites", "name": "a", "query": "q" * 2001},
        {"path": "/sites", "name": "a", "hidden": ["no such key!"]},
        {"path": "/sites", "name": "a", "owner": "user:vera"},
    ],
)
async def test_what_is_no_view_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    await desk.ask(FRED, "POST", "/views", 422, json=body)


async def test_there_is_a_bound(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.utility.views.service.MOST_OWN", 2)
    monkeypatch.setattr("tieline.utility.views.service.MOST_SHARED", 1)
    await desk.ask(FRED, "POST", "/views", 201, json={**WALES, "name": "a", "shared": True})
    await desk.ask(FRED, "POST", "/views", 409, json={**WALES, "name": "b", "shared": True})
    await desk.ask(FRED, "POST", "/views", 201, json={**WALES, "name": "b"})
    await desk.ask(FRED, "POST", "/views", 409, json={**WALES, "name": "c"})
