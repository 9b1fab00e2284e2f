"""Pages around changes in time: calendar, outcomes, review, policies, templates, and what holds a change."""

import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from tests.conftest import Fresh, Whole
from tests.integration.changes.conftest import person
from tests.integration.changes.test_outcomes import ended

from tieline.console.visitor import Visitor
from tieline.platform.db import Database
from tieline.platform.scope import Role, Scope
from tieline.utility.application import registry
from tieline.utility.changes.model import ChangeType, Window
from tieline.utility.changes.service import holding, timing
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.console.visitor import current_visitor

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]
TOKEN = "token-of-fred"
FRED = person("fred", 1, Role.TECHNICIAN)
ANNA = person("anna", 2, Role.APPROVER)
CLAIRE = person("claire", 7, Role.CONTROLLER)


class Seat:
    """Somebody in front of the console."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.scope: Scope = FRED

    def current(self) -> Visitor:
        return Visitor(self.scope, "Somebody", "Role", TOKEN)

    async def see(self, path: str, status: int = 200) -> str:
        answer = await self.http.get(path)
        assert answer.status_code == status, answer.text[:2000]
        return answer.text

    async def do(self, path: str, status: int = 303, **fields: Any) -> str:
        answer = await self.http.post(path, data={"csrf_token": TOKEN, **fields})
        assert answer.status_code == status, answer.text[:2000]
        return answer.headers.get("location", "") if status == 303 else answer.text


@pytest.fixture
async def db(fresh: Fresh) -> AsyncIterator[Database]:
    """With the schema of every context: the frame around a page asks several."""
    async with fresh(registry().folders, size=10) as database:
        yield database


@pytest.fixture
async def seat(world: Any, application: Whole) -> AsyncIterator[Seat]:
    app = application(world.runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console.test") as http:
        sitting = Seat(http)
        app.dependency_overrides[current_visitor] = sitting.current
        yield sitting


async def test_empty_pages_say_what_would_fill_them(world: Any, seat: Seat) -> None:
    await world.build(1)
    assert "Nothing is planned here" in await seat.see("/changes/calendar")
    assert "Nothing has ended yet" in await seat.see("/changes/outcomes")
    assert "No policy yet" in await seat.see("/changes/policies")
    assert "No template yet" in await seat.see("/changes/templates")
    await seat.see("/changes/calendar?view=week&at=2026-03-29")
    await seat.see("/changes/calendar?view=year&at=0000")
    await seat.see("/changes/outcomes?by=weather&due=1")
    assert (await seat.see("/changes/outcomes.csv")).startswith("change_id,title")


async def test_a_plan_says_when_and_what_holds_it(world: Any, seat: Seat, configure: Make) -> None:
    await world.build(2)
    rules = timing.read(["Mon-Thu 22:00-05:00 Europe/London"])
    change = await world.plan(configure(window=Window(rules=rules)))
    assert "Can begin" in await seat.see(f"/changes/{change.id}")
    async with world.db.transaction() as tx:
        veto = holding.Veto(change_id=change.id, reason="Switching <tonight>")
        await holding.veto(tx, CLAIRE, world.runtime.clock, veto)
    page = await seat.see(f"/changes/{change.id}")
    assert "Mon\u2013Thu 22:00\u201305:00 Europe/London" in page
    assert "As things are held" in page
    assert "Held by the control room (claire): Switching &lt;tonight&gt;" in page
    assert f'href="/changes/{change.id}/veto"' not in page
    seat.scope = CLAIRE
    assert f'href="/changes/{change.id}/veto"' in await seat.see(f"/changes/{change.id}")
    assert "The whole change" in await seat.see(f"/changes/{change.id}/veto")
    where = await seat.do(f"/changes/{change.id}/veto", reason="And the south", region="South")
    assert where == f"/changes/{change.id}"
    calendar = await seat.see("/changes/calendar?kind=change&kind=veto")
    assert "New plan" in calendar


async def test_an_emergency_counts_down_and_is_reviewed(world: Any, seat: Seat, configure: Make) -> None:
    await world.build(2)
    change = await ended(world, configure(type=ChangeType.EMERGENCY, reason="A mast fell"))
    receipt = await seat.see(f"/changes/{change.id}")
    assert "Approve within" in receipt
    assert "Review is due" in receipt
    assert "Review is due" in await seat.see("/changes/outcomes?due=1")
    assert "Nobody has reviewed it yet" in await seat.see(f"/changes/{change.id}/review")
    assert "to be learnt" in await seat.do(f"/changes/{change.id}/review", 422, worked="yes", note=" ")
    await seat.do(f"/changes/{change.id}/review", worked="partly", note="A <visit> was needed.")
    page = await seat.see(f"/changes/{change.id}/review")
    assert "A &lt;visit&gt; was needed." in page
    assert "Review is due" not in await seat.see(f"/changes/{change.id}")
    assert "No outcome matches" in await seat.see("/changes/outcomes?due=1")
    await world.run_sql("UPDATE change SET approval_due_at = now() - interval '1 hour'")
    assert "Approval overdue by 1" in await seat.see(f"/changes/{change.id}")


async def test_a_template_and_a_policy_on_it(world: Any, seat: Seat, configure: Make) -> None:
    await world.build(2)
    change = await world.plan(configure())
    await seat.see(f"/changes/{change.id}/template")
    assert "What people will call it." in await seat.do(f"/changes/{change.id}/template", 422, name=" ")
    where = await seat.do(f"/changes/{change.id}/template", name="Plan 200", note="First")
    page = await seat.see(where)
    assert "Somebody else has to approve it" in page or "Your role may not" in page
    assert "set.data_plan=m2m-200" in page.replace("&amp;", "&")
    assert 'name="version" value="1"' in page
    seat.scope = ANNA
    await seat.do(f"{where}/approve", 422)
    await seat.do(f"{where}/approve", version="1")
    seat.scope = FRED
    assert "Approved" in await seat.see("/changes/templates")
    form = await seat.see("/changes/policies/new")
    assert "Plan 200, version 1" in form
    wrong = await seat.do("/changes/policies/new", 422, name="", max_items="many", windows="sometimes")
    assert "A whole number" in wrong
    made = await seat.do(
        "/changes/policies/new",
        name="Plans",
        kind="subscription.configure",
        max_items="100",
        template="1",
        windows="daily 00:00-24:00",
    )
    assert "daily 00:00\u201324:00 Europe/London" in await seat.see(made)
    seat.scope = ANNA
    await seat.do(f"{made}/approve")
    assert "In force" in await seat.see("/changes/policies")
    await seat.do(f"{made}/retire")
    assert "Retired" in await seat.see(made)
    seat.scope = FRED
    assert await seat.do(f"/changes/{change.id}/template", name="Plan 200", with_selection="1") == where
    seat.scope = ANNA
    await seat.do(f"{where}/approve", 409, version="1")
    assert "Version 1 is" in await seat.see("/changes/templates"), "what was saved since is not approved by that"
    seat.scope = FRED
    used = await seat.do(f"{where}/use")
    assert (await seat.see(used)) != ""
    assert "cannot be read" in await _bring(seat, b"{}", 422)
    long = secrets.token_hex(20_000).encode()
    body = b'","body":{"kind":"subscription.configure","title":"T","parameters":{"data_plan":"x"}}}'
    assert "too long" in await _bring(seat, b'{"format":"tieline-change-template/1","name":"' + long + body, 422)
    file = b'{"format":"tieline-change-template/1","name":"B","note":"","body":{"kind":"subscription.configure",'
    brought = await _bring(seat, file + b'"title":"T","parameters":{"data_plan":"x"}}}', 303)
    assert "Brought in from a file." in await seat.see(brought)
    await seat.do(f"{brought}/retire")


async def test_an_operator_s_windows_stand_on_its_page(world: Any, seat: Seat) -> None:
    await world.build(1)
    assert "permits changes at any time" in await seat.see("/operators/A")
    await seat.see("/operators/A/windows", 403)
    await seat.do("/operators/A/windows", 403, windows="daily 22:00-06:00")
    seat.scope = person("otto", 9, Role.ADMINISTRATOR)
    assert "For example" in await seat.do("/operators/A/windows", 422, windows="sometimes")
    await seat.see("/operators/X/windows", 404)
    assert await seat.do("/operators/A/windows", windows="daily 22:00-06:00", terms="Schedule <4>") == "/operators/A"
    page = await seat.see("/operators/A")
    assert "daily 22:00\u201306:00 Europe/London" in page
    assert "Schedule &lt;4&gt;" in page
    form = await seat.see("/operators/A/windows")
    assert "daily 22:00\u201306:00 Europe/London</textarea>" in form
    await seat.do("/operators/A/windows", windows="daily 22:00\u201306:00 Europe/London")
    assert await seat.do("/operators/A/windows", windows="") == "/operators/A"
    assert "permits changes at any time" in await seat.see("/operators/A")


async def _bring(seat: Seat, data: bytes, status: int) -> str:
    files = {"file": ("t.json", data, "application/json")}
    await seat.see("/changes/templates/import")
    answer = await seat.http.post("/changes/templates/import", data={"csrf_token": TOKEN}, files=files)
    assert answer.status_code == status, answer.text[:1000]
    return answer.headers["location"] if status == 303 else answer.text


async def test_the_form_takes_windows_in_words(world: Any, seat: Seat) -> None:
    await world.build(1)
    fields = {
        "query": "linked=1",
        "change_kind": "subscription.configure",
        "set.data_plan": "m2m-300",
        "title": "Night",
    }
    wrong = await seat.do("/changes", 422, **fields, recurring="sometimes")
    assert "no time in it" in wrong
    where = await seat.do("/changes", 303, **fields, recurring="Mon-Thu 22:00-05:00\nSat 10:00-12:00 UTC, not 24 Dec")
    kept = await world.value(
        "SELECT time_window -> 'rules' FROM change WHERE id = %(id)s", id=int(where.split("/")[-1])
    )
    assert [one["zone"] for one in kept] == ["Europe/London", "UTC"]
