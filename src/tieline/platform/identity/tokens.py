"""Use cases of API tokens: a part of the owner's authority, for a time, for a program."""

from datetime import datetime, timedelta

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from tieline.platform.identity import tokens_store
from tieline.platform.identity.model import Caller, Token, TokenDraft
from tieline.platform.identity.secret import hashed, new_token_secret
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope

_MOST = 100
_HINT = 8
_END = 2**63 - 1


async def create(tx: Tx, caller: Caller, draft: TokenDraft, now: datetime, longest_days: int) -> tuple[Token, str]:
    """Make a token of the caller's; gives it with its secret, which is shown this once.

    Raises ``Invalid`` for more than the caller may or for longer than ``longest_days``, and ``Forbidden`` when the
    caller itself is a token: a leaked token must not give birth to others.
    """
    if caller.session is None:
        raise Forbidden("A token cannot make tokens.", advice="Sign in to make one.")
    problems = _problems(caller.scope, draft, now, longest_days)
    if problems:
        raise Invalid("Such a token cannot be made.", problems)
    if await tokens_store.count_alive(tx, caller.account.id, now) >= _MOST:
        raise Conflict(f"You have {_MOST} tokens.", advice="Revoke some that are no longer used.")
    secret = new_token_secret()
    values = {
        "secret_hash": hashed(secret),
        "account_id": caller.account.id,
        "name": draft.name,
        "hint": secret[:_HINT],
        "permissions": sorted(draft.permissions),
        "regions": None if draft.regions is None else sorted(draft.regions),
        "operators": None if draft.operators is None else sorted(draft.operators),
        "created_at": now,
        "expires_at": draft.expires_at,
    }
    token = await tokens_store.insert(tx, values)
    shown = {key: value for key, value in values.items() if key not in {"secret_hash", "hint", "account_id"}}
    await audit.append(tx, caller.scope, audit.Entry("token.created", f"token:{token.id}", shown))
    return token, secret


async def tokens(tx: Tx, scope: Scope, *, everybodys: bool, cursor: str | None, limit: int) -> Page[Token]:
    """The caller's own tokens or, with ``USER_WRITE``, everybody's; the latest first."""
    if everybodys:
        _require_whole(scope)
    before = decode_key(cursor, int)[0] if cursor else _END
    rows = await tokens_store.page(tx, None if everybodys else _owner(scope), before, limit + 1)
    return page_of(rows, limit, lambda token: (token.id,))


async def revoke(tx: Tx, scope: Scope, token_id: int, now: datetime) -> Token:
    """End a token: one's own, or anybody's with ``USER_WRITE``."""
    anybody = scope.may(Permission.USER_WRITE) and scope.regions is None and scope.operators is None
    token = await tokens_store.revoke(tx, token_id, None if anybody else _owner(scope), now)
    if token is None:
        raise NotFound(f"There is no token {token_id} that could be revoked.")
    await audit.append(tx, scope, audit.Entry("token.revoked", f"token:{token.id}", {"name": token.name}))
    return token


def _require_whole(scope: Scope) -> None:
    scope.require(Permission.USER_WRITE)
    if scope.regions is not None or scope.operators is not None:
        raise Forbidden("Only an administrator of everything sees everybody's tokens.")


def _owner(scope: Scope) -> int:
    if scope.user_id is None:
        raise Forbidden("Only a user has tokens.")
    return scope.user_id


def _problems(scope: Scope, draft: TokenDraft, now: datetime, longest_days: int) -> list[Problem]:
    problems = []
    if not draft.permissions:
        problems.append(Problem("permissions", "missing", "Name at least one permission."))
    problems += [
        Problem("permissions", "not_yours", "You do not have this permission yourself.", permission)
        for permission in sorted(set(draft.permissions) - scope.permissions)
    ]
    for field, wanted, mine in (
        ("regions", draft.regions, scope.regions),
        ("operators", draft.operators, scope.operators),
    ):
        if mine is not None and wanted is not None and not set(wanted) <= mine:
            problems.append(Problem(field, "not_yours", "This is wider than your own range."))
    if draft.expires_at <= now:
        problems.append(Problem("expires_at", "past", "Take a moment to come."))
    if draft.expires_at > now + timedelta(days=longest_days):
        problems.append(Problem("expires_at", "too_late", f"Take at most {longest_days} days."))
    return problems
