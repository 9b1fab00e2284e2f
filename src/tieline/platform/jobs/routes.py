"""REST of jobs: what waits, runs and failed."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from tieline.platform import audit
from tieline.platform.errors import NotFound
from tieline.platform.jobs import store
from tieline.platform.jobs.model import JobState
from tieline.platform.paging import decode_key, page_of
from tieline.platform.scope import Permission
from tieline.platform.web import CurrentRuntime, CurrentScope, fast

router = APIRouter(prefix="/jobs", tags=["jobs"])
_END = 2**63 - 1


class JobView(BaseModel):
    """A job."""

    id: int
    name: str
    lane: str
    state: JobState
    attempts: int = Field(description="How many attempts ended.")
    error: str | None = Field(description="Why the last failed attempt failed.")
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None


class JobPage(BaseModel):
    """Jobs, the latest first."""

    items: list[JobView]
    next: str | None


class LaneView(BaseModel):
    """A lane: how many jobs wait, run and failed, and for how many seconds the oldest has been due."""

    lane: str
    waiting: int
    running: int
    failed: int
    oldest: float


class LaneList(BaseModel):
    """All lanes by name."""

    items: list[LaneView]


@router.get("", response_model=JobPage)
async def jobs(
    scope: CurrentScope,
    runtime: CurrentRuntime,
    *,
    lane: Annotated[str | None, Query(max_length=128, description="Lanes below it too.")] = None,
    name: Annotated[str | None, Query(max_length=128)] = None,
    state: JobState | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List jobs by lane, name and state, the latest first."""
    scope.require(Permission.OPERATIONS)
    before = decode_key(cursor, int)[0] if cursor else _END
    async with runtime.db.snapshot() as tx:
        rows = await store.page(tx, lane=lane, name=name, state=state, before=before, limit=limit + 1)
    return fast(page_of(rows, limit, lambda record: (record.id,)))


@router.get("/lanes", response_model=LaneList)
async def lanes(scope: CurrentScope, runtime: CurrentRuntime) -> Response:
    """Sum up every lane."""
    scope.require(Permission.OPERATIONS)
    async with runtime.db.snapshot() as tx:
        return fast({"items": await store.lanes(tx)})


@router.post("/{job_id}/retry", status_code=204)
async def retry(job_id: int, scope: CurrentScope, runtime: CurrentRuntime) -> None:
    """Let a failed job be tried again, with all its attempts before it."""
    scope.require(Permission.OPERATIONS)
    async with runtime.db.transaction() as tx:
        if not await store.retry_failed(tx, job_id):
            raise NotFound(f"There is no failed job {job_id}.")
        await audit.append(tx, scope, audit.Entry("job.retried", f"job:{job_id}", {}))
