"""What changes did to a thing, for its timeline: one event for each item that came to an end."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.changes.store import items
from tieline.utility.inventory import Kind, Thing, TimelineEvent

LANE = "changes"
_WORDS: Mapping[str, str] = {
    "verified": "Done and verified",
    "failed": "Failed",
    "conflict": "Left alone: it was changed since",
    "cancelled": "Cancelled before it was sent",
}


async def events(tx: Tx, scope: Scope, thing: Thing, before: datetime, limit: int) -> Sequence[TimelineEvent]:
    """The newest items of a thing that ended before a moment; nothing for who may not see changes."""
    if not scope.may(Permission.CHANGE_READ):
        return []
    site_id = thing.id if thing.kind is Kind.SITE else None
    rows = await items.of_thing(tx, scope, list(thing.subscription_ids), site_id, before=before, limit=limit)
    return [
        TimelineEvent(
            lane=LANE,
            at=row["ended_at"],
            title=f"{_WORDS.get(row['state'], row['state'])}: {row['title']}",
            actor=row["actor"],
            detail={
                "change": row["change_id"],
                "state": row["state"],
                "before": row["before"],
                "after": row["desired"],
                "reason": row["reason"],
            },
            link=f"/changes/{row['change_id']}",
        )
        for row in rows
    ]
