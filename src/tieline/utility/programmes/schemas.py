"""Bodies of the REST interface of programmes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tieline.platform.web import Day

Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProgrammeBody(_Strict):
    """A programme to open."""

    title: str = Field(min_length=1, max_length=200)
    technology: Literal["2G", "3G"] = "3G"
    notice_ids: list[Number] = Field([], max_length=50, description="The operators' notices that it answers.")
    regions: list[str] = Field([], max_length=500, description="Only sites of these; empty: all.")
    terms: dict[str, Any] = Field({}, description="How it is carried out; see the reference of programmes.")


class ActBody(_Strict):
    """What is done to a programme, and why."""

    act: Literal["start", "pause", "resume", "close"]
    why: str = Field("", max_length=2000)


class PrepareBody(_Strict):
    """For which sites new subscriptions are prepared; empty: all that have none."""

    regions: list[str] = Field([], max_length=500)
    limit: int = Field(100_000, ge=1, le=100_000)


class ScheduleBody(_Strict):
    """Who goes, from which day on."""

    crew_ids: list[Number] = Field(min_length=1, max_length=500)
    first_day: Day
    regions: list[str] = Field([], max_length=500)
    limit: int = Field(500, ge=1, le=5000)
    hours_a_day: float = Field(8.0, gt=1, le=16)
    speed_km_h: float = Field(50.0, gt=1, le=130)


class SitesBody(_Strict):
    """Which sites, and why."""

    site_ids: list[Number] = Field(min_length=1, max_length=10_000)
    why: str = Field("", max_length=2000)
