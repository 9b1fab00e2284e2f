"""Where items may go, what their card's stock state becomes, whether both agree, and when stock runs out. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from tieline.utility.inventory import CardFacts, DeviceFacts, StockState
from tieline.utility.logistics.model import Demand, Goods, Place, PlaceKind, Shortage, Why

P = PlaceKind
S = StockState

WAYS: Final[Mapping[PlaceKind, frozenset[PlaceKind]]] = {
    P.SUPPLIER: frozenset({P.WAREHOUSE}),
    P.WAREHOUSE: frozenset({P.SUPPLIER, P.WAREHOUSE, P.CREW, P.REPAIR, P.SCRAP}),
    P.CREW: frozenset({P.WAREHOUSE, P.CREW, P.SITE, P.REPAIR, P.SCRAP}),
    P.SITE: frozenset({P.CREW}),
    P.REPAIR: frozenset({P.WAREHOUSE, P.SUPPLIER, P.SCRAP}),
    P.SCRAP: frozenset(),
    P.LOST: frozenset({P.WAREHOUSE, P.SCRAP}),
}
"""Where an item may go from each sort of place by an ordinary move. A loss may happen anywhere but in the scrap."""

AGREES: Final[Mapping[PlaceKind, frozenset[StockState]]] = {
    P.SUPPLIER: frozenset({S.IN_STOCK, S.RESERVED, S.ISSUED, S.RETURNED}),
    P.WAREHOUSE: frozenset({S.IN_STOCK, S.RESERVED, S.ISSUED, S.RETURNED}),
    P.CREW: frozenset({S.RESERVED, S.ISSUED, S.RETURNED}),
    P.SITE: frozenset({S.FITTED, S.RETURNED}),
    P.REPAIR: frozenset({S.RETURNED, S.BLOCKED}),
    P.SCRAP: frozenset({S.RETURNED, S.BLOCKED}),
    P.LOST: frozenset({S.LOST, S.BLOCKED}),
}
"""The inventory's states of a card that fit each sort of place.

Reserved and issued are what a change is doing with the card: a card that is provisioned for a site may still lie in
the warehouse. Returned is what served a site once.
"""
_GONE: Final = frozenset({S.LOST, S.BLOCKED})


def way_refused(place: Place, to: Place) -> Why | None:
    """Why an item may not go from one place to another by an ordinary move, if it may not."""
    if to.kind in WAYS[place.kind]:
        return None
    if to.kind is P.LOST:
        return Why("report-loss", "What is lost is reported as lost, with a reason, so that its line is blocked.")
    if place.kind is P.SCRAP:
        return Why("scrapped", "It was scrapped.")
    if place.kind is P.LOST:
        return Why("lost", f"It is reported lost or stolen; take it into a warehouse before it goes to {to.name}.")
    if to.kind is P.SITE:
        return Why("not-issued", f"It was not issued to a crew: it is in {place.name}.")
    return Why("no-way", f"Nothing goes from {place.name} to {to.name} at once.")


def state_in(present: StockState, to: PlaceKind, *, reserved: bool, carried: bool) -> StockState:
    """What a card's stock state becomes when it comes into a sort of place.

    ``reserved``: a change took it, for a site that waits for it. ``carried``: its subscription was live already, so
    that it cannot go back among what is free.
    """
    if to is P.LOST:
        return present if present is S.BLOCKED else S.LOST
    if to is P.SITE:
        return S.FITTED
    if present in AGREES[to] and not (to is P.WAREHOUSE and present is S.ISSUED and not reserved):
        return present
    if to is P.CREW and present is S.IN_STOCK:
        return S.ISSUED
    if to is P.WAREHOUSE and present is S.ISSUED and not carried:
        return S.IN_STOCK
    return S.RETURNED


def used_after(goods: Goods, place: PlaceKind, to: PlaceKind, *, before: bool) -> bool:
    """Whether an item has served: what comes from a site has; a router back from repair is as good as new."""
    if goods is Goods.ROUTER and place is P.REPAIR and to is P.WAREHOUSE:
        return False
    return before or place is P.SITE


def card_refused(card: CardFacts, to: Place) -> Why | None:
    """Why the card's own state keeps it from a place."""
    if card.stock_state in _GONE and to.kind in {P.CREW, P.SITE}:
        return Why("blocked", f"The card is {card.stock_state.value}; it must not be used.")
    return None


def card_disagrees(place: Place, card: CardFacts | None) -> str:
    """What the inventory says of a card that does not fit where the ledger has it; empty when both agree.

    The link of a stolen card stays at its site until somebody ends it there: its place is still to be served.
    """
    if card is None:
        return "the inventory does not have it"
    if card.stock_state not in AGREES[place.kind]:
        return f"the inventory has it as {card.stock_state.value.replace('_', ' ')}"
    if place.kind is not P.LOST and card.site_id is not None and card.site_id != place.site_id:
        return f"the inventory has it fitted at site {card.site_id}"
    return ""


def device_disagrees(place: Place, device: DeviceFacts | None) -> str:
    """What the inventory says of a router that does not fit where the ledger has it; empty when both agree.

    A stolen router stays booked at its site until its links end there.
    """
    if device is None:
        return "the inventory does not have it"
    if place.kind is P.SITE and device.site_id != place.site_id:
        return f"the inventory has it at {f'site {device.site_id}' if device.site_id else 'no site'}"
    if place.kind not in {P.SITE, P.LOST} and device.site_id is not None:
        return f"the inventory has it at site {device.site_id}"
    return ""


def opening(card: CardFacts | None, device: DeviceFacts | None) -> tuple[PlaceKind, int | None]:
    """Where an item that the ledger does not know yet is, by what the inventory says: kind of place, and the site."""
    site = card.site_id if card else device.site_id if device else None
    if site is not None:
        return P.SITE, site
    if card and card.stock_state in _GONE:
        return P.LOST, None
    return P.WAREHOUSE, None


def generation_of(generations: Sequence[str]) -> str:
    """The newest of some generations."""
    return max(generations, default="")


def fits(generation: str, least: str) -> bool:
    """Whether goods of a generation do where one is the least that will do."""
    return not least or generation >= least


Sort = tuple[str, str, str, str]
"""Goods, operator, variety and generation of stock or arrivals."""


def shortages(
    stock: Mapping[Sort, int], arrivals: Sequence[tuple[Sort, date, int]], demands: Iterable[Demand], *, today: date
) -> list[Shortage]:
    """What is needed by day against stock and open orders, for each sort that is needed.

    A demand takes of everything that does for it; sorts that overlap are counted for each of them. What should have
    come already is expected today. Stock of a day is used after that day's deliveries.
    """
    wanted: dict[Sort, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for one in demands:
        wanted[one.goods, one.operator, one.variety, one.generation][max(one.day, today)] += one.number
    return [_shortage(sort, days, stock, arrivals, today=today) for sort, days in sorted(wanted.items())]


def _shortage(
    sort: Sort,
    days: Mapping[date, int],
    stock: Mapping[Sort, int],
    arrivals: Sequence[tuple[Sort, date, int]],
    *,
    today: date,
) -> Shortage:
    have = sum(number for one, number in stock.items() if _does(one, sort))
    coming = [(max(day, today), number) for one, day, number in arrivals if _does(one, sort)]
    left, needed, first, short_by, worst, worst_day = have, 0, None, 0, 0, None
    came = 0
    for day in sorted(days):
        arrived = sum(number for when, number in coming if when <= day)
        left += arrived - came - days[day]
        came, needed = arrived, needed + days[day]
        if left < 0 and first is None:
            first, short_by = day, -left
        if -left > worst:
            worst, worst_day = -left, day
    goods, operator, variety, generation = sort
    return Shortage(Goods(goods), operator, variety, generation, needed, have, came, first, short_by, worst, worst_day)


def _does(have: Sort, want: Sort) -> bool:
    same_goods, operator_does = have[0] == want[0], not want[1] or have[1] == want[1]
    return same_goods and operator_does and (not want[2] or have[2] == want[2]) and fits(have[3], want[3])
