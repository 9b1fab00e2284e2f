"""Telling what was done to a change: its own log, an event for the contexts above, the audit trail. Called last."""

from collections.abc import Mapping
from typing import Any

from tieline.platform import audit, outbox
from tieline.platform.db import Tx
from tieline.platform.scope import Scope
from tieline.utility.changes.model import Change, ChangeState
from tieline.utility.changes.store import changes as store

TOPIC = "change.state"
"""Outbox topic of changes of state: ``{change_id, kind, type, state, was, act, actor}``, keyed by the change."""


async def tell(
    tx: Tx, scope: Scope, change: Change, act: str, *, state: ChangeState | None = None, **detail: Any
) -> None:
    """Tell an act on a change; ``state`` is the one it led to, if it led to another."""
    facts: Mapping[str, Any] = {**detail, **({"state": state.value} if state else {})}
    await store.add_event(tx, change.id, scope.actor, act, facts)
    if state is not None and state is not change.state:
        payload = {
            "change_id": change.id,
            "kind": change.kind,
            "type": change.type.value,
            "state": state.value,
            "was": change.state.value,
            "act": act,
            "actor": scope.actor,
        }
        await outbox.publish(tx, TOPIC, payload, key=f"change:{change.id}")
    await audit.append(tx, scope, audit.Entry(f"change.{act}", f"change:{change.id}", dict(facts)))
