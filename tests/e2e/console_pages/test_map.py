"""The map and the list beside it show the same sites."""

import re

import pytest
from playwright.sync_api import Page, Route, expect
from tests.e2e.conftest import settled

pytestmark = pytest.mark.e2e


IN_STEP = """() => {
  const number = (text) => Number(text.replace(/[^0-9]/g, ""));
  const map = number(document.querySelector("[data-map-words]").textContent.split(" of ")[0]);
  const tools = document.querySelector("#map-list .table-tools")?.textContent ?? "";  // none while it is exchanged
  const list = /(?:of )?([0-9,]+) sites? in view/.exec(tools);
  return list !== null && number(list[1]) === map;
}"""


def in_view(page: Page) -> int:
    text = page.locator("[data-map-words]").inner_text()
    return int(re.sub(r"\D", "", text.split(" of ", 1)[0]))


def test_moving_the_map_moves_the_list(page: Page) -> None:
    page.goto("/map")
    settled(page)
    whole = in_view(page)
    assert whole > 300
    page.wait_for_function(IN_STEP)
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("[data-map-words]")).not_to_contain_text(f"{whole} of")
    page.wait_for_function(IN_STEP)
    assert in_view(page) < whole


def test_a_move_while_the_list_is_coming_is_not_forgotten(page: Page) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        held.append(route)

    page.goto("/map")
    settled(page)
    page.route("**/map/list*", hold_the_first)
    zoom = page.get_by_role("button", name="Zoom in")
    with page.expect_request("**/map/list*"):
        zoom.click()
    zoom.click()
    held[0].continue_()  # its answer comes before what the second move asks for
    page.wait_for_function(IN_STEP)
    assert in_view(page) > 0


def test_a_map_that_is_older_than_its_list_is_drawn_anew(page: Page) -> None:
    def of_before(route: Route) -> None:
        """The points as they were when one site less was known."""
        answer = route.fetch()
        points = answer.json()
        for column in (points, *points["dimensions"]):
            for name in {"ids", "names", "lon", "lat", "values"} & column.keys():
                column[name].pop()
        route.fulfill(response=answer, json={**points, "version": "before"})

    page.route("**/map/points*", of_before, times=1)
    page.goto("/map")
    settled(page)
    words = page.locator("[data-map-words]")
    drawn = page.locator("#map-fields [name=drawn]")
    expect(drawn).not_to_have_value("before")
    page.wait_for_function(IN_STEP)
    whole = re.search(r"of ([0-9]+) sites", words.inner_text())
    page.reload()
    settled(page)
    assert whole is not None
    expect(words).to_contain_text(f"of {whole[1]} sites")


def test_the_legend_filters_map_and_list_alike(page: Page) -> None:
    page.goto("/map")
    settled(page)
    whole = in_view(page)
    page.get_by_role("button", name=re.compile("All links attached")).click()
    expect(page.locator("[data-map-words]")).not_to_contain_text(f"{whole} of")
    page.wait_for_function(IN_STEP)
    badges = page.locator("#map-list td[data-col=standing]").all_inner_texts()
    assert not any(re.fullmatch(r"\s*2 attached\s*", badge) for badge in badges)
