"""What is said to an operator and what it answers, in words that no provider owns.

``Field`` names what a utility may set on a subscription; an ``Operation`` sets some fields of one subscription; a
``Batch`` is what goes out in one call. A ``Report`` is a subscription as the operator shows it: what it has been told
to be (``desired``) apart from what its network does (``operational``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec


class Field(StrEnum):
    """What a utility may set on a subscription."""

    STATE = "state"
    APN = "apn"
    IP_ADDRESS = "ip_address"
    SUBSCRIPTION_GROUP = "subscription_group"
    DATA_PLAN = "data_plan"
    RAT_RESTRICTION = "rat_restriction"
    IMEI_LOCK = "imei_lock"
    LAN_GROUPS = "lan_groups"


class SimState(StrEnum):
    """Life of a subscription, in the words of the operator profile."""

    INVENTORY = "INVENTORY"
    TEST_READY = "TEST_READY"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    RETIRED = "RETIRED"


Value = str | tuple[str, ...] | None
"""A field's value; ``None`` means unset.

``rat_restriction`` (of GERAN, UTRA, EUTRA, NR) and ``lan_groups`` (names of 5G LAN groups) are sorted tuples.
"""

Desired = Mapping[Field, Value]
"""The fields that are to be set, and their values; a field left out stays as it is."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Set ``desired`` on the subscription that the operator calls ``ref``. ``id`` is unique within its batch."""

    id: str
    ref: str
    desired: Desired


@dataclass(frozen=True, slots=True)
class Slice:
    """A network slice: service type, and differentiator in six hexadecimal digits."""

    sst: int = 1
    sd: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A 5G LAN group as an operator has to make it, if it has not been made yet."""

    name: str
    dnn: str
    slice: Slice
    session_type: str
    aaa_address: str | None = None
    aaa_usages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations for one call. ``title`` is shown to the operator's staff.

    ``groups`` are the 5G LAN groups that operations put subscriptions into or take them out of, whatever else they are
    in. With ``addresses``, the addresses that operations set are static ones in that slice, and go the operator's way
    for these.
    """

    title: str
    operations: tuple[Operation, ...]
    groups: tuple[Group, ...] = ()
    addresses: Slice | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an operator says to one operation without doing it. ``code`` is the operator's word for the reason."""

    id: str
    accepted: bool
    code: str = ""
    message: str = ""


class ResultState(StrEnum):
    """How far the operator has got with one operation."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What came of one operation, in the operator's own words. Succeeded means accepted, not operational."""

    id: str
    state: ResultState
    code: str = ""
    message: str = ""


class OutcomeState(StrEnum):
    """How far the operator has got with a batch."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self not in {OutcomeState.WAITING, OutcomeState.RUNNING}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A batch at the operator.

    ``results`` may be left out until the state is over; then ``unlisted`` is what became of the operations that are not
    among them (many platforms list only what failed). ``fallback`` is the operator's own way back, if it keeps one.
    """

    state: OutcomeState
    results: tuple[OperationResult, ...] = ()
    unlisted: ResultState = ResultState.PENDING
    message: str = ""
    fallback: str = ""

    def by_id(self, ids: Iterable[str]) -> dict[str, OperationResult]:
        """What became of each of some operations."""
        listed = {result.id: result for result in self.results}
        return {one: listed.get(one) or OperationResult(one, self.unlisted, message=self.message) for one in ids}


class ServingCell(msgspec.Struct, frozen=True, gc=False):
    """The cell that a subscription was last served by."""

    cell_key: str
    rat: str
    band: str = ""
    plmn: str = ""
    at: datetime | None = None


class Report(msgspec.Struct, frozen=True):
    """A subscription as its operator shows it.

    ``desired`` is what the operator has been told; ``operational`` what its network does, since ``since``. A field
    that the operator does not show is left out of the mapping. ``observed_at`` is when we read it.
    """

    ref: str
    observed_at: datetime
    desired: Desired = {}
    operational: Desired = {}
    since: datetime | None = None
    cell: ServingCell | None = None
    iccid: str | None = None
    imsi: str | None = None
    msisdn: str | None = None
    generation: str | None = None
    imei: str | None = None
    attached: bool | None = None
    last_seen: datetime | None = None
    modified_at: datetime | None = None
    modified_by: str = ""
    plan: str = ""

    def shows(self, desired: Desired) -> bool:
        """Whether the network does what was asked, for every field that was asked for."""
        return all(field in self.operational and self.operational[field] == value for field, value in desired.items())

    def missing(self, desired: Desired) -> tuple[Field, ...]:
        """The fields in which the network does not (yet) do what was asked."""
        return tuple(
            field
            for field, value in desired.items()
            if field not in self.operational or self.operational[field] != value
        )


def not_after(report: Report, now: datetime) -> Report:
    """The report with no time of the future: one dated by a clock that is ahead would make all that follows old."""
    cell = report.cell
    return msgspec.structs.replace(
        report,
        observed_at=min(report.observed_at, now),
        cell=cell and msgspec.structs.replace(cell, at=_at_most(cell.at, now)),
        last_seen=_at_most(report.last_seen, now),
        modified_at=_at_most(report.modified_at, now),
    )


def _at_most(at: datetime | None, now: datetime) -> datetime | None:
    return None if at is None else min(at, now)


@dataclass(frozen=True, slots=True)
class DeviceNotice:
    """An operator says that a SIM is used with another device since ``at``; ``previous`` where it tells."""

    subscription: str
    ref: str
    at: datetime
    imei: str
    previous: str | None = None


class Reported(StrEnum):
    """What a notification says."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    HEARTBEAT = "heartbeat"
    RESYNC = "resync"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification of an operator, decoded.

    ``sequence`` and ``notification_id`` are the operator's; either may be missing. ``fields`` holds the values after
    the change; ``previous`` those before, where told. ``by`` and ``plan`` say who did it, where told.
    """

    kind: Reported
    at: datetime
    subscription: str
    ref: str = ""
    notification_id: str = ""
    sequence: int | None = None
    report: Report | None = None
    previous: Desired | None = None
    by: str = ""
    plan: str = ""
