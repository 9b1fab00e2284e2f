"""How each operator's desk is doing."""

from datetime import datetime

from psycopg.rows import DictRow

from tieline.platform.db import Tx, execute, fetch_all, fetch_one
from tieline.platform.scope import Scope, within


async def state(tx: Tx, operator_id: int) -> DictRow | None:
    """What is known of an operator's desk."""
    text = """SELECT subscription, callback, asked_at, pulled_at, heard_at, failed_at, error FROM notice_desk
              WHERE operator_id = %(id)s"""
    return await fetch_one(tx, text, {"id": operator_id})


async def states(tx: Tx, scope: Scope) -> list[DictRow]:
    """What is known of the desks within the scope."""
    text = f"""
        SELECT o.code AS operator, d.callback, d.asked_at, d.pulled_at, d.heard_at, d.failed_at, d.error
        FROM notice_desk d JOIN operator o ON o.id = d.operator_id WHERE {within(None, "o.code")} ORDER BY o.code"""
    return await fetch_all(tx, text, scope.params())


async def asked(tx: Tx, operator_id: int, subscription: str, callback: str, at: datetime) -> None:
    """Note that the operator was asked to send events."""
    text = """
        INSERT INTO notice_desk (operator_id, subscription, callback, asked_at)
        VALUES (%(id)s, %(subscription)s, %(callback)s, %(at)s)
        ON CONFLICT (operator_id) DO UPDATE SET subscription = excluded.subscription, callback = excluded.callback,
            asked_at = excluded.asked_at"""
    await execute(tx, text, {"id": operator_id, "subscription": subscription, "callback": callback, "at": at})


async def pulled(tx: Tx, operator_id: int, at: datetime) -> None:
    """Note that everything was read; what went wrong before is over."""
    text = """
        INSERT INTO notice_desk (operator_id, pulled_at) VALUES (%(id)s, %(at)s)
        ON CONFLICT (operator_id) DO UPDATE SET pulled_at = excluded.pulled_at, failed_at = NULL, error = ''"""
    await execute(tx, text, {"id": operator_id, "at": at})


async def heard(tx: Tx, operator_id: int, at: datetime) -> None:
    """Note that the operator sent an event."""
    text = """
        INSERT INTO notice_desk (operator_id, heard_at) VALUES (%(id)s, %(at)s)
        ON CONFLICT (operator_id) DO UPDATE SET heard_at = excluded.heard_at"""
    await execute(tx, text, {"id": operator_id, "at": at})


async def failed(tx: Tx, operator_id: int, error: str, at: datetime) -> None:
    """Note what went wrong."""
    text = """
        INSERT INTO notice_desk (operator_id, failed_at, error) VALUES (%(id)s, %(at)s, %(error)s)
        ON CONFLICT (operator_id) DO UPDATE SET failed_at = excluded.failed_at, error = excluded.error"""
    await execute(tx, text, {"id": operator_id, "at": at, "error": error[:1000]})
