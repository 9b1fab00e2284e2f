"""One browser for all tests of a process: its driver runs an event loop, and there can be only one."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from tools import served


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, drawing WebGL in software."""
    try:
        path = served.browser()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=list(served.FLAGS))
        yield found
        found.close()
