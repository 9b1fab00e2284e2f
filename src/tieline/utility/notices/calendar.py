"""Notices in the calendar of changes: each phase, or the notice itself where it has none."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from tieline.platform.clock import SystemClock
from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes import CalendarEntry
from tieline.utility.notices.model import Filter, Notice
from tieline.utility.notices.service.reading import notice_page

NAME = "notices"
_MOST = 200


async def entries(tx: Tx, scope: Scope, start: datetime, end: datetime) -> Sequence[CalendarEntry]:
    """What operators announced that lies between two moments; nothing for who may not see notices."""
    if not scope.may(Permission.NOTICE_READ):
        return []
    page = await notice_page(tx, scope, SystemClock(), Filter(between=(start, end)), limit=_MOST)
    found = [entry for notice in page.items if not notice.over for entry in of_notice(notice)]
    return [one for one in found if one.starts_at < end and (one.ends_at is None or one.ends_at > start)]


def of_notice(notice: Notice) -> Iterator[CalendarEntry]:
    """Its phases or, where it has none, the notice itself."""
    spans = [(phase.id, phase.title, phase.starts_at, phase.ends_at) for phase in notice.phases]
    if not spans and notice.starts_at is not None:
        spans = [("", "", notice.starts_at, notice.ends_at or notice.starts_at)]
    for identity, title, starts, ends in spans:
        yield CalendarEntry(
            key=f"notice-{notice.id}-{identity}",
            kind="notice",
            title=f"{notice.title}: {title}" if title else notice.title,
            starts_at=starts,
            ends_at=ends,
            href=f"/notices/{notice.id}",
            detail=f"{notice.operator_name} announced it.",
            operators=(notice.operator,),
        )
