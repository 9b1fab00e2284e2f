"""Telling the store what a programme needs, and when, so that it can foresee a shortage."""

from collections.abc import Sequence
from datetime import date

from psycopg.rows import DictRow

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.utility import fieldwork, logistics
from tieline.utility.logistics import Demand, Goods
from tieline.utility.programmes.model import Programme, ProgrammeState
from tieline.utility.programmes.policy.forecast import pace
from tieline.utility.programmes.policy.needs import Lot, needs
from tieline.utility.programmes.service.approving import origin
from tieline.utility.programmes.service.telling import SYSTEM
from tieline.utility.programmes.service.watching import lately
from tieline.utility.programmes.store import needs as need_store
from tieline.utility.programmes.store import programmes as store


async def say_needs(tx: Tx, calendar: Clock, programme_id: int) -> int:
    """Tell logistics what a programme needs by day, if it is not what was told; returns how many demands are told.

    A draft needs what it would need: whoever orders has to know before the first visit. A closed one needs nothing.
    """
    programme = await store.get(tx, programme_id, lock=True)
    wanted = [] if programme.state is ProgrammeState.CLOSED else await _demands(tx, calendar, programme)
    if wanted != await logistics.needs_of(tx, SYSTEM, origin(programme_id)):
        await logistics.put_needs(tx, SYSTEM, origin(programme_id), wanted)
    return len(wanted)


async def _demands(tx: Tx, calendar: Clock, programme: Programme) -> list[Demand]:
    now = calendar.now()
    days, done = await lately(tx, SYSTEM, programme.id, now)
    generation = programme.terms.generation
    rows = await need_store.lots(tx, programme.id, generation)
    planned = await fieldwork.days_of(tx, SYSTEM, origin(programme.id))
    wanted = needs(_lots(rows, planned), pace(sum(done.values()), days), fieldwork.today(now))
    return [
        Demand(
            day=day,
            goods=Goods.CARD if operator else Goods.ROUTER,
            number=number,
            operator=operator,
            generation=generation,
        )
        for (day, operator), number in sorted(wanted.items())
    ]


def _lots(rows: Sequence[DictRow], planned: dict[int, date]) -> list[Lot]:
    return [
        Lot(
            row["sites"],
            tuple(row["cards"]),
            bool(row["router"]),
            planned.get(row["visit_id"] or 0),
            None if row["due_at"] is None else fieldwork.today(row["due_at"]),
        )
        for row in rows
    ]
