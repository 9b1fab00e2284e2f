"""What every page has: the way through sign-in, the frame, errors in words."""

from typing import TYPE_CHECKING

import pytest

from tieline.platform.scope import Role
from tieline.utility.console.http import local_path

if TYPE_CHECKING:
    from tests.integration.console.conftest import Console

pytestmark = pytest.mark.anyio


async def test_nobody_is_sent_to_sign_in_and_back(console: "Console") -> None:
    answer = await console.client.get("/nowhere?a=1&b=2")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=%2Fnowhere%3Fa%3D1%26b%3D2"


async def test_a_script_of_a_signed_out_person_leaves_the_page(console: "Console") -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://console.test/sites?q=x"}
    answer = await console.client.get("/frame/status", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/sign-in?next=%2Fsites%3Fq%3Dx"


async def test_an_unknown_address_is_a_page_in_the_frame(console: "Console") -> None:
    console.sign_in(Role.VIEWER)
    answer = await console.client.get("/nowhere<script>")
    assert answer.status_code == 404
    assert "There is no page /nowhere" in answer.text
    assert "<script>" not in answer.text.split("<body", 1)[1]
    assert "Ada Lovelace" in answer.text
    assert "request-1" in answer.text


async def test_a_program_gets_a_problem_where_there_is_no_resource(console: "Console") -> None:
    answer = await console.client.get("/api/v1/nothing/1")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "There is no resource /api/v1/nothing/1."


async def test_a_script_gets_an_error_that_it_can_tell(console: "Console") -> None:
    console.sign_in(Role.VIEWER)
    answer = await console.client.get("/nowhere", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "Not found"


async def test_the_rail_holds_what_one_may_see(console: "Console") -> None:
    console.sign_in(Role.VIEWER)
    seen = (await console.client.get("/nowhere")).text
    assert 'href="/sites"' in seen
    assert 'href="/users"' not in seen
    console.sign_in(Role.ADMINISTRATOR)
    assert 'href="/users"' in (await console.client.get("/nowhere")).text


async def test_built_files_are_kept_for_ever_and_packed(console: "Console") -> None:
    console.sign_in(Role.VIEWER)
    page = (await console.client.get("/nowhere")).text
    href = page.split('type="module" src="', 1)[1].split('"', 1)[0]
    answer = await console.client.get(href)
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("wanted", ["//evil.test", "/\\evil.test", "https://evil.test", "", "/a\r\nSet-Cookie: x"])
def test_the_way_back_stays_in_the_console(wanted: str) -> None:
    assert local_path(wanted) == "/"


def test_the_way_back_is_kept() -> None:
    assert local_path("/sites?q=a") == "/sites?q=a"
