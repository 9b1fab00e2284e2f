"""Contracts and tariffs: entered and changed here, with what they were before and an entry in the audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, NotFound, Problem, Stale
from tieline.platform.scope import Permission, Scope
from tieline.utility import inventory
from tieline.utility.usage.model import Contract, Tariff
from tieline.utility.usage.service.common import contract_of, plain
from tieline.utility.usage.store import contracts as store

STATES = ("INVENTORY", "TEST_READY", "ACTIVE", "SUSPENDED", "RETIRED")
MOST_TARIFFS = 500
_LONGEST = 100
_DEAREST = Decimal(1_000_000)
_NEWEST = 2**63 - 1


async def contracts(tx: Tx, scope: Scope) -> list[Contract]:
    """The contracts within the scope."""
    scope.require(Permission.USAGE_READ)
    return await store.contracts(tx, scope)


async def tariffs(tx: Tx, scope: Scope, operator: str) -> list[Tariff]:
    """Every tariff of an operator, by plan and beginning; none where nothing is entered yet."""
    scope.require(Permission.USAGE_READ)
    found = await store.contracts(tx, scope, operator)
    return await store.tariffs(tx, found[0].operator_id) if found else []


async def put_contract(
    tx: Tx, scope: Scope, operator: str, values: Mapping[str, Any], *, version: int | None = None
) -> Contract:
    """Set what holds for all plans of an operator.

    Raises:
        Invalid: for what cannot be.
        Stale: when somebody else set it since ``version`` was read.

    """
    scope.require(Permission.OPERATOR_WRITE)
    found = await inventory.operators(tx, scope, operator)
    if not found:
        raise NotFound(f"There is no operator {operator}, or you may not see it.")
    _check_contract(values)
    if not await store.put_contract(tx, scope, found[0].id, {**values, "version": version}):
        raise Stale("Somebody else changed the contract meanwhile.", advice="Look at what it says now, then try again.")
    await audit.append(tx, scope, audit.Entry("usage.contract-set", f"operator:{operator}", plain(values)))
    return await contract_of(tx, scope, operator)


def _check_contract(values: Mapping[str, Any]) -> None:
    problems = []
    if not values["billed_states"] or not set(values["billed_states"]) <= set(STATES):
        problems.append(Problem("billed_states", "choice", f"At least one of {', '.join(STATES)}."))
    if not 1 <= values["billing_day"] <= 28:  # noqa: PLR2004 - every month has it
        problems.append(Problem("billing_day", "range", "From 1 to 28."))
    if problems:
        raise Invalid("The contract cannot be kept so.", problems)


async def put_tariff(tx: Tx, scope: Scope, operator: str, tariff: Tariff) -> Tariff:
    """Set what a plan costs from a day on; the tariff before it ends the day before.

    Raises:
        Invalid: for what cannot be.

    """
    scope.require(Permission.OPERATOR_WRITE)
    contract = await contract_of(tx, scope, operator)
    had = await store.tariffs(tx, contract.operator_id)
    _check_tariff(tariff, had)
    values = {**asdict(tariff), "apns": list(tariff.apns), "groups": list(tariff.groups)}
    await store.put_tariff(tx, scope, contract.operator_id, values)
    if all(one.valid_from > tariff.valid_from for one in had if one.plan == tariff.plan):
        await store.follow_anew(tx, contract.operator_id, tariff.plan)
    entry = audit.Entry("usage.tariff-set", f"operator:{operator}", plain(values))
    await audit.append(tx, scope, entry)
    return tariff


def _check_tariff(tariff: Tariff, had: Sequence[Tariff]) -> None:
    problems = []
    if not tariff.plan.strip() or len(tariff.plan) > _LONGEST:
        problems.append(Problem("plan", "length", f"A name of at most {_LONGEST} characters."))
    if tariff.valid_to is not None and tariff.valid_to < tariff.valid_from:
        problems.append(Problem("valid_to", "order", "It ends after it begins."))
    for name in ("monthly_fee", "overage_per_mb"):
        amount: Decimal = getattr(tariff, name)
        exponent = amount.as_tuple().exponent
        if not amount.is_finite() or not 0 <= amount <= _DEAREST or (isinstance(exponent, int) and exponent < -6):  # noqa: PLR2004
            problems.append(Problem(name, "range", "From 0 to 1,000,000, with six decimals at most."))
    later = [one for one in had if one.plan == tariff.plan and one.valid_from > tariff.valid_from]
    if later and (tariff.valid_to is None or tariff.valid_to >= later[0].valid_from):
        told = f"Another tariff of this plan begins on {later[0].valid_from}: end this one before it."
        problems.append(Problem("valid_to", "overlap", told))
    if len(had) >= MOST_TARIFFS:
        problems.append(Problem("plan", "many", f"An operator has at most {MOST_TARIFFS} tariffs."))
    if problems:
        raise Invalid("The tariff cannot be kept so.", problems)


async def drop_tariff(tx: Tx, scope: Scope, operator: str, plan: str, valid_from: date) -> None:
    """Take a tariff back that was entered by mistake; what it said is kept. Raises ``NotFound``."""
    scope.require(Permission.OPERATOR_WRITE)
    contract = await contract_of(tx, scope, operator)
    if not await store.drop_tariff(tx, scope, contract.operator_id, plan, valid_from):
        raise NotFound(f"No tariff of {plan[:_LONGEST]} begins on {valid_from}.")
    detail = {"plan": plan, "valid_from": valid_from.isoformat()}
    await audit.append(tx, scope, audit.Entry("usage.tariff-dropped", f"operator:{operator}", detail))


async def history(tx: Tx, scope: Scope, operator: str, *, limit: int = 50) -> list[DictRow]:
    """What was set of an operator's contract and tariffs, the latest first."""
    contract = await contract_of(tx, scope, operator)
    return await store.history(tx, contract.operator_id, before=_NEWEST, limit=limit)
