"""Incidents on the timelines of sites and subscriptions."""

from collections.abc import Sequence
from datetime import datetime

from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility.incidents.store import incidents
from tieline.utility.inventory import Kind, Thing, TimelineEvent

LANE = "incidents"


async def events(tx: Tx, scope: Scope, thing: Thing, before: datetime, limit: int) -> Sequence[TimelineEvent]:
    """The newest incidents that touched a thing; nothing for who may not see incidents."""
    if not scope.may(Permission.INCIDENT_READ):
        return []
    site_id = thing.id if thing.kind is Kind.SITE else None
    rows = await incidents.of_thing(
        tx, scope, subscription_ids=thing.subscription_ids, site_id=site_id, before=before, limit=limit
    )
    return [
        TimelineEvent(
            lane=LANE,
            at=row["opened_at"],
            title=row["title"],
            detail={
                "severity": row["severity"],
                "state": row["state"],
                "ended_at": row["ended_at"] if not row["live"] else None,
                "reason": row["resolved_why"],
            },
            link=f"/incidents/{row['id']}",
        )
        for row in rows
    ]
