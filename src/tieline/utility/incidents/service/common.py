"""What the use cases of incidents share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tieline.platform import audit, outbox
from tieline.platform.clock import Clock, SystemClock
from tieline.platform.db import Tx
from tieline.platform.scope import Scope, system
from tieline.utility.incidents.model import Incident, State
from tieline.utility.incidents.store import incidents as store

SYSTEM = system("incidents")
WALL: Clock = SystemClock()
"""The clock where none is given: handlers of events get none."""
TOPIC = "incident.state"
"""Outbox topic: ``{incident_id, kind, key, severity, state, was, operator, by}``, keyed by the incident."""

ALL_KINDS = ("configuration", "wrong-device", "wrong-card", "missing")
"""Kinds found here by looking at subscriptions."""


async def turn(
    tx: Tx, scope: Scope, one: Incident, state: State, at: datetime, *, words: str, **values: Any
) -> audit.Entry:
    """Put an incident into a state: journal and event; the audit entry is the caller's to append, last."""
    await store.update(tx, one.id, state=state.value, **values)
    await store.note(tx, one.id, at=at, actor=scope.actor, kind=state.value, words=words)
    await tell(tx, scope, one, state)
    detail = {"state": state.value, "was": one.state, "title": one.title, "why": words}
    return audit.Entry(f"incident.{state.value}", f"incident:{one.id}", detail)


async def tell(tx: Tx, scope: Scope, one: Incident, state: State, *, was: str | None = None) -> None:
    """Tell the contexts above."""
    payload = {
        "incident_id": one.id,
        "kind": one.kind,
        "key": one.key,
        "severity": one.severity,
        "state": state.value,
        "was": one.state if was is None else was,
        "operator": one.operator,
        "by": scope.actor,
    }
    await outbox.publish(tx, TOPIC, payload, key=f"incident:{one.id}")


def chunks(ids: Sequence[int], size: int = 1000) -> list[Sequence[int]]:
    """Some numbers in parts that one statement takes easily."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]
