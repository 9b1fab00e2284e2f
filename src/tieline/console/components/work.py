"""Parts about changing things: what a plan would do, how a run goes, who approves, what went wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tieline.console.components.frame import Action
from tieline.console.components.tables import TYPED_COUNT_FROM
from tieline.console.components.values import Badge


@dataclass(frozen=True, slots=True)
class Delta:
    """A field before and after. ``None`` means that it is not set."""

    name: str
    before: object
    after: object

    @property
    def differs(self) -> bool:
        """Only what differs is shown."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan does to one thing, or to ``count`` things alike; ``skipped`` says why it leaves them alone."""

    label: str
    deltas: tuple[Delta, ...] = ()
    href: str = ""
    count: int = 1
    skipped: str = ""
    state: Badge | None = None
    note: str = ""

    @property
    def differing(self) -> tuple[Delta, ...]:
        """The fields that would change."""
        return tuple(delta for delta in self.deltas if delta.differs)


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """A plan, item by item or group by group."""

    caption: str
    items: Sequence[Planned]
    noun: str = "subscription"


@dataclass(frozen=True, slots=True)
class Lot:
    """How far a part of a run is: one operator's, or one wave's. The four counts and ``blocked`` sum to its total.

    ``given_up`` of those ``blocked`` were to be done when the run was stopped; what is settled is a share of them, too.
    ``verified`` reached the grade that the change needs; ``done`` were accepted and are not read back yet.
    """

    label: str
    verified: int = 0
    done: int = 0
    failed: int = 0
    waiting: int = 0
    blocked: int = 0
    rate: float | None = None
    permitted_rate: float | None = None
    left_s: tuple[float, float] | None = None
    state: Badge | None = None
    href: str = ""
    given_up: int = 0

    @property
    def total(self) -> int:
        """Everything that the run is about, blocked things too."""
        return self.verified + self.done + self.failed + self.waiting + self.blocked

    @property
    def planned(self) -> int:
        """What was to be done when the run began."""
        return self.total - self.blocked + self.given_up

    @property
    def share(self) -> float:
        """The part that is settled either way."""
        return (self.verified + self.failed) / self.planned if self.planned else 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """A run as a whole and in its lots. ``hrefs`` lead from a kind ("failed") to the list of those items.

    ``fresh_href`` is fetched every ``every_s`` seconds while the run goes on; the server leaves it empty at the end.
    """

    whole: Lot
    lots: tuple[Lot, ...] = ()
    hrefs: Mapping[str, str] = field(default_factory=dict)
    id: str = "progress"
    fresh_href: str = ""
    every_s: int = 2

    def kinds(self) -> tuple[tuple[str, str, str, int], ...]:
        """Key, word, tone and count, in the order in which they are drawn."""
        it = self.whole
        return (
            ("verified", "verified", "ok" if it.verified else "off", it.verified),
            ("done", "accepted", "busy", it.done),
            ("failed", "failed", "bad" if it.failed else "off", it.failed),
            ("waiting", "waiting", "off", it.waiting),
            ("given_up", "not done", "off", it.given_up),
            ("blocked", "left out", "held", it.blocked - it.given_up),
        )

    def pieces(self, lot: Lot) -> tuple[tuple[str, float, float], ...]:
        """Tone, place and width in per cent for a lot's bar."""
        found, at = [], 0.0
        whole = (("ok", lot.verified), ("busy", lot.done), ("bad", lot.failed), ("track", lot.waiting))
        runnable = max(1, sum(count for _, count in whole), lot.planned)
        for tone, count in whole:
            width = 100 * count / runnable
            if count and tone != "track":
                found.append((tone, round(at, 2), round(max(width, 0.4), 2)))
            at += width
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Signature:
    """A decision that was taken."""

    who: str
    at: datetime
    verdict: Badge
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """Asks for, or shows, an approval: who asked, when, what exactly, and the hash that ties the decision to this plan.

    ``refused_because`` says why this person may not decide (her own change, the plan was replaced, …). ``over``: the
    plan will not run any more, so that an approval which is void is not asked for again; ``rejected``: this plan
    was. ``asked_as`` says what the one who asked did.
    """

    what: str
    asked_by: str
    asked_at: datetime
    plan_hash: str
    plan_version: int
    approve_href: str = ""
    reject_href: str = ""
    csrf_token: str = ""
    needed: int = 1
    signatures: tuple[Signature, ...] = ()
    refused_because: str = ""
    effects: tuple[tuple[str, object], ...] = ()
    undo: str = ""
    over: bool = False
    rejected: bool = False
    asked_as: str = "Asked by"

    @property
    def title(self) -> str:
        """How the approval stands, in a word or two."""
        if not self.missing:
            return "Approved"
        if self.rejected:
            return "Rejected"
        return "Approval is void" if self.over else "Approval needed"

    @property
    def missing(self) -> int:
        """How many approvals are still needed."""
        return max(0, self.needed - sum(one.verdict.tone == "ok" for one in self.signatures))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence, the evidence for it, and the raw record: each one click deeper."""

    sentence: str
    facts: tuple[tuple[str, object], ...] = ()
    raw: str = ""
    raw_label: str = "Raw record"
    at: datetime | None = None
    source: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Confirm:
    """Asks before doing: what, to how many, for how long, and how to take it back.

    Above 1,000 things the person types ``count``; it is posted as ``confirm_count`` and checked again on the server
    with :func:`count_confirmed`. ``fields`` are hidden fields to be posted along.
    """

    id: str
    title: str
    text: str
    action: str
    button: str
    csrf_token: str
    count: int = 0
    noun: str = "subscription"
    facts: tuple[tuple[str, object], ...] = ()
    undo: str = ""
    danger: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    reason_label: str = ""

    @property
    def typed(self) -> bool:
        """Whether the number must be typed."""
        return self.count >= TYPED_COUNT_FROM


def count_confirmed(count: int, typed: str) -> bool:
    """Whether the typed number confirms ``count`` things; up to 1,000 none needs to be typed."""
    if count < TYPED_COUNT_FROM:
        return True
    digits = "".join(sign for sign in typed if sign not in " ,.'\u202f\u2009\u00a0")
    return digits.isascii() and digits.isdigit() and int(digits[:12] or "0") == count


@dataclass(frozen=True, slots=True)
class Problem:
    """Something went wrong: what happened, what it means, what to do, and the reference to quote.

    ``rows`` name what exactly broke which rule: (where, field, value, rule).
    """

    what: str
    means: str = ""
    do: str = ""
    reference: str = ""
    tone: str = "bad"
    actions: tuple[Action, ...] = ()
    rows: tuple[tuple[str, str, str, str], ...] = ()
