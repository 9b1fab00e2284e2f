"""What a kind of change is: it turns selected rows into items. Contexts above register kinds of their own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

import msgspec

from tieline.platform.errors import Invalid, Problem
from tieline.utility.changes.model import Fields, Grade, PlannedItem, Reason
from tieline.utility.changes.policy.compatibility import OperatorFacts
from tieline.utility.changes.policy.fingerprint import row_fingerprint
from tieline.utility.inventory import AddressWant, FleetRow, LanGroup, Reserved, StockCard, StockWant

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A value that a subscription can have: what an operator took and the inventory could not keep would never settle."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an item of an earlier change did, as an undo needs it."""

    item_id: int
    change_id: int
    source_id: int
    subscription_id: int
    before: Fields
    desired: Fields
    site_id: int | None
    site: str
    site_name: str
    region: str
    criticality: str
    customers: int
    link_id: int | None
    role: str


@dataclass(frozen=True, slots=True)
class Materials:
    """What a plan is made from besides the selected rows; all of it fetched beforehand, so that planning is pure.

    ``stock`` and ``addresses`` are by want key; ``spares`` has the rows of the subscriptions in ``stock``. ``busy``
    maps a subscription to the unfinished change that will write to it, ``prepared`` a selected subscription to the
    change that prepared a successor for it, ``effects`` a subscription to what is to be undone on it. ``successors``
    has the rows of the subscriptions that were prepared for selected ones, for kinds that ask for them.
    ``groups`` has the 5G LAN groups there are, by operator and name.
    """

    change_id: int
    operators: Mapping[int, OperatorFacts]
    stock: Mapping[str, StockCard] = field(default_factory=dict)
    spares: Mapping[int, FleetRow] = field(default_factory=dict)
    addresses: Mapping[str, Reserved] = field(default_factory=dict)
    busy: Mapping[int, int] = field(default_factory=dict)
    prepared: Mapping[int, int] = field(default_factory=dict)
    effects: Mapping[int, Effect] = field(default_factory=dict)
    successors: Mapping[int, FleetRow] = field(default_factory=dict)
    groups: Mapping[tuple[int, str], LanGroup] = field(default_factory=dict)


class Kind(Protocol):
    """A kind of change.

    ``grade`` is the evidence that its items need. ``patience`` is how many seconds after acceptance it may take to come
    (0: what the operator declares): a crew that has to fit a card takes days. ``successors``: its plans need what was
    prepared for the selected rows. ``approved_by_two``: why somebody else approves even a small one, where that is so.
    """

    name: str
    title: str
    sentence: str
    grade: Grade
    patience: float
    successors: bool
    approved_by_two: str
    schema: type[msgspec.Struct]

    def disruptive(self, parameters: Any) -> bool:
        """Whether a link may be down while an item of it is under way."""
        ...

    def check(self, parameters: Any) -> None:
        """Raise ``Invalid`` for parameters that make no sense together."""
        ...

    def stock_wants(
        self, rows: Sequence[FleetRow], parameters: Any, materials: Materials
    ) -> Mapping[str, list[StockWant]]:
        """Cards to take from stock, by operator code."""
        ...

    def address_wants(self, rows: Sequence[FleetRow], parameters: Any, materials: Materials) -> Sequence[AddressWant]:
        """Addresses to reserve; ``materials.stock`` is filled."""
        ...

    def plan(self, rows: Sequence[FleetRow], parameters: Any, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each row; pure."""
        ...


class PlainKind:
    """What most kinds have in common: they take nothing from stock or pools, and any of their parameters make sense."""

    grade = Grade.OPERATIONAL
    patience = 0.0
    successors = False
    approved_by_two = ""

    def check(self, _parameters: Any) -> None:
        """Any combination makes sense."""

    def stock_wants(
        self, _rows: Sequence[FleetRow], _parameters: Any, _materials: Materials
    ) -> Mapping[str, list[StockWant]]:
        """Nothing is taken from stock."""
        return {}

    def address_wants(
        self, _rows: Sequence[FleetRow], _parameters: Any, _materials: Materials
    ) -> Sequence[AddressWant]:
        """No address is reserved."""
        return []


@dataclass(slots=True)
class Kinds:
    """Kinds by name."""

    _kinds: dict[str, Kind] = field(default_factory=dict)

    def register(self, kind: Kind) -> None:
        """Add a kind; its name must be new."""
        if kind.name in self._kinds:
            raise ValueError(f"two kinds of change are called {kind.name}")
        self._kinds[kind.name] = kind

    def get(self, name: str) -> Kind:
        """A kind by name; raises ``Invalid`` for one that is not registered."""
        kind = self._kinds.get(name)
        if kind is None:
            known = ", ".join(sorted(self._kinds))
            raise Invalid(
                f"There is no kind of change called {name}.", [Problem("kind", "known", f"One of {known}.", name)]
            )
        return kind

    def all(self) -> tuple[Kind, ...]:
        """Every kind, by name."""
        return tuple(self._kinds[name] for name in sorted(self._kinds))


def parse(kind: Kind, raw: Any) -> Any:
    """Read a kind's parameters from JSON values; raises ``Invalid`` that says what is wrong."""
    try:
        parameters = msgspec.convert(raw, kind.schema)
    except msgspec.ValidationError as error:
        raise Invalid(
            f"The parameters do not fit {kind.name}.", [Problem("parameters", "schema", str(error))]
        ) from error
    kind.check(parameters)
    return parameters


def key_of(row: FleetRow, materials: Materials) -> str:
    """The want key of a row: what its change takes from stock and pools is known by it."""
    return want_key(materials.change_id, row.subscription_id)


def want_key(change_id: int, source_id: int) -> str:
    """The key under which a change takes a card and an address for a selected subscription."""
    return f"change-{change_id}:{source_id}"


def fingerprint(row: FleetRow) -> str:
    """What of a selected row makes its item what it is: if it changes, the plan is stale."""
    return row_fingerprint(
        row.version,
        row.state,
        row.apn,
        row.ip_address,
        row.subscription_group,
        row.data_plan,
        row.rat_restriction,
        row.imei_lock,
        row.link_id,
        row.site_id,
        row.device_id,
        row.criticality,
    )


def current(row: FleetRow) -> dict[str, Any]:
    """What is desired of a subscription now."""
    return {name: value for name, value in row.desired.items()}  # noqa: C416 - widens the keys' type


def reported(row: FleetRow) -> dict[str, Any]:
    """What the operator reported last; nothing before its first report."""
    return {str(name): value for name, value in row.operational.items()} if row.reported_at else {}


def place(row: FleetRow) -> dict[str, Any]:
    """What an item repeats of the row it was selected by: where it is and whom it concerns."""
    return {
        "operator_id": row.operator_id,
        "operator": row.operator_code,
        "source_id": row.subscription_id,
        "fingerprint": fingerprint(row),
        "site_id": row.site_id,
        "site": row.site_external_id or "",
        "site_name": row.site_name or "",
        "region": row.region or "",
        "criticality": row.criticality or "normal",
        "customers": row.customers or 0,
        "link_id": row.link_id,
        "role": row.role or "",
    }


def first(reasons: Iterable[Reason]) -> Reason | None:
    """The first reason, if any."""
    return next(iter(reasons), None)


def busy(subscription_id: int, materials: Materials) -> Iterator[Reason]:
    """A subscription that another unfinished change writes to has to wait for it."""
    other = materials.busy.get(subscription_id)
    if other is not None:
        yield Reason("in-another-change", f"Change {other} is not finished with this subscription.")
