"""What operators show of subscriptions beyond their operational values, and how a whole operator compares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tieline.utility.inventory.model.things import Desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What an operator shows of one of its subscriptions at ``at``; what it did not say is left out or None.

    ``told`` are the desired values as the operator has them: what it was last told, by whomever (``by``, ``plan``).
    ``imei`` is the device's that the network saw last, at ``last_seen`` where that is known.
    """

    ref: str
    at: datetime
    told: Desired = field(default_factory=dict)
    iccid: str | None = None
    imsi: str | None = None
    imei: str | None = None
    last_seen: datetime | None = None
    by: str = ""
    modified_at: datetime | None = None
    plan: str = ""

    @property
    def says_anything(self) -> bool:
        """Whether there is anything in it to compare."""
        return bool(self.told or self.iccid or self.imei)


@dataclass(frozen=True, slots=True)
class ShownOutcome:
    """What came of comparing a batch: subscriptions worth a look, and references that the inventory does not have."""

    suspects: tuple[int, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A subscription that deviates at its operator, as it was seen last at ``seen_at``.

    ``subscription_id`` None: the inventory does not know it. ``absent_at``: the operator has it no more.
    """

    operator: str
    ref: str
    subscription_id: int | None
    told: Mapping[str, Any]
    iccid: str | None
    imsi: str | None
    imei: str | None
    modified_by: str
    modified_at: datetime | None
    plan: str
    absent_at: datetime | None
    first_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """An operator's fleet compared with ours after a full read; ``fields`` counts subscriptions by field.

    ``seen`` were read since the moment that was asked about; ``missing`` are ours and were not.
    """

    seen: int
    equal: int
    differing: int
    missing: int
    unknown: int
    fields: Mapping[str, int]
