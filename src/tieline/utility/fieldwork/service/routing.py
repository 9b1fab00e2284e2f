"""The way between an order's visits: which sequence, how far, how long."""

import asyncio
from collections.abc import Iterable, Sequence

from tieline.platform.db import Tx
from tieline.platform.scope import Scope
from tieline.utility.fieldwork.model import Visit, VisitState
from tieline.utility.fieldwork.policy.days import Day, Stop, Working, days_of
from tieline.utility.fieldwork.policy.routing import Place, length_km, route
from tieline.utility.fieldwork.store import orders, visits


def centre(places: Sequence[Place]) -> Place:
    """The middle of some places; where a site without a place is taken to be."""
    if not places:
        return (0.0, 0.0)
    return (sum(one[0] for one in places) / len(places), sum(one[1] for one in places) / len(places))


async def days_apart(stops: Sequence[Stop], working: Working) -> list[Day]:
    """Days of many visits, worked out in a thread so that others are served meanwhile."""
    return await asyncio.to_thread(days_of, stops, working)


async def route_again(tx: Tx, scope: Scope, order_id: int, *, working: Working | None = None) -> None:
    """Put an order's open visits into the best sequence behind those that are over, and measure it."""
    found = await visits.of_orders(tx, scope, [order_id], lock=True)
    begun = [one for one in found if one.state is not VisitState.PLANNED]
    ahead = sorted((one for one in found if one.state is VisitState.PLANNED), key=lambda one: one.id)
    middle = centre([place for one in found if (place := _place(one))])
    start = (_place(begun[-1]) or middle) if begun else None
    order = route([_place(one) or middle for one in ahead], start=start)
    row = [*begun, *(ahead[i] for i in order)]
    await visits.place(tx, order_id, [one.id for one in row])
    await _measure(tx, order_id, row, working or Working())


async def measure_again(tx: Tx, scope: Scope, order_ids: Iterable[int | None]) -> None:
    """Measure orders anew after visits went away; the sequence of the others stays."""
    for order_id in sorted(one for one in set(order_ids) if one is not None):
        await _measure(tx, order_id, await visits.of_orders(tx, scope, [order_id]), Working())


async def _measure(tx: Tx, order_id: int, row: Sequence[Visit], working: Working) -> None:
    driven = [one for one in row if one.state is not VisitState.CANCELLED]
    middle = centre([place for one in driven if (place := _place(one))])
    km = length_km([_place(one) or middle for one in driven])
    given = length_km([_place(one) or middle for one in sorted(driven, key=lambda one: one.id)])
    minutes = sum(one.minutes for one in driven) + working.drive_minutes(km)
    await orders.measure(tx, order_id, km=km, km_given=max(km, given), minutes=minutes)


def _place(one: Visit) -> Place | None:
    return None if one.lat is None or one.lon is None else (one.lat, one.lon)
