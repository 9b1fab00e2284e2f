"""A real browser over the gallery, served under the console's own content security policy."""

import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.e2e.conftest import Troubles, settled

from tieline.console import gallery

OpenPage = Callable[..., Page]
Window = tuple[Page, Troubles]


@pytest.fixture(scope="module")
def window(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """A browser at the gallery, and what goes wrong in it. It has one page: each costs a process of the browser's."""
    out = tmp_path_factory.mktemp("gallery")
    gallery.write(out)
    with gallery.server(out) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{running.server_port}/",
            viewport={"width": 1280, "height": 800},
            reduced_motion="reduce",
        )
        troubles = Troubles()
        yield troubles.watch(context.new_page()), troubles
        context.close()
        running.shutdown()
        thread.join()


@pytest.fixture
def open_page(window: Window) -> Iterator[OpenPage]:
    """Open a page of the gallery; afterwards nothing may have gone wrong in it, and what it remembers is forgotten."""
    page, troubles = window

    def opened(name: str, *, width: int = 1280) -> Page:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{name}.html")
        settled(page)
        return page

    yield opened
    told = troubles.told.copy()
    page.evaluate("localStorage.clear()")
    page.goto("about:blank")
    troubles.told.clear()  # a request that is cut off by leaving its page is no trouble
    assert told == []
