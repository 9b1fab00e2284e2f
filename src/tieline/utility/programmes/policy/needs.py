"""What the sites that are left need from the store, and on which day: cards and routers. Pure."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

FURTHEST = 730
"""Days ahead of which a need is told by its day; what comes later is told for the last of them."""


@dataclass(frozen=True, slots=True)
class Lot:
    """So many sites that need the same: a card of each of some operators, and a router or not.

    ``day`` is that of their visit, where one is planned; ``due`` by when they have to be done otherwise.
    """

    sites: int
    cards: tuple[str, ...]
    router: bool
    day: date | None = None
    due: date | None = None


Needs = Counter[tuple[date, str]]
"""How many on a day, of the cards of an operator by its code; routers under no code."""


def needs(lots: Sequence[Lot], a_day: float, today: date) -> Needs:
    """What is needed by day.

    A visit that is planned needs its goods on its day. The other sites are taken in the order in which they are due,
    at the pace of late or, where that is too slow, the one at which none would be late. What is overdue, and all of it
    where there is neither pace nor due time, is needed today: nobody knows of a later day.
    """
    found: Needs = Counter()
    for lot in lots:
        if lot.day is not None:
            _add(found, lot, max(lot.day, today), lot.sites)
    waiting = sorted((lot for lot in lots if lot.day is None), key=lambda lot: lot.due or date.max)
    overdue = [lot for lot in waiting if lot.due is not None and lot.due <= today]
    for lot in overdue:
        _add(found, lot, today, lot.sites)
    _spread(found, waiting[len(overdue) :], a_day, today)
    return found


def _spread(found: Needs, lots: Sequence[Lot], a_day: float, today: date) -> None:
    pace = max(a_day, _needed(lots, today))
    place = 0
    for lot in lots:
        left = lot.sites
        while left:
            ahead = math.floor(place / pace + 1e-9) if pace else 0
            until = math.ceil((ahead + 1) * pace - 1e-9) if pace and ahead < FURTHEST else place + left
            number = min(left, max(1, until - place))
            _add(found, lot, today + timedelta(days=min(ahead, FURTHEST)), number)
            place, left = place + number, left - number


def _needed(lots: Sequence[Lot], today: date) -> float:
    """The pace at which none of some lots, in the order of their due days, would be late."""
    place, needed = 0, 0.0
    for lot in lots:
        place += lot.sites
        if lot.due is not None:
            needed = max(needed, place / (lot.due - today).days)
    return needed


def _add(found: Needs, lot: Lot, day: date, sites: int) -> None:
    for operator, number in Counter(lot.cards).items():
        found[day, operator] += number * sites
    if lot.router:
        found[day, ""] += sites
