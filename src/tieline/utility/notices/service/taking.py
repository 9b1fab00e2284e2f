"""Taking what operators tell: late, twice, out of order or after a loss, the newest revision stands, once.

Events and full reads come the same way. What decides is the operator's own count of revisions, and within one its own
time of the last update; ours, and the order in which things come in, decide nothing. What an operator's list does not
hold any more, and the operator does not know when it is asked for, is as good as cancelled until it is listed again: an
event that was long on its way does not bring it back.
"""

from collections.abc import Sequence
from datetime import datetime

from tieline.platform import audit, outbox
from tieline.platform.db import Tx
from tieline.platform.scope import system
from tieline.utility.notices.model import CANCELLED, Content, Difference, Notice, Origin, Source, Taken, Told
from tieline.utility.notices.policy.compare import compare
from tieline.utility.notices.policy.newest import digest, supersedes
from tieline.utility.notices.store import notices as store

SYSTEM = system("notices")
ARRIVED = "notice.arrived"
"""Outbox topic: ``{notice_id, operator, revision, kind}``."""
REVISED = "notice.revised"
"""Outbox topic: ``{notice_id, operator, revision, differences: [words]}``."""
STATUS = "notice.status"
"""Outbox topic: ``{notice_id, operator, status, before, reason}``; ``cancelled``: the operator took it back."""


async def take(tx: Tx, origin: Origin, told: Sequence[Told]) -> list[Taken]:
    """Take what an operator told; by reference, so that two that take the same at once do not wait for one another."""
    ordered = sorted(told, key=lambda one: (one.ref, one.revision, one.updated_at))
    entries: list[audit.Entry] = []
    taken = [await _take_one(tx, origin, one, entries) for one in ordered]
    await audit.append(tx, SYSTEM, *entries)
    return taken


async def _take_one(tx: Tx, origin: Origin, told: Told, entries: list[audit.Entry]) -> Taken:
    """Take one; what is to be written into the trail is added to ``entries``, for the trail is locked last."""
    mark = digest(told.content)
    had = await store.held(tx, origin.operator_id, told.ref)
    if had is None:
        made = await store.add(tx, origin, told)
        if made is not None:
            await store.add_revision(tx, made, origin, told, mark)
            entries.append(await _arrived(tx, made, origin.operator, told))
            return Taken(made, new=True, newer=True)
        had = await store.held(tx, origin.operator_id, told.ref)
    if had is None:
        raise LookupError("a notice was there and is not any more")
    await store.add_revision(tx, had.id, origin, told, mark)
    if not supersedes((told.revision, told.updated_at), (had.revision, had.updated_at)):
        await store.seen(tx, had.id, origin.at)
        if had.gone_at is not None and origin.source is not Source.EVENT:
            await store.gone(tx, had.id, None)
            entries.append(await _status(tx, had, had.status, "The operator lists it again."))
        return Taken(had.id)
    await store.replace(tx, had.id, told, origin.at)
    differences = compare(content_of(had), told.content)
    if told.revision > had.revision or differences:
        entries.append(await _revised(tx, had, told, differences))
    if told.status != had.standing:
        entries.append(await _status(tx, had, told.status, told.status_reason))
    return Taken(had.id, newer=True, differences=differences)


async def vanish(tx: Tx, origin: Origin, ref: str, began: datetime) -> None:
    """Note that an operator does not know a notice any more, unless it told of it since ``began``."""
    had = await store.held(tx, origin.operator_id, ref)
    if had is None or had.over or had.seen_at >= began:
        return
    await store.gone(tx, had.id, origin.at)
    await audit.append(tx, SYSTEM, await _status(tx, had, CANCELLED, "The operator does not know it any more."))


async def _arrived(tx: Tx, notice_id: int, operator: str, told: Told) -> audit.Entry:
    payload = {
        "notice_id": notice_id,
        "operator": operator,
        "revision": told.revision,
        "kind": told.content.kind.value,
    }
    await outbox.publish(tx, ARRIVED, payload, key=f"notice:{notice_id}")
    detail = {"operator": operator, "ref": told.ref, "title": told.content.title, "revision": told.revision}
    return audit.Entry(ARRIVED, f"notice:{notice_id}", detail)


async def _revised(tx: Tx, had: Notice, told: Told, differences: Sequence[Difference]) -> audit.Entry:
    change = {"revision": told.revision, "differences": [one.words for one in differences]}
    payload = {"notice_id": had.id, "operator": had.operator, **change}
    await outbox.publish(tx, REVISED, payload, key=f"notice:{had.id}")
    return audit.Entry(REVISED, f"notice:{had.id}", {**change, "before": had.revision})


async def _status(tx: Tx, had: Notice, status: str, reason: str) -> audit.Entry:
    change = {"status": status, "before": had.standing, "reason": reason}
    payload = {"notice_id": had.id, "operator": had.operator, **change}
    await outbox.publish(tx, STATUS, payload, key=f"notice:{had.id}")
    return audit.Entry(STATUS, f"notice:{had.id}", change)


def content_of(notice: Notice) -> Content:
    """What the newest revision of a notice says."""
    return Content(
        kind=notice.kind,
        title=notice.title,
        description=notice.description,
        technology=notice.technology,
        phases=notice.phases,
        starts_at=None if notice.phases else notice.starts_at,
        ends_at=None if notice.phases else notice.ends_at,
    )
