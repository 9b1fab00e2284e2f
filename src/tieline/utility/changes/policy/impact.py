"""What a plan touches: sites, the critical ones by name, customers behind them, regions, operators."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tieline.utility.changes.model import TO_DO, PlannedItem

LISTED = 500


@dataclass(frozen=True, slots=True)
class CriticalSite:
    """A critical site that the plan touches."""

    site_id: int
    external_id: str
    name: str
    region: str
    customers: int


@dataclass(frozen=True, slots=True)
class Impact:
    """What is touched by the items that will be done, and what will not be and why.

    ``single_link_sites`` have no second link among the planned ones to fall back to; told for disruptive kinds.
    """

    items: int
    sites: int
    customers: int
    critical_sites: int
    critical: tuple[CriticalSite, ...]
    by_region: dict[str, int]
    by_operator: dict[str, int]
    by_state: dict[str, int]
    by_reason: dict[str, int]
    reasons: dict[str, str]
    notes: dict[str, int]
    note_texts: dict[str, str]


def assess(items: Iterable[PlannedItem]) -> Impact:
    """Count what a plan touches."""
    sites: dict[int, PlannedItem] = {}
    regions, operators, states, reasons, notes = (
        Counter[str](),
        Counter[str](),
        Counter[str](),
        Counter[str](),
        Counter[str](),
    )
    texts: dict[str, str] = {}
    note_texts: dict[str, str] = {}
    for item in items:
        state = item.state
        states[state.value] += 1
        if item.reason:
            reasons[item.reason.code] += 1
            texts.setdefault(item.reason.code, item.reason.text)
        if state not in TO_DO:
            continue
        operators[item.operator] += 1
        regions[item.region] += 1
        for note in item.notes:
            notes[note.code] += 1
            note_texts.setdefault(note.code, note.text)
        if item.site_id is not None:
            sites.setdefault(item.site_id, item)
    critical = [item for item in sites.values() if item.criticality == "critical"]
    return Impact(
        items=sum(states[state.value] for state in TO_DO),
        sites=len(sites),
        customers=sum(item.customers for item in sites.values()),
        critical_sites=len(critical),
        critical=tuple(_critical(item) for item in sorted(critical, key=lambda one: -one.customers)[:LISTED]),
        by_region=dict(regions.most_common()),
        by_operator=dict(sorted(operators.items())),
        by_state=dict(states),
        by_reason=dict(reasons.most_common()),
        reasons=texts,
        notes=dict(notes.most_common()),
        note_texts=note_texts,
    )


def _critical(item: PlannedItem) -> CriticalSite:
    return CriticalSite(item.site_id or 0, item.site, item.site_name, item.region, item.customers)
