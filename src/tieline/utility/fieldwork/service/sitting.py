"""What one call about reports works with: visits as they come to stand in memory, and what is written at its end.

A list of reports costs a handful of statements, however long it is: reports are judged one after the other against
what is held here, and :meth:`Sitting.write` puts down at once what came of all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tieline.platform import audit, outbox
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict
from tieline.platform.scope import Scope
from tieline.standards import numbering
from tieline.utility import logistics
from tieline.utility.fieldwork import seams
from tieline.utility.fieldwork.model import Answer, Goods, Report, ReportKind, Step, Visit
from tieline.utility.fieldwork.policy.judging import Effect
from tieline.utility.fieldwork.store import reports, visits
from tieline.utility.fieldwork.store.reports import Kept

LONGEST_AGO = timedelta(days=31)
"""Further back than this no report is taken to have happened: the phone's clock is wrong."""


@dataclass(slots=True)
class Sitting:
    """What one call works with. ``skew``: how much the phone's clock is behind ours."""

    tx: Tx
    scope: Scope
    now: datetime
    skew: timedelta
    crew_id: int | None
    seen: dict[int, Visit] = field(default_factory=dict)
    entries: list[audit.Entry] = field(default_factory=list)
    _named: list[tuple[Visit, Report]] = field(default_factory=list)
    _books: logistics.Carrying | None = None
    _changed: set[int] = field(default_factory=set)
    _worked: set[tuple[int, str]] = field(default_factory=set)
    _kept: list[tuple[Kept, Answer]] = field(default_factory=list)
    _events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    _came: dict[int, tuple[Visit, datetime]] = field(default_factory=dict)
    _went: dict[int, tuple[Visit, datetime]] = field(default_factory=dict)

    def happened(self, report: Report) -> datetime:
        """When it happened by our clock: the phone's time, put right by how wrong the phone was when it sent."""
        if report.at is None:
            return self.now
        try:
            moment = report.at + self.skew
        except OverflowError:
            return self.now
        return self.now if moment > self.now or moment < self.now - LONGEST_AGO else moment

    async def look(self, named: Sequence[Report]) -> None:
        """Lock the visits that reports name, all at once and in the order of their ids."""
        wanted = sorted({one.visit_id for one in named if one.visit_id > 0})
        self.seen.update(await visits.by_ids(self.tx, self.scope, wanted, lock=True))
        self._named = [(self.seen[one.visit_id], one) for one in named if one.visit_id in self.seen]

    async def books(self) -> logistics.Carrying:
        """The books of all goods that the reports name, read and locked at first use."""
        if self._books is None:
            crews = {visit.crew_id or self.crew_id for visit, _ in self._named} - {None}
            self._books = await seams.books(
                self.tx,
                self.scope,
                goods=[thing for visit, report in self._named for thing in _goods(visit, report)],
                site_ids={visit.site_id for visit, _ in self._named},
                crew_ids=[crew for crew in crews if crew is not None],
                reports={report.id for _, report in self._named if report.kind in _CARRYING},
            )
        return self._books

    def apply(self, visit: Visit, effect: Effect) -> None:
        """Let a visit stand as an effect has it."""
        after = replace(visit, **effect.visit)
        if effect.visit:
            self._changed.add(visit.id)
        if effect.step:
            self._worked.add((visit.id, effect.step))
            after = replace(after, steps=tuple(_stepped(step, effect) for step in visit.steps))
        self.seen[visit.id] = after

    async def came(self, visit: Visit, at: datetime) -> None:
        """A crew is on site: what is expected of it is written at the end."""
        if visit.id in self._went:
            await self._presence()
        self._came[visit.id] = (visit, at)

    def went(self, visit: Visit, at: datetime) -> None:
        """A crew is gone."""
        self._went[visit.id] = (visit, at)

    def tell(self, topic: str, visit: Visit, payload: dict[str, Any]) -> None:
        """Tell an event of a visit, after those before."""
        self._events.append((topic, f"visit:{visit.id}", payload))

    def keep(self, kept: Kept, answer: Answer) -> None:
        """Keep a report with what became of it."""
        self._kept.append((kept, answer))

    async def write(self) -> None:
        """Put everything down, and the audit trail last.

        Raises ``Conflict``, so that nothing of this call stays, when another call keeps one of its reports already.
        """
        changed = [self.seen[one] for one in sorted(self._changed)]
        steps = [(one, step) for one in sorted(self.seen) for step in self.seen[one].steps]
        await visits.write(self.tx, changed, [(one, step) for one, step in steps if (one, step.key) in self._worked])
        if self._books is not None:
            self.entries += await self._books.write()
        await self._presence()
        await self._keep()
        await outbox.publish_all(self.tx, self._events)
        await audit.append(self.tx, self.scope, *self.entries)

    async def _keep(self) -> None:
        unseen = {kept.report.visit_id for kept, _ in self._kept} - self.seen.keys()
        there = {*self.seen, *await visits.existing(self.tx, [one for one in unseen if one > 0])}
        rows = [(kept, answer, _known(kept.report.visit_id, there)) for kept, answer in self._kept]
        if await reports.add(self.tx, self.scope, rows) != len(rows):
            raise Conflict("This report is being taken already.", advice="Send it again in a moment.")

    async def _presence(self) -> None:
        await seams.crews_arrived(self.tx, self.scope, list(self._came.values()))
        await seams.crews_gone(self.tx, self.scope, list(self._went.values()))
        self._came.clear()
        self._went.clear()


_CARRYING = frozenset({ReportKind.FITTED, ReportKind.FINISHED})


def _goods(visit: Visit, report: Report) -> Iterator[tuple[Goods, str, int | None]]:
    """What a report says was carried, as far as it can be read, with the site that it was taken from."""
    if report.kind is ReportKind.FITTED:
        yield from _read(Goods.ROUTER, report.body.get("router"), None)
        yield from _read(Goods.CARD, report.body.get("iccid"), None)
    removed = report.body.get("removed")
    if report.kind is ReportKind.FINISHED and isinstance(removed, dict):
        yield from _read(Goods.ROUTER, removed.get("router"), visit.site_id)
        iccids = removed.get("iccids")
        for iccid in iccids if isinstance(iccids, list) else ():
            yield from _read(Goods.CARD, iccid, visit.site_id)


def _read(kind: Goods, said: Any, site: int | None) -> Iterator[tuple[Goods, str, int | None]]:
    """The thing as the rule reads it: whatever converts to a text."""
    serial = str(said).strip() if said is not None else ""
    if serial:
        yield kind, numbering.check_iccid(serial).value if kind is Goods.CARD else serial, site


def _stepped(step: Step, effect: Effect) -> Step:
    return replace(step, **effect.step_values) if step.key == effect.step else step


def _known(visit_id: int, there: set[int]) -> int | None:
    return visit_id if visit_id in there else None
