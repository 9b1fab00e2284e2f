"""TMF635 v4 Usage Management: usage records, and our class of them, ``DataUsage``.

A ``Usage`` of TMF635 says little by itself: what was used stands in its characteristics, which its specification lists.
Ours are two: the data of a subscription in one day (``data-day``), and of one month with its days (``data-month``), by
which months are caught up with at once. Days are days of UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tieline.standards.tmf.change import Moment, Text, Word, in_utc, read
from tieline.standards.tmf.errors import TmfError

BASE_PATH = "/tmf-api/usageManagement/v4"
BASE, DATA_USAGE = "Usage", "DataUsage"
MOST_OCTETS, MOST_SESSIONS = 2**50, 10**6
"""What a subscription can use in a day: a petabyte. More is no usage, but a broken meter."""
_DAYS = 31


class Specification(StrEnum):
    """What a record is about: the identifiers of our usage specifications."""

    DAY = "data-day"
    MONTH = "data-month"


class UsageStatus(StrEnum):
    """``UsageStatusType``."""

    RECEIVED = "received"
    REJECTED = "rejected"
    RECYCLED = "recycled"
    GUIDED = "guided"
    RATED = "rated"
    RERATED = "rerated"
    BILLED = "billed"


class RelatedParty(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``RelatedParty``."""

    id: Word
    referred_type: Word = msgspec.field(name="@referredType")
    role: Word | None = None


class UsageCharacteristic(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``UsageCharacteristic``: a name and a value of any sort."""

    name: Word
    value: Any
    value_type: Word | None = None


class UsageSpecificationRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``UsageSpecificationRef``."""

    id: Word
    name: Word | None = None
    href: Text | None = None


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``Usage``; ``last_update`` is ours: when the record was made or corrected."""

    id: Word
    href: Text | None = None
    description: Text | None = None
    usage_date: Moment
    usage_type: Word | None = None
    status: UsageStatus | None = None
    usage_specification: UsageSpecificationRef
    related_party: Annotated[list[RelatedParty], Meta(max_length=20)] | None = None
    usage_characteristic: Annotated[list[UsageCharacteristic], Meta(max_length=100)]
    last_update: Moment | None = None
    type: Word | None = msgspec.field(name="@type", default=None)
    base_type: Word | None = msgspec.field(name="@baseType", default=None)
    schema_location: Text | None = msgspec.field(name="@schemaLocation", default=None)


class Volume(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What was used in a day: octets sent and received by the device, and data sessions."""

    up: Annotated[int, Meta(ge=0, le=MOST_OCTETS)]
    down: Annotated[int, Meta(ge=0, le=MOST_OCTETS)]
    sessions: Annotated[int, Meta(ge=0, le=MOST_SESSIONS)] = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a subscription used on consecutive days of one month; None: nothing is known of that day."""

    subscription: str
    first: date
    days: tuple[Volume | None, ...]
    updated_at: datetime | None = None


_NAMES = ("subscription", "octetsUp", "octetsDown", "sessions", "days")
_Days = Annotated[list[Volume | None], Meta(min_length=1, max_length=_DAYS)]


def read_stretches(body: bytes) -> tuple[list[Stretch], list[TmfError]]:
    """What a list of usage records tells, and what is wrong with those that cannot be read.

    Raises:
        TmfError: 400 for a body that is no list.

    """
    every: list[msgspec.Raw] = read(body, list[msgspec.Raw])
    found, wrong = [], []
    for one in every:
        try:
            found.append(stretch_of(msgspec.json.decode(one, type=Usage)))
        except msgspec.ValidationError as error:
            wrong.append(TmfError(f"A usage record cannot be read: {error}", code="invalidValue"))
        except TmfError as error:
            wrong.append(error)
    return found, wrong


def stretch_of(usage: Usage) -> Stretch:
    """What a record tells. Raises ``TmfError`` for one of another specification, or values that cannot be."""
    told = {one.name: one.value for one in usage.usage_characteristic if one.name in _NAMES}
    subscription = told.get("subscription")
    if not isinstance(subscription, str) or not 0 < len(subscription) <= 200:  # noqa: PLR2004 - as ``Word``
        raise TmfError("A record names its subscription.", field="usageCharacteristic")
    first = in_utc(usage.usage_date, "usageDate").date()
    updated = in_utc(usage.last_update, "lastUpdate") if usage.last_update else None
    days: tuple[Volume | None, ...]
    if usage.usage_specification.id == Specification.DAY:
        days = (_volume([told.get("octetsUp"), told.get("octetsDown"), told.get("sessions", 0)]),)
    elif usage.usage_specification.id == Specification.MONTH:
        days = tuple(_days(told.get("days")))
    else:
        raise TmfError(f"No specification {usage.usage_specification.id[:80]} is known.", field="usageSpecification")
    if first.day - 1 + len(days) > _last_day(first):
        raise TmfError("The days of a record lie in one month.", field="usageCharacteristic")
    return Stretch(subscription, first, days, updated)


def _volume(value: Any) -> Volume:
    try:
        return msgspec.convert(value, Volume)
    except msgspec.ValidationError as error:
        raise TmfError(f"That is no volume of a day: {error}", field="usageCharacteristic") from error


def _days(value: Any) -> list[Volume | None]:
    try:
        found: list[Volume | None] = msgspec.convert(value, _Days)
    except msgspec.ValidationError as error:
        raise TmfError(f"Those are no days of a month: {error}", field="usageCharacteristic") from error
    return found


def _last_day(day: date) -> int:
    """How many days its month has."""
    later = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return (later - day.replace(day=1)).days


def usage_of(stretch: Stretch, specification: Specification, *, party: str, root: str, description: str) -> Usage:
    """A record of what a subscription used, as ``party`` sees it; ``root`` is where the interface begins."""
    name = stretch.first.isoformat() if specification is Specification.DAY else f"{stretch.first:%Y-%m}"
    identifier = f"{stretch.subscription}.{name}"
    known = [day for day in stretch.days if day is not None]
    values: list[tuple[str, Any, str]] = [
        ("subscription", stretch.subscription, "string"),
        ("octetsUp", sum(day.up for day in known), "integer"),
        ("octetsDown", sum(day.down for day in known), "integer"),
        ("sessions", sum(day.sessions for day in known), "integer"),
    ]
    if specification is Specification.MONTH:
        values.append(("days", stretch.days, "array"))
    return Usage(
        id=identifier,
        href=f"{root}/usage/{identifier}",
        description=description or None,
        usage_date=datetime(stretch.first.year, stretch.first.month, stretch.first.day, tzinfo=UTC),
        usage_type="data",
        status=UsageStatus.GUIDED,
        usage_specification=UsageSpecificationRef(
            id=specification.value, href=f"{root}/usageSpecification/{specification.value}"
        ),
        related_party=[RelatedParty(id=party, role="customer", referred_type="Organization")],
        usage_characteristic=[UsageCharacteristic(name=n, value=v, value_type=t) for n, v, t in values],
        last_update=stretch.updated_at,
        type=DATA_USAGE,
        base_type=BASE,
        schema_location=f"{root}/schema/{DATA_USAGE}.schema.json",
    )


def specification_of(specification: Specification, root: str) -> dict[str, Any]:
    """A ``UsageSpecification``: which characteristics its records have."""
    said = {
        "subscription": ("string", "The operator's identifier of the subscription, as in the tree of objects."),
        "octetsUp": ("integer", "Octets that the device sent."),
        "octetsDown": ("integer", "Octets that the device received."),
        "sessions": ("integer", "Data sessions that began."),
        "days": ("array", "For each day from usageDate on: octets up, octets down, sessions; null: nothing is known."),
    }
    names = _NAMES if specification is Specification.MONTH else _NAMES[:-1]
    return {
        "id": specification.value,
        "href": f"{root}/usageSpecification/{specification.value}",
        "name": "Data of a day" if specification is Specification.DAY else "Data of a month, by day",
        "description": "What a subscription used, in days of UTC.",
        "lifecycleStatus": "Active",
        "version": "1.0",
        "isBundle": False,
        "specCharacteristic": [
            {"name": name, "valueType": said[name][0], "description": said[name][1], "configurable": False}
            for name in names
        ],
        "@type": "UsageSpecification",
    }


def usage_schema() -> dict[str, Any]:
    """The JSON Schema that ``@schemaLocation`` leads to."""
    return msgspec.json.schema(Usage)
