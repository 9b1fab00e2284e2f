"""Bills over REST."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from tieline.platform.web import MEGABYTE, CurrentRuntime, CurrentScope, fast, files
from tieline.utility.usage.model import Bill, BillState, Verdict
from tieline.utility.usage.routes.common import Cursor, Identity, Limit, OperatorCode, Words, file_body
from tieline.utility.usage.schemas import DecisionBody
from tieline.utility.usage.service import checking, filing

router = APIRouter(tags=["usage"])
LARGEST = 256 * MEGABYTE


@router.post("/operators/{operator}/bills", status_code=201, max_body_size=LARGEST, openapi_extra=file_body())
async def receive(operator: OperatorCode, request: Request, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take a bill in: CSV, XLSX or JSON lines. It is checked at once; its columns are in the reference of files."""
    async with request.form(max_files=1, max_fields=10) as form:
        bill_id = await filing.receive(runtime, scope, operator, form)
    async with runtime.db.snapshot() as tx:
        bill = await checking.one(tx, scope, bill_id)
    return fast(shown(bill), status=201, headers={"Location": f"/api/v1/bills/{bill_id}"})


@router.get("/bills")
async def list_bills(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    *,
    operator: Words = [],  # noqa: B006 - FastAPI copies it
    state: Annotated[list[BillState], Query(max_length=10)] = [],  # noqa: B006
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Bills, the newest first."""
    async with runtime.db.snapshot() as tx:
        page = await checking.page(tx, scope, operators=operator, states=state, cursor=cursor, limit=limit)
    return fast({"items": [shown(one) for one in page.items], "next": page.next})


@router.get("/bills/{bill_id}")
async def show(bill_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A bill: what it claims, what is due, and how many lines of which verdict it has."""
    async with runtime.db.snapshot() as tx:
        return fast(shown(await checking.one(tx, scope, bill_id)))


@router.get("/bills/{bill_id}/lines")
async def list_lines(
    bill_id: Identity,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    *,
    verdict: Annotated[list[Verdict], Query(max_length=10)] = [],  # noqa: B006 - FastAPI copies it
    q: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$", description="A subscription, card or plan.")] = "",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Lines of a bill with their verdicts, in order; those that are missing on it come last."""
    async with runtime.db.snapshot() as tx:
        page = await checking.line_page(tx, scope, bill_id, verdicts=verdict, text=q, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.get("/bills/{bill_id}/dispute.csv", **files("text/csv"))
async def dispute(bill_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Every line that is not explained, as a file for the operator."""
    async with runtime.db.snapshot() as tx:
        bill = await checking.one(tx, scope, bill_id)
    name = f"dispute-{bill.id}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    content = checking.dispute(runtime.db, scope, bill_id)
    return StreamingResponse(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/bills/{bill_id}/decide")
async def decide(bill_id: Identity, body: DecisionBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Accept or dispute a bill."""
    async with runtime.db.transaction() as tx:
        found = await checking.decide(tx, scope, runtime.clock, bill_id, BillState(body.state), words=body.words)
    return fast(shown(found))


@router.post("/bills/{bill_id}/check", status_code=202)
async def check_again(bill_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Have a bill checked again, after more records came in or the contract was put right."""
    async with runtime.db.transaction() as tx:
        await checking.again(tx, scope, bill_id)
        bill = await checking.one(tx, scope, bill_id)
    return fast(shown(bill), status=202)


@router.delete("/bills/{bill_id}", status_code=204)
async def drop(bill_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take a bill away that was sent by mistake."""
    async with runtime.db.transaction() as tx:
        await checking.drop(tx, scope, bill_id)
    return Response(status_code=204)


def shown(bill: Bill) -> dict[str, Any]:
    """A bill as it is answered."""
    plain: dict[str, Any] = msgspec.to_builtins(bill)
    return {**plain, "difference": None if bill.difference is None else str(bill.difference)}
