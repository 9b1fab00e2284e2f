"""SQL that finds programmes by what they are called."""

from psycopg.rows import DictRow

from tieline.platform.db import Tx, fetch_all


async def called(tx: Tx, number: int | None, text: str, limit: int) -> list[DictRow]:
    """The programme of a number first, then the newest whose title holds the text."""
    return await fetch_all(
        tx,
        """SELECT id, title, state FROM programme
           WHERE id = %(number)s::bigint OR (length(%(text)s) >= 3 AND strpos(lower(title), lower(%(text)s)) > 0)
           ORDER BY (id = %(number)s::bigint) IS TRUE DESC, id DESC LIMIT %(limit)s""",
        {"number": number, "text": text, "limit": limit},
    )
