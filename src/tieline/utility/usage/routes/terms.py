"""Contracts and tariffs over REST."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from tieline.platform.web import MEGABYTE, CurrentRuntime, CurrentScope, Day, fast
from tieline.utility.usage.jobs import defer_rating
from tieline.utility.usage.model import Tariff
from tieline.utility.usage.routes.common import OperatorCode, PlanName, file_body
from tieline.utility.usage.schemas import ContractBody, TariffBody
from tieline.utility.usage.service import filing, terms

router = APIRouter(tags=["usage"])
LARGEST = 64 * MEGABYTE
_KEPT = 100


@router.get("/usage/contracts")
async def list_contracts(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """What holds for all plans of each operator."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await terms.contracts(tx, scope)})


@router.put("/operators/{operator}/usage-contract")
async def put_contract(
    operator: OperatorCode, body: ContractBody, runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """Set what holds for all plans of an operator; its plans are then rated anew."""
    values = body.model_dump(exclude={"version"})
    async with runtime.db.transaction() as tx:
        written = await terms.put_contract(tx, scope, operator, values, version=body.version)
    await _rated(runtime, operator)
    return fast(written)


@router.get("/operators/{operator}/tariffs")
async def list_tariffs(operator: OperatorCode, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """What an operator's plans cost, and have cost."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await terms.tariffs(tx, scope, operator)})


@router.put("/operators/{operator}/tariffs/{plan}")
async def put_tariff(
    operator: OperatorCode, plan: PlanName, body: TariffBody, runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """Set what a plan costs from a day on; what was set for that day before is kept."""
    async with runtime.db.transaction() as tx:
        written = await terms.put_tariff(tx, scope, operator, Tariff(plan=plan, **body.model_dump()))
    await _rated(runtime, operator)
    return fast(written)


@router.delete("/operators/{operator}/tariffs/{plan}/{valid_from}", status_code=204)
async def drop_tariff(
    operator: OperatorCode,
    plan: PlanName,
    valid_from: Annotated[Day, Path()],
    runtime: CurrentRuntime,
    scope: CurrentScope,
) -> Response:
    """Take a tariff back that was entered by mistake."""
    async with runtime.db.transaction() as tx:
        await terms.drop_tariff(tx, scope, operator, plan, valid_from)
    await _rated(runtime, operator)
    return Response(status_code=204)


@router.get("/operators/{operator}/usage-contract/history")
async def show_history(operator: OperatorCode, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """What was set of an operator's contract and tariffs, the latest first, with what stood before."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await terms.history(tx, scope, operator)})


@router.post(
    "/operators/{operator}/plan-assignments", status_code=201, max_body_size=LARGEST, openapi_extra=file_body()
)
async def assign(operator: OperatorCode, request: Request, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take in from a file which subscription was on which plan, and since when."""
    async with request.form(max_files=1, max_fields=10) as form:
        taken, sheet = await filing.take_assignments(runtime, scope, operator, form)
    return fast({"taken": taken, "bad": sheet.bad, "problems": sheet.problems[:_KEPT]}, status=201)


async def _rated(runtime: CurrentRuntime, operator: str) -> None:
    async with runtime.db.transaction() as tx:
        await defer_rating(tx, operator)
