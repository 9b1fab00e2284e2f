"""SQL of what walks through all sealed values."""

from collections.abc import Sequence

from tieline.platform.db import Tx, execute, fetch_all, has_table
from tieline.platform.secrets.model import Held, Place, SecretColumn


async def present(tx: Tx, columns: Sequence[SecretColumn]) -> list[SecretColumn]:
    """The columns whose tables are in this database."""
    return [column for column in columns if await has_table(tx, column.table)]


async def page(tx: Tx, column: SecretColumn, after: str, limit: int) -> list[Held]:
    """Sealed values of a column in the order of their rows' keys, which are compared as text."""
    text = f"""
        SELECT ({column.key})::text AS key, ({column.row})::text AS "row", {column.value} AS sealed
          FROM {column.table}
         WHERE {column.value} IS NOT NULL AND ({column.key})::text COLLATE "C" > %(after)s
         ORDER BY ({column.key})::text COLLATE "C" LIMIT %(limit)s
    """
    rows = await fetch_all(tx, text, {"after": after, "limit": limit})
    return [Held(row["key"], Place(column.of, row["row"], column.column), row["sealed"]) for row in rows]


async def replace(tx: Tx, column: SecretColumn, held: Held, sealed: str) -> bool:
    """Put a value in place of the one that was read; False when it was changed meanwhile."""
    text = f"""
        UPDATE {column.table} SET {column.assign}
         WHERE ({column.key})::text = %(key)s AND {column.value} = %(before)s
    """
    return await execute(tx, text, {"sealed": sealed, "key": held.key, "before": held.sealed}) == 1
