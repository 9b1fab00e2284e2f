"""Goods, places, movements, orders: the words of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Goods(StrEnum):
    """What is stored and carried. A card's serial is its ICCID, a router's the utility's identifier of the device."""

    CARD = "card"
    ROUTER = "router"


class PlaceKind(StrEnum):
    """The sorts of place an item can be in; it is in exactly one place."""

    SUPPLIER = "supplier"
    WAREHOUSE = "warehouse"
    CREW = "crew"
    SITE = "site"
    REPAIR = "repair"
    SCRAP = "scrap"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Place:
    """Where items can be. ``region`` None: everybody's. ``crew_id`` and ``site_id`` name whose place it is."""

    id: int
    kind: PlaceKind
    code: str
    name: str
    region: str | None
    crew_id: int | None = None
    site_id: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """An item that shall be in another place; from wherever it is, unless ``from_place`` says where it must be."""

    goods: Goods
    serial: str
    to_place: int
    reason: str = ""
    from_place: int | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """Why something cannot be done with an item: a rule's name, and the sentence."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of some moves: how many were made, how many had been made before, and which were refused and why."""

    moved: int
    repeated: int
    refused: Sequence[tuple[Move, Why]] = ()
    batch_id: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """A loss that was taken down, and the change that blocks the cards; None where no card carries a live line."""

    movement_id: int
    change_id: int | None
    serials: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Where:
    """Where an item is, since when, and whose card or which model it is."""

    goods: Goods
    serial: str
    place: Place
    since: datetime
    operator: str | None
    variety: str
    generation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item of the ledger, with its place."""

    id: int
    goods: Goods
    serial: str
    thing_id: int
    operator: str | None
    variety: str
    generation: str
    since: datetime
    used: bool
    delivery_id: int | None
    place: Place


class DifferenceKind(StrEnum):
    """What a balance finds wrong."""

    REPLAY = "replay"
    CHAIN = "chain"
    ORIGIN = "origin"
    SUM = "sum"
    STATE = "state"
    SITE = "site"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree: which item, in words, and both values."""

    kind: DifferenceKind
    goods: str
    serial: str
    words: str
    ledger: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class PlaceTotal:
    """How many items of a sort are in a place (sites are counted together). ``used``: they served a site before."""

    kind: PlaceKind
    place_id: int | None
    code: str
    name: str
    goods: Goods
    operator: str | None
    variety: str
    generation: str
    used: bool
    number: int


@dataclass(frozen=True, slots=True)
class GoodsTotal:
    """What came in of some goods, and where it is: ``opening`` and ``delivered`` together are ``present``."""

    goods: Goods
    ordered: int
    opening: int
    delivered: int
    present: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Whether the ledger balances: with itself, with what was delivered, and with the inventory's own states.

    ``differences`` are the first of ``difference_count``. ``untracked`` counts what the inventory has and the ledger
    does not, by goods: it never came through logistics.
    """

    ok: bool
    places: Sequence[PlaceTotal]
    differences: Sequence[Difference]
    difference_count: int = 0
    goods: Sequence[GoodsTotal] = ()
    untracked: dict[str, int] = field(default_factory=dict)
    items: int = 0
    movements: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What is ordered: so many of one sort, expected on a day."""

    reference: str
    goods: Goods
    supplier: str
    number: int
    expected_on: date
    operator: str | None = None
    variety: str = ""
    generation: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order, with what came of it: ``accepted`` in so many ``deliveries``."""

    id: int
    reference: str
    goods: Goods
    supplier: str
    operator: str | None
    variety: str
    generation: str
    number: int
    expected_on: date
    note: str
    state: str
    state_why: str
    created_by: str
    created_at: datetime
    accepted: int
    deliveries: int

    @property
    def outstanding(self) -> int:
        """How many are still to come."""
        return max(0, self.number - self.accepted) if self.state == "open" else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery note that was taken in, and how many of its rows were good."""

    id: int
    order_id: int
    reference: str
    goods: Goods
    place_id: int
    place_name: str
    note: str
    file_name: str
    rows_read: int
    rows_bad: int
    accepted: int
    problem_count: int
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """So many of a sort are needed on a day; what is left empty may be anything."""

    day: date
    goods: Goods
    number: int
    operator: str = ""
    variety: str = ""
    generation: str = ""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A sort of goods against what is needed of it: the first day short and by how many, and the worst.

    ``first_short`` None: it lasts. ``in_stock`` is what is in warehouses and with crews now; ``coming`` what is on
    order by the last day of need.
    """

    goods: Goods
    operator: str
    variety: str
    generation: str
    needed: int
    in_stock: int
    coming: int
    first_short: date | None
    short_by: int
    worst: int
    worst_day: date | None


class CountVerdict(StrEnum):
    """How a stocktake differs from the ledger."""

    MISSING = "missing"
    WRONG_PLACE = "wrong_place"
    UNEXPECTED = "unexpected"
    UNKNOWN = "unknown"
