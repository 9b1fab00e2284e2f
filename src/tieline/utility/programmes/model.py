"""The words of programmes: a programme, its sites, their links, and the tests that decide when a link is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec


class ProgrammeState(StrEnum):
    """Where a programme is. ``draft``: sites are chosen; ``closed``: nothing more is done, whatever is left."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    CLOSED = "closed"


class SiteState(StrEnum):
    """Where a site is in its programme; ``policy.states`` has the table.

    ``selected``; ``preparing``: new subscriptions are being prepared; ``ready`` for a visit; ``scheduled``: a visit and
    a cut-over are planned; ``on_site``: a crew is there; ``dwelling``: done there, and watched; ``retiring``: the old
    subscriptions are being retired; ``done``. ``again``: another visit is needed; ``blocked``: somebody has to look;
    ``left_out``: taken out of the programme.
    """

    SELECTED = "selected"
    PREPARING = "preparing"
    READY = "ready"
    SCHEDULED = "scheduled"
    ON_SITE = "on_site"
    AGAIN = "again"
    BLOCKED = "blocked"
    DWELLING = "dwelling"
    RETIRING = "retiring"
    DONE = "done"
    LEFT_OUT = "left_out"


class LinkState(StrEnum):
    """Where one link of a site is.

    ``old``: nothing is prepared; ``prepared``; ``fitted``: the new card is in the new router; ``cutting``: its cut-over
    is released; ``testing``: the crew asked for the test; ``passed``; ``retired``: the old subscription is, too.
    """

    OLD = "old"
    PREPARED = "prepared"
    FITTED = "fitted"
    CUTTING = "cutting"
    TESTING = "testing"
    PASSED = "passed"
    RETIRED = "retired"


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a programme is carried out.

    ``dwell_hours``: how long the new links are watched before the old subscriptions are retired. ``test_seconds``: how
    long an acceptance test may take. ``ask_application``: whether the application at the site has to answer.
    ``retire_every_hours``: sites whose dwell is over are retired together, so often at the most.
    The policies make cut-overs and retirements standard changes. Where none is named, approving the programme makes
    one that is its own; until then each is approved by a person.
    """

    generation: Literal["4G", "5G"] = "4G"
    dwell_hours: float = 336.0
    test_seconds: float = 180.0
    ask_application: bool = True
    minutes_a_visit: int = 45
    retire_every_hours: float = 24.0
    apn: str | None = None
    data_plan: str | None = None
    cutover_policy: int | None = None
    retire_policy: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a new programme says: which technology ends, by which notices, and which part of the fleet it is about."""

    title: str
    technology: Literal["2G", "3G"] = "3G"
    notice_ids: tuple[int, ...] = ()
    regions: tuple[str, ...] = ()
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """A programme as it stands.

    Of its ``sites``, ``field_done`` are over to their new links; ``done`` are those whose old ones are retired, too.
    """

    id: int
    title: str
    technology: str
    state: ProgrammeState
    state_why: str
    notice_ids: tuple[int, ...]
    terms: Terms
    created_by: str
    created_by_user: int | None = None
    created_at: datetime
    started_at: datetime | None
    closed_at: datetime | None
    sites: int = 0
    field_done: int = 0
    done: int = 0


@dataclass(frozen=True, slots=True)
class SiteFilter:
    """Which sites of a programme to list; empty means any. ``text`` begins an identifier or is part of a name.

    ``late``: due and not done; ``will_be_late``: also those that will be done after they are due at the pace of late.
    """

    states: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    late: bool = False
    text: str = ""
    will_be_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crews:
    """Who goes, from which day on, and how long a day is. ``limit`` bounds the sites; ``regions`` empty: any."""

    crew_ids: tuple[int, ...]
    first_day: date
    regions: tuple[str, ...] = ()
    limit: int = 500
    hours_a_day: float = 8.0
    speed_km_h: float = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """One link of a site in a programme: what it was, what it becomes, and how far it is."""

    id: int
    programme_id: int
    site_id: int
    position: int
    key: str
    role: str
    operator: str
    operator_id: int
    old_link_id: int | None
    old_subscription_id: int
    new_subscription_id: int | None
    new_iccid: str
    new_link_id: int | None
    state: LinkState
    visit_id: int | None
    change_id: int | None
    cut_at: datetime | None
    test_asked_at: datetime | None
    probe_asked_at: datetime | None
    probes: int
    passed_at: datetime | None
    checks: Sequence[Mapping[str, Any]]
