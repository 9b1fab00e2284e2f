"""Probing over REST."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.conftest import Whole
from tests.integration.changes.conftest import FRED
from tests.integration.probing.conftest import NOON, Rig

from tieline.platform.scope import Permission, Scope
from tieline.platform.web import current_scope

pytestmark = pytest.mark.anyio


@pytest.fixture
async def http(rig: Rig, application: Whole) -> AsyncIterator[httpx.AsyncClient]:
    async def current() -> Scope:
        return FRED

    app = application(rig.world.runtime)
    app.dependency_overrides[current_scope] = current
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console.test/api/v1") as client:
        yield client


async def test_somebody_asks_and_finds_the_answers(rig: Rig, http: httpx.AsyncClient) -> None:
    addresses = await rig.addresses()
    ids = list(addresses)
    rig.attach(*addresses.values())
    body: dict[str, Any] = {"subscription_ids": ids, "key": "morning"}
    asked = await http.post("/probes", json=body)
    assert asked.status_code == 202, asked.text
    assert asked.json() == {"asked": len(ids), "origin": "asked:user:fred", "key": "morning"}
    assert (await http.post("/probes", json=body)).json()["asked"] == 0
    assert (await http.get("/probes/summary")).json() == {"waiting": len(ids)}
    assert (await http.get(f"/subscriptions/{ids[0]}/probe")).status_code == 404
    rig.clock.at = rig.world.runtime.clock.now()
    await rig.asker.round()
    pages, cursor = [], None
    while True:
        page = (await http.get("/probes", params={"key": "morning", "limit": 3, "cursor": cursor or ""})).json()
        pages.append(page["items"])
        cursor = page["next"]
        if not cursor:
            break
    found = [one["subscription_id"] for items in pages for one in items]
    assert sorted(found) == ids
    assert max(map(len, pages)) == 3
    last = (await http.get(f"/subscriptions/{ids[0]}/probe")).json()
    assert (last["ok"], last["why"], last["sentence"]) == (True, "answered", "The application answered.")
    assert (await http.get("/probes", params={"ok": False})).json()["items"] == []
    assert (await http.get("/probes/summary")).json() == {"answered": len(ids)}
    actions = await rig.world.rows("SELECT action, subject FROM audit ORDER BY seq")
    assert [(one["action"], one["subject"]) for one in actions] == [("probing.asked", "probes")]
    assert rig.clock.at > NOON


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"subscription_ids": []},
        {"subscription_ids": [0]},
        {"subscription_ids": ["x"]},
        {"subscription_ids": [2**63]},
        {"subscription_ids": [1], "key": ""},
        {"subscription_ids": [1], "key": "a b"},
        {"subscription_ids": [1], "host": "10.0.0.1"},
    ],
)
async def test_what_is_no_question_is_refused(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await http.post("/probes", json=body)).status_code == 422


async def test_who_may_only_look_does_not_ask(rig: Rig, http: httpx.AsyncClient, application: Whole) -> None:
    async def viewer() -> Scope:
        return FRED.narrowed(permissions=[Permission.INVENTORY_READ])

    application(rig.world.runtime).dependency_overrides[current_scope] = viewer
    assert (await http.post("/probes", json={"subscription_ids": [1]})).status_code == 403
    assert (await http.get("/probes")).status_code == 200
