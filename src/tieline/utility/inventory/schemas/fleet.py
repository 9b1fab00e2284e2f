"""The fleet as a whole."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class SearchHit(BaseModel):
    """Something found, and which of its values was hit. Rank 0: exactly; 1, 2: begins so; 3: words; 4: ends so."""

    kind: str
    id: int
    code: str
    title: str
    label: str
    value: str
    rank: int
    site_id: int | None
    site_name: str | None
    region: str | None


class SearchHits(BaseModel):
    """The best hits, in order."""

    items: list[SearchHit]


class SummaryGroup(BaseModel):
    """Counts for one combination; it also has a value for each name in `by`."""

    model_config = ConfigDict(extra="allow")

    subscriptions: int
    sites: int


class Summary(BaseModel):
    """Counts of the fleet."""

    by: list[str]
    sites: int
    sites_without_link: int
    links: int
    hanging: dict[str, int] = Field(description="Sites whose live links are all on one technology.")
    mixed: int
    unknown: int
    groups: list[SummaryGroup]
    counted_at: datetime


class StockCount(BaseModel):
    """Cards that are fitted nowhere."""

    operator: str
    kind: str
    generation: str | None
    stock_state: str
    cards: int


class Stock(BaseModel):
    """The stock, counted."""

    items: list[StockCount]


class RegionOnMap(BaseModel):
    """A region, in the middle of its sites."""

    name: str
    lon: float
    lat: float
    sites: int


class SiteMap(BaseModel):
    """All sites in columns of equal length; words are places in `legend`, `operators` a sum of 2^place."""

    count: int
    legend: dict[str, list[str | None]]
    regions: list[RegionOnMap]
    ids: list[int]
    lon: list[float]
    lat: list[float]
    state: list[int]
    technology: list[int]
    criticality: list[int]
    kind: list[int]
    operators: list[int]
    stand_in: list[int]
