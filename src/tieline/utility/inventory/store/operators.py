"""Operators and their contracts."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from tieline.platform.db import Tx, fetch_all, fetch_value, sql
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.model import Contract, Operator

_OPERATORS = f"""
SELECT o.id, o.code, o.name, o.plmns, o.created_at FROM operator o
WHERE {within(operator="o.code")} AND (%(code)s::text IS NULL OR o.code = %(code)s) ORDER BY o.code
"""

_CONTRACTS = f"""
SELECT k.id, k.operator_id, o.code AS operator_code, k.name, k.calls_per_second::float8 AS calls_per_second,
    k.max_batch, k.apns, k.data_plans, k.subscription_groups, k.details
FROM contract k JOIN operator o ON o.id = k.operator_id
WHERE {within(operator="o.code")} AND (%(code)s::text IS NULL OR o.code = %(code)s) ORDER BY o.code, k.name
"""

_PUT_OPERATOR = """
WITH before AS (SELECT * FROM operator WHERE code = %(code)s FOR UPDATE),
put AS (
    INSERT INTO operator (code, name, plmns) VALUES (%(code)s, %(name)s, %(plmns)s)
    ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, plmns = EXCLUDED.plmns
    RETURNING *
), kept AS (
    INSERT INTO history (thing, thing_id, actor, reason, before, after)
    SELECT 'operator', p.id, %(actor)s, 'edited', jsonb_build_object('name', b.name, 'plmns', to_jsonb(b.plmns)),
        jsonb_build_object('name', p.name, 'plmns', to_jsonb(p.plmns))
    FROM put p JOIN before b ON b.id = p.id
    WHERE (b.name, b.plmns) IS DISTINCT FROM (p.name, p.plmns)
)
SELECT id FROM put
"""

_TERMS = """jsonb_build_object('calls_per_second', {0}.calls_per_second, 'max_batch', {0}.max_batch,
    'apns', to_jsonb({0}.apns), 'data_plans', to_jsonb({0}.data_plans),
    'subscription_groups', to_jsonb({0}.subscription_groups), 'details', {0}.details)"""

_PUT_CONTRACT = f"""
WITH holder AS (SELECT id FROM operator WHERE code = %(operator)s),
before AS (
    SELECT k.* FROM contract k JOIN holder h ON h.id = k.operator_id WHERE k.name = %(name)s FOR UPDATE OF k
), put AS (
    INSERT INTO contract
        (operator_id, name, calls_per_second, max_batch, apns, data_plans, subscription_groups, details)
    SELECT id, %(name)s, %(calls_per_second)s, %(max_batch)s, %(apns)s, %(data_plans)s, %(subscription_groups)s,
        %(details)s FROM holder
    ON CONFLICT (operator_id, name) DO UPDATE SET calls_per_second = EXCLUDED.calls_per_second,
        max_batch = EXCLUDED.max_batch, apns = EXCLUDED.apns, data_plans = EXCLUDED.data_plans,
        subscription_groups = EXCLUDED.subscription_groups, details = EXCLUDED.details
    RETURNING *
), kept AS (
    INSERT INTO history (thing, thing_id, actor, reason, before, after)
    SELECT 'contract', p.id, %(actor)s, 'edited', {_TERMS.format("b")}, {_TERMS.format("p")}
    FROM put p JOIN before b ON b.id = p.id
)
SELECT id FROM put
"""


async def operators(tx: Tx, scope: Scope, code: str | None = None) -> list[Operator]:
    """The operators within the scope, by code; or the one of a code."""
    async with tx.cursor(row_factory=class_row(Operator)) as cursor:
        await cursor.execute(sql(_OPERATORS), {"code": code, **scope.params()})
        return await cursor.fetchall()


async def contracts(tx: Tx, scope: Scope, operator: str | None = None) -> list[Contract]:
    """The contracts within the scope; or those with one operator."""
    async with tx.cursor(row_factory=class_row(Contract)) as cursor:
        await cursor.execute(sql(_CONTRACTS), {"code": operator, **scope.params()})
        return await cursor.fetchall()


async def put_operator(tx: Tx, scope: Scope, code: str, name: str, plmns: Sequence[str]) -> int:
    """Make or change an operator; returns its id."""
    params = {"code": code, "name": name, "plmns": list(plmns), "actor": scope.actor}
    identity: int = await fetch_value(tx, _PUT_OPERATOR, params)
    return identity


async def put_contract(tx: Tx, scope: Scope, operator: str, name: str, terms: Mapping[str, Any]) -> int | None:
    """Make or change a contract; None when there is no such operator."""
    params = {**terms, "details": Jsonb(terms["details"]), "operator": operator, "name": name, "actor": scope.actor}
    identity: int | None = await fetch_value(tx, _PUT_CONTRACT, params)
    return identity


async def operator_ids(tx: Tx, scope: Scope) -> dict[str, int]:
    """Ids of the operators within the scope, by code."""
    text = f"SELECT o.code, o.id FROM operator o WHERE {within(operator='o.code')}"
    return {row["code"]: row["id"] for row in await fetch_all(tx, text, scope.params())}
