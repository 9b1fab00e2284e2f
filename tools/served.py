"""A console that is served for looking at: a small invented world in a real database, a web server in a thread.

Used by `tools/screenshots.py` and by the tests that drive a browser. Everything it starts, it stops.
"""

import asyncio
import shutil
import threading
import zlib
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from tieline.lab.world import World, WorldSpec, build_world, write_world
from tieline.lab.world.model import Attachment, Subscription
from tieline.platform import jobs
from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.embedded.postgres import EmbeddedPostgres
from tieline.platform.identity import accounts
from tieline.platform.migrate import migrate
from tieline.platform.scope import system
from tieline.platform.settings import Settings
from tieline.platform.web import create_app, serve
from tieline.platform.wiring import Runtime
from tieline.utility import application, incidents, inventory
from tieline.utility.incidents.service import hearing
from tieline.utility.inventory import Field, ImportMode, OperatorReport, from_toml, keep_upload
from tieline.utility.inventory.service import imports
from tieline.utility.inventory.store import operators
from tools.announced import announced
from tools.operated import Operators

ROOT = Path(__file__).resolve().parent.parent
MAPPINGS = ROOT / "examples" / "mappings"
ADMINISTRATOR = "ada"
PASSWORD = "correct-horse-battery-9"  # noqa: S105 - of an account that lives as long as a look
FLAGS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-gpu-compositing", "--disable-gpu-rasterization",
    "--use-angle=swiftshader-webgl", "--enable-unsafe-swiftshader",
)  # fmt: skip
"""Chromium without a network of its own. Without a graphics card it puts pages together by itself, which costs less
than to have a card imitated for it; that is left to WebGL."""
_STARTED_SECONDS = 120
_BATCH = 5000


class Serving(threading.Thread):
    """A server in a thread and a loop of its own, from `begin` until `stop`; `url` is where it listens."""

    def __init__(self) -> None:
        super().__init__(name=type(self).__name__.lower(), daemon=True)
        self.url = ""
        self._up = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop
        self._end: asyncio.Event

    def begin(self) -> Self:
        """Start it, and wait until it serves. Raises what kept it from that."""
        self.start()
        if not self._up.wait(_STARTED_SECONDS) or not self.url:
            raise RuntimeError(f"{self.name} did not start") from self._error
        return self

    def stop(self) -> None:
        """Stop serving."""
        with suppress(RuntimeError):  # the loop ended by itself: its error was raised where it began
            self._loop.call_soon_threadsafe(self._end.set)
        self.join(timeout=_STARTED_SECONDS)

    def run(self) -> None:
        """Serve until stopped."""
        try:
            asyncio.run(self._run())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error
        finally:
            self._up.set()

    async def _run(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        await self._serve()

    def _serves(self, url: str) -> None:
        """It can be used from now on."""
        self.url = url
        self._up.set()

    async def _serve(self) -> None:
        """Serve until `_end` is set; `_serves` is called when all is there."""
        raise NotImplementedError


class Served(Serving):
    """A console over one database, with its workers; its operators may be made to fail."""

    def __init__(self, settings: Settings, database_url: str, operators: Operators) -> None:
        super().__init__()
        self.operators = operators
        self._settings, self._database_url = settings, database_url
        self._registry = application.registry()

    async def _serve(self) -> None:
        database = await Database.open(self._database_url, size=8)
        await self.operators.load(database)
        lines = self.operators.lines(database, self._settings.home)
        runtime = Runtime(self._settings, database, SystemClock(), {"connectors.lines": lines})

        def ready(port: int) -> None:
            self._serves(f"http://127.0.0.1:{port}")

        app = create_app(self._settings, self._registry, runtime=runtime)
        running = [
            asyncio.create_task(serve(app, "127.0.0.1", 0, ready=ready, grace=1)),
            asyncio.create_task(jobs.run_lanes(runtime, self._registry, ["import", "changes"])),
            asyncio.create_task(self.operators.drive(database, lines)),
        ]
        waiting = asyncio.create_task(self._end.wait())
        await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await lines.close()
        await database.close()


def start(settings: Settings, database_url: str, operators: Operators | None = None) -> Served:
    """Serve the console of a database on a free port of this machine. Raises what kept it from starting."""
    return Served(settings, database_url, operators or Operators()).begin()


def look_settings(home: Path) -> Settings:
    """Settings of a console that is only looked at: nothing secret, sign-in not slowed down."""
    return Settings(home=home, login_attempts=1000, log_level="error")


def browser() -> str:
    """Where the browser is. Raises ``FileNotFoundError`` when there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise FileNotFoundError("no Chromium on this machine: apt-get install chromium")


@contextmanager
def databases(folder: Path, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """A PostgreSQL server in a folder, with migrated databases of the given names; gives their URLs."""
    server = EmbeddedPostgres(folder, durable=False)
    server.start()
    try:
        folders = application.registry().folders
        urls = {name: server.ensure_database(name) for name in names}
        for url in urls.values():
            migrate(url, folders)
            administrator(url)
        yield urls
    finally:
        server.stop()


def fill(database_url: str, home: Path, *, sites: int, seed: int = 7) -> World:
    """Bring an invented world into a database, the way a person would: by importing its files."""
    world = build_world(WorldSpec(sites=sites, seed=seed))
    folder = home / "world"
    written = write_world(world, folder)
    settings = Settings(home=home)

    async def do() -> None:
        database = await Database.open(database_url, size=4)
        try:
            await _operators(database, world)
            for one in written:
                await _import(database, settings, folder / one.file, one.mapping)
            for operator in world.terrain.operators:
                await _report(database, operator.code, world)
            await announced(database)
        finally:
            await database.close()

    apart(do())
    return world


def deviate(database_url: str, world: World) -> None:
    """Let operators have what nobody here ordered: another APN, a SIM in a foreign device, SIMs we do not know."""
    apart(_deviate(database_url, world))


async def _deviate(database_url: str, world: World) -> None:
    database, clock, scope = await Database.open(database_url, size=2), SystemClock(), system("look")
    now = clock.now()
    try:
        for operator in world.terrain.operators:
            code, seen = operator.code, world.attachments[operator.code]
            slips = [
                inventory.Shown(ref=one.subscription, at=now, told={"apn": "internet.m2m"}, by="staff:k.meier")
                for one in seen[40 : 41 if code == "A" else 47]
            ]
            stolen = inventory.Shown(ref=seen[60].subscription, at=now, imei="356938035643809", last_seen=now)
            strange = inventory.Shown(ref=f"strange-{code}-1", at=now, told={"state": "ACTIVE"}, by="staff:import")
            async with database.transaction() as tx:
                await inventory.take_sightings(tx, scope, code, [*slips, stolen, strange])
            async with database.transaction() as tx:
                read = {"operator": code, "sync_id": 1 + (code == "B"), "since": (now - timedelta(days=30)).isoformat()}
                await hearing.on_read(tx, clock, {**read, "asked_at": read["since"]})
        async with database.transaction() as tx:
            why, ends = "Operator B moves its core network on Sunday night.", now + timedelta(hours=9)
            one = incidents.Expectation(origin="look", starts_at=now, ends_at=ends, why=why, operator="B")
            await incidents.expect(tx, scope, one)
        async with database.transaction() as tx:
            found = await incidents.page(tx, scope, incidents.IncidentFilter())
            await incidents.acknowledge(tx, scope, clock, found.items[-1].id)
            await incidents.comment(tx, scope, clock, found.items[0].id, "Called their desk: they are looking into it.")
    finally:
        await database.close()


def apart(work: Coroutine[Any, Any, None]) -> None:
    """Run something in a thread of its own: the caller's may run a loop already, as one that drives a browser does."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, work).result()


def administrator(database_url: str) -> None:
    """Make the first account of a migrated database: `ADMINISTRATOR`, with `PASSWORD`."""
    apart(_administrator(database_url))


async def _administrator(database_url: str) -> None:
    database = await Database.open(database_url, size=2)
    try:
        runtime = Runtime(Settings(), database, SystemClock())
        await accounts.bootstrap(runtime, name=ADMINISTRATOR, password=PASSWORD)
    finally:
        await database.close()


async def _operators(database: Database, world: World) -> None:
    async with database.transaction() as tx:
        for operator in world.terrain.operators:
            await operators.put_operator(tx, system("look"), operator.code, operator.name, [operator.plmn])


async def _import(database: Database, settings: Settings, path: Path, mapping: str) -> None:
    content = await asyncio.to_thread(path.read_bytes)

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    scope = system("look")
    upload = await keep_upload(settings, path.name, chunks())
    spec = from_toml((MAPPINGS / mapping).read_text("utf-8"))
    async with database.transaction() as tx:
        identity = await imports.create(tx, scope, upload, spec, mode=ImportMode.KEEP_GOOD, dry_run=False)
    await imports.run(database, settings, identity)


async def _report(database: Database, operator: str, world: World) -> None:
    """What the operator reports of its subscriptions: desired values are in effect, cells as the world has them."""
    now = datetime.now(UTC)
    subscriptions = {one.ref: one for one in world.subscriptions[operator]}
    reports = [_said(one, subscriptions[one.subscription], now) for one in world.attachments[operator]]
    for at in range(0, len(reports), _BATCH):
        async with database.transaction() as tx:
            await inventory.apply_reports(tx, system("look"), operator, reports[at : at + _BATCH])


def _said(seen: Attachment, kept: Subscription, now: datetime) -> OperatorReport:
    """One report. A few are old, and a few differ from what is desired, so that pages have something to mark."""
    odd = zlib.crc32(kept.ref.encode())
    said = now - timedelta(days=3 if odd % 61 == 0 else 0, minutes=odd % 50)
    values: dict[Field, Any] = {
        "state": "SUSPENDED" if odd % 89 == 0 else kept.state,
        "apn": kept.apn or None,
        "ip_address": kept.ip_address or None,
        "subscription_group": kept.group or None,
        "data_plan": "legacy-10" if odd % 97 == 0 else kept.data_plan or None,
        "rat_restriction": [],
        "imei_lock": None,
    }
    last_seen = now - timedelta(seconds=seen.seen_seconds_ago)
    return OperatorReport(
        operator_ref=kept.ref,
        reported_at=said,
        operational=values,
        since=now - timedelta(days=40 + odd % 400),
        rat=seen.cell.rat.value if seen.cell else None,
        band=seen.cell.band if seen.cell else None,
        cell_key=seen.cell.key if seen.cell else None,
        cell_at=said if seen.cell else None,
        imei=seen.imei,
        attached=seen.attached,
        last_seen=last_seen,
    )
