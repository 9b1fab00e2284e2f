"""Operators and contracts."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class OperatorIn(BaseModel):
    """An operator as it is to be."""

    name: str = Field(min_length=1, max_length=200)
    plmns: list[str] = Field([], max_length=50, description="MCC and MNC together, such as 23415.")


class OperatorOut(OperatorIn):
    """An operator."""

    id: int
    code: str
    created_at: datetime


class Operators(BaseModel):
    """The operators."""

    items: list[OperatorOut]


class ContractIn(BaseModel):
    """A contract as it is to be; empty lists allow anything."""

    calls_per_second: float | None = Field(None, gt=0, le=1_000_000)
    max_batch: int | None = Field(None, gt=0, le=1_000_000)
    apns: list[str] = Field([], max_length=1000)
    data_plans: list[str] = Field([], max_length=1000)
    subscription_groups: list[str] = Field([], max_length=1000)
    details: dict[str, Any] = {}


class ContractOut(ContractIn):
    """A contract."""

    id: int
    operator_id: int
    operator_code: str
    name: str


class Contracts(BaseModel):
    """The contracts."""

    items: list[ContractOut]
