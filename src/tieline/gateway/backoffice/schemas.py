"""Bodies of the back office."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256 of the certificate, hex.")]
Host = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9.\[\]:-]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UtilityTerms(_Strict):
    """A utility that is taken on; the same code again renews its terms and certificates."""

    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Name of its SubNetwork.")
    name: str = Field(min_length=1, max_length=200)
    certificates: list[Fingerprint] = Field(min_length=1, max_length=8)
    notification_hosts: list[Host] = Field(default=[], max_length=16, description="host, or host:port")
    calls_per_second: float | None = Field(None, gt=0, le=100_000, description="Unset: the gateway's own setting.")
    max_changes_per_plan: int | None = Field(None, ge=1, le=50_000, description="Unset: the gateway's own setting.")
    token_required: bool | None = Field(
        None, description="Its certificates count only with an access token of theirs; unset: as it is."
    )


class Utility(BaseModel):
    """A utility and its terms."""

    code: str
    name: str
    notification_hosts: list[str]
    calls_per_second: float
    max_changes_per_plan: int
    token_required: bool
    created_at: datetime
    certificates: list[str] = []


_LINE = r"^[^\x00-\x1f\x7f]+$"


class NoticeBody(_Strict):
    """What a notice says. Phases are those of the operator profile: ``id``, ``name``, ``period``, ``area``."""

    kind: Literal["phase-out", "planned-work"]
    title: str = Field(min_length=1, max_length=200, pattern=_LINE)
    description: str = Field("", max_length=4000, pattern=r"^[^\x00]*$")
    technology: Literal["2G", "3G", "4G", "5G"] | None = Field(None, description="Which one; of planned work: or all.")
    priority: Literal["low", "medium", "high"] = "medium"
    approval: bool = Field(default=False, description="Whether utilities are asked to accept it.")
    utilities: list[str] | None = Field(None, min_length=1, max_length=1000, description="For whom; absent: all.")
    phases: list[dict[str, Any]] = Field(min_length=1, max_length=100)
    by: str = Field(min_length=1, max_length=100, pattern=_LINE)


class Loaded(BaseModel):
    """What a bulk load did. ``known`` lines were there already and are left as they are."""

    loaded: int
    cards: int
    known: int
    seconds: float


class Observed(BaseModel):
    """What a report of attachments did; ``unknown`` lines name no subscription."""

    taken: int
    unknown: int


class StaffChange(_Strict):
    """A change that a member of staff makes of one subscription; null unsets."""

    attributes: dict[str, Any] = Field(min_length=1, max_length=32)
    by: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    reason: str | None = Field(None, max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$")


class Subscription(BaseModel):
    """A subscription as the gateway keeps it; ``lags``: the network does not (yet) do what it says."""

    id: str
    version: int
    lags: bool
    attributes: dict[str, Any]


class Subscriptions(BaseModel):
    """A page of subscriptions; ``next`` goes into ``after``."""

    items: list[Subscription]
    next: str | None


class LogEntry(BaseModel):
    """One effective change of one object."""

    id: int
    utility: str
    at: datetime
    party: str
    source: str
    client: str | None = Field(description="The API client of the utility that it came by.")
    client_name: str | None
    operation: str
    dn: str
    version: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    job: str | None
    change: str | None


class LogPage(BaseModel):
    """A page of the change log, oldest first; ``next`` goes into ``after``."""

    items: list[LogEntry]
    next: int | None


class UtilityCounts(BaseModel):
    """What there is of one utility, counted now."""

    utility: str
    subscriptions: int
    cards: int
    by_state: dict[str, int]
    by_operational_state: dict[str, int]
    lagging: int
    changes: dict[str, int] = Field(description="Rows of the change log by party.")
    activation_jobs: dict[str, int] = Field(description="By state.")
    notifications_waiting: int
    orders_waiting: int
    calls: int = Field(description="Calls of the standard interfaces taken since the process started.")
    calls_refused: int = Field(description="Calls beyond the rate since the process started.")
    busiest_second: int = Field(description="Most calls taken in any one second, wherever it begins.")


class Counts(BaseModel):
    """What the gateway holds, counted now."""

    operator: str
    utilities: list[UtilityCounts]


class Fitted(BaseModel):
    """What came of fittings."""

    taken: int
    attached: int
    waiting: dict[str, str] = Field(description="Why a card has no session; the first hundred.")
    unknown: list[str] = Field(description="Cards that are not this utility's; the first hundred.")
    seconds: float


class Unfitted(BaseModel):
    """How many sessions ended."""

    lost: int


class Switched(BaseModel):
    """How many cells were switched, and how many subscriptions lost or got their session by it."""

    cells: int
    lost: int
    gained: int


class FittingNow(BaseModel):
    """A card in a device, and what the network makes of it."""

    iccid: str
    subscription: str
    imei: str
    rats: list[str]
    bands: list[str] | None
    attached: bool
    cell_id: str | None
    rat: str | None
    apn: str
    address: str | None
    fitted_at: datetime
    why: str | None = Field(description="Why it has no session.")


class Session(BaseModel):
    """Who answers at an address."""

    address: str
    attached: bool
    apn: str | None = None
    subscription: str | None = None
    utility: str | None = None
    imei: str | None = None
    iccid: str | None = None
    rat: str | None = None
    cell_id: str | None = None
