"""Going on or pausing, by how the items of a wave are doing."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from tieline.platform.errors import Invalid, Problem
from tieline.platform.words import plural
from tieline.utility.changes.model import Thresholds, WaveTally


class Decision(StrEnum):
    """What a lane does next."""

    GO_ON = "go-on"
    ADVANCE = "advance"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision and, for a pause, the sentence that tells why."""

    decision: Decision
    why: str = ""


def check(thresholds: Thresholds) -> None:
    """Raise ``Invalid`` for shares that are none."""
    shares = {"thresholds.success": thresholds.success, "thresholds.error": thresholds.error}
    problems = [Problem(k, "range", "From 0 to 1.", str(v)) for k, v in shares.items() if not 0 <= v <= 1]
    if problems:
        raise Invalid("Thresholds are shares of a wave.", problems)


def _exact(share: float) -> Fraction:
    """The share as it was written: 0.07 of 100 is 7 and not a hair more."""
    return Fraction(str(share))


def judge(tally: WaveTally, thresholds: Thresholds, *, forgiven: int = 0) -> Judgement:
    """Decide on a wave of a lane.

    More than the error share failed: pause at once. All done: advance when the success share is verified, else pause.
    ``forgiven`` failures were seen by the person who resumed; they do not pause the lane a second time.
    """
    failed = max(0, tally.failed - forgiven)
    if tally.total and failed > _exact(thresholds.error) * tally.total:
        return Judgement(
            Decision.PAUSE,
            f"{failed:,} of {plural(tally.total, 'item')} failed, "
            f"more than the {thresholds.error:.0%} that were allowed.",
        )
    if tally.open or tally.waiting:
        return Judgement(Decision.GO_ON)
    judged = tally.total - forgiven - tally.cancelled
    if judged > 0 and tally.verified < _exact(thresholds.success) * judged:
        return Judgement(
            Decision.PAUSE,
            f"Only {tally.verified} of {judged} items were verified, less than the {thresholds.success:.0%} needed.",
        )
    return Judgement(Decision.ADVANCE)
