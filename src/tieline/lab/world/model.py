"""What the simulated world is made of. Frozen values; nothing here reads or writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tieline.lab.world.geometry import Point

Row = Mapping[str, str]
"""A row of a source file, column by column, as it stands there."""


class Origin(StrEnum):
    """Where the sites and the real cells come from."""

    REAL = "real"
    INVENTED = "invented"


class Rat(StrEnum):
    """Radio access technology, spelt as RatType in 3GPP TS 29.571 clause 5.4.3.2."""

    GERAN = "GERAN"
    UTRA = "UTRA"
    EUTRA = "EUTRA"
    NR = "NR"


@dataclass(frozen=True, slots=True)
class OddityShares:
    """How much of the world is out of the ordinary, as shares of the links (or sites) on 3G; zero switches one off."""

    suspended: float = 0.0025
    retired: float = 0.0005
    wrong_apn: float = 0.001
    radio_shadow: float = 0.002
    full_pool: float = 0.002


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """What to build.

    ``sites`` is the number of sites on 3G at both operators; ``modern_share`` of that number comes in addition, already
    on 4G or 5G. ``data`` is a folder of public data of Great Britain (TIELINE_DATA), None for the invented country.
    """

    sites: int = 20_000
    seed: int = 1
    data: Path | None = None
    modern_share: float = 0.03
    reserve_share: float = 0.01
    oddities: OddityShares = field(default_factory=OddityShares)


@dataclass(frozen=True, slots=True)
class Operator:
    """A mobile network operator. ``mcc`` and ``mnc`` make up its PLMN identity (3GPP TS 23.003 clause 12.1)."""

    code: str
    name: str
    mcc: str
    mnc: str

    @property
    def plmn(self) -> str:
        """MCC and MNC together, as 3GPP TS 29.571 writes a PLMN."""
        return self.mcc + self.mnc

    @property
    def slug(self) -> str:
        """The operator's part of file names: ``a`` or ``b``."""
        return self.code.lower()


@dataclass(frozen=True, slots=True)
class Site:
    """A place of the utility. ``row`` is its source row; ``stand_in``: it is no substation, but stands for one."""

    id: str
    name: str
    kind: str
    stand_in: bool
    point: Point
    region: str
    criticality: str
    parent_id: str
    customers: int | None
    row: Row


@dataclass(frozen=True, slots=True)
class Cell:
    """A radio cell of an operator. ``invented`` cells stand in no public file; ``mast`` is shared by position."""

    operator: str
    key: str
    rat: Rat
    band: str
    arfcn: str
    tac: str
    pci: str
    point: Point
    mast: str
    invented: bool


@dataclass(frozen=True, slots=True)
class Device:
    """A dual-SIM router at a site."""

    id: str
    site_id: str
    make: str
    model: str
    imei: str
    generations: str
    bands: str
    modems: int
    firmware: str
    installed_on: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A contract line at an operator, with the card that carries it; ``state`` in the words of the operator profile."""

    operator: str
    ref: str
    iccid: str
    eid: str
    card_kind: str
    imsi: str
    msisdn: str
    state: str
    apn: str
    ip_address: str
    group: str
    data_plan: str
    generation: str
    contract: str


@dataclass(frozen=True, slots=True)
class Link:
    """A path from a site into an operator's network: device, slot of its modem or card holder, card."""

    site_id: str
    device_id: str
    slot: int
    iccid: str
    operator: str
    role: str


@dataclass(frozen=True, slots=True)
class Pool:
    """Addresses of the utility's private range that one operator hands out in one APN."""

    operator: str
    apn: str
    cidr: str
    name: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """What an operator's network will report of a subscription; no cell while it is not attached."""

    subscription: str
    iccid: str
    imsi: str
    attached: bool
    imei: str
    cell: Cell | None
    plmn: str
    distance_m: int
    latency_ms: int
    seen_seconds_ago: int
    point: Point
    device: Device


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something deliberately out of the ordinary: what it is, and which links or sites it touches."""

    name: str
    meaning: str
    unit: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where data comes from, and under which licence."""

    name: str
    origin: str
    licence: str


@dataclass(frozen=True, slots=True)
class Terrain:
    """Places and real cells before anything simulated is laid on them.

    ``modern`` are the ids of sites that are already on 4G or 5G; ``outline`` draws an invented country's coast.
    """

    origin: Origin
    operators: tuple[Operator, ...]
    substations: tuple[Site, ...]
    secondaries: tuple[Site, ...]
    modern: frozenset[str]
    cells: tuple[Cell, ...]
    sources: tuple[Source, ...]
    statement: str
    cleaned: Mapping[str, int]
    outline: Mapping[str, object] | None = None

    @property
    def sites(self) -> tuple[Site, ...]:
        """All places, substations first."""
        return self.substations + self.secondaries


@dataclass(frozen=True, slots=True)
class World:
    """Everything, ready to be written; per-operator parts are keyed by the operator's code."""

    spec: WorldSpec
    terrain: Terrain
    cells: Mapping[str, tuple[Cell, ...]]
    devices: tuple[Device, ...]
    subscriptions: Mapping[str, tuple[Subscription, ...]]
    stock: Mapping[str, tuple[Subscription, ...]]
    links: tuple[Link, ...]
    pools: tuple[Pool, ...]
    attachments: Mapping[str, tuple[Attachment, ...]]
    oddities: tuple[Oddity, ...]
