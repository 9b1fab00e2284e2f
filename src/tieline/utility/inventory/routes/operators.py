"""Operators and their contracts."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.inventory.schemas import operators as schemas
from tieline.utility.inventory.service import operators as service

router = APIRouter(tags=["operators"])

Code = Annotated[str, Path(max_length=32)]
Name = Annotated[str, Path(min_length=1, max_length=200)]


@router.get("/operators", response_model=schemas.Operators)
async def operators(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """List the operators."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await service.operators(tx, scope)})


@router.put("/operators/{code}", response_model=schemas.OperatorOut)
async def put_operator(
    runtime: CurrentRuntime, scope: CurrentScope, code: Code, wanted: schemas.OperatorIn
) -> Response:
    """Make or change an operator."""
    async with runtime.db.transaction() as tx:
        return fast(await service.put_operator(tx, scope, code, name=wanted.name, plmns=wanted.plmns))


@router.get("/contracts", response_model=schemas.Contracts)
async def contracts(runtime: CurrentRuntime, scope: CurrentScope, operator: str | None = None) -> Response:
    """List the contracts; or those with one operator."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await service.contracts(tx, scope, operator)})


@router.put("/operators/{code}/contracts/{name}", response_model=schemas.ContractOut)
async def put_contract(
    runtime: CurrentRuntime, scope: CurrentScope, code: Code, name: Name, wanted: schemas.ContractIn
) -> Response:
    """Make or change a contract with an operator."""
    async with runtime.db.transaction() as tx:
        terms = service.Terms(**wanted.model_dump())
        return fast(await service.put_contract(tx, scope, code, name, terms))
