"""A change as a record: all that is known of it in one piece, to be read, printed, kept and verified years later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.paging import Page
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.service import outcomes, watching
from tieline.utility.changes.service.watching import Detail, Progress
from tieline.utility.changes.store import extras
from tieline.utility.changes.store.items import ItemFilter

MOST_EVENTS, MOST_ENTRIES = 1000, 1000


@dataclass(frozen=True, slots=True)
class Record:
    """A change with its items (the first of them, ``more_items`` if there are others), its log, and what came of it.

    ``events`` are the log, ``entries`` those of the audit trail about the change, each with its place and hash (None
    for who may not read the trail). Both are the latest in their order, ``more_events`` and ``more_entries`` if there
    were others before.
    """

    detail: Detail
    progress: Progress
    items: Sequence[DictRow]
    more_items: bool
    events: Sequence[DictRow]
    more_events: bool
    outcome: DictRow | None
    reviews: Sequence[DictRow]
    policy: DictRow | None
    entries: Sequence[audit.Record] | None
    more_entries: bool
    at: datetime


async def record(tx: Tx, scope: Scope, clock: Clock, change_id: int, *, items: int = 200) -> Record:
    """The record of a change, within the scope; raises ``NotFound``."""
    detail = await watching.detail(tx, scope, change_id)
    first = await watching.item_page(tx, scope, change_id, ItemFilter(), limit=items)
    events = await watching.latest_events(tx, scope, change_id, limit=MOST_EVENTS + 1)
    trail = await _trail(tx, scope, change_id)
    policy_id = detail.change.policy_id
    return Record(
        detail=detail,
        progress=await watching.progress(tx, scope, clock, change_id),
        items=first.items,
        more_items=first.next is not None,
        events=events[-MOST_EVENTS:],
        more_events=len(events) > MOST_EVENTS,
        outcome=await outcomes.outcome(tx, scope, change_id),
        reviews=await outcomes.reviews(tx, scope, change_id),
        policy=await extras.policy(tx, policy_id) if policy_id else None,
        entries=None if trail is None else trail.items[::-1],
        more_entries=trail is not None and trail.next is not None,
        at=clock.now(),
    )


async def _trail(tx: Tx, scope: Scope, change_id: int) -> Page[audit.Record] | None:
    if not scope.may(Permission.AUDIT_READ):
        return None
    return await audit.entries(tx, scope, audit.Filter(subject=f"change:{change_id}"), limit=MOST_ENTRIES)
