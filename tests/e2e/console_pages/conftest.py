"""A real browser over a real console: a server in a thread, PostgreSQL, an invented world of some hundred sites."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.e2e.conftest import Troubles
from tools import served

from tieline.utility.application import registry

SITES = 300


@pytest.fixture(scope="session")
def console_url(clone: Callable[[Sequence[Path]], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the console is served."""
    home = tmp_path_factory.mktemp("console")
    database = clone(registry().folders)
    served.administrator(database)
    served.deviate(database, served.fill(database, home, sites=SITES))
    running = served.start(served.look_settings(home), database)
    yield running.url
    running.stop()


@pytest.fixture
def nobody(browser: Browser, console_url: str) -> Iterator[Page]:
    """A browser in which nobody signed in."""
    context = browser.new_context(base_url=console_url, viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def signed_in(browser: Browser, console_url: str) -> Iterator[BrowserContext]:
    """The administrator's browser."""
    context = browser.new_context(
        base_url=console_url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("Name").fill(served.ADMINISTRATOR)
    page.get_by_label("Password").fill(served.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Sign in")
    page.close()
    yield context
    context.close()


@pytest.fixture(scope="session")
def sheet(signed_in: BrowserContext) -> Page:
    """One page for all that is only looked at: each page costs a process of the browser's."""
    return signed_in.new_page()


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    """A page of the administrator's, in which nothing may go wrong; a form that is refused has not."""
    troubles = Troubles(spared=("422",))
    opened = troubles.watch(signed_in.new_page())
    yield opened
    troubles.stop()
    opened.close()
    assert troubles.told == []
