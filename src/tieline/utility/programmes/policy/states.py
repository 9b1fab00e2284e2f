"""The table of a site's states in a programme. What is not in it does not happen."""

from collections.abc import Mapping
from enum import StrEnum

from tieline.utility.programmes.model import ProgrammeState, SiteState


class Act(StrEnum):
    """What happens to a site."""

    PREPARE = "prepare"
    PREPARED = "prepared"
    NOT_PREPARED = "not-prepared"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    ARRIVE = "arrive"
    LEAVE = "leave"
    FINISH = "finish"
    COME_AGAIN = "come-again"
    GIVE_UP = "give-up"
    RETIRE = "retire"
    RETIRED = "retired"
    NOT_RETIRED = "not-retired"
    LEAVE_OUT = "leave-out"
    TAKE_IN = "take-in"
    TAKE_UP = "take-up"
    """A site whose links are all prepared is taken in again, or tried again after a crew gave it up."""


_S = SiteState

SITES: Mapping[tuple[SiteState, Act], SiteState] = {
    (_S.SELECTED, Act.PREPARE): _S.PREPARING,
    (_S.BLOCKED, Act.PREPARE): _S.PREPARING,
    (_S.PREPARING, Act.PREPARED): _S.READY,
    (_S.PREPARING, Act.NOT_PREPARED): _S.BLOCKED,
    (_S.READY, Act.SCHEDULE): _S.SCHEDULED,
    (_S.AGAIN, Act.SCHEDULE): _S.SCHEDULED,
    (_S.SCHEDULED, Act.UNSCHEDULE): _S.AGAIN,
    (_S.SCHEDULED, Act.ARRIVE): _S.ON_SITE,
    (_S.ON_SITE, Act.LEAVE): _S.SCHEDULED,
    (_S.ON_SITE, Act.FINISH): _S.DWELLING,
    (_S.SCHEDULED, Act.FINISH): _S.DWELLING,
    (_S.ON_SITE, Act.COME_AGAIN): _S.AGAIN,
    (_S.SCHEDULED, Act.COME_AGAIN): _S.AGAIN,
    (_S.ON_SITE, Act.GIVE_UP): _S.BLOCKED,
    (_S.SCHEDULED, Act.GIVE_UP): _S.BLOCKED,
    (_S.DWELLING, Act.RETIRE): _S.RETIRING,
    (_S.RETIRING, Act.RETIRED): _S.DONE,
    (_S.RETIRING, Act.NOT_RETIRED): _S.DWELLING,
    (_S.SELECTED, Act.LEAVE_OUT): _S.LEFT_OUT,
    (_S.READY, Act.LEAVE_OUT): _S.LEFT_OUT,
    (_S.AGAIN, Act.LEAVE_OUT): _S.LEFT_OUT,
    (_S.BLOCKED, Act.LEAVE_OUT): _S.LEFT_OUT,
    (_S.LEFT_OUT, Act.TAKE_IN): _S.SELECTED,
    (_S.LEFT_OUT, Act.TAKE_UP): _S.READY,
    (_S.BLOCKED, Act.TAKE_UP): _S.READY,
}

MOST_VISITS = 3
"""After so many visits that did not do it a person looks before a crew goes again."""

OVER = frozenset({SiteState.DONE, SiteState.LEFT_OUT})
FIELD_DONE = frozenset({SiteState.DWELLING, SiteState.RETIRING, SiteState.DONE})
"""States in which no crew has to go there any more."""

PROGRAMMES: Mapping[tuple[ProgrammeState, str], ProgrammeState] = {
    (ProgrammeState.DRAFT, "start"): ProgrammeState.RUNNING,
    (ProgrammeState.RUNNING, "pause"): ProgrammeState.PAUSED,
    (ProgrammeState.PAUSED, "resume"): ProgrammeState.RUNNING,
    (ProgrammeState.DRAFT, "close"): ProgrammeState.CLOSED,
    (ProgrammeState.RUNNING, "close"): ProgrammeState.CLOSED,
    (ProgrammeState.PAUSED, "close"): ProgrammeState.CLOSED,
}
"""What a person does to a programme. A programme that is closed stays so."""


def sources(act: Act) -> tuple[SiteState, ...]:
    """The states from which an act is legal: the store names them in the WHERE of its UPDATE."""
    return tuple(state for state, taken in SITES if taken is act)


def target(act: Act) -> SiteState:
    """The state that an act leads to; it is the same from wherever the act is legal."""
    (only,) = {following for (_, taken), following in SITES.items() if taken is act}
    return only
