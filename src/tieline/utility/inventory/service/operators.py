"""Operators, their contracts, and saved mappings: written here, with an entry in the audit trail."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.importing.mapping import FileMapping, checked, to_object
from tieline.utility.inventory.model import Contract, Operator, SavedMapping
from tieline.utility.inventory.store import imports
from tieline.utility.inventory.store import operators as store

_CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_PLMN = re.compile(r"[0-9]{5,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a contract grants; see :class:`Contract`."""

    calls_per_second: float | None = None
    max_batch: int | None = None
    apns: list[str] = field(default_factory=list)
    data_plans: list[str] = field(default_factory=list)
    subscription_groups: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)


async def put_operator(tx: Tx, scope: Scope, code: str, *, name: str, plmns: Sequence[str]) -> Operator:
    """Make or change an operator. Raises ``Invalid`` for a code or network that is none."""
    scope.require(Permission.OPERATOR_WRITE)
    problems = (
        [] if _CODE.fullmatch(code) else [Problem("code", "format", "1 to 32 letters, digits, - or _.", code[:80])]
    )
    problems += [
        Problem("plmns", "format", "MCC and MNC together, 5 or 6 digits.", plmn[:20])
        for plmn in plmns
        if not _PLMN.fullmatch(plmn)
    ]
    if scope.operators is not None and code not in scope.operators:
        problems.append(Problem("code", "scope", "You may edit your own operators only.", code[:80]))
    if problems:
        raise Invalid("The operator cannot be kept so.", problems)
    await store.put_operator(tx, scope, code, name, plmns)
    written = (await store.operators(tx, scope, code))[0]
    await audit.append(tx, scope, audit.Entry("operator.put", f"operator:{code}", {"name": name, "plmns": list(plmns)}))
    return written


async def operators(tx: Tx, scope: Scope) -> list[Operator]:
    """The operators within the scope."""
    scope.require(Permission.INVENTORY_READ)
    return await store.operators(tx, scope)


async def put_contract(tx: Tx, scope: Scope, operator: str, name: str, terms: Terms) -> Contract:
    """Make or change a contract. Raises ``NotFound`` when there is no such operator within the scope."""
    scope.require(Permission.OPERATOR_WRITE)
    if not await store.operators(tx, scope, operator):
        raise NotFound(f"There is no operator {operator}.")
    await store.put_contract(tx, scope, operator, name, asdict(terms))
    written = next(one for one in await store.contracts(tx, scope, operator) if one.name == name)
    await audit.append(
        tx, scope, audit.Entry("contract.put", f"contract:{written.id}", {"name": name, **asdict(terms)})
    )
    return written


async def contracts(tx: Tx, scope: Scope, operator: str | None = None) -> list[Contract]:
    """The contracts within the scope."""
    scope.require(Permission.INVENTORY_READ)
    return await store.contracts(tx, scope, operator)


async def mappings(tx: Tx, scope: Scope) -> list[SavedMapping]:
    """The saved mappings."""
    scope.require(Permission.INVENTORY_READ)
    return await imports.mappings(tx)


async def mapping(tx: Tx, scope: Scope, name: str) -> SavedMapping:
    """A saved mapping. Raises ``NotFound``."""
    scope.require(Permission.INVENTORY_READ)
    found = await imports.mappings(tx, name)
    if not found:
        raise NotFound(f"There is no mapping called {name}.")
    return found[0]


async def put_mapping(tx: Tx, scope: Scope, name: str, described: FileMapping) -> SavedMapping:
    """Save a mapping under a name. Raises ``Invalid`` when it makes no sense."""
    scope.require(Permission.INVENTORY_WRITE)
    await imports.put_mapping(tx, scope, name, described.kind, to_object(checked(described)))
    await audit.append(tx, scope, audit.Entry("mapping.put", f"mapping:{name}", {"spec": to_object(described)}))
    return (await imports.mappings(tx, name))[0]


async def delete_mapping(tx: Tx, scope: Scope, name: str) -> None:
    """Delete a saved mapping; imports made with it keep their own copy. Raises ``NotFound``."""
    scope.require(Permission.INVENTORY_WRITE)
    if not await imports.delete_mapping(tx, name):
        raise NotFound(f"There is no mapping called {name}.")
    await audit.append(tx, scope, audit.Entry("mapping.deleted", f"mapping:{name}", {}))
