"""The words of incidents: what is wrong, with what, since when, how bad, and what was expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad it is; the words of ITU-T X.733 (perceivedSeverity), the worst first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


class State(StrEnum):
    """Where an incident is. ``expected``: it would be one, but for known work; nobody is called."""

    EXPECTED = "expected"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Kind(StrEnum):
    """The kinds that are found here; contexts above name theirs."""

    CONFIGURATION = "configuration"
    DEVICE = "wrong-device"
    CARD = "wrong-card"
    MISSING = "missing"
    UNKNOWN = "unknown"


CONFIGURED = "configuration"


class Cause(StrEnum):
    """What made a configuration deviate, as far as the operator tells."""

    STAFF = "staff"
    LATE_PLAN = "late-plan"
    NOT_DONE = "not-done"
    SOMEBODY = "somebody"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field with our value and the operator's; when that was observed, and in what (``told``, ``network``)."""

    ours: Any
    theirs: Any
    at: datetime | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something that deviates serves; empty for what is fitted nowhere or not known."""

    site_id: int | None = None
    site: str = ""
    site_name: str = ""
    region: str | None = None
    criticality: str = "normal"
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """Something that is not as it should be, at this moment. ``subject`` names it, unique for its kind.

    ``explained``: why it is no incident all the same (a change of ours); empty when nothing explains it.
    ``since`` is when the operator says it came about, or when it was seen first.
    """

    kind: str
    subject: str
    operator: str
    ref: str
    since: datetime
    differences: Mapping[str, Difference]
    subscription_id: int | None = None
    place: Place = field(default_factory=Place)
    cause: Cause = Cause.SOMEBODY
    by: str = ""
    plan: str = ""
    state: str = ""
    explained: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An incident as it stands; counts are those of the whole, whoever asks."""

    id: int
    kind: str
    key: str
    severity: str
    state: str
    title: str
    sentence: str
    operator: str | None
    change_id: int | None
    revert_id: int | None
    expectation_id: int | None
    evidence: Mapping[str, Any]
    detected: bool
    repeats: int
    members: int
    sites: int
    opened_at: datetime
    last_at: datetime
    grown_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    assignee: str | None
    resolved_by: str | None
    resolved_at: datetime | None
    resolved_why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What an incident is about: a subscription at its operator, mostly. ``ended_at``: it is so no more."""

    id: int
    incident_id: int
    kind: str
    subject: str
    subscription_id: int | None
    ref: str
    operator: str
    site_id: int | None
    site: str
    site_name: str
    region: str | None
    criticality: str
    role: str
    fields: Mapping[str, Any]
    record: Mapping[str, Any]
    signature: str
    since: datetime
    ended_at: datetime | None
    end_why: str
    accepted: bool
    version: int
    observed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What is expected to deviate for a while, and is no incident until then: known work, a crew on site.

    Sites or subscriptions (either of them), within the operator and the region where those are given; all ``fields``
    (of a subscription, or ``imei``, ``card``, ``missing``) unless some are named. ``origin`` is whose it is.
    """

    origin: str
    starts_at: datetime
    ends_at: datetime
    why: str
    site_ids: tuple[int, ...] = ()
    subscription_ids: tuple[int, ...] = ()
    operator: str | None = None
    region: str | None = None
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An expectation as it was recorded."""

    id: int
    origin: str
    site_ids: list[int]
    subscription_ids: list[int]
    operator: str | None
    region: str | None
    fields: list[str] | None
    starts_at: datetime
    ends_at: datetime
    why: str
    made_by: str
    made_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncident:
    """An incident that another context found. ``key``: while one of it is open, the same again only counts."""

    kind: str
    key: str
    severity: Severity
    title: str
    sentence: str = ""
    site_id: int | None = None
    subscription_id: int | None = None
    operator: str | None = None
    change_id: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents: within a field alternatives, all fields together. No state: all but what is over or expected."""

    states: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    site_id: int | None = None
    subscription_id: int | None = None
    assignee: str = ""
    q: str = ""

    @property
    def shown_states(self) -> tuple[str, ...]:
        """The states asked for, or those that somebody has to look at."""
        return self.states or (State.OPEN.value, State.ACKNOWLEDGED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """How an operator's whole fleet compared with ours, after a full read.

    ``explained`` of the ``differing`` are changes of ours at work; ``fields`` counts subscriptions by field.
    """

    id: int
    operator: str
    sync_id: int
    began_at: datetime
    at: datetime
    read: int
    equal: int
    differing: int
    explained: int
    missing: int
    unknown: int
    fields: Mapping[str, int]
