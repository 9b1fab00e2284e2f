"""Pages of holds: a freeze, storm mode on every page, who may do what."""

from typing import TYPE_CHECKING

import pytest
from tests.integration.console.test_pages import SITES, bring

from tieline.platform.scope import Role

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.console.conftest import Console

pytestmark = pytest.mark.anyio


async def post(console: "Console", path: str, **fields: str | list[str]) -> "tuple[int, str]":
    console.client.cookies.clear()
    answer = await console.client.post(
        path, data={"csrf_token": "token-of-ada", **fields}, headers={"X-CSRF-Token": "token-of-ada"}
    )
    return answer.status_code, answer.headers.get("location", "")


async def test_without_holds_the_page_says_what_they_are(console: "Console") -> None:
    console.sign_in(Role.VIEWER)
    page = await console.client.get("/changes/holds")
    assert page.status_code == 200
    assert "Nothing is held" in page.text
    assert "Your role may not do this." in page.text


async def test_a_storm_stands_on_every_page_until_it_is_ended(console: "Console", tmp_path: "Path") -> None:
    await bring(console, tmp_path, SITES)
    console.sign_in(Role.CONTROLLER)
    form = (await console.client.get("/changes/holds/storm")).text
    assert "Kent" in form
    refused = await console.client.post("/changes/holds/storm", data={"csrf_token": "token-of-ada", "reason": ""})
    assert refused.status_code == 422
    assert "Say why." in refused.text
    status, where = await post(console, "/changes/holds/storm", reason="Storm <b>Arwen</b>", region=["Kent"])
    assert (status, where) == (303, "/changes/holds?live=1")
    console.sign_in(Role.CREW)
    console.app.state.console_watch = None
    banner = (await console.client.get("/frame/status", headers={"HX-Request": "true"})).text
    assert "Storm mode in Kent:" in banner
    assert "Storm &lt;b&gt;Arwen" in banner
    assert "how it ends" not in banner
    console.sign_in(Role.CONTROLLER)
    console.app.state.console_watch = None
    fragment = (await console.client.get("/frame/status", headers={"HX-Request": "true"})).text
    assert 'hx-swap-oob="true"' in fragment
    assert "/changes/holds/1" in fragment
    assert "End storm mode" in (await console.client.get("/changes/holds/1")).text
    assert await post(console, "/changes/storms/1/end", reason="It is over") == (303, "/changes/holds")
    console.app.state.console_watch = None
    assert "Storm mode in Kent:" not in (await console.client.get("/sites")).text
    assert "It is over" in (await console.client.get("/changes/holds/1")).text


async def test_a_freeze_is_planned_in_local_time_and_lifted(console: "Console", tmp_path: "Path") -> None:
    await bring(console, tmp_path, SITES)
    console.sign_in(Role.TECHNICIAN)
    assert (await console.client.get("/changes/holds/freeze")).status_code == 200
    wrong = await console.client.post(
        "/changes/holds/freeze",
        data={"csrf_token": "token-of-ada", "reason": "Christmas", "starts_at": "2031-12-20T18:00", "yearly": "1"},
    )
    assert wrong.status_code == 422
    assert "180 days" in wrong.text
    status, where = await post(
        console,
        "/changes/holds/freeze",
        reason="Christmas",
        starts_at="2031-06-20T18:00",
        ends_at="2031-07-05T06:00",
        yearly="1",
        region="Kent",
    )
    assert status == 303
    page = (await console.client.get(where)).text
    assert "20 Jun 2031, 18:00" in page
    assert "every year" in page
    assert "2031-06-20T17:00:00" in page  # summer time: one hour before, in UTC
    assert await post(console, f"{where}/lift", reason="Not this year") == (303, where)
    assert "Not this year" in (await console.client.get(where)).text


async def test_only_the_control_room_may_veto(console: "Console") -> None:
    console.sign_in(Role.TECHNICIAN)
    assert (await console.client.get("/changes/1/veto")).status_code == 403
    console.sign_in(Role.CONTROLLER)
    assert (await console.client.get("/changes/1/veto")).status_code == 404
    assert (await post(console, "/changes/1/veto", reason="no"))[0] == 404
