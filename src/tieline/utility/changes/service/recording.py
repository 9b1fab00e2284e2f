"""A change as a record: all that is known of it in one piece, to be read, printed, kept and verified years later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.service import outcomes, ruling, watching
from tieline.utility.changes.service.watching import Detail, Progress
from tieline.utility.changes.store.items import ItemFilter

MOST_EVENTS, MOST_ENTRIES = 1000, 1000


@dataclass(frozen=True, slots=True)
class Record:
    """A change with its items (the first of them, ``more_items`` if there are others), its log, and what came of it.

    ``entries`` are those of the audit trail about the change, the oldest first, each with its place and hash; None
    for who may not read the trail.
    """

    detail: Detail
    progress: Progress
    items: Sequence[DictRow]
    more_items: bool
    events: Sequence[DictRow]
    outcome: DictRow | None
    reviews: Sequence[DictRow]
    policy: DictRow | None
    entries: Sequence[audit.Record] | None
    at: datetime


async def record(tx: Tx, scope: Scope, clock: Clock, change_id: int, *, items: int = 200) -> Record:
    """The record of a change, within the scope; raises ``NotFound``."""
    detail = await watching.detail(tx, scope, change_id)
    first = await watching.item_page(tx, scope, change_id, ItemFilter(), limit=items)
    policies = await ruling.policies(tx, scope) if detail.change.policy_id else []
    return Record(
        detail=detail,
        progress=await watching.progress(tx, scope, clock, change_id),
        items=first.items,
        more_items=first.next is not None,
        events=await watching.events(tx, scope, change_id, limit=MOST_EVENTS),
        outcome=await outcomes.outcome(tx, scope, change_id),
        reviews=await outcomes.reviews(tx, scope, change_id),
        policy=next((one for one in policies if one["id"] == detail.change.policy_id), None),
        entries=await _entries(tx, scope, change_id),
        at=clock.now(),
    )


async def _entries(tx: Tx, scope: Scope, change_id: int) -> Sequence[audit.Record] | None:
    if not scope.may(Permission.AUDIT_READ):
        return None
    page = await audit.entries(tx, scope, audit.Filter(subject=f"change:{change_id}"), limit=MOST_ENTRIES)
    return page.items[::-1]


def undone_by(found: Record) -> list[int]:
    """Changes that were made to take it back."""
    return [int(one["detail"]["undo"]) for one in found.events if one["kind"] == "undo-made"]
