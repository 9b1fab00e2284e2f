"""The map and the list beside it show the same sites."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.console_pages.conftest import settled

pytestmark = pytest.mark.e2e


def in_view(page: Page) -> int:
    text = page.locator("[data-map-words]").inner_text()
    return int(re.sub(r"\D", "", text.split(" of ", 1)[0]))


def test_moving_the_map_moves_the_list(page: Page) -> None:
    page.goto("/map")
    settled(page)
    whole = in_view(page)
    assert whole > 300
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("#map-list .table-tools")).not_to_contain_text(f"of {whole} sites", timeout=10_000)
    shown = page.locator("#map-list .table-tools").inner_text()
    near = in_view(page)
    assert 0 < near < whole
    expect(page.locator("#map-list .table-tools")).to_contain_text(re.compile(rf"\b{near} sites? in view"))
    assert shown


def test_the_legend_filters_map_and_list_alike(page: Page) -> None:
    page.goto("/map")
    settled(page)
    whole = in_view(page)
    page.get_by_role("button", name=re.compile("All links attached")).click()
    expect(page.locator("[data-map-words]")).not_to_contain_text(f"{whole} of")
    left = in_view(page)
    expect(page.locator("#map-list .table-tools")).to_contain_text(re.compile(rf"\b{left} sites? in view"))
    badges = page.locator("#map-list td[data-col=standing]").all_inner_texts()
    assert not any(re.fullmatch(r"\s*2 attached\s*", badge) for badge in badges)
