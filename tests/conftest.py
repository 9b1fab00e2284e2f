"""Fixtures of every test: one PostgreSQL server a test process, and databases cloned from migrated templates."""

import hashlib
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tieline.platform.db import Database
from tieline.platform.embedded.postgres import EmbeddedPostgres
from tieline.platform.migrate import migrate

_number = itertools.count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server of this test process alone; without fsync, since no test here cuts the power."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("pg"), durable=False)
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


@pytest.fixture
async def utility_db(clone: Callable[[Sequence[Path]], str]) -> AsyncIterator[Database]:
    """The utility's database with the schema of all its contexts."""
    from tieline.utility.application import registry  # noqa: PLC0415 - only the tests that need it pay for it

    database = await Database.open(clone(registry().folders), size=8)
    yield database
    await database.close()


@pytest.fixture
async def gateway_db(clone: Callable[[Sequence[Path]], str]) -> AsyncIterator[Database]:
    """A gateway's database with its schema."""
    from tieline.gateway import migrations  # noqa: PLC0415 - only the tests that need it pay for it

    database = await Database.open(clone(migrations()), size=8)
    yield database
    await database.close()
