"""The words of field work: crews, orders, visits and their steps, reports, verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/London")
"""Where a crew's working day begins and ends."""


class VisitState(StrEnum):
    """Where a visit is. ``left``: the crew went away before it was finished, and may come back."""

    PLANNED = "planned"
    ON_SITE = "on_site"
    LEFT = "left"
    FINISHED = "finished"
    CANCELLED = "cancelled"


OVER = frozenset({VisitState.FINISHED, VisitState.CANCELLED})


class StepState(StrEnum):
    """Where a step of a visit is.

    ``closed``: the step before has not passed; ``open``: its card may be fitted; ``fitted``; ``testing``: the test was
    asked for; ``passed``, ``failed``: the test's verdict. A failed step may be fitted and tested again.
    """

    CLOSED = "closed"
    OPEN = "open"
    FITTED = "fitted"
    TESTING = "testing"
    PASSED = "passed"
    FAILED = "failed"


class Outcome(StrEnum):
    """How a crew finished a visit."""

    DONE = "done"
    AGAIN = "again"
    NOT_POSSIBLE = "not-possible"


class ReportKind(StrEnum):
    """What a crew reports."""

    ARRIVED = "arrived"
    FITTED = "fitted"
    TEST_ASKED = "test-asked"
    FINISHED = "finished"
    TROUBLE = "trouble"
    LEFT = "left"


class ReportState(StrEnum):
    """What became of a report. ``held``: it waits for an earlier one of the same phone that has not come yet."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    HELD = "held"


class Goods(StrEnum):
    """What is carried to a site and back."""

    CARD = "card"
    ROUTER = "router"


@dataclass(frozen=True, slots=True)
class Crew:
    """People who go out together. ``members`` are names of accounts."""

    id: int
    code: str
    name: str
    region: str | None
    active: bool
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewStep:
    """A link to replace. Step n+1 opens when step n has passed its test.

    ``words`` is what the crew reads. An empty ``new_iccid`` means that any card may be fitted.
    """

    key: str
    link_role: str
    operator: str
    old_subscription_id: int | None = None
    new_subscription_id: int | None = None
    new_iccid: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class NewVisit:
    """A visit to plan. ``(origin, origin_key)`` is unique: planning twice gives the same visit.

    ``origin`` is who wants it ("programme:12"), ``origin_key`` which of theirs it is ("site:881/1").
    """

    site_id: int
    origin: str
    origin_key: str
    title: str
    steps: Sequence[NewStep] = ()
    due_at: datetime | None = None
    minutes: int = 45
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Check:
    """One check of an acceptance test: whether it holds, what was wanted, what was found."""

    name: str
    ok: bool | None
    wanted: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an acceptance test found. ``passed`` None: it still runs, and ``checks`` say how far it is."""

    passed: bool | None
    checks: Sequence[Check] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step as it stands."""

    key: str
    position: int
    link_role: str
    operator: str
    new_iccid: str
    words: str
    state: StepState
    iccid: str = ""
    imei: str = ""
    old_subscription_id: int | None = None
    new_subscription_id: int | None = None
    fitted_at: datetime | None = None
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    checks: Sequence[Mapping[str, Any]] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as it stands, with its site and, once it is in an order, when and by whom."""

    id: int
    site_id: int
    site_code: str
    site_name: str
    region: str | None
    postcode: str | None
    lat: float | None
    lon: float | None
    origin: str
    origin_key: str
    title: str
    due_at: datetime | None
    minutes: int
    attempt: int
    state: VisitState
    state_why: str
    order_id: int | None
    position: int
    day: date | None
    crew_id: int | None
    crew: str | None
    arrived_at: datetime | None
    left_at: datetime | None
    finished_at: datetime | None
    outcome: Outcome | None
    outcome_why: str
    trouble: str
    router: str
    attention: int
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """A crew's day: visits in the order in which they are driven to. Distances are great circles, in kilometres."""

    id: int
    crew_id: int
    crew: str
    region: str | None
    day: date
    state: str
    state_why: str
    km: float
    km_given: float
    minutes: float
    visits: int
    finished: int
    done: int
    troubled: int
    attention: int

    @property
    def km_saved(self) -> float:
        """How much shorter the drive is than in the order in which the visits came."""
        return max(0.0, self.km_given - self.km)


@dataclass(frozen=True, slots=True)
class Report:
    """What a phone says. ``phone`` and ``seq`` put reports into the order in which they were made there.

    ``at`` is the phone's own time; ``sent_at`` the phone's time when it sent the list, from which its error is known.
    """

    id: str
    visit_id: int
    kind: ReportKind
    body: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    phone: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a report, in a sentence, with what to do where it was refused."""

    id: str
    state: ReportState
    rule: str = ""
    sentence: str = ""
    advice: str = ""
    repeated: bool = False
