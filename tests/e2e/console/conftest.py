"""A real browser over the gallery, served under the console's own content security policy."""

import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from tests.e2e.conftest import Troubles, settled

from tieline.console import gallery

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def window(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser whose pages are those of the gallery; what it has fetched once it keeps."""
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
        yield context
        context.close()
        running.shutdown()
        thread.join()


@pytest.fixture
def open_page(window: BrowserContext) -> Iterator[OpenPage]:
    """Open a page of the gallery; afterwards nothing may have gone wrong in it, and what it remembers is forgotten."""
    troubles = Troubles()

    def opened(name: str, *, width: int = 1280) -> Page:
        page = troubles.watch(window.new_page())
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{name}.html")
        settled(page)
        return page

    yield opened
    troubles.stop()
    for page in window.pages:
        page.evaluate("localStorage.clear()")
        page.close()
    assert troubles.told == []
