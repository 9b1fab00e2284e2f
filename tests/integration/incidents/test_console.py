"""The console's pages of incidents, as people use them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.conftest import Whole

from tieline.console.visitor import Visitor
from tieline.platform.scope import Role, Scope
from tieline.utility import inventory
from tieline.utility.console.visitor import current_visitor

pytestmark = pytest.mark.anyio


@dataclass
class Browser:
    """Somebody at a browser, in a role."""

    http: httpx.AsyncClient
    role: Role = Role.TECHNICIAN

    def visitor(self) -> Visitor:
        return Visitor(Scope("user:ada", self.role.permissions, user_id=7), "Ada", "Technician", "token-of-ada")

    async def page(self, path: str) -> str:
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text.replace("&#39;", "'")

    async def send(self, path: str, **form: Any) -> httpx.Response:
        return await self.http.post(path, data=form)


@pytest.fixture
async def browser(grid: Any, application: Whole) -> AsyncIterator[Browser]:
    app = application(grid.runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console.test") as client:
        somebody = Browser(client)
        app.dependency_overrides[current_visitor] = somebody.visitor
        yield somebody


async def test_the_list_shows_the_worst_first_and_keeps_its_filter_in_the_url(grid: Any, browser: Browser) -> None:
    assert "No incident is open" in await browser.page("/incidents")
    await grid.hear(grid.told("A2", apn="evil.apn"), grid.told("A1", apn="worse.apn"))
    page = await browser.page("/incidents")
    assert page.index("Moor 1, primary") < page.index("Moor 2, primary")
    assert "2 incidents open, 2 new, 1 critical." in page
    narrowed = await browser.page("/incidents?severity=major&q=moor+2")
    assert "Moor 2, primary" in narrowed
    assert "Moor 1, primary" not in narrowed
    assert "No incident matches these filters" in await browser.page("/incidents?q=zzz")


async def test_an_incident_tells_its_story_and_offers_the_ways_out(grid: Any, browser: Browser) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    (one,) = await grid.open()
    page = await browser.page(f"/incidents/{one['id']}")
    for words in ("set the APN of the primary link of Moor 2 to evil.apn", "We want", "scada.dso", "Put it right",
                  "Keep the operator's value", "Raw record", "Acknowledge",
                  "the site may be out of reach"):  # fmt: skip
        assert words in page, words
    browser.role = Role.VIEWER
    page = await browser.page(f"/incidents/{one['id']}")
    assert f"/incidents/{one['id']}/revert" not in page
    assert (await browser.send(f"/incidents/{one['id']}/acknowledge")).status_code == 403
    for number in ("999999", "99999999999999999999999"):
        assert (await browser.http.get(f"/incidents/{number}")).status_code == 404


async def test_it_is_worked_on_from_its_page(grid: Any, browser: Browser) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    (one,) = await grid.open()
    path = f"/incidents/{one['id']}"
    acts: tuple[tuple[str, dict[str, str]], ...] = (
        ("acknowledge", {}),
        ("assign", {"reason": "fred"}),
        ("comment", {"text": "Asked <them>."}),
        ("resolve", {"reason": "Agreed."}),
        ("reopen", {"reason": "Not so."}),
    )
    for act, form in acts:
        answer = await browser.send(f"{path}/{act}", **form)
        assert (answer.status_code, answer.headers.get("location")) == (303, path), act
    assert "Asked &lt;them&gt;." in await browser.page(path)
    answer = await browser.send(f"{path}/revert")
    assert answer.status_code == 303
    change = answer.headers["location"].rpartition("/")[2]
    assert f"Open change {change}" in await browser.page(path)


async def test_several_are_acknowledged_or_resolved_at_once(grid: Any, browser: Browser) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"), grid.told("A3", apn="other.apn"))
    first, second = await grid.open()
    ticked = [str(first["id"]), str(second["id"])]
    answer = await browser.send("/incidents/acts", id=ticked, act="acknowledge")
    assert answer.headers["location"] == "/incidents"
    assert {one["state"] for one in await grid.open()} == {"acknowledged"}
    refused = await browser.send("/incidents/acts", id=ticked, act="acknowledge")
    assert "2 incidents could not be changed" in refused.text
    asked = await browser.send("/incidents/acts", all_matching="1", query="q=moor+3", act="resolve")
    assert "Resolve 1 incident" in asked.text
    assert 'href="/incidents?q=moor+3"' in asked.text
    done = await browser.send("/incidents/acts", id=str(second["id"]), act="resolve", text="Agreed.",
                              query="q=moor+3&after=x")  # fmt: skip
    assert done.headers["location"] == "/incidents?q=moor+3"
    assert [one["id"] for one in await grid.open()] == [first["id"]]
    assert (await browser.send("/incidents/acts", act="acknowledge")).status_code == 422


async def test_of_more_than_can_be_taken_at_once_none_is_left_out_unseen(grid: Any, browser: Browser) -> None:
    await grid.run_sql(
        """INSERT INTO incident (kind, key, severity, state, title, opened_at, last_at, grown_at)
        SELECT 'field', 'k' || n, 'minor', 'open', 'Odd', now(), now(), now() FROM generate_series(1, 1001) n"""
    )
    refused = await browser.send("/incidents/acts", all_matching="1", act="acknowledge")
    assert refused.status_code == 422
    assert "narrow the filters" in refused.text
    assert len(await grid.incidents("open")) == 1001


@pytest.mark.parametrize("typed", ["{}", "#{}", "incident {}"])
async def test_the_search_finds_an_incident_by_its_number(grid: Any, browser: Browser, typed: str) -> None:
    await grid.hear(grid.told("A2", apn="evil.apn"))
    (one,) = await grid.open()
    query = {"q": typed.format(one["id"])}
    found = (await browser.http.get("/search", params=query)).text
    assert f'href="/incidents/{one["id"]}"' in found
    assert "bell-ring" in found
    assert "/incidents/" not in (await browser.http.get("/search", params={"q": "4711"})).text.partition("<main")[2]
    async with grid.db.transaction() as tx:
        ben = Scope("user:ben", Role.VIEWER.permissions, operators=frozenset({"B"}))
        assert [hit.kind for hit in await inventory.find(tx, ben, "incident 1")] == []


async def test_members_are_listed_and_filed(grid: Any, browser: Browser) -> None:
    await grid.hear(*(grid.told(f"A{number}", apn="slip.apn") for number in range(1, 6)))
    (one,) = await grid.open()
    assert (await browser.page(f"/incidents/{one['id']}/members")).count("data-row-link") == 5
    lines = (await browser.page(f"/incidents/{one['id']}/members.csv")).splitlines()
    assert len(lines) == 6
    assert lines[1].startswith("A,A1,S1,Moor 1,North,critical,primary,apn,scada.dso,slip.apn,")


async def test_what_is_expected_and_how_reads_compared_have_pages(grid: Any, browser: Browser) -> None:
    assert "Nothing is expected" in await browser.page("/incidents/expected")
    assert "No operator was read as a whole yet" in await browser.page("/incidents/reconciliation")
    known = await browser.send("/incidents/expected", why="Core moves.", operator="A", region="", hours="4")
    assert known.status_code == 303
    assert "Core moves." in await browser.page("/incidents/expected")
    assert (await browser.send("/incidents/expected", why="All", hours="4")).status_code == 422
    await grid.hear(grid.told("A2", apn="evil.apn"))
    assert "Moor 2" not in await browser.page("/incidents")
    assert "Moor 2" in await browser.page("/incidents?expected=1")
    await grid.read("A")
    assert "Missing there" in await browser.page("/incidents/reconciliation")
    number = await grid.value("SELECT id FROM incident_expectation")
    assert (await browser.send("/incidents/expected/end", id="")).status_code == 422
    assert (await browser.send("/incidents/expected/end", id=str(number))).status_code == 303
    assert "Nothing is expected" in await browser.page("/incidents/expected")
