"""A real browser over the gallery, served under the console's own content security policy."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tieline.utility.console import gallery
from tieline.utility.console.render import BUILT

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def gallery_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the gallery is served."""
    if not (BUILT / "manifest.json").exists():
        pytest.skip("the console's assets are not built: npm ci && npm run build")
    out = tmp_path_factory.mktemp("gallery")
    gallery.write(out)
    with gallery.server(out) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


@pytest.fixture
def open_page(browser: Browser, gallery_url: str) -> Iterator[OpenPage]:
    """Open a page of the gallery; afterwards nothing may have gone wrong in it."""
    troubles: list[str] = []
    contexts = []

    def opened(name: str, *, width: int = 1280, theme: str = "light") -> Page:
        size: ViewportSize = {"width": width, "height": 800}
        context = browser.new_context(viewport=size, color_scheme="dark" if theme == "dark" else "light")
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"{gallery_url}{name}.html")
        expect(page.locator("[data-island]:not([data-ready])")).to_have_count(0, timeout=20_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    source = Path(__file__).parents[3] / "node_modules/axe-core/axe.min.js"
    if not source.exists():
        pytest.skip("axe-core is not installed: npm ci")
    return source.read_text("utf-8")
