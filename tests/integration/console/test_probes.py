"""The page of all probes: last answers, filters, asking again, the file; and REST beside it."""

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.console.conftest import Console

from tieline.platform.db import execute, fetch_value
from tieline.platform.scope import Role, Scope
from tieline.platform.web import current_scope

pytestmark = pytest.mark.anyio

WORLD = """
WITH o AS (INSERT INTO operator (code, name) VALUES ('A', 'Alpha'), ('B', 'Beta') RETURNING id, code),
t AS (INSERT INTO site (external_id, name, name_folded, kind, region) VALUES
    ('S1', 'Mill Lane', 'mill lane', 'primary', 'Wales'),
    ('S2', 'Quay Street', 'quay street', 'primary', 'Kent') RETURNING id, external_id),
s AS (INSERT INTO subscription (operator_id, operator_ref, state, ip_address, site_id, generation)
    SELECT o.id, o.code || t.external_id, 'ACTIVE', '10.0.0.9', t.id, '4G' FROM o, t RETURNING id, operator_ref)
INSERT INTO probe_latest (subscription_id, ok, why, address, rtt_ms, origin, at)
SELECT id, operator_ref LIKE 'A%%', CASE WHEN operator_ref LIKE 'A%%' THEN 'answered' ELSE 'silent' END, '10.0.0.9',
    12.4, 'test', %(now)s - CASE WHEN operator_ref = 'BS2' THEN interval '3 days' ELSE interval '1 minute' END FROM s
"""


@pytest.fixture
async def world(console: Console) -> None:
    console.sign_in(Role.TECHNICIAN)
    async with console.db.transaction() as tx:
        await execute(tx, WORLD, {"now": console.runtime.clock.now()})


async def see(console: Console, path: str, status: int = 200) -> str:
    answer = await console.client.get(path)
    assert answer.status_code == status, answer.text[:300]
    return answer.text


async def rows(console: Console, path: str) -> int:
    return (await see(console, path)).count("data-row-link")


async def test_nobody_was_asked_yet(console: Console) -> None:
    console.sign_in(Role.VIEWER)
    page = await see(console, "/probes")
    assert "No application was asked yet" in page
    assert "tieline probe ask" in page


@pytest.mark.usefixtures("world")
async def test_last_answers_are_listed_and_filtered(console: Console) -> None:
    assert await rows(console, "/probes") == 4
    assert await rows(console, "/probes?ok=0") == 2
    assert await rows(console, "/probes?ok=0&older=24") == 1
    assert await rows(console, "/probes?operator=A&region=Wales") == 1
    assert await rows(console, "/probes?why=silent&q=quay") == 1
    assert await rows(console, "/probes?q=10.0.0") == 4
    assert await rows(console, "/probes?waiting=1") == 0
    assert "No answer matches these filters" in await see(console, "/probes?why=nonsense&q=%00&site=x")
    page = await see(console, "/probes")
    assert "The application took the connection and did not answer in time." in page
    csv = await see(console, "/probes.csv?ok=0")
    assert len(csv.splitlines()) == 3
    assert "Mill Lane,Wales,B,BS1,10.0.0.9,no," in csv


@pytest.mark.usefixtures("world")
async def test_what_one_may_not_see_is_not_there(console: Console) -> None:
    console.sign_in(Role.TECHNICIAN, regions=frozenset({"Kent"}))
    assert await rows(console, "/probes") == 2
    assert "Mill Lane" not in await see(console, "/probes.csv")


@pytest.mark.usefixtures("world")
async def test_chosen_ones_are_asked_again(console: Console) -> None:
    form: dict[str, Any] = {"csrf_token": "token-of-ada", "all_matching": "1", "query": "ok=0"}
    answer = await console.client.post("/probes/ask", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/probes?ok=0")
    async with console.db.snapshot() as tx:
        assert await fetch_value(tx, "SELECT count(*) FROM probe WHERE answered_at IS NULL") == 2
    assert await rows(console, "/probes?waiting=1") == 2
    assert "Being asked" in await see(console, "/probes?waiting=1")
    nothing = {"csrf_token": "token-of-ada", "all_matching": "", "query": ""}
    assert (await console.client.post("/probes/ask", data=nothing)).status_code == 422
    console.sign_in(Role.VIEWER)
    assert (await console.client.post("/probes/ask", data=form)).status_code == 403
    assert "Ask again" not in await see(console, "/probes")


@pytest.mark.usefixtures("world")
async def test_a_site_tells_what_its_applications_answered(console: Console) -> None:
    async with console.db.snapshot() as tx:
        site = await fetch_value(tx, "SELECT id FROM site WHERE external_id = 'S1'")
    page = await see(console, f"/sites/{site}")
    assert "Does not answer" in page
    assert "In service" in page
    assert await rows(console, f"/probes?site={site}") == 2


@pytest.mark.usefixtures("world")
async def test_rest_lists_last_answers(console: Console) -> None:
    console.app.dependency_overrides[current_scope] = lambda: Scope("user:fred", Role.VIEWER.permissions)
    ask = console.client.get
    first = (await ask("/api/v1/probes/latest", params={"limit": 3})).json()
    rest = (await ask("/api/v1/probes/latest", params={"limit": 3, "cursor": first["next"]})).json()
    assert len(first["items"] + rest["items"]) == 4
    assert rest["next"] is None
    old = (
        await ask("/api/v1/probes/latest", params={"older_than_hours": timedelta(days=1).total_seconds() / 3600})
    ).json()
    assert [one["ref"] for one in old["items"]] == ["BS2"]
    assert old["items"][0]["sentence"].startswith("The application took the connection")
    for wrong in ({"why": "x"}, {"limit": 0}, {"cursor": "x"}, {"older_than_hours": -1}, {"q": "\0"}):
        assert (await ask("/api/v1/probes/latest", params=wrong)).status_code == 422, wrong
