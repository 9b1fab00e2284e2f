"""Goods as logistics sees them: cards and devices that are ordered, stored, carried, fitted and brought back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tieline.utility.inventory.model.things import StockState


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """A card as it stands: whose it is, what it carries, and the site where a live link of it is (None: nowhere)."""

    id: int
    iccid: str
    operator: str
    kind: str
    stock_state: StockState
    reserved: bool
    subscription_id: int | None
    subscription_state: str | None
    generation: str | None
    site_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFacts:
    """A device as it stands: what it is, at which site it is booked, and how many live links it has."""

    id: int
    external_id: str
    make: str | None
    model: str | None
    imei: str | None
    generations: Sequence[str]
    site_id: int | None
    links: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """The names of a site."""

    id: int
    external_id: str
    name: str
    region: str | None


@dataclass(frozen=True, slots=True)
class StockChange:
    """A card that goes from one stock state to another, if it is still in the first."""

    card_id: int
    before: StockState
    after: StockState


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A device that was delivered: known, and booked at no site yet."""

    external_id: str
    make: str | None = None
    model: str | None = None
    imei: str | None = None
    generations: Sequence[str] = field(default_factory=tuple)
    bands: Sequence[str] = field(default_factory=tuple)
    modems: int = 1
    firmware: str | None = None
