"""Saved views on the pages."""

import re

import pytest
from tests.integration.console.conftest import Console

from tieline.platform.scope import Role
from tieline.utility import views

pytestmark = pytest.mark.anyio


async def post(console: Console, to: str, /, **form: str) -> tuple[int, str]:
    answer = await console.client.post(to, data={"csrf_token": "token-of-ada", **form})
    return answer.status_code, answer.headers.get("location", answer.text)


async def see(console: Console, path: str, status: int = 200) -> str:
    answer = await console.client.get(path)
    assert answer.status_code == status, answer.text[:400]
    return answer.text


@pytest.fixture(autouse=True)
def _signed_in(console: Console) -> None:
    console.sign_in(Role.TECHNICIAN)


async def kept(console: Console, **form: str) -> str:
    status, where = await post(console, "/views", **{"path": "/sites", "query": "criticality=high", **form})
    assert status == 303, where
    return where


async def test_a_list_is_kept_under_a_name_and_opened_again(console: Console) -> None:
    assert "Save this view" in await see(console, "/sites?criticality=high")
    where = await kept(console, name="Important ones", pin="list", hidden="seen region")
    assert re.fullmatch(r"/sites\?criticality=high&saved=\d+", where)
    page = await see(console, where)
    assert "Important ones" in page
    assert 'aria-current="true"' in page, "it is pinned, and open"
    assert "hidden data-view-changed" in page, "nothing differs from it"
    assert f'<input type="hidden" name="saved" value="{where.rpartition("=")[2]}">' in page
    other = await see(console, where.replace("high", "critical"))
    assert "hidden data-view-changed" not in other, "the form that keeps what differs is shown"
    status, back = await post(console, f"/views/{where.rpartition('=')[2]}/content", query="criticality=critical")
    assert (status, back) == (303, where.replace("high", "critical"))


async def test_the_first_view_opens_and_the_list_is_still_there(console: Console) -> None:
    where = await kept(console, name="Important ones", is_default="1")
    answer = await console.client.get("/sites")
    assert (answer.status_code, answer.headers["location"]) == (303, where)
    assert "Sites" in await see(console, "/sites?saved=none")
    assert "Sites" in await see(console, "/sites?q=mill")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/sites", "q=zzz"),
        ("/incidents", "q=zzz"),
        ("/changes", "q=zzz"),
        ("/notices", "waits=1"),
        ("/fieldwork/visits", "q=zzz"),
        ("/stock/items", "q=zzz"),
    ],
)
async def test_clearing_is_clearing_where_a_view_opens_first(console: Console, path: str, query: str) -> None:
    await kept(console, path=path, query=query, name="First", is_default="1")
    page = await see(console, f"{path}?{query}")
    assert f'href="{path}">Clear' not in page
    assert f'href="{path}?saved=none">Clear all' in page, "the last filter, taken away at the head of the list"
    assert '<input type="hidden" name="saved" value="none">' in page, "or unticked there"
    assert re.search(rf'href="{path}\?saved=none"[^>]*>.*Clear filters', page), "or left from the empty list"
    await see(console, f"{path}?saved=none")


async def test_a_view_in_the_navigation_is_on_every_page(console: Console) -> None:
    where = await kept(console, name="Important ones")
    number = where.rpartition("=")[2]
    status, to = await post(console, f"/views/{number}", name="Vital", pin="navigation", place="1")
    assert (status, to) == (303, "/views")
    rail = (await see(console, "/operators")).partition("</nav>")[0]
    assert "Pinned views" in rail
    assert "Vital" in rail


async def test_what_a_view_names_that_is_gone_is_said(console: Console) -> None:
    where = await kept(console, name="Old", query="region=Atlantis&operator=Z&sort=nothing", hidden="nosuch seen")
    page = await see(console, where)
    assert "This view names what is not there any more" in page
    assert "Atlantis" in page
    gone = await see(console, "/sites?saved=987654")
    assert "This view was deleted, or is no longer shared with you" in gone
    assert "This view was deleted" in await see(console, "/sites?saved=many")
    for path in ("/incidents?state=dreaming&kind=x&saved=1", "/changes?state=x&saved=1", "/notices?state=zz&saved=1"):
        assert "This view was deleted" in await see(console, path)


async def test_a_name_that_is_taken_is_asked_for_again(console: Console) -> None:
    await kept(console, name="Vital")
    status, page = await post(console, "/views", path="/sites", query="criticality=low", name="Vital")
    assert status == 409
    assert "There is a view \u201cVital\u201d of this list already." in page
    assert 'name="query" value="criticality=low"' in page, "nothing that was asked for is lost"
    status, page = await post(console, "/views", path="/sites", name="")
    assert status == 422
    assert "A name of 1 to 80 characters." in page


async def test_views_are_managed(console: Console) -> None:
    assert "No view is saved yet" in await see(console, "/views")
    first, second = await kept(console, name="One", shared="1"), await kept(console, name="Two")
    page = await see(console, "/views")
    assert page.index("One") < page.index("Two")
    await post(console, f"/views/{second.rpartition('=')[2]}", name="Two", place="1")
    page = await see(console, "/views")
    assert page.index(">Two") < page.index(">One")
    number = first.rpartition("=")[2]
    console.sign_in(Role.VIEWER)
    assert "Delete" in await see(console, f"/views/{number}"), "still hers"
    status, to = await post(console, f"/views/{number}/delete")
    assert (status, to) == (303, "/views")
    await see(console, f"/views/{number}", 404)


PATHS = sorted(one.path.pattern for one in views.LISTS if "\\d" not in one.path.pattern and one.key != "probes")


@pytest.mark.parametrize("path", PATHS)
async def test_every_list_takes_views(console: Console, path: str) -> None:
    console.sign_in(Role.ADMINISTRATOR)
    assert 'id="views-menu"' in await see(console, path)
