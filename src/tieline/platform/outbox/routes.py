"""REST of what could not be delivered."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from tieline.platform import audit
from tieline.platform.errors import NotFound
from tieline.platform.outbox import store
from tieline.platform.paging import decode_key, page_of
from tieline.platform.scope import Permission
from tieline.platform.web import CurrentRuntime, CurrentScope

router = APIRouter(prefix="/events", tags=["events"])


class OutboxView(BaseModel):
    """How far behind the handlers of events are."""

    waiting: int
    dead: int
    lag: float


class DeadLetterView(BaseModel):
    """A delivery that was given up."""

    handler: str
    event_id: int
    topic: str
    key: str
    payload: dict[str, Any]
    at: datetime
    attempts: int
    error: str


class DeadLetterPage(BaseModel):
    """Deliveries that were given up, the oldest first."""

    items: list[DeadLetterView]
    next: str | None


@router.get("/status")
async def status(scope: CurrentScope, runtime: CurrentRuntime) -> OutboxView:
    """Count what waits and what is dead, and tell the age of the oldest in seconds."""
    scope.require(Permission.OPERATIONS)
    async with runtime.db.snapshot() as tx:
        found = await store.status(tx)
    return OutboxView(waiting=found.waiting, dead=found.dead, lag=found.lag)


@router.get("/dead")
async def dead(
    scope: CurrentScope,
    runtime: CurrentRuntime,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> DeadLetterPage:
    """List deliveries that were given up, with the last error."""
    scope.require(Permission.OPERATIONS)
    event, handler = decode_key(cursor, int, str) if cursor else (0, "")
    async with runtime.db.snapshot() as tx:
        rows = await store.dead(tx, (event, handler), limit + 1)
    page = page_of(rows, limit, lambda letter: (letter.event.id, letter.handler))
    items = [
        DeadLetterView(
            handler=letter.handler,
            event_id=letter.event.id,
            topic=letter.event.topic,
            key=letter.event.key,
            payload=dict(letter.event.payload),
            at=letter.event.at,
            attempts=letter.attempts,
            error=letter.error,
        )
        for letter in page.items
    ]
    return DeadLetterPage(items=items, next=page.next)


@router.post("/dead/{event_id}/{handler}/retry", status_code=204)
async def retry(event_id: int, handler: str, scope: CurrentScope, runtime: CurrentRuntime) -> None:
    """Let a delivery that was given up be tried again."""
    scope.require(Permission.OPERATIONS)
    async with runtime.db.transaction() as tx:
        if not await store.revive(tx, handler, event_id):
            raise NotFound(f"{handler} has no dead delivery of event {event_id}.")
        await audit.append(tx, scope, audit.Entry("event.revived", f"event:{event_id}", {"handler": handler}))
