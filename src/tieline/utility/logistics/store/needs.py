"""What is needed by day, as programmes and people say."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from tieline.platform.db import Tx, copy_in, execute, fetch_all
from tieline.utility.logistics.model import Demand, Goods


async def replace(tx: Tx, origin: str, demands: Sequence[Demand]) -> None:
    """What an origin needs from now on, instead of what it said before."""
    await execute(tx, "DELETE FROM stock_need WHERE origin = %(origin)s", {"origin": origin})
    rows = ((origin, one.day, one.goods, one.operator, one.variety, one.generation, one.number) for one in demands)
    await copy_in(tx, "stock_need (origin, day, goods, operator, variety, generation, number)", rows)


async def every(tx: Tx, origin: str | None = None) -> list[Demand]:
    """All needs there are, or those of one origin."""
    text = """SELECT day, goods, operator, variety, generation, number FROM stock_need
        WHERE %(origin)s::text IS NULL OR origin = %(origin)s ORDER BY day, id"""
    rows = await fetch_all(tx, text, {"origin": origin})
    return [Demand(**{**row, "goods": Goods(row["goods"])}) for row in rows]


async def origins(tx: Tx) -> list[DictRow]:
    """Who needs how much, and when first and last."""
    text = """SELECT origin, goods, sum(number)::bigint AS number, min(day) AS first, max(day) AS last FROM stock_need
        GROUP BY origin, goods ORDER BY min(day), origin, goods"""
    return await fetch_all(tx, text)
