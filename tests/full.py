"""A full disk, as whoever asks PostgreSQL meets it: what needs room is refused with SQLSTATE 53100."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tieline.platform.db import Database, execute

_REFUSE = """
CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$
"""


@asynccontextmanager
async def no_room(db: Database, *tables: str) -> AsyncIterator[None]:
    """Have the tables take nothing more for as long as the block lasts."""
    async with db.transaction() as tx:
        await execute(tx, _REFUSE)
        for table in tables:
            text = f"CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION no_room()"
            await execute(tx, text)
    yield
    async with db.transaction() as tx:
        for table in tables:
            await execute(tx, f"DROP TRIGGER no_room ON {table}")
