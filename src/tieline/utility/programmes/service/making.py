"""Making a change for a programme: it is remembered as the programme's, and planned at once."""

from datetime import datetime

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.scope import Scope
from tieline.utility import changes
from tieline.utility.changes import Change, Draft
from tieline.utility.programmes.store import programmes as store


async def make_change(
    tx: Tx, scope: Scope, clock: Clock, programme_id: int, *, part: str, draft: Draft, at: datetime
) -> Change:
    """Make a change for a part of a programme and begin to plan it; ``at`` is the calendar's time.

    It goes into the audit trail: what else a transaction locks is locked before.
    """
    made = await changes.create(tx, scope, draft)
    version = await changes.request_plan(tx, scope, clock, made.id)
    await changes.defer_plan(tx, made.id, version)
    await store.add_change(tx, programme_id, made.id, part=part, title=draft.title, at=at)
    return made
