"""Things as their lists and details show them."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Technology = Literal["2G", "3G", "4G", "5G"]


class SiteLink(BaseModel):
    """A live link of a site, in short."""

    operator: str
    role: Literal["primary", "backup"]
    state: str
    technology: Technology | None
    band: str | None
    cell_at: datetime | None = Field(description="When the operator observed the serving cell.")
    attached: bool | None
    subscription_id: int


class Site(BaseModel):
    """A place of the grid."""

    id: int
    external_id: str
    name: str
    kind: str
    stand_in: bool = Field(description="Is no real site, but stands for one.")
    lat: float | None
    lon: float | None
    region: str | None
    district: str | None
    postcode: str | None
    voltage_kv: float | None
    customers: int | None
    criticality: str
    parent_id: int | None
    links: list[SiteLink]


class Device(BaseModel):
    """A router or modem."""

    id: int
    external_id: str
    make: str | None
    model: str | None
    imei: str | None
    generations: list[str]
    bands: list[str]
    modems: int
    firmware: str | None
    installed_on: date | None
    site_id: int | None
    site_external_id: str | None
    site_name: str | None
    region: str | None


class Card(BaseModel):
    """A SIM card or eUICC profile, and the subscription it carries now."""

    id: int
    iccid: str
    eid: str | None
    kind: Literal["plastic", "euicc"]
    operator: str
    stock_state: str
    reserved_change_id: int | None
    subscription_id: int | None
    operator_ref: str | None
    generation: str | None
    state: str | None
    site_id: int | None
    site_external_id: str | None
    site_name: str | None
    region: str | None


class Subscription(BaseModel):
    """A subscription as desired, as the operator reported it (`op_…`, at `reported_at`), and where it is fitted."""

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
    cell_at: datetime | None = Field(description="When the operator observed the serving cell.")
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


class ListedSubscription(Subscription):
    """A subscription or link in a list: `id` is that of what is listed."""

    id: int


class Cell(BaseModel):
    """A radio cell of an operator, and how many fitted subscriptions and sites it serves now."""

    id: int
    operator: str
    operator_id: int
    cell_key: str
    rat: str
    technology: Technology
    band: str | None
    arfcn: int | None
    tac: str | None
    pci: str | None
    lat: float | None
    lon: float | None
    mast_id: int | None
    mast_key: str | None
    invented: bool
    shared_mast: bool = Field(description="The mast carries cells of more than one operator.")
    subscriptions: int
    sites: int


class AddressPool(BaseModel):
    """Addresses of an APN at an operator: how many may be handed out, and how many are taken."""

    id: int
    operator: str
    operator_id: int
    apn: str
    cidr: str
    name: str
    used: int
    usable: int


class CardPeriod(BaseModel):
    """A card carried a subscription."""

    card_id: int
    iccid: str
    card_kind: str
    subscription_id: int
    operator_ref: str
    operator: str
    valid_from: datetime
    valid_to: datetime | None


class LinkPeriod(BaseModel):
    """A card served a place."""

    id: int
    site_id: int
    site_external_id: str
    site_name: str
    device_id: int
    device_external_id: str
    modem_slot: int
    role: str
    operator: str
    subscription_id: int
    operator_ref: str
    iccid: str
    valid_from: datetime
    valid_to: datetime | None


class Reservation(BaseModel):
    """An address that is, or was, reserved or assigned."""

    id: int
    pool: str
    apn: str
    address: str
    state: Literal["reserved", "assigned", "released"]
    change_id: int | None
    subscription_id: int | None
    operator_ref: str | None
    at: datetime


class FieldDrift(BaseModel):
    """A field in which the operator reports something else than is desired."""

    field: str
    desired: Any
    operational: Any


class Belongings(BaseModel):
    """What a thing's details add to what its list shows."""

    model_config = ConfigDict(extra="forbid")

    cards: list[CardPeriod]
    history_of_links: list[LinkPeriod]
    addresses: list[Reservation]
    fleet: list[Subscription]


class FedSite(BaseModel):
    """A site that another feeds."""

    id: int
    external_id: str
    name: str
    kind: str
    customers: int | None


class MastCell(BaseModel):
    """A cell on a mast."""

    id: int
    cell_key: str
    operator: str
    rat: str
    band: str | None


class SiteDetail(Belongings, Site):
    """A site with all that belongs to it."""

    shared_mast: bool = Field(description="All live links of the site hang on one mast.")
    feeds: list[FedSite]


class DeviceDetail(Belongings, Device):
    """A device with all that belongs to it."""


class CardDetail(Belongings, Card):
    """A card with all that belongs to it."""


class SubscriptionDetail(Belongings, ListedSubscription):
    """A subscription with all that belongs to it."""

    drift: list[FieldDrift]


class LinkDetail(Belongings, ListedSubscription):
    """A link with all that belongs to it."""


class CellDetail(Belongings, Cell):
    """A cell with the others on its mast."""

    mast_cells: list[MastCell]


class AddressPoolDetail(Belongings, AddressPool):
    """An address pool with its latest reservations."""


class History(BaseModel):
    """One change of configuration, with the values before and after."""

    id: int
    thing: str
    thing_id: int
    at: datetime
    actor: str
    reason: str
    change_id: int | None
    before: dict[str, Any]
    after: dict[str, Any]


class Event(BaseModel):
    """Something that happened to a thing."""

    lane: str
    at: datetime
    title: str
    actor: str
    detail: dict[str, Any]
    link: str | None


class Events(BaseModel):
    """What happened, the newest first."""

    items: list[Event]
