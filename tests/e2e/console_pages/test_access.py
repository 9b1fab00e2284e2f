"""Nobody is kept out: axe finds nothing serious, in both themes, wide and narrow."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page
from tests.e2e.console_pages.conftest import settled

pytestmark = pytest.mark.e2e
PAGES = (
    "/", "/map", "/sites", "/sites?hanging_on=3G&criticality=critical", "/sites?q=zzzzzz", "/sites/1", "/subscriptions",
    "/subscriptions/1", "/cards", "/cards/stock", "/cards/1", "/devices", "/devices/1", "/cells", "/cells/1",
    "/operators", "/operators/A", "/imports", "/imports/new", "/imports/1", "/search?q=mill", "/nowhere",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_keep_nobody_out(signed_in: BrowserContext, axe: Callable[[Page], list[str]], path: str) -> None:
    page = signed_in.new_page()
    page.goto(path)
    settled(page)
    assert axe(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    settled(page)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_the_way_in_keeps_nobody_out(nobody: Page, axe: Callable[[Page], list[str]]) -> None:
    nobody.goto("/sign-in")
    assert axe(nobody) == []
