"""Fixtures of every test: one PostgreSQL server a test process, and databases cloned from migrated templates."""

import asyncio
import hashlib
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from starlette.datastructures import State

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.embedded.postgres import EmbeddedPostgres
from tieline.platform.migrate import migrate
from tieline.platform.settings import Settings
from tieline.platform.web import create_app
from tieline.platform.wiring import Runtime

Fresh = Callable[..., AbstractAsyncContextManager[Database]]
Whole = Callable[[Runtime], FastAPI]
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made in it
_ENOUGH = 4 * 1024**3
_number = itertools.count(1)

# The gate draws the same examples each time: what it says is then due to the change. make test-all draws others.
# How long an example takes says how busy the machine is, not whether the code is right.
_UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gate", _UNHURRIED, derandomize=True)
settings.register_profile("anew", _UNHURRIED)
settings.load_profile("gate")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin, so that no process is left with one of them when the others have nothing more to do."""
    items.sort(key=lambda one: one.path.parent.name != "stories")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server of this test process alone; without fsync, since no test here cuts the power.

    In memory where there is enough: each of a thousand tests makes and drops some five hundred files.
    """
    memory = _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH else None
    with TemporaryDirectory(prefix="tieline-tests-", dir=memory) as folder:
        server = EmbeddedPostgres(Path(folder), durable=False)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def clone(postgres: EmbeddedPostgres) -> Callable[[Sequence[Path]], str]:
    """Make a fresh database with the schema of some folders of migrations; the first call of a kind migrates."""
    templates: set[str] = set()

    def make(folders: Sequence[Path]) -> str:
        digest = hashlib.sha256("\n".join(map(str, folders)).encode()).hexdigest()[:12]
        template = f"template_{digest}"
        if template not in templates:
            migrate(postgres.ensure_database(template), folders)
            templates.add(template)
        return postgres.ensure_database(f"test_{os.getpid()}_{next(_number)}", template=template)

    return make


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> str:
    """An empty database."""
    return postgres.ensure_database(f"test_{os.getpid()}_{next(_number)}")


@pytest.fixture(scope="session")
def fresh(postgres: EmbeddedPostgres, clone: Callable[[Sequence[Path]], str]) -> Fresh:
    """Open a fresh database with the schema of some folders, and drop it in the end: hundreds would fill the disk."""

    @asynccontextmanager
    async def opened(folders: Sequence[Path], size: int = 8) -> AsyncIterator[Database]:
        url = clone(folders)
        database = await Database.open(url, size=size)
        try:
            yield database
        finally:
            await database.close()
            await asyncio.to_thread(postgres.drop_database, url.rpartition("/")[2])

    return opened


@pytest.fixture
async def utility_db(fresh: Fresh) -> AsyncIterator[Database]:
    """The utility's database with the schema of all its contexts."""
    from tieline.utility.application import registry  # noqa: PLC0415 - only the tests that need it pay for it

    async with fresh(registry().folders) as database:
        yield database


@pytest.fixture
async def gateway_db(fresh: Fresh) -> AsyncIterator[Database]:
    """A gateway's database with its schema."""
    from tieline.gateway import migrations  # noqa: PLC0415 - only the tests that need it pay for it

    async with fresh(migrations()) as database:
        yield database


@pytest.fixture(scope="session")
def application() -> Whole:
    """The utility's whole application over a runtime. Its routes are made once; whatever else it holds begins anew."""
    from tieline.utility.application import registry  # noqa: PLC0415 - only the tests that need it pay for it

    whole = create_app(Settings(), registry())
    made = dict(whole.state._state)

    def over(runtime: Runtime) -> FastAPI:
        kept = {}
        if isinstance(runtime.clock, SystemClock) and hasattr(whole.state, "console_renderer"):
            kept["console_renderer"] = whole.state.console_renderer  # templates are read once
        whole.state = State({**made, **kept, "runtime": runtime})
        whole.dependency_overrides.clear()
        return whole

    return over
