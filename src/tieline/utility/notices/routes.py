"""REST of notices, and where operators post their events."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from tieline.platform.errors import Invalid, TooLarge
from tieline.platform.web import MEGABYTE, CurrentRuntime, CurrentScope, fast, fingerprint_of
from tieline.utility.connectors import Rejected, operator_of
from tieline.utility.notices.jobs import defer_answer
from tieline.utility.notices.model import Answer, Filter, Notice, Origin, Part, PhaseCount, Source
from tieline.utility.notices.policy.words import sentence
from tieline.utility.notices.providers.tmf655 import read_notice_event
from tieline.utility.notices.schemas import AnswerBody
from tieline.utility.notices.service import answering, reading
from tieline.utility.notices.service.taking import take
from tieline.utility.notices.store import desks

router = APIRouter(tags=["notices"])
operator_router = APIRouter(tags=["notifications"])
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Words = Annotated[list[str], Query(max_length=50)]
Number = Annotated[int, Query(ge=1, le=1_000_000)]
LARGEST = 8 * MEGABYTE
_ANSWERS = {"accept": Answer.APPROVED, "decline": Answer.REJECTED}


@router.get("/notices")
async def list_notices(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    *,
    operator: Words = [],  # noqa: B006 - FastAPI copies it
    kind: Words = [],  # noqa: B006
    status: Words = [],  # noqa: B006
    technology: Words = [],  # noqa: B006
    open: Annotated[bool | None, Query(description="Whether something of it is still to come.")] = None,  # noqa: A002
    waits: Annotated[bool | None, Query(description="Whether the operator waits for our answer.")] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """What operators announce, the latest to come in first."""
    wanted = Filter(tuple(operator), tuple(kind), tuple(status), tuple(technology), open, waits)
    async with runtime.db.snapshot() as tx:
        page = await reading.notice_page(tx, scope, runtime.clock, wanted, cursor=cursor, limit=limit)
    return fast({"items": [_listed(one) for one in page.items], "next": page.next})


@router.get("/notice-desks")
async def list_desks(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """How the operators' desks are doing: asked for events, last read, last heard of."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await reading.desk_states(tx, scope)})


@router.get("/notices/{notice_id}")
async def show_notice(notice_id: Id, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A notice with its phases, what each strikes, and what that means in a sentence."""
    async with runtime.db.snapshot() as tx:
        notice = await reading.one(tx, scope, notice_id)
        counts = await reading.phase_counts(tx, scope, notice)
    shown = {**_listed(notice), "sentence": sentence(notice, counts, runtime.clock.now())}
    return fast({**shown, "phases": [_phase(one) for one in counts]})


@router.get("/notices/{notice_id}/revisions")
async def list_revisions(notice_id: Id, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Every revision that was received, the newest first."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await reading.revisions(tx, scope, notice_id)})


@router.get("/notices/{notice_id}/differences")
async def show_differences(
    notice_id: Id,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    earlier: Number,
    later: Number,
) -> Response:
    """How one revision differs from an earlier one, in words."""
    async with runtime.db.snapshot() as tx:
        found = await reading.differences(tx, scope, notice_id, earlier, later)
    return fast({"items": found})


@router.get("/notices/{notice_id}/sites")
async def list_affected(
    notice_id: Id,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    *,
    phase: Annotated[str | None, Query(max_length=200)] = None,
    alone: Annotated[bool, Query(description="Only those that hang on the technology alone.")] = False,
    critical: Annotated[bool, Query(description="Only those of high or critical importance.")] = False,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="The last site that was read.")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> Response:
    """The sites that a notice strikes, by number, each with the phase that strikes it first."""
    async with runtime.db.snapshot() as tx:
        await reading.one(tx, scope, notice_id)
        rows = await reading.affected(
            tx, scope, [notice_id], part=Part(phase, alone, critical), after=after, limit=limit
        )
    return fast({"items": rows, "next": rows[-1].site_id if len(rows) == limit else None})


@router.post("/notices/{notice_id}/answer", status_code=202)
async def answer_notice(notice_id: Id, body: AnswerBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Accept or decline; it is said to the operator at once, or as soon as it can be reached."""
    async with runtime.db.transaction() as tx:
        given = _ANSWERS[body.answer]
        number = await answering.answer(
            tx, scope, runtime.clock, notice_id, given, words=body.words, revision=body.revision
        )
        notice = await reading.one(tx, scope, notice_id)
        await defer_answer(tx, notice.operator, notice_id, number)
    return fast(_listed(notice), status=202)


@operator_router.post(
    "/tmf-api/listener/{code}", status_code=201, max_body_size=LARGEST, operation_id="notices_take_any_event"
)
@operator_router.post("/tmf-api/listener/{code}/listener/{event}", status_code=201, max_body_size=LARGEST)
async def take_event(
    code: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$")], request: Request, runtime: CurrentRuntime
) -> Response:
    """Take an event of TMF655: 201 once it is stored, whether it came before or not.

    Only the operator's own certificate is let in. Operators post to the callback itself, or as the published interface
    shows it to a path below it.
    """
    async with runtime.db.transaction() as tx:
        operator = await operator_of(tx, code, fingerprint_of(request.scope))
    body = await request.body()
    if len(body) > LARGEST:
        raise TooLarge(f"An event has at most {LARGEST} octets.")
    now = runtime.clock.now()
    try:
        told = read_notice_event(body, now)
    except Rejected as error:
        raise Invalid(error.detail) from error
    async with runtime.db.transaction() as tx:
        await take(tx, Origin(operator["operator_id"], code, Source.EVENT, now), [told])
        await desks.heard(tx, operator["operator_id"], now)
    return Response(status_code=201)


def _listed(notice: Notice) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(reading.without_phases(notice))
    return {**plain, "over": notice.over, "waits": notice.waits, "answerable": notice.answerable}


def _phase(one: PhaseCount) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(one.phase)
    return {**plain, "sites": one.sites, "links": one.links, "alone": one.alone, "critical": one.critical}
