"""Bodies of the REST interface of changes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tieline.platform.web import Moment
from tieline.utility.changes.model import ChangeType, Recurring


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WavesBody(_Strict):
    """How a change is cut into waves."""

    by: Literal["once", "size", "percent", "region"] = Field("once", description="What the waves are cut by.")
    steps: list[int] = Field([], max_length=200, description="Sites a wave (size) or shares in per cent (percent).")
    regions: list[str] = Field([], max_length=500, description="Order of the regions; others follow by name.")
    canary: int = Field(0, ge=0, le=10_000, description="Sites that go first.")


class ThresholdsBody(_Strict):
    """When a lane goes on to the next wave and when it pauses: shares of the wave's items."""

    success: float = Field(0.9, ge=0, le=1)
    error: float = Field(0.1, ge=0, le=1)


class RecurringBody(_Strict):
    """A window that recurs, by the clocks of a time zone, on the days of an RFC 5545 rule."""

    zone: str = Field("Europe/London", max_length=60)
    starts: str = Field(max_length=5, description="HH:MM", examples=["22:00"])
    ends: str = Field(max_length=5, description="HH:MM; not after the start: on the next day.", examples=["05:00"])
    days: str = Field(max_length=300, examples=["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH"])
    but_not: list[Annotated[str, Field(max_length=300)]] = Field([], max_length=20)


Rules = list[RecurringBody | Annotated[str, Field(max_length=500)]]
"""Windows as rules, or in words: "Mon-Thu 22:00-05:00 Europe/London, not the last working day of the month"."""


def rules_of(given: Rules) -> list[Recurring | str]:
    """Windows as the service takes them."""
    return [
        one if isinstance(one, str) else Recurring(one.zone, one.starts, one.ends, one.days, tuple(one.but_not))
        for one in given
    ]


class WindowBody(_Strict):
    """When items may be sent; with rules, only while one of them is open."""

    opens: Moment | None = None
    closes: Moment | None = None
    rules: Rules = Field([], max_length=10, description="Windows that recur, as rules or in words.")


class OperatorWindowBody(_Strict):
    """When an operator's contract permits changes to be sent; empty: at any time."""

    rules: Rules = Field([], max_length=10)
    terms: str = Field("", max_length=500, description="Where that stands, for example a clause of the contract.")


class ChangeBody(_Strict):
    """A change to make, or what an existing one shall say."""

    kind: str = Field(max_length=100, examples=["subscription.preprovision"])
    title: str = Field(min_length=1, max_length=200)
    type: ChangeType = ChangeType.NORMAL
    reason: str = Field("", max_length=2000, description="Why; an emergency change has to say.")
    selection: dict[str, Any] = Field({}, description="A filter of the fleet, or single subscriptions.")
    parameters: dict[str, Any] = Field({}, description="What the kind asks for; see GET /change-kinds.")
    waves: WavesBody = WavesBody()
    thresholds: ThresholdsBody = ThresholdsBody()
    window: WindowBody = WindowBody()
    policy_id: int | None = Field(None, description="The policy of a standard change.")


class DecisionBody(_Strict):
    """A decision on the plan with this hash, and no other."""

    plan_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    comment: str = Field("", max_length=2000)


class WhyBody(_Strict):
    """Why something is done."""

    why: str = Field("", max_length=2000)


class ReleaseBody(_Strict):
    """Which waiting items may go out, by the subscriptions that were selected for them, and why."""

    subscription_ids: list[int] = Field(min_length=1, max_length=10_000)
    why: str = Field(min_length=1, max_length=2000)


class UndoBody(_Strict):
    """Which part of a change is taken back; empty lists mean all of it."""

    title: str = Field("", max_length=200)
    reason: str = Field("", max_length=2000)
    regions: list[str] = Field([], max_length=500)
    operators: list[str] = Field([], max_length=100)
    waves: list[int] = Field([], max_length=500)
    item_ids: list[int] = Field([], max_length=10_000)


class PolicyBody(_Strict):
    """A policy of standard changes."""

    name: str = Field(min_length=1, max_length=200)
    kind: str = Field(max_length=100)
    max_items: int = Field(ge=1, le=200_000)
    critical_sites: bool = False
    windows: Rules = Field([], max_length=10, description="Windows that bound every change under it.")
    template_version_id: int | None = Field(
        None, description="An approved version of a template: changes under the policy do what it says."
    )


class HoldBody(_Strict):
    """A planned freeze: nothing but emergency changes is sent while it lasts."""

    reason: str = Field(min_length=1, max_length=500)
    starts_at: Moment | None = Field(None, description="Unset: now.")
    ends_at: Moment | None = Field(None, description="Unset: until it is lifted.")
    operator: str | None = Field(None, max_length=32)
    region: str | None = Field(None, max_length=200)
    yearly: str | None = Field(
        None, max_length=60, description="It returns every year at the same local times of this time zone."
    )


class StormBody(_Strict):
    """Storm mode, from now on."""

    reason: str = Field(min_length=1, max_length=500)
    regions: list[str] = Field([], max_length=500, description="Empty: everywhere.")
    ends_at: Moment | None = Field(None, description="Unset: until it is ended by hand.")
    spare_crews: bool = Field(default=False, description="What crews released at their sites goes on.")


class VetoBody(_Strict):
    """The control room's no to one change, or to a part of it."""

    reason: str = Field(min_length=1, max_length=500)
    region: str | None = Field(None, max_length=200)
    operator: str | None = Field(None, max_length=32)


class NeededWhyBody(_Strict):
    """Why something is done; it has to be said."""

    why: str = Field(min_length=1, max_length=2000)


class ReviewBody(_Strict):
    """A review after a change: whether it worked as planned, and what is to be learnt."""

    worked: Literal["yes", "partly", "no"]
    note: str = Field(min_length=1, max_length=4000)


class TemplateBody(_Strict):
    """A template made from what a change says."""

    name: str = Field(min_length=1, max_length=200)
    change_id: int
    with_selection: bool = Field(default=False, description="Keep which subscriptions, too; else it is asked for.")
    note: str = Field("", max_length=500)


class FromTemplateBody(_Strict):
    """A change from a template."""

    version: int | None = Field(None, ge=1, description="Unset: the newest.")
    title: str = Field("", max_length=200)
    reason: str = Field("", max_length=2000)
    selection: dict[str, Any] | None = Field(None, description="Where the template leaves it open.")
    policy_id: int | None = Field(None, description="Makes it a standard change under this policy.")
