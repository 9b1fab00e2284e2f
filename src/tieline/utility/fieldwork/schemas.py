"""Bodies of the REST interface of field work."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from tieline.platform.web import Day, Moment
from tieline.utility.fieldwork.model import NewStep, NewVisit
from tieline.utility.fieldwork.policy.days import Working


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text holds no U+0000")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CrewBody(_Strict):
    """A crew."""

    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,32}$", description="Short name; it stays.", examples=["north-1"])
    name: Text = Field(min_length=1, max_length=100)
    region: Text | None = Field(None, max_length=200, description="Where it works; unset: everywhere.")
    members: list[Text] | None = Field(None, max_length=50, description="Names of accounts; unset: as they are.")
    active: bool = True


class CrewChange(_Strict):
    """A crew as it shall be."""

    name: Text = Field(min_length=1, max_length=100)
    region: Text | None = Field(None, max_length=200)
    members: list[Text] | None = Field(None, max_length=50, description="Names of accounts; unset: as they are.")
    active: bool = True


class StepBody(_Strict):
    """A link to replace. The next step opens when this one has passed its test."""

    key: Text = Field(min_length=1, max_length=100)
    link_role: Literal["primary", "backup"]
    operator: Text = Field(max_length=32)
    old_subscription_id: Id | None = None
    new_subscription_id: Id | None = None
    new_iccid: Text = Field("", max_length=32, description="Empty: any card may be fitted.")
    words: Text = Field("", max_length=500, description="What the crew reads.")

    def step(self) -> NewStep:
        """The step as the use case takes it."""
        return NewStep(**self.model_dump())


class VisitBody(_Strict):
    """A visit to plan. (origin, origin_key) is unique: planning twice gives the same visit."""

    site_id: Id
    origin: Text = Field("desk", min_length=1, max_length=100)
    origin_key: Text = Field(min_length=1, max_length=200)
    title: Text = Field(min_length=1, max_length=200)
    steps: list[StepBody] = Field([], max_length=8)
    due_at: Moment | None = None
    minutes: int = Field(45, ge=1, le=1440)
    attempt: int = Field(1, ge=1, le=1000)

    def visit(self) -> NewVisit:
        """The visit as the use case takes it."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields if name != "steps"}
        return NewVisit(**plain, steps=tuple(one.step() for one in self.steps))


class VisitsBody(_Strict):
    """Visits to plan."""

    visits: list[VisitBody] = Field(min_length=1, max_length=5000)


class CancelVisitsBody(_Strict):
    """Visits to cancel."""

    ids: list[Id] = Field(min_length=1, max_length=5000)
    why: Text = Field(min_length=1, max_length=500)


class MoveVisitsBody(_Strict):
    """Where visits are moved: into an order, or to a crew's day (whose order is made if there is none)."""

    ids: list[Id] = Field(min_length=1, max_length=500)
    order_id: Id | None = None
    crew_id: Id | None = None
    day: Day | None = None


class OrdersBody(_Strict):
    """Put the visits of a region that are in no order into orders."""

    region: Text | None = Field(None, max_length=200, description="Unset: every region of yours, as one.")
    origin: Text | None = Field(None, max_length=100, description="Only visits that this one wanted.")
    crew_ids: list[Id] = Field(min_length=1, max_length=200)
    first_day: Day
    hours_per_day: float = Field(7.5, gt=0, le=16)
    speed_kmh: float = Field(40, ge=5, le=130, description="Over the great circle, so slower than the road allows.")
    home_minutes: float = Field(60, ge=0, le=600, description="For driving out in the morning and home in the evening.")
    weekends: bool = False
    limit: int = Field(5000, ge=1, le=5000, description="At most so many visits, the earliest due first.")

    @property
    def working(self) -> Working:
        """How the crews work."""
        return Working(self.hours_per_day, self.speed_kmh, self.home_minutes, self.weekends)


class HandOverBody(_Strict):
    """Give an order to another crew, to another day, or both."""

    crew_id: Id | None = None
    day: Day | None = None


class WhyBody(_Strict):
    """Why something is done."""

    why: Text = Field(min_length=1, max_length=500)


class LookBody(_Strict):
    """What came of looking at a report that was refused."""

    note: Text = Field("", max_length=1000)


class ReportsBody(_Strict):
    """Reports from a phone, in any order; each is answered, in the order given.

    They are read one by one, so that one that cannot be read does not keep back the others: see the reference page of
    field work for what each kind says.
    """

    sent_at: AwareDatetime | None = Field(
        None, description="The phone's own time now, by which its clock is put right."
    )
    reports: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=500,
        examples=[
            [
                {
                    "id": "0f9f1d0a-3f0e-4c0c-9a52-1f6d1e0c7a10",
                    "visit": 12,
                    "kind": "fitted",
                    "at": "2026-03-02T09:14:00Z",
                    "phone": "6d7d…",
                    "seq": 2,
                    "step": "1",
                    "iccid": "8944500000000000012",
                    "router": "R-4711",
                    "imei": "",
                }
            ]
        ],
    )
