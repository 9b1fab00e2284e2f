"""What all tests in a browser share: one browser a process (its driver runs an event loop), and checks of a page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from tools import served

from tieline.console.render import BUILT

Check = Callable[[Page], None]
Look = tuple[int, str]
LOOKS: tuple[Look, ...] = ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))
"""Width in pixels, and theme."""
WIDE, NARROW = LOOKS[0], LOOKS[3]
_HERE = Path(__file__).parent
_AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
_SETTLED_MS = 40_000
expect.set_options(timeout=15_000)  # for a machine that does much else; a page that is right is not waited for
_FINDINGS = """async () => {
  const words = (node) => node.target + " " + (node.any[0]?.message ?? "");
  const found = await axe.run(document, { resultTypes: ["violations"], preload: false });
  return found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => one.id + ": " + one.nodes.slice(0, 3).map(words).join(" | "));
}"""
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process for each folder, which fills its world once; the longest begins."""
    ours = [one for one in items if one.path.is_relative_to(_HERE)]
    for one in ours:
        one.add_marker(pytest.mark.xdist_group(one.path.parent.name))
    if len(ours) == len(items):
        items.sort(key=lambda one: one.path.parent.name != "console_pages")


@pytest.fixture(scope="session")
def built() -> None:
    """The console's assets are there."""
    if not (BUILT / "manifest.json").exists():
        pytest.skip("the console's assets are not built: npm ci && npm run build")


@pytest.fixture(scope="session")
def browser(built: None) -> Iterator[Browser]:
    """Debian's Chromium, drawing WebGL in software."""
    del built
    try:
        path = served.browser()
    except FileNotFoundError as error:
        pytest.skip(f"these tests drive a browser: {error}")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=list(served.FLAGS))
        yield found
        found.close()


@pytest.fixture(scope="session")
def axe() -> Check:
    """Check a page as it stands: axe finds nothing serious in it, and nothing sticks out of the window."""
    if not _AXE.exists():
        pytest.skip("axe-core is not installed: npm ci")
    source = _AXE.read_text("utf-8")

    def check(page: Page) -> None:
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(source)
        assert page.evaluate(_FINDINGS) == [], page.url
        wide = page.evaluate(_TOO_WIDE)
        assert wide <= 0, f"{page.url} sticks out by {wide} px"

    return check


def check_looks(page: Page, check: Check, looks: Sequence[Look] = LOOKS) -> None:
    """Check a page in several widths and themes without loading it again; afterwards it is as it was."""
    before = page.viewport_size
    for width, theme in looks:
        page.set_viewport_size({"width": width, "height": 800 if width > 640 else 844})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        settled(page)
        check(page)
    page.emulate_media(color_scheme="light")
    if before:
        page.set_viewport_size(before)


def settled(page: Page) -> None:
    """Wait until every picture is drawn and nothing is fetched."""
    waiting = page.locator("[data-island]:not([data-ready]), .htmx-request")
    expect(waiting).to_have_count(0, timeout=_SETTLED_MS)


@dataclass
class Troubles:
    """What went wrong in pages: errors of scripts, of the content policy, of requests but for the statuses spared."""

    spared: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)
    _stopped: bool = False

    def watch(self, page: Page) -> Page:
        """Listen to a page."""
        page.on("pageerror", lambda error: self.told.append(str(error)))
        page.on("console", self._hear)
        return page

    def stop(self) -> None:
        """Listen no more: a request that is cut off by closing its page is no trouble."""
        self._stopped = True

    def _hear(self, message: ConsoleMessage) -> None:
        spared = self._stopped or any(f"status of {one}" in message.text for one in self.spared)
        if message.type == "error" and not spared:
            self.told.append(message.text)
