"""REST of the back office for what staff do of utilities and plans: the acts that the console has, for programs."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tieline.gateway.backoffice import running, terms
from tieline.gateway.backoffice.access import Code, CurrentParts, authenticated, consumer_named
from tieline.gateway.backoffice.store import reading
from tieline.gateway.model import TokenScope
from tieline.gateway.plans import jobs
from tieline.gateway.plans.model import ACTIVATION, VALIDATION, public_id
from tieline.gateway.utilities import store as utilities
from tieline.platform.errors import Invalid, Problem
from tieline.standards.mns.plans import JobState, Result

router = APIRouter(prefix="/backoffice/v1", tags=["backoffice"], dependencies=[Depends(authenticated)])
JobName = Annotated[str, Path(pattern=r"^(aj|vj)-[0-9]{1,18}$")]
_READER = terms.staff("back office")
_NEWEST = 2**63 - 1


class Deed(BaseModel):
    """Who does it, and why."""

    model_config = ConfigDict(extra="forbid")
    by: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    reason: str = Field("", max_length=400, pattern=r"^[^\x00]*$")


class Permitted(BaseModel):
    """Which kinds of call a contract allows; null: every kind."""

    model_config = ConfigDict(extra="forbid")
    by: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    scopes: list[TokenScope] | None = Field(min_length=1, max_length=len(TokenScope))


class Standing(BaseModel):
    """Whether a utility's calls are answered, and which kinds of call it may make; null: every kind."""

    code: str
    suspended_at: datetime | None
    suspended_by: str | None
    suspended_reason: str | None
    permitted: list[str] | None


class RecipientView(BaseModel):
    """An address that a utility is told at."""

    kind: str = Field(description="changes, notices or events")
    address: str | None
    waiting: int
    delivered: int
    delivered_at: datetime | None
    attempts: int
    last_error: str | None
    retry_at: datetime | None


class CertificateView(BaseModel):
    """A certificate that counts; what it says is known once it was brought whole or came in."""

    fingerprint: str
    client_id: str | None
    subject: str | None
    not_after: datetime | None
    added_at: datetime
    seen_at: datetime | None


class JobView(BaseModel):
    """A job of a plan."""

    id: str
    utility: str
    name: str | None
    state: JobState
    total: int
    done: int = Field(description="Changes that were dealt with, failed ones too.")
    failed: int
    fallback: str
    by: str
    created_at: datetime
    stopped_at: datetime | None


class JobPage(BaseModel):
    """Jobs, the latest first; ``next`` goes into ``before``."""

    items: list[JobView]
    next: int | None


class Outcome(BaseModel):
    """What came of one change."""

    target: str
    state: str
    change: str | None
    errors: list[str]


class JobOutcome(BaseModel):
    """A job with what came of its changes: those that failed, or all."""

    job: JobView
    outcomes: list[Outcome]


class TakenBack(BaseModel):
    """The job that takes another one back."""

    job: str


@router.get("/utilities/{code}/standing")
async def standing(code: Code, parts: CurrentParts) -> Standing:
    """Whether a utility's calls are answered."""
    async with parts.db.snapshot() as tx:
        return Standing(**await terms.named(tx, _READER, code))


@router.post("/utilities/{code}/suspend")
async def suspend(code: Code, body: Deed, parts: CurrentParts) -> Standing:
    """Answer no call of a utility, within seconds; what it has running goes on."""
    async with parts.db.transaction() as tx:
        consumer = await consumer_named(tx, code)
        await terms.suspend(tx, terms.staff(body.by), consumer, body.reason, parts.clock.now())
        return Standing(**await terms.named(tx, _READER, code))


@router.post("/utilities/{code}/resume")
async def resume(code: Code, body: Deed, parts: CurrentParts) -> Standing:
    """Answer a utility's calls again."""
    async with parts.db.transaction() as tx:
        await terms.resume(tx, terms.staff(body.by), await consumer_named(tx, code))
        return Standing(**await terms.named(tx, _READER, code))


@router.put("/utilities/{code}/permitted")
async def permit(code: Code, body: Permitted, parts: CurrentParts) -> Standing:
    """Set which kinds of call a utility may make; it holds within seconds."""
    scope = terms.staff(body.by)
    async with parts.db.transaction() as tx:
        consumer = await consumer_named(tx, code)
        await terms.permit(tx, scope, consumer, None if body.scopes is None else frozenset(body.scopes))
        return Standing(**await terms.named(tx, _READER, code))


@router.get("/utilities/{code}/recipients")
async def recipients(code: Code, parts: CurrentParts) -> list[RecipientView]:
    """The addresses that a utility is told at, and whether they are reached."""
    async with parts.db.snapshot() as tx:
        consumer = await consumer_named(tx, code)
        return [RecipientView(**row) for row in await reading.recipients(tx, consumer.id)]


@router.get("/utilities/{code}/known-certificates")
async def known_certificates(code: Code, parts: CurrentParts) -> list[CertificateView]:
    """The certificates of a utility and of its clients, with what is known of them."""
    async with parts.db.snapshot() as tx:
        consumer = await consumer_named(tx, code)
        return [CertificateView(**row) for row in await utilities.known_certificates(tx, consumer.id)]


@router.get("/jobs")
async def list_jobs(
    parts: CurrentParts,
    *,
    utility: Annotated[str | None, Query(max_length=64)] = None,
    kind: Annotated[str, Query(pattern="^(activation|validation)$")] = "activation",
    state: Annotated[list[JobState] | None, Query(max_length=7)] = None,
    bad: bool = False,
    before: Annotated[int, Query(ge=1, le=_NEWEST)] = _NEWEST,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> JobPage:
    """Jobs of plans, the latest first; ``bad``: those in which something failed."""
    states = tuple(one.value for one in state or ())
    wanted = reading.JobFilter((utility,) if utility else (), (kind,), states, bad)
    async with parts.db.snapshot() as tx:
        rows = await reading.jobs(tx, wanted, before=before, limit=limit + 1)
    shown = [
        JobView(
            id=public_id(ACTIVATION if row["kind"] == "activation" else VALIDATION, row["id"]),
            utility=row["utility"],
            name=row["name"],
            state=row["state"],
            total=row["total"],
            done=row["position"],
            failed=row["failed"],
            fallback=row["fallback"],
            by=row["requested_by"],
            created_at=row["created_at"],
            stopped_at=row["stopped_at"],
        )
        for row in rows[:limit]
    ]
    return JobPage(items=shown, next=rows[limit - 1]["id"] if len(rows) > limit else None)


@router.get("/jobs/{name}")
async def show_job(name: JobName, parts: CurrentParts, *, everything: bool = False) -> JobOutcome:
    """A job, and what came of its changes: those that failed, or all."""
    async with parts.db.snapshot() as tx:
        found = await running.one(tx, _READER, name)
        details = await jobs.details(tx, found.job, everything=everything)
    return JobOutcome(job=_view(found), outcomes=[_outcome(result) for result in details.results])


@router.post("/jobs/{name}/cancel", status_code=202)
async def cancel_job(name: JobName, body: Deed, parts: CurrentParts) -> JobView:
    """Have a job stop; what is done stays done."""
    async with parts.db.transaction() as tx:
        await running.cancel(tx, terms.staff(body.by), name, body.reason, parts.clock.now())
        found = await running.one(tx, _READER, name)
    parts.signals.plans.set()
    return _view(found)


@router.post("/jobs/{name}/take-back", status_code=202)
async def take_job_back(name: JobName, body: Deed, parts: CurrentParts) -> TakenBack:
    """Have the effects of an activation taken back, where a way back was kept."""
    if not body.reason.strip():
        raise Invalid("Say why.", [Problem("reason", "missing", "The utility reads it.")])
    async with parts.db.transaction() as tx:
        made = await running.take_back(
            tx, terms.staff(body.by), name, by=body.by, reason=body.reason, now=parts.clock.now()
        )
    parts.signals.plans.set()
    return TakenBack(job=made)


def _view(found: running.Owned) -> JobView:
    job = found.job
    return JobView(
        id=job.public_id,
        utility=found.consumer.code,
        name=job.name,
        state=job.state,
        total=job.total,
        done=job.position,
        failed=job.failed,
        fallback=job.fallback,
        by=job.requested_by,
        created_at=job.created_at,
        stopped_at=job.stopped_at,
    )


def _outcome(result: Result) -> Outcome:
    why = [one.detail or one.title or str(one.reason or one.type) for one in result.errors or ()]
    return Outcome(target=result.target, state=result.state.value, change=result.change_id, errors=why)
