"""REST of accounts and tokens."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from tieline.platform.identity import accounts, passwords, schemas, tokens
from tieline.platform.identity.accounts import AccountChange
from tieline.platform.identity.model import Account, AccountDraft, TokenDraft
from tieline.platform.scope import Permission
from tieline.platform.web import CurrentCaller, CurrentRuntime, CurrentScope, unrepeatable

router = APIRouter()
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/users", tags=["users"])
async def list_users(
    scope: CurrentScope, runtime: CurrentRuntime, cursor: Cursor = None, limit: Limit = 100
) -> schemas.UserPage:
    """List accounts by name."""
    async with runtime.db.snapshot() as tx:
        page = await accounts.accounts(tx, scope, cursor=cursor, limit=limit)
    return schemas.UserPage(items=[schemas.user(account) for account in page.items], next=page.next)


@router.post("/users", tags=["users"], status_code=201, openapi_extra=unrepeatable("What is sent holds a password."))
async def create_user(sent: schemas.NewUser, scope: CurrentScope, runtime: CurrentRuntime) -> schemas.User:
    """Make an account."""
    scope.require(Permission.USER_WRITE)
    accounts.check_password(sent.password, sent.name)
    stored = await passwords.hashed(sent.password)
    draft = AccountDraft(
        sent.name,
        sent.display_name or sent.name,
        sent.email,
        frozenset(sent.roles),
        _bound(sent.regions),
        _bound(sent.operators),
    )
    async with runtime.db.transaction() as tx:
        return schemas.user(await accounts.create(tx, scope, draft, stored, runtime.clock.now()))


@router.get("/users/{user_id}", tags=["users"])
async def get_user(user_id: int, scope: CurrentScope, runtime: CurrentRuntime) -> schemas.User:
    """Give one account."""
    async with runtime.db.snapshot() as tx:
        return schemas.user(await accounts.account(tx, scope, user_id))


@router.patch("/users/{user_id}", tags=["users"])
async def change_user(
    user_id: int, sent: schemas.UserPatch, scope: CurrentScope, runtime: CurrentRuntime
) -> schemas.User:
    """Change an account; one made inactive is signed out everywhere."""
    async with runtime.db.transaction() as tx:
        before = await accounts.account(tx, scope, user_id)
        wanted = AccountChange(
            _patched(before, sent),
            active=before.active if sent.active is None else sent.active,
            version=before.version if sent.version is None else sent.version,
        )
        return schemas.user(await accounts.change(tx, scope, user_id, wanted))


@router.put("/users/{user_id}/password", tags=["users"], status_code=204)
async def reset_password(user_id: int, sent: schemas.NewPassword, scope: CurrentScope, runtime: CurrentRuntime) -> None:
    """Set somebody's password; they are signed out everywhere."""
    async with runtime.db.transaction() as tx:
        found = await accounts.account(tx, scope, user_id)
    accounts.check_password(sent.password, found.name)
    stored = await passwords.hashed(sent.password)
    async with runtime.db.transaction() as tx:
        await accounts.reset_password(tx, scope, user_id, stored, runtime.clock.now())


@router.get("/tokens", tags=["tokens"])
async def list_tokens(
    scope: CurrentScope,
    runtime: CurrentRuntime,
    everybodys: Annotated[bool, Query(alias="all", description="Everybody's; for administrators.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> schemas.TokenPage:
    """List one's API tokens, the latest first."""
    async with runtime.db.snapshot() as tx:
        page = await tokens.tokens(tx, scope, everybodys=everybodys, cursor=cursor, limit=limit)
    return schemas.TokenPage(items=[schemas.token(found) for found in page.items], next=page.next)


@router.post("/tokens", tags=["tokens"], status_code=201, openapi_extra=unrepeatable("The answer shows a secret once."))
async def create_token(sent: schemas.NewToken, caller: CurrentCaller, runtime: CurrentRuntime) -> schemas.MadeToken:
    """Make an API token; its secret is shown this once."""
    now, longest = runtime.clock.now(), runtime.settings.token_days
    permissions = caller.scope.permissions if sent.permissions is None else frozenset(sent.permissions)
    expires_at = now + timedelta(days=longest if sent.days is None else sent.days)
    draft = TokenDraft(sent.name, permissions, sent.regions, sent.operators, expires_at)
    async with runtime.db.transaction() as tx:
        made, secret = await tokens.create(tx, caller, draft, now, longest)
    return schemas.MadeToken(token=schemas.token(made), secret=secret)


@router.delete("/tokens/{token_id}", tags=["tokens"], status_code=204)
async def revoke_token(token_id: int, scope: CurrentScope, runtime: CurrentRuntime) -> None:
    """End a token at once."""
    async with runtime.db.transaction() as tx:
        await tokens.revoke(tx, scope, token_id, runtime.clock.now())


def _patched(before: Account, sent: schemas.UserPatch) -> AccountDraft:
    given = sent.model_fields_set
    return AccountDraft(
        before.name,
        before.display_name if sent.display_name is None else sent.display_name,
        before.email if sent.email is None else sent.email,
        before.roles if sent.roles is None else frozenset(sent.roles),
        _bound(sent.regions) if "regions" in given else before.regions,
        _bound(sent.operators) if "operators" in given else before.operators,
    )


def _bound(values: list[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
