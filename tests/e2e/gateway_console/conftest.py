"""A real browser over a real operator's console: a gateway in a thread, PostgreSQL, an invented world."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tools import served, staffed

from tieline.gateway import migrations

SITES = 220


@pytest.fixture(scope="session")
def gateway(
    clone: Callable[[Sequence[Path]], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[staffed.Staffed]:
    """A gateway whose console is served, with plans, a notice and a client in it."""
    running = staffed.start(clone(migrations()), tmp_path_factory.mktemp("gateway"), sites=SITES)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def staff(browser: Browser, gateway: staffed.Staffed) -> Iterator[BrowserContext]:
    """The browser of somebody who may do everything here."""
    context = browser.new_context(
        base_url=gateway.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("Name").fill(served.ADMINISTRATOR)
    page.get_by_label("Password").fill(served.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Operator A")
    page.close()
    yield context
    context.close()


@pytest.fixture(scope="session")
def sheet(staff: BrowserContext) -> Page:
    """One page for all that is only looked at: each page costs a process of the browser's."""
    return staff.new_page()
