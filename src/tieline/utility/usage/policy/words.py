"""What stands out, in a sentence. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tieline.utility.usage.model import Finding, FindingKind

_STEP = 1000
_SMALL = 100


def size(octets: float) -> str:
    """Octets with a decimal prefix."""
    units = ["B", "kB", "MB", "GB", "TB"]
    value = float(octets)
    while value >= _STEP and len(units) > 1:
        value, units = value / _STEP, units[1:]
    return f"{value:,.0f} {units[0]}" if value >= _SMALL or units[0] == "B" else f"{value:.1f} {units[0]}"


def day(text: str | None) -> str:
    """A day that was kept as text."""
    if not text:
        return "never"
    found = date.fromisoformat(text)
    return f"{found.day} {found:%b %Y}"


def sentence(one: Finding) -> str:
    """What is the matter, why it is worth a look, and what would be cheaper."""
    evidence = one.evidence
    match one.kind:
        case FindingKind.HIGH:
            return _high(one, evidence)
        case FindingKind.SILENT:
            return _silent(one, evidence)
        case FindingKind.UNEXPECTED:
            return _unexpected(one, evidence)
        case FindingKind.POOL:
            return _pool(one, evidence)


def _high(one: Finding, evidence: Mapping[str, Any]) -> str:
    said = f"{one.ref} used {size(evidence['octets'])} since {day(evidence['first'])}; at most "
    said += f"{size(evidence['bound'])} are usual on {one.plan}."
    if "cheaper" in evidence:
        said += (
            f" On {evidence['cheaper']} it would cost {evidence['cheaper_cost']} {one.currency or ''}".rstrip() + "."
        )
    return said


def _silent(one: Finding, evidence: Mapping[str, Any]) -> str:
    last = evidence["last_used"]
    since = f"since {day(last)}" if last else f"in the {evidence['days']} days up to {day(evidence['until'])}"
    cost = f" It costs {one.cost} {one.currency} a period." if one.cost and one.currency else ""
    return f"{one.ref} is paid for and used nothing {since}.{cost}"


def _unexpected(one: Finding, evidence: Mapping[str, Any]) -> str:
    state = f"is {evidence['state']}" if evidence["state"] else "is not in the inventory"
    return f"{one.ref} {state} and used {size(evidence['octets'])}, last on {day(evidence['last_day'])}."


def _pool(one: Finding, evidence: Mapping[str, Any]) -> str:
    said = (
        f"The pool of {one.plan} is used up on {day(evidence['on'])}: {size(evidence['octets'])} are to be expected, "
    )
    said += f"{size(evidence['allowance'])} are included."
    if one.cost and one.currency:
        said += f" That would cost {one.cost} {one.currency} beyond the fees."
    if "to" in evidence:
        count = evidence["count"]
        who = "the subscription that uses most" if count == 1 else f"the {count:,} subscriptions that use most"
        said += f" Moving {who} to {evidence['to']} saves {evidence['saving']} {one.currency or ''}".rstrip() + "."
    return said
