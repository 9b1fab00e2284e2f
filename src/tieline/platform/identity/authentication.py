"""Who sent a request: a session's cookie or an API token, looked up at every request."""

from dataclasses import replace

from tieline.platform.db import Tx
from tieline.platform.identity import store, tokens_store
from tieline.platform.identity.model import Caller
from tieline.platform.identity.policy import session_lives, worth_touching
from tieline.platform.identity.secret import TOKEN_PREFIX, hashed
from tieline.platform.wiring import Runtime


async def by_session(tx: Tx, runtime: Runtime, secret: str, request_id: str) -> Caller | None:
    """The caller with this session, and a note that it was used; None when it is over."""
    found = await store.session(tx, hashed(secret))
    now = runtime.clock.now()
    if found is None:
        return None
    account, session = found
    if not session_lives(session.seen_at, session.expires_at, runtime.settings.session_idle_minutes, now):
        await store.end_session(tx, hashed(secret))
        return None
    if worth_touching(session.seen_at, now):
        await store.touch_session(tx, session.id, now)
    return Caller(account, account.scope(request_id), session=session)


async def by_token(tx: Tx, runtime: Runtime, secret: str, request_id: str) -> Caller | None:
    """The caller with this token, with the part of the owner's present authority that the token carries."""
    if not secret.startswith(TOKEN_PREFIX):
        return None
    now = runtime.clock.now()
    found = await tokens_store.find(tx, hashed(secret), now)
    if found is None:
        return None
    account, token = found
    if token.used_at is None or worth_touching(token.used_at, now):
        await tokens_store.touch(tx, token.id, now)
    scope = account.scope(request_id).narrowed(
        permissions=token.permissions, regions=token.regions, operators=token.operators
    )
    return Caller(account, replace(scope, actor=f"{scope.actor}/token:{token.id}"), token=token)
