"""The calendar: changes that ran, run or will, holds, what other contexts put there, and conflicts between changes.

Other contexts register what they have to say with :func:`register_calendar`, as lanes of a timeline are registered.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.model import Change, ChangeState
from tieline.utility.changes.policy.ical import Event
from tieline.utility.changes.service import timing
from tieline.utility.changes.service.watching import within_scope
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import holds, openings, outcomes

_TENTATIVE = frozenset({ChangeState.PLANNED, ChangeState.SUBMITTED})


@dataclass(frozen=True, slots=True)
class Meeting:
    """Another change at the same sites or operators at that time; ``where`` says which, in words."""

    change_id: int
    title: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something in the calendar; without an end it lasts until something else happens.

    ``kind``: change, freeze, storm, veto, or a word of the context that put it there. ``tentative``: not agreed yet.
    ``meetings`` are the changes that it meets; ``conflicts`` say the same in sentences.
    """

    key: str
    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime | None
    href: str
    state: str = ""
    detail: str = ""
    tentative: bool = False
    operators: tuple[str, ...] = ()
    change_id: int | None = None
    conflicts: tuple[str, ...] = ()
    meetings: tuple[Meeting, ...] = ()

    def meeting(self, others: Sequence[Meeting]) -> "Entry":
        """The same, meeting other changes."""
        said = tuple(f"Meets change {one.change_id} ({one.title}) {one.where}." for one in others)
        return replace(self, meetings=tuple(others), conflicts=said)

    def meets(self, other: "Entry") -> bool:
        """Whether both last at some moment."""
        first = self.ends_at is None or self.ends_at > other.starts_at
        return first and (other.ends_at is None or other.ends_at > self.starts_at)


Provider = Callable[[Tx, Scope, datetime, datetime], Awaitable[Sequence[Entry]]]
"""What puts entries into the calendar that lie, wholly or in part, between two moments."""

_providers: dict[str, Provider] = {}


def register_calendar(name: str, provider: Provider) -> None:
    """Have a context's entries in the calendar."""
    _providers[name] = provider


async def calendar(tx: Tx, scope: Scope, clock: Clock, start: datetime, end: datetime) -> list[Entry]:
    """Everything between two moments, in order."""
    scope.require(Permission.CHANGE_READ)
    found = await _changes(tx, scope, clock, start, end)
    found = await _with_conflicts(tx, scope, found)
    found += await _holds(tx, scope, start, end)
    for provider in _providers.values():
        found += await provider(tx, scope, start, end)
    return sorted(found, key=lambda one: (one.starts_at, one.key))


async def _changes(tx: Tx, scope: Scope, clock: Clock, start: datetime, end: datetime) -> list[Entry]:
    now = clock.now()
    around = await timing.surroundings(tx, now)
    found = []
    for change_id in await outcomes.calendar(tx, start, end):
        change = within_scope(await store.get(tx, change_id), scope)
        if not _lanes(change):
            continue
        starts, ends, why_not = await _when(tx, scope, change, around)
        if starts < end and (ends is None or ends > start):
            found.append(_entry(change, starts, ends, why_not))
    return found


async def _when(
    tx: Tx, scope: Scope, change: Change, around: timing.Surroundings
) -> tuple[datetime, datetime | None, str]:
    """When a change ran, or is expected to; one that is held until somebody lifts it stands there for a moment."""
    if change.started_at is not None and change.ended_at is not None:
        return change.started_at, change.ended_at, ""
    row = await openings.of_change(tx, change.id)
    expected = timing.expected(scope, change, openings.rules_of(row and row["policy_rules"]), around).whole
    begins = change.started_at or (expected.begins if expected else None)
    why_not = expected.why_not if expected else ""
    if begins is None:
        place = max(around.now, change.window.opens or around.now)
        return place, place, why_not
    return begins, (expected.done[1] or expected.done[0]) if expected else None, why_not


def _lanes(change: Change) -> tuple[str, ...]:
    return tuple(sorted((change.summary or {}).get("lanes") or ()))


def _entry(change: Change, starts: datetime, ends: datetime | None, why_not: str) -> Entry:
    said = "; ".join([*([why_not] if why_not else []), *timing.words(change.window.rules)])
    return Entry(
        key=f"change-{change.id}",
        kind="change",
        title=change.title or f"Change {change.id}",
        starts_at=starts,
        ends_at=ends,
        href=f"/changes/{change.id}",
        state=change.state.value,
        detail=said,
        tentative=change.state in _TENTATIVE,
        operators=_lanes(change),
        change_id=change.id,
    )


async def _with_conflicts(tx: Tx, scope: Scope, found: list[Entry]) -> list[Entry]:
    """Each change with what else is at work at its sites or operators meanwhile."""
    open_ones = [one for one in found if one.state not in {"completed", "stopped"} and one.change_id is not None]
    meeting = {
        (one.change_id, other.change_id)
        for number, one in enumerate(open_ones)
        for other in open_ones[number + 1 :]
        if one.meets(other)
    }
    if not meeting:
        return found
    titles = {one.change_id: one for one in open_ones}
    told: dict[int | None, list[Meeting]] = {}
    ids = sorted({number for pair in meeting for number in pair if number is not None})
    sites: dict[tuple[int, int], int] = {}
    if scope.regions is None and scope.operators is None:
        sites = {(row["one"], row["other"]): row["sites"] for row in await outcomes.at_one_site(tx, ids)}
    for one, other in sorted(meeting, key=str):
        if one is None or other is None:
            continue
        shared = sites.get((min(one, other), max(one, other)), 0)
        operators = sorted(set(titles[one].operators) & set(titles[other].operators))
        for mine, theirs in ((one, other), (other, one)):
            if shared or operators:
                where = _where(shared, operators)
                told.setdefault(mine, []).append(Meeting(theirs, titles[theirs].title, where))
    return [one.meeting(told.get(one.change_id, ())) for one in found]


def _where(shared: int, operators: Sequence[str]) -> str:
    """Where two changes meet: at so many sites, else at operators alone."""
    if shared:
        return f"at {shared:,} {'site' if shared == 1 else 'sites'}"
    return f"at {'operator' if len(operators) == 1 else 'operators'} {' and '.join(operators)}"


async def _holds(tx: Tx, scope: Scope, start: datetime, end: datetime) -> list[Entry]:
    found = []
    for row in await holds.during(tx, start, end):
        if scope.operators is not None and row["operator"] not in {None, *scope.operators}:
            continue
        place = [f"in {row['region']}"] if row["region"] else []
        place += [f"at operator {row['operator']}"] if row["operator"] else []
        what = f"change {row['change_id']}" if row["change_id"] else "all but emergency changes"
        found.append(
            Entry(
                key=f"hold-{row['id']}-{row['starts_at']:%Y%m%d}",
                kind=row["kind"],
                title=row["reason"],
                starts_at=row["starts_at"],
                ends_at=row["ends_at"],
                href=f"/changes/holds/{row['id']}",
                state="lifted" if row["lifted_at"] else "",
                detail=" ".join((f"Holds {what}", *place)),
                operators=(row["operator"],) if row["operator"] else (),
                change_id=row["change_id"],
            )
        )
    return found


_WORDS = {"change": "Change", "freeze": "Freeze", "storm": "Storm mode", "veto": "Veto"}


def event(entry: Entry, base: str) -> Event:
    """An entry as calendar programs take it; ``base`` is where this console is."""
    word = _WORDS.get(entry.kind, entry.kind.capitalize())
    lines = [entry.detail, *entry.conflicts, f"At operator {', '.join(entry.operators)}." if entry.operators else ""]
    return Event(
        f"{entry.key}@tieline",
        f"{word}: {entry.title}" + (" (not approved yet)" if entry.tentative else ""),
        entry.starts_at,
        entry.ends_at,
        "\n".join(line for line in lines if line),
        f"{base}{entry.href}",
        (word,),
        "TENTATIVE" if entry.tentative else "CONFIRMED",
    )
