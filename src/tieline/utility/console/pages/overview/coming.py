"""What comes next: the steps of operators' notices that lie ahead, the nearest first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tieline.console.components.formats import plural
from tieline.console.components.tables import Column, Row, Table
from tieline.console.components.values import Age
from tieline.platform.db import Tx
from tieline.platform.scope import Permission
from tieline.utility import changes, fieldwork, notices
from tieline.utility.console.http import Page
from tieline.utility.console.pages.changes.views.words import STATES as CHANGE_STATES
from tieline.utility.console.pages.notices import words
from tieline.utility.fieldwork import VisitState
from tieline.utility.notices import Notice, day

_COLUMNS = (
    Column("what", "What", narrow=True, fixed=True),
    Column("step", "Step", narrow=True, wrap=True),
    Column("state", "State"),
    Column("at", "When", narrow=True),
)
_LOOKED_AT, _SHOWN = 20, 6


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a notice brings about at a moment."""

    notice: Notice
    words: str
    at: datetime


async def coming(page: Page, tx: Tx) -> Table | None:
    """The next steps; None for who may not see notices."""
    if not page.scope.may(Permission.NOTICE_READ):
        return None
    found = await notices.coming(tx, page.scope, page.runtime.clock, limit=_LOOKED_AT)
    rows = await _work(page, tx)
    ahead = sorted((step for one in found for step in _steps(one, page.now)), key=lambda step: step.at)
    rows += [
        Row(
            f"{step.notice.id}-{place}",
            {
                "what": f"{step.notice.title} ({step.notice.operator_name})",
                "step": step.words,
                "state": words.state(step.notice, page.now),
                "at": Age(step.at),
            },
            f"/notices/{step.notice.id}",
        )
        for place, step in enumerate(ahead[:_SHOWN])
    ]
    return Table("coming", "What comes next", _COLUMNS, rows, chooser=False)


async def _work(page: Page, tx: Tx) -> list[Row]:
    """What waits for a decision, and the visits of today and tomorrow."""
    rows = []
    if page.scope.may(Permission.CHANGE_READ):
        found = await changes.page(tx, page.scope, states=("submitted",), limit=_LOOKED_AT)
        if found.items:
            many = f"{plural(len(found.items), 'change')}{' and more' if found.next else ''}"
            cells = {"what": many, "step": "Somebody has to approve or reject it", "state": CHANGE_STATES["submitted"]}
            rows.append(Row("submitted", cells, "/changes?state=submitted", tone="warn"))
    if page.scope.may(Permission.FIELD_READ):
        calendar = page.runtime.calendar
        today = fieldwork.today(calendar.now())
        for name, day_of in (("today", today), ("tomorrow", today + timedelta(days=1))):
            wanted = fieldwork.VisitFilter((VisitState.PLANNED, VisitState.ON_SITE), day=day_of)
            count = await fieldwork.count_visits(tx, page.scope, calendar, wanted)
            if count:
                href = f"/fieldwork/visits?state=planned&state=on_site&day={day_of.isoformat()}"
                cells = {
                    "what": plural(count, "visit"),
                    "step": f"Crews go there {name}",
                    "at": f"{day_of:%a} {day_of.day} {day_of:%b}",
                }
                rows.append(Row(f"visits-{name}", cells, href))
    return rows


def _steps(one: Notice, now: datetime) -> list[Step]:
    """The next beginning and the next end of a notice's phases, each once."""
    begins = min((phase for phase in one.phases if phase.starts_at > now), key=lambda it: it.starts_at, default=None)
    ends = min((phase for phase in one.phases if phase.ends_at > now), key=lambda it: it.ends_at, default=None)
    found = []
    if not one.phases and one.starts_at is not None and one.starts_at > now:
        found.append(Step(one, f"Begins on {day(one.starts_at)}", one.starts_at))
    if begins is not None:
        found.append(Step(one, f"Phase “{begins.title}” begins on {day(begins.starts_at)}", begins.starts_at))
    if ends is not None:
        found.append(Step(one, f"Phase “{ends.title}” is over on {day(ends.ends_at)}", ends.ends_at))
    return found
