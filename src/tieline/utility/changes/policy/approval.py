"""Who has to agree before a change runs, and who may not be the one to agree."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tieline.platform.errors import Conflict, Forbidden
from tieline.platform.words import listed, plural
from tieline.utility.changes.model import ChangeType

AFTERWARDS = timedelta(hours=24)
"""An emergency change is approved within this time of its start."""


@dataclass(frozen=True, slots=True)
class Size:
    """What the policy looks at: items that will be done, and critical sites among theirs."""

    items: int
    critical_sites: int


@dataclass(frozen=True, slots=True)
class Standard:
    """A policy approved beforehand, within which a change of its kind runs at once."""

    name: str
    kind: str
    max_items: int
    critical_sites: bool
    in_force: bool


@dataclass(frozen=True, slots=True)
class Requirement:
    """Whether a second person has to approve, before or after the start, and why."""

    second_person: bool
    afterwards: bool
    why: str


def requirement(kind: ChangeType, size: Size, threshold: int, *, always: str = "") -> Requirement:
    """What the policy asks for. Above ``threshold`` items, or with any critical site, two people have to agree.

    ``always`` says why they have to for this kind of change, however small it is.
    """
    if kind is ChangeType.EMERGENCY:
        return Requirement(second_person=True, afterwards=True, why="Emergency: approved within 24 hours of its start.")
    if kind is ChangeType.STANDARD:
        return Requirement(second_person=False, afterwards=False, why="Standard: approved beforehand as a policy.")
    reasons = [always] if always else []
    if size.items > threshold:
        reasons.append(f"it has {plural(size.items, 'item')}, more than {threshold:,}")
    if size.critical_sites:
        reasons.append(f"it touches {plural(size.critical_sites, 'critical site')}")
    if not reasons:
        return Requirement(
            second_person=False, afterwards=False, why=f"At most {plural(threshold, 'item')}, no critical site."
        )
    return Requirement(second_person=True, afterwards=False, why=f"A second person approves: {listed(reasons)}.")


def outside(standard: Standard, kind: str, size: Size) -> str | None:
    """Why a change is not within a standard policy, or None when it is."""
    if not standard.in_force:
        return f"The policy {standard.name} is not approved."
    if standard.kind != kind:
        return f"The policy {standard.name} is for {standard.kind}."
    if size.items > standard.max_items:
        return (
            f"The policy {standard.name} allows {plural(standard.max_items, 'item')}; this change has {size.items:,}."
        )
    if size.critical_sites and not standard.critical_sites:
        return f"The policy {standard.name} allows no critical site; this change touches {size.critical_sites}."
    return None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts: the audit trail's name, and the user behind it where there is one."""

    actor: str
    user_id: int | None = None

    def same_as(self, other: "Person") -> bool:
        """Whether both are one person; a person and her own token are."""
        if self.user_id is not None and other.user_id is not None:
            return self.user_id == other.user_id
        return self.actor == other.actor


def check_decider(decider: Person, authors: tuple[Person, ...]) -> None:
    """Raise ``Forbidden`` when somebody would decide on what they made, planned or started themselves."""
    if any(decider.same_as(author) for author in authors):
        raise Forbidden("Nobody decides on a change of their own.", advice="Ask another approver.")


def check_hash(given: str, current: str) -> None:
    """Raise ``Conflict`` unless what is approved is the plan as it stands."""
    if given != current:
        raise Conflict(
            "The plan was replaced since you looked at it; what you saw is not what would run.",
            advice="Look at the new plan and decide again.",
        )


def overdue(started_at: datetime, now: datetime) -> bool:
    """Whether an emergency change has waited too long for its approval."""
    return now > started_at + AFTERWARDS
