"""A bill against what is due: every line gets a verdict, and what is missing is told. Pure.

What the lines claim less what is due is the sum of the lines' differences: nothing falls between them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tieline.utility.usage.model import ZERO, BillLine, Charge, Expected, Judged, Verdict

Key = tuple[str, Charge]
"""What an amount is for: a subscription, or with ``plan:`` before it a plan's pool; and which charge."""


@dataclass(frozen=True, slots=True)
class Known:
    """A subscription of ours, and its state."""

    id: int
    ref: str
    state: str


@dataclass(slots=True)
class Names:
    """Subscriptions by whatever a bill may name them by."""

    refs: dict[str, Known] = field(default_factory=dict)
    iccids: dict[str, Known] = field(default_factory=dict)
    msisdns: dict[str, Known] = field(default_factory=dict)

    def add(self, one: Known, *, iccid: str | None, msisdn: str | None) -> None:
        """Take a subscription in."""
        self.refs[one.ref] = one
        if iccid:
            self.iccids[iccid] = one
        if msisdn:
            self.msisdns[msisdn.lstrip("+")] = one

    def find(self, line: BillLine) -> Known | None:
        """Whom a line names: by the operator's own identifier first, then the card, then the number."""
        if line.ref:
            return self.refs.get(line.ref)
        found = self.iccids.get(line.iccid) if line.iccid else None
        return found or (self.msisdns.get(line.msisdn.lstrip("+")) if line.msisdn else None)


def reconcile(lines: Sequence[BillLine], expected: Iterable[Expected], names: Names) -> list[Judged]:
    """Every line with its verdict, in order, and then what is due and was not billed."""
    due: dict[Key, list[Expected]] = defaultdict(list)
    for one in expected:
        due[_key(one.ref, one.plan, one.charge)].append(one)
    seen: set[Key] = set()
    judged = [_judge(line, due, names, seen) for line in lines]
    missing = [one for left in due.values() for one in left if one.amount]
    refs = names.refs
    return [
        *judged,
        *(
            Judged(None, Verdict.MISSING, one.amount, "It is due and was not billed.", one, _id(refs.get(one.ref)))
            for one in sorted(missing, key=lambda one: (one.charge, one.plan, one.ref))
        ),
    ]


def _key(ref: str, plan: str, charge: Charge) -> Key:
    return (f"plan:{plan}" if charge is Charge.POOL else ref, charge)


def _id(known: Known | None) -> int | None:
    return None if known is None else known.id


def _judge(line: BillLine, due: dict[Key, list[Expected]], names: Names, seen: set[Key]) -> Judged:
    """A line's verdict; what it settles is taken out of what is due."""
    pool = line.charge is Charge.POOL
    known = None if pool else names.find(line)
    if known is None and not pool:
        named = line.ref or line.iccid or line.msisdn
        why = f"No subscription of ours is called {named}." if named else "The line does not say what it is for."
        return Judged(line, Verdict.NOT_OURS, ZERO, why)
    key = _key(known.ref if known else "", line.plan, line.charge)
    waiting = due.get(key)
    if not waiting:
        return _without(line, known, again=key in seen)
    one = _best(waiting, line)
    waiting.remove(one)
    seen.add(key)
    if line.amount == one.amount:
        return Judged(line, Verdict.EXPLAINED, one.amount, "", one, _id(known))
    return Judged(line, Verdict.DIFFERS, one.amount, _why(line, one), one, _id(known))


def _best(waiting: Sequence[Expected], line: BillLine) -> Expected:
    """Which of several amounts a line is about: the one of its plan and amount, as far as there is one."""
    return max(waiting, key=lambda one: (one.plan == line.plan, one.amount == line.amount))


def _without(line: BillLine, known: Known | None, *, again: bool) -> Judged:
    """A line of ours for which nothing is due (any more)."""
    if again:
        return Judged(line, Verdict.REPEATED, ZERO, "It was billed on another line already.", None, _id(known))
    if known is not None and line.charge is Charge.FEE:
        why = f"It was on no plan in the period; its state is {known.state}."
        return Judged(line, Verdict.AFTER_END, ZERO, why, None, known.id)
    what = "pool of this plan" if known is None else "subscription"
    why = f"By our records the {what} used nothing beyond what is included."
    if line.charge is Charge.OTHER:
        why = "The contract knows no such charge."
    return Judged(line, Verdict.DIFFERS if line.amount else Verdict.EXPLAINED, ZERO, why, None, _id(known))


def _why(line: BillLine, due: Expected) -> str:
    """In what a line differs from what is due, as far as it says so."""
    reasons = []
    if line.plan and line.plan != due.plan:
        reasons.append(f"it was on {due.plan}")
    if line.rate is not None and line.rate != due.rate:
        reasons.append(f"the contract says {_plain(due.rate)}, not {_plain(line.rate)}")
    if line.charge is Charge.FEE and line.days is not None and line.days != due.days:
        reasons.append(f"it was on the plan on {due.days} days, not {line.days}")
    if line.charge is not Charge.FEE and not reasons:
        reasons.append("by our records another volume is beyond what is included")
    return (", and ".join(reasons) or "the amount does not follow from rate and days").capitalize() + "."


def _plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    whole, _, part = text.partition(".")
    kept = part.rstrip("0").ljust(2, "0")
    return f"{whole}.{kept}"


def tally(judged: Iterable[Judged]) -> Mapping[str, tuple[int, Decimal, Decimal]]:
    """By verdict: how many lines, what they claim, and what is due for them."""
    found: dict[str, tuple[int, Decimal, Decimal]] = {}
    for one in judged:
        count, claimed, due = found.get(one.verdict.value, (0, ZERO, ZERO))
        amount = ZERO if one.line is None else one.line.amount
        found[one.verdict.value] = (count + 1, claimed + amount, due + one.expected)
    return found
