"""What is: the words of the inventory, the filter that every list shares, and the rows other contexts work with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple

import msgspec

Field = Literal[
    "state", "apn", "ip_address", "subscription_group", "data_plan", "rat_restriction", "imei_lock", "lan_groups"
]
FIELDS: tuple[Field, ...] = (
    "state",
    "apn",
    "ip_address",
    "subscription_group",
    "data_plan",
    "rat_restriction",
    "imei_lock",
    "lan_groups",
)
"""What the utility may set on a subscription; each has a desired value and one that the operator reported."""

Desired = Mapping[Field, Any]
"""Values by field: text or None; ``rat_restriction`` is a list of RAT words, ``lan_groups`` one of groups' names.

A field that is absent is left alone.
"""


class Kind(StrEnum):
    """The kinds of thing that have lists, details, imports and exports."""

    SITE = "site"
    DEVICE = "device"
    CARD = "card"
    SUBSCRIPTION = "subscription"
    LINK = "link"
    CELL = "cell"
    ADDRESS_POOL = "address_pool"


class SiteKind(StrEnum):
    """Where in the grid a site stands."""

    GRID_SUPPLY_POINT = "grid_supply_point"
    BULK_SUPPLY_POINT = "bulk_supply_point"
    PRIMARY = "primary"
    SECONDARY = "secondary"
    OTHER = "other"


class Criticality(StrEnum):
    """How much depends on a site."""

    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class SubscriptionState(StrEnum):
    """States of the operator profile."""

    INVENTORY = "INVENTORY"
    TEST_READY = "TEST_READY"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    RETIRED = "RETIRED"


class StockState(StrEnum):
    """Where a card is."""

    IN_STOCK = "in_stock"
    RESERVED = "reserved"
    ISSUED = "issued"
    FITTED = "fitted"
    RETURNED = "returned"
    LOST = "lost"
    BLOCKED = "blocked"


class Rat(StrEnum):
    """Radio access technology, spelt as RatType in 3GPP TS 29.571 clause 5.4.3.2."""

    GERAN = "GERAN"
    UTRA = "UTRA"
    EUTRA = "EUTRA"
    NR = "NR"


TECHNOLOGIES: Mapping[str, str] = {"2G": "GERAN", "3G": "UTRA", "4G": "EUTRA", "5G": "NR"}
"""What people call a technology, and the radio access technology it is."""

GENERATIONS = tuple(TECHNOLOGIES)
STALE_HOURS = 24
"""A serving cell reported longer ago than this is stale: what it says may no longer hold."""


class FleetFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which part of the fleet: shared by lists, summary, map, export and selections.

    Within a field the values are alternatives; the fields all have to hold. ``operators`` are codes, ``technologies``
    2G to 5G of the serving cell (``none``: never reported), ``kinds`` those of sites, ``generations`` what the device
    must be able to do, ``q`` the beginning of a name's words, an identifier or a postcode. ``hanging_on``: sites
    whose live links are all on that technology. ``shared_mast``: all links of the site hang on one mast. ``stale``:
    the serving cell was reported more than 24 hours ago, or never. ``lan_groups``: in one of these 5G LAN groups.
    ``drift``: the operator reports something else than is desired. ``linked``: fitted at a site, or not.
    """

    operators: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    criticalities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    generations: tuple[str, ...] = ()
    lan_groups: tuple[str, ...] = ()
    subscription_generations: tuple[str, ...] = ()
    apns: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    stock_states: tuple[str, ...] = ()
    site_ids: tuple[int, ...] = ()
    cell_key: str = ""
    q: str = ""
    hanging_on: str = ""
    shared_mast: bool | None = None
    stale: bool | None = None
    drift: bool | None = None
    linked: bool | None = None
    attached: bool | None = None


class Selection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which subscriptions a change is about: a filter, or single ones, less some that were unticked."""

    filter: FleetFilter = FleetFilter()
    subscription_ids: tuple[int, ...] | None = None
    except_subscription_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the application behind a subscription is reached: the address that the network gives, else the desired."""

    subscription_id: int
    operator_code: str
    address: str | None
    site_kind: str | None
    region: str | None


class HangingSite(NamedTuple):
    """A site in few words, and how many live links it has: for whoever takes a whole fleet in hand."""

    id: int
    region: str | None
    links: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRow:
    """One subscription as it stands, with the card that carries it and the link, device and site it serves.

    Everything about link, device and site is None (or empty) for a subscription that is fitted nowhere. ``op_*`` is
    what the operator reported last, at ``reported_at``; the serving cell was observed at ``cell_at``.
    """

    subscription_id: int
    version: int
    operator_id: int
    operator_code: str
    operator_ref: str
    imsi: str | None
    msisdn: str | None
    generation: str | None
    state: str
    apn: str | None
    ip_address: str | None
    subscription_group: str | None
    data_plan: str | None
    rat_restriction: list[str]
    imei_lock: str | None
    lan_groups: list[str]
    op_state: str | None
    op_apn: str | None
    op_ip_address: str | None
    op_subscription_group: str | None
    op_data_plan: str | None
    op_rat_restriction: list[str] | None
    op_imei_lock: str | None
    op_lan_groups: list[str] | None
    op_since: datetime | None
    reported_at: datetime | None
    rat: str | None
    band: str | None
    cell_key: str | None
    cell_at: datetime | None
    mast_id: int | None
    imei_seen: str | None
    attached: bool | None
    last_seen: datetime | None
    card_id: int | None
    iccid: str | None
    eid: str | None
    card_kind: str | None
    stock_state: str | None
    link_id: int | None
    role: str | None
    modem_slot: int | None
    device_id: int | None
    device_external_id: str | None
    imei: str | None
    device_generations: list[str] | None
    device_bands: list[str] | None
    modems: int | None
    site_id: int | None
    site_external_id: str | None
    site_name: str | None
    site_kind: str | None
    region: str | None
    criticality: str | None
    customers: int | None

    @property
    def desired(self) -> dict[Field, Any]:
        """The desired values by field."""
        return {field: getattr(self, field) for field in FIELDS}

    @property
    def operational(self) -> dict[Field, Any]:
        """The values the operator reported last, by field; None throughout before the first report."""
        return {field: getattr(self, f"op_{field}") for field in FIELDS}


@dataclass(frozen=True, slots=True)
class StockWant:
    """A card wanted from an operator's stock.

    ``key`` names the want (a change item): asking again with it gives the same card. ``generation`` is the least the
    subscription must have; ``card_kind`` None takes either.
    """

    key: str
    generation: str
    card_kind: str | None = None


@dataclass(frozen=True, slots=True)
class StockCard:
    """A card taken from stock, with the subscription it carries."""

    key: str
    card_id: int
    iccid: str
    card_kind: str
    subscription_id: int
    operator_ref: str
    generation: str
    version: int


@dataclass(frozen=True, slots=True)
class AddressWant:
    """An address wanted from the pools of an APN at an operator; ``key`` as in :class:`StockWant`.

    ``address``: only that one will do, be it of a pool or not. ``moves_from``: the subscription that has it now and
    will give it up; the wanting one is promised it, and nobody else gets it in between.
    """

    key: str
    operator: str
    apn: str
    subscription_id: int | None = None
    address: str | None = None
    moves_from: int | None = None


class NoAddress(StrEnum):
    """Why an address could not be reserved."""

    NO_POOL = "no_pool"
    EXHAUSTED = "exhausted"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Reserved:
    """Outcome of one want: an address and its reservation, or the reason why there is none."""

    key: str
    address: str | None
    reservation_id: int | None
    problem: NoAddress | None = None


@dataclass(frozen=True, slots=True)
class DesiredChange:
    """New desired values for a subscription, to be taken only if it still has ``expected_version``."""

    subscription_id: int
    expected_version: int
    fields: Desired
    change_id: int | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """A subscription that took its new desired values; ``version`` is its new one."""

    subscription_id: int
    version: int


@dataclass(frozen=True, slots=True)
class VersionConflict:
    """A subscription that somebody changed since, or that is not there (``version`` None) for the asker."""

    subscription_id: int
    expected_version: int
    version: int | None


@dataclass(frozen=True, slots=True)
class ApplyOutcome:
    """What became of a batch of desired changes; every one of the batch is in exactly one of the two."""

    applied: tuple[Applied, ...]
    conflicts: tuple[VersionConflict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorReport:
    """What an operator says of one of its subscriptions, as observed at ``reported_at``.

    ``operational`` may be partial: a field that is absent was not reported. The serving cell counts only with
    ``cell_at``. None for ``attached``, ``imei`` or ``last_seen`` means that nothing was said about it.
    """

    operator_ref: str
    reported_at: datetime
    operational: Desired = field(default_factory=dict)
    since: datetime | None = None
    rat: str | None = None
    band: str | None = None
    cell_key: str | None = None
    cell_at: datetime | None = None
    imei: str | None = None
    attached: bool | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """A field in which the operator reports something else than is desired."""

    subscription_id: int
    operator_ref: str
    version: int
    field: Field
    desired: Any
    operational: Any
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """What became of a batch of reports.

    ``taken`` counts those that were not older than what was known; ``drifts`` compares exactly those; ``unknown``
    lists references that the inventory does not have.
    """

    taken: int
    drifts: tuple[Drift, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of configuration: by whom, why, and the values of what changed before and after."""

    id: int
    thing: str
    thing_id: int
    at: datetime
    actor: str
    reason: str
    change_id: int | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operator:
    """A mobile network operator; ``plmns`` are its networks (MCC and MNC together)."""

    id: int
    code: str
    name: str
    plmns: list[str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Contract:
    """What an operator grants: rate, batch size, and which APNs, plans and groups may be used (empty: any)."""

    id: int
    operator_id: int
    operator_code: str
    name: str
    calls_per_second: float | None
    max_batch: int | None
    apns: list[str]
    data_plans: list[str]
    subscription_groups: list[str]
    details: Mapping[str, Any]
