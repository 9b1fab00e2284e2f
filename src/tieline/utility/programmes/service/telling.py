"""What people did with a programme: into its own log, and to whoever has to do something about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tieline.platform import outbox
from tieline.platform.db import Tx
from tieline.platform.scope import system
from tieline.utility.programmes.store import programmes as store

SYSTEM = system("programmes")
"""As whom programmes do what nobody asked for at that moment."""
TOPIC = "programme.moved"
"""A person did something with a programme: ``{programme_id, kind}``."""


async def log(tx: Tx, programme_id: int, kind: str, facts: Mapping[str, Any], *, actor: str, at: datetime) -> None:
    """Keep what somebody did in the programme's log, and tell it."""
    await store.add_event(tx, programme_id, kind, facts, actor=actor, at=at)
    await outbox.publish(tx, TOPIC, {"programme_id": programme_id, "kind": kind}, key=f"programme:{programme_id}")
