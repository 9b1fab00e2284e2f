"""Brings a database's schema up to date: one alembic branch per context, each in the context's own folder."""

from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tieline.platform.db import lock_key

# Two processes that start at once must not both migrate.
_LOCK = lock_key("platform.migrate")


def migrate(url: str, folders: Sequence[Path]) -> None:
    """Upgrade the database at ``url`` to the newest revision of every folder.

    Synchronous: call it before anything serves, or in a thread. All or nothing, one process at a time.
    """
    config = _config(folders)
    engine = create_engine(_sqlalchemy_url(url), poolclass=NullPool)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def heads(folders: Sequence[Path]) -> tuple[str, ...]:
    """The newest revisions in the folders; names a schema's state."""
    return tuple(sorted(ScriptDirectory.from_config(_config(folders)).get_heads()))


def _config(folders: Sequence[Path]) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(folder) for folder in folders))
    return config


def _sqlalchemy_url(url: str) -> str:
    scheme, rest = url.split("://", 1)
    if scheme not in {"postgresql", "postgres"}:
        raise ValueError(f"the database URL must start with postgresql://, not {scheme}://")
    return f"postgresql+psycopg://{rest}"
