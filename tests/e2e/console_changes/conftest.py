"""The console in a thread of its own, for a real browser: accounts, a small fleet, two operators in memory."""

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.identity import bootstrap
from tieline.platform.jobs import run_lanes
from tieline.platform.settings import Settings
from tieline.platform.web import create_app, serve
from tieline.platform.wiring import Runtime
from tieline.utility.application import registry
from tieline.utility.connectors import Connection, Lines, Providers
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector
from tieline.utility.connectors.providers.reference.platform import DEFAULTS
from tieline.utility.console.render import BUILT

PASSWORD = "four words without sense"
PEOPLE = {"mara": ["technician"], "dirk": ["approver"], "ada": ["administrator"]}
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
        with httpx.Client(base_url=f"{self.url}/api/v1") as http:
            session = http.post("/session", json={"name": name, "password": PASSWORD}).raise_for_status().json()
            http.headers["X-CSRF-Token"] = session["csrf_token"]
            return str(http.post("/tokens", json={"name": "test"}).raise_for_status().json()["secret"])


@dataclass
class Stage:
    """Runs everything on an event loop of its own, in a thread."""

    database_url: str
    home: Path
    sites: int = 60
    started: "queue.Queue[Served | BaseException]" = field(default_factory=queue.Queue)
    _loop: asyncio.AbstractEventLoop | None = None
    _task: "asyncio.Task[None] | None" = None

    def run(self) -> None:
        """What the thread does."""
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the start
            self.started.put(error)

    def stop(self) -> None:
        """End it, from another thread."""
        if self._loop and self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        collected = registry()
        settings = Settings(home=self.home, login_attempts=1000)
        database = await Database.open(self.database_url, size=10)
        platforms = {code: Platform(capabilities=replace(DEFAULTS, max_batch=10)) for code in ("A", "B")}

        async def open_test(connection: Connection) -> ReferenceConnector:
            return ReferenceConnector(platforms[connection.operator])

        providers = Providers()
        providers.register("test", open_test)
        lines = Lines(database, providers, self.home, manners=ENGINE.HASTY)
        runtime = Runtime(settings, database, SystemClock(), {"connectors.lines": lines})
        world = ENGINE.World(database, lines, platforms, runtime, pace=replace(ENGINE.QUICK, deadline=30.0))
        await world.build(self.sites, critical=2)
        await bootstrap(runtime, name="admin", password=PASSWORD)
        app = create_app(settings, collected, runtime=runtime)
        await _people(app)

        def ready(port: int) -> None:
            self.started.put(Served(f"http://127.0.0.1:{port}", platforms))

        work = asyncio.create_task(run_lanes(runtime, collected, ["changes"]))
        try:
            async with world.driving():
                await serve(app, "127.0.0.1", 0, ready=ready, grace=1)
        except asyncio.CancelledError:
            self._task = None
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await lines.close()
            await database.close()


async def _people(app: Any) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x/api/v1") as http:
        session = await http.post("/session", json={"name": "admin", "password": PASSWORD})
        headers = {"X-CSRF-Token": session.json()["csrf_token"]}
        for name, roles in PEOPLE.items():
            body = {"name": name, "display_name": name.capitalize(), "password": PASSWORD, "roles": roles}
            (await http.post("/users", json=body, headers=headers)).raise_for_status()


@pytest.fixture(scope="session")
def served(clone: Callable[[Sequence[Path]], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The running console."""
    if not (BUILT / "manifest.json").exists():
        pytest.skip("the console's assets are not built: npm ci && npm run build")
    stage = Stage(clone(registry().folders), tmp_path_factory.mktemp("home"))
    thread = threading.Thread(target=stage.run)
    thread.start()
    found = stage.started.get(timeout=60)
    if isinstance(found, BaseException):
        raise found
    yield found
    stage.stop()
    thread.join()


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


def _is_trouble(told: ConsoleMessage) -> bool:
    """A page that does not exist is told by Chromium as well; the test that asks for one knows."""
    return told.type == "error" and "404" not in told.text


@pytest.fixture
def desk(browser: Browser, served: Served) -> Iterator[Callable[..., Desk]]:
    """Sign somebody in; afterwards nothing may have gone wrong in any page."""
    troubles: list[str] = []
    contexts: list[BrowserContext] = []

    def sit(name: str, *, width: int = 1280, dark: bool = False) -> Desk:
        size = {"width": width, "height": 800 if width > 640 else 844}
        context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light")  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda told: troubles.append(told.text) if _is_trouble(told) else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"{served.url}/sign-in?next=/changes")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/changes")
        return Desk(context, page, served.url)

    yield sit
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], None]:
    """Check a page as it stands: axe finds nothing serious in it."""
    source = ROOT / "node_modules/axe-core/axe.min.js"
    if not source.exists():
        pytest.skip("axe-core is not installed: npm ci")
    text = source.read_text("utf-8")

    def check(page: Page) -> None:
        page.evaluate(text)
        found = page.evaluate(
            """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
              .filter((one) => ["serious", "critical"].includes(one.impact))
              .map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`)"""
        )
        assert found == [], page.url
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{page.url} sticks out by {wide} px"

    return check


@pytest.fixture(scope="session")
def picture() -> Callable[[Page, str], None]:
    """Keep a picture in the folder that ``TIELINE_PICTURES`` names, if any."""
    folder = os.environ.get("TIELINE_PICTURES")

    def take(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return take
