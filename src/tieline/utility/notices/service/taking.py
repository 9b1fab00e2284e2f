"""Taking what operators tell: late, twice, out of order or after a loss, the newest revision stands, once.

Events and full reads come the same way. What decides is the operator's own count of revisions, and within one its own
time of the last update; ours, and the order in which things come in, decide nothing.
"""

from collections.abc import Sequence

from tieline.platform import audit, outbox
from tieline.platform.db import Tx
from tieline.platform.scope import system
from tieline.utility.notices.model import Content, Notice, Origin, Taken, Told
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
    return [await _take_one(tx, origin, one) for one in ordered]


async def _take_one(tx: Tx, origin: Origin, told: Told) -> Taken:
    mark = digest(told.content)
    had = await store.held(tx, origin.operator_id, told.ref)
    if had is None:
        made = await store.add(tx, origin, told, mark)
        if made is not None:
            await store.add_revision(tx, made, origin, told, mark)
            await _arrived(tx, made, origin.operator, told)
            return Taken(made, new=True, newer=True)
        had = await store.held(tx, origin.operator_id, told.ref)
    if had is None:
        raise LookupError("a notice was there and is not any more")
    await store.add_revision(tx, had.id, origin, told, mark)
    if not supersedes((told.revision, told.updated_at), (had.revision, had.updated_at)):
        await store.seen(tx, had.id, origin.at)
        return Taken(had.id)
    await store.replace(tx, had.id, told, mark, origin.at)
    differences = compare(content_of(had), told.content)
    if told.revision > had.revision or differences:
        payload = {
            "notice_id": had.id,
            "operator": origin.operator,
            "revision": told.revision,
            "differences": [one.words for one in differences],
        }
        await outbox.publish(tx, REVISED, payload, key=f"notice:{had.id}")
        detail = {"revision": told.revision, "before": had.revision, "differences": payload["differences"]}
        await audit.append(tx, SYSTEM, audit.Entry(REVISED, f"notice:{had.id}", detail))
    if told.status != had.status:
        await _status(tx, had, origin.operator, told)
    return Taken(had.id, newer=True, differences=differences)


async def _arrived(tx: Tx, notice_id: int, operator: str, told: Told) -> None:
    payload = {
        "notice_id": notice_id,
        "operator": operator,
        "revision": told.revision,
        "kind": told.content.kind.value,
    }
    await outbox.publish(tx, ARRIVED, payload, key=f"notice:{notice_id}")
    detail = {"operator": operator, "ref": told.ref, "title": told.content.title, "revision": told.revision}
    await audit.append(tx, SYSTEM, audit.Entry(ARRIVED, f"notice:{notice_id}", detail))


async def _status(tx: Tx, had: Notice, operator: str, told: Told) -> None:
    change = {"status": told.status, "before": had.status, "reason": told.status_reason}
    payload = {"notice_id": had.id, "operator": operator, **change}
    await outbox.publish(tx, STATUS, payload, key=f"notice:{had.id}")
    await audit.append(tx, SYSTEM, audit.Entry(STATUS, f"notice:{had.id}", change))


def content_of(notice: Notice) -> Content:
    """What the newest revision of a notice says."""
    return Content(
        kind=notice.kind,
        title=notice.title,
        description=notice.description,
        technology=notice.technology,
        phases=notice.phases,
    )
