"""Whether stock and open orders last for what is needed, and on which day they first do not."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from tieline.platform import audit
from tieline.platform.clock import SystemClock
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility.logistics import policy
from tieline.utility.logistics.model import Demand, Shortage
from tieline.utility.logistics.service.authority import require_sight
from tieline.utility.logistics.store import lists, orders
from tieline.utility.logistics.store import needs as store

_LONGEST_ORIGIN = 100
_MOST = 20_000


async def needs(
    tx: Tx, scope: Scope, demands: Sequence[Demand] | None = None, *, today: date | None = None
) -> list[Shortage]:
    """What is needed against stock and open orders, by sort; without ``demands`` all that were said (:func:`put`).

    Stock is what lies in warehouses and vans and never served; orders come on the day they are expected.
    """
    require_sight(scope)
    stock: Counter[policy.Sort] = Counter()
    for row in await lists.usable(tx, scope):
        stock[row["goods"], row["operator"], row["variety"], row["generation"]] += row["number"]
    arrivals = [
        ((row["goods"], row["operator"] or "", row["variety"], row["generation"]), row["expected_on"], row["number"])
        for row in await orders.arrivals(tx, scope)
    ]
    wanted = await store.every(tx) if demands is None else demands
    return policy.shortages(stock, arrivals, wanted, today=today or SystemClock().now().date())


async def put(tx: Tx, scope: Scope, origin: str, demands: Sequence[Demand]) -> None:
    """Say what an origin (``programme:12``, ``by hand``) needs, instead of what it said before."""
    if not scope.may(Permission.PROGRAMME_WRITE):
        scope.require(Permission.STOCK_WRITE)
    if not origin.strip() or len(origin) > _LONGEST_ORIGIN:
        raise Invalid("The need has no origin.", [Problem("origin", "length", f"1 to {_LONGEST_ORIGIN} characters.")])
    if len(demands) > _MOST or any(one.number < 1 for one in demands):
        raise Invalid("The needs cannot be taken.", [Problem("demands", "range", f"At most {_MOST:,}, each above 0.")])
    await store.replace(tx, origin, demands)
    await audit.append(tx, scope, audit.Entry("stock.needs", origin, {"days": len(demands)}))


async def said_by(tx: Tx, scope: Scope, origin: str) -> list[Demand]:
    """What an origin said that it needs."""
    require_sight(scope)
    return await store.every(tx, origin)


async def origins(tx: Tx, scope: Scope) -> list[dict[str, object]]:
    """Who needs how much, and from when to when."""
    require_sight(scope)
    return [dict(row) for row in await store.origins(tx)]
