"""The console for a real browser: two people, a small fleet, two operators in memory, changes that are carried out."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from tests.e2e.conftest import Troubles
from tools import served as serving
from tools.operated import Operators

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.settings import Settings
from tieline.platform.wiring import Runtime
from tieline.utility.application import registry
from tieline.utility.connectors.providers.reference import Platform

PEOPLE = {"mara": "technician", "dirk": "approver"}
SITES = 60
ROOT = Path(__file__).parents[3]


def _engine() -> Any:
    """The small world of the change engine's own tests."""
    spec = spec_from_file_location("change_engine_world", ROOT / "tests/integration/changes/conftest.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ENGINE = _engine()


@dataclass
class Served:
    """A running console: where it is, and its operators, which a test may make fail."""

    url: str
    platforms: dict[str, Platform]

    def token(self, name: str) -> str:
        """A fresh API token of a person."""
        with self.signed_in(name) as http:
            return str(http.post("/tokens", json={"name": "test"}).raise_for_status().json()["secret"])

    @contextmanager
    def signed_in(self, name: str) -> Iterator[httpx.Client]:
        """The REST interface, as a person."""
        with httpx.Client(base_url=f"{self.url}/api/v1") as http:
            session = http.post("/session", json={"name": name, "password": serving.PASSWORD}).raise_for_status().json()
            http.headers["X-CSRF-Token"] = session["csrf_token"]
            yield http


async def _fill(database_url: str, home: Path) -> None:
    """The fleet of the change engine's tests: a link at each operator and cards in stock for every site."""
    database = await Database.open(database_url, size=4)
    operators = Operators()
    runtime = Runtime(Settings(home=home), database, SystemClock())
    try:
        world = ENGINE.World(database, operators.lines(database, home), operators.platforms, runtime)
        await world.build(SITES, critical=2)
    finally:
        await database.close()


@pytest.fixture(scope="session")
def served(
    built: None, clone: Callable[[Sequence[Path]], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The running console."""
    del built
    home, database = tmp_path_factory.mktemp("home"), clone(registry().folders)
    serving.administrator(database)
    serving.apart(_fill(database, home))
    running = serving.start(serving.look_settings(home), database)
    found = Served(running.url, running.operators.platforms)
    with found.signed_in(serving.ADMINISTRATOR) as http:
        for name, role in PEOPLE.items():
            body = {"name": name, "display_name": name.capitalize(), "password": serving.PASSWORD, "roles": [role]}
            http.post("/users", json=body).raise_for_status()
    yield found
    running.stop()


@dataclass
class Desk:
    """A person at a browser of her own."""

    context: BrowserContext
    page: Page
    url: str

    def go(self, path: str) -> Page:
        """Open a page."""
        self.page.goto(f"{self.url}{path}")
        return self.page


@pytest.fixture
def desk(browser: Browser, served: Served) -> Iterator[Callable[[str], Desk]]:
    """Sign somebody in; afterwards nothing may have gone wrong in any page. Tests that ask for none there is know."""
    troubles = Troubles(spared=("404",))
    contexts: list[BrowserContext] = []

    def sit(name: str) -> Desk:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        contexts.append(context)
        page = troubles.watch(context.new_page())
        page.goto(f"{served.url}/sign-in?next=/changes")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(serving.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/changes")
        return Desk(context, page, served.url)

    yield sit
    troubles.stop()
    for context in contexts:
        context.close()
    assert troubles.told == []


@pytest.fixture(scope="session")
def picture() -> Callable[[Page, str], None]:
    """Keep a picture in the folder that ``TIELINE_PICTURES`` names, if any."""
    folder = os.environ.get("TIELINE_PICTURES")

    def take(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return take
