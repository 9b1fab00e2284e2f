"""Server-sent events of a change: its log entry by entry, its progress whenever that differs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec

from tieline.platform.errors import TielineError
from tieline.platform.scope import Scope
from tieline.platform.wiring import Runtime
from tieline.utility.changes.model import ChangeState
from tieline.utility.changes.policy.states import ENDED
from tieline.utility.changes.service import watching

PAUSE = 0.5
LONGEST = 600.0
_QUIET = 15.0
_encode = msgspec.json.Encoder().encode


async def stream(
    runtime: Runtime, scope: Scope, change_id: int, *, after: int = 0, pause: float = PAUSE
) -> AsyncIterator[bytes]:
    """Events until the change has ended or ten minutes are over; the browser then asks again by itself."""
    loop = asyncio.get_running_loop()
    began = told_at = loop.time()
    last: watching.Progress | None = None
    while loop.time() - began < LONGEST:
        try:
            async with runtime.db.snapshot() as tx:
                entries = await watching.events(tx, scope, change_id, after=after)
                now = await watching.progress(tx, scope, runtime.clock, change_id)
        except TielineError as error:
            yield _event("problem", {"detail": error.detail})
            return
        for entry in entries:
            after = entry["id"]
            yield _event("entry", entry, identifier=after)
        if last is None or _differs(now, last):
            yield _event("progress", now)
            last, told_at = now, loop.time()
        elif loop.time() - told_at > _QUIET:
            yield b": still here\n\n"
            told_at = loop.time()
        if ChangeState(now.state) in ENDED and not entries:
            yield _event("end", {"state": now.state})
            return
        await asyncio.sleep(pause)


def _differs(now: watching.Progress, last: watching.Progress) -> bool:
    return replace(now, at=last.at) != last


def _event(kind: str, data: Any, *, identifier: int | None = None) -> bytes:
    head = f"id: {identifier}\n" if identifier is not None else ""
    return f"{head}event: {kind}\ndata: ".encode() + _encode(data) + b"\n\n"
