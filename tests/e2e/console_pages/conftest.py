"""A real browser over a real console: a server in a thread, PostgreSQL, an invented world of some hundred sites."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from tools import served

from tieline.utility.console.render import BUILT

SITES = 300
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def console_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the console is served."""
    if not (BUILT / "manifest.json").exists():
        pytest.skip("the console's assets are not built: npm ci && npm run build")
    home = tmp_path_factory.mktemp("console")
    with served.databases(home, ["full"]) as urls:
        served.fill(urls["full"], home, sites=SITES)
        running = served.start(served.look_settings(home), urls["full"])
        yield running.url
        running.stop()


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Browser:
    """The browser of all tests."""
    return browser


@pytest.fixture
def nobody(chromium: Browser, console_url: str) -> Iterator[Page]:
    """A browser in which nobody signed in."""
    context = chromium.new_context(base_url=console_url, viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, console_url: str) -> Iterator[BrowserContext]:
    """The administrator's browser."""
    context = chromium.new_context(base_url=console_url, viewport={"width": 1280, "height": 900})
    sign_in(context.new_page(), served.ADMINISTRATOR, served.PASSWORD)
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    """A page of the administrator's; afterwards nothing may have gone wrong in it."""
    troubles: list[str] = []
    opened = signed_in.new_page()
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda message: troubles.append(message.text) if is_trouble(message) else None)
    yield opened
    opened.close()
    assert troubles == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Looks for what keeps people out of a page; gives what is serious or worse."""
    source = ROOT / "node_modules/axe-core/axe.min.js"
    if not source.exists():
        pytest.skip("axe-core is not installed: npm ci")
    text = source.read_text("utf-8")

    def look(page: Page) -> list[str]:
        page.evaluate(text)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]

    return look


def is_trouble(message: ConsoleMessage) -> bool:
    """Errors of scripts and of the content policy; that a form was refused is told on the page, and is none."""
    return message.type == "error" and "status of 422" not in message.text


def sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Sign in")


def settled(page: Page) -> None:
    """Wait until every picture is drawn and nothing is fetched."""
    expect(page.locator("[data-island]:not([data-ready]), .htmx-request")).to_have_count(0, timeout=20_000)
