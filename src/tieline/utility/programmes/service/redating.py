"""A notice was revised or taken back: the sites of programmes that go by it are due when it says now."""

from collections import Counter

from tieline.platform import audit
from tieline.platform.wiring import Runtime
from tieline.utility import fieldwork
from tieline.utility.programmes.service.approving import origin
from tieline.utility.programmes.service.opening import dues_of
from tieline.utility.programmes.service.telling import SYSTEM
from tieline.utility.programmes.store import programmes as store
from tieline.utility.programmes.store import sites


async def redate(runtime: Runtime, notice_id: int) -> int:
    """Bring each programme that goes by a notice, and is not closed, up to date with it; returns how many sites moved.

    Their visits that are not over move along. Whoever struck by the notice is in no programme is left to the pages,
    which count them: what is to be replaced is decided by people.
    """
    async with runtime.db.transaction() as tx:
        ids = await store.going_by(tx, notice_id)
    return sum([await _redate(runtime, programme_id, notice_id) for programme_id in ids])


async def _redate(runtime: Runtime, programme_id: int, notice_id: int) -> int:
    async with runtime.db.transaction() as tx:
        programme = await store.get(tx, programme_id, lock=True)
        dues = await dues_of(tx, SYSTEM, programme.notice_ids)
        wanted = {site_id: (due.title, due.ends_at) for site_id, due in dues.items()}
        moved = await sites.redate(tx, programme_id, wanted)
        if not moved:
            return 0
        visits = {one.site_id: one.due_at for one in moved}
        await fieldwork.redate_visits(tx, SYSTEM, origin(programme_id), visits)
        facts = {"notice": notice_id, "sites": len(moved), **Counter(one.how for one in moved)}
        now = runtime.calendar.now()
        await store.add_event(tx, programme_id, "redated", facts, actor=SYSTEM.actor, at=now)
        await audit.append(tx, SYSTEM, audit.Entry("programme.redated", f"programme:{programme_id}", facts))
    return len(moved)
