"""Signing in and out. Stands at the edge: hashing a password takes long, and no transaction waits for it."""

from dataclasses import dataclass

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Unauthenticated
from tieline.platform.identity import passwords, store, throttle
from tieline.platform.identity.model import Account, Caller, SignedIn
from tieline.platform.identity.policy import ADDRESS_FACTOR, normal_name, session_ends
from tieline.platform.identity.secret import hashed, new_session_secret
from tieline.platform.scope import Scope
from tieline.platform.wiring import Runtime

_AGENT_LENGTH = 200
_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in comes from, and the session it replaces, if the browser still had one."""

    address: str
    agent: str
    request_id: str = ""
    previous: str | None = None


async def sign_in(runtime: Runtime, name: str, password: str, origin: Origin) -> SignedIn:
    """Begin a session for a name and password.

    Raises ``Unauthenticated`` in the same words and after the same work whatever was wrong, and ``TooMany`` when
    the account or the address failed too often.
    """
    name = normal_name(name)[:_NAME_LENGTH].replace("\0", "")
    settings, now = runtime.settings, runtime.clock.now()
    subjects = (f"account:{name}", f"address:{origin.address}")
    free = settings.login_attempts
    async with runtime.db.transaction() as tx:
        await throttle.charge(tx, {subjects[0]: free, subjects[1]: free * ADDRESS_FACTOR}, now)
        account, stored = await store.account_named(tx, name) or (None, None)
    right = await passwords.matches(stored, password)
    if account is None or stored is None or not right or not account.active:
        await _refuse(runtime, name, origin)
        raise Unauthenticated("Name or password is wrong.")
    renewed = await passwords.hashed(password) if passwords.outdated(stored) else None
    async with runtime.db.transaction() as tx:
        await throttle.forgive(tx, *subjects)
        if renewed is not None:
            await store.rehash_password(tx, account.id, stored, renewed)
        return await begin_session(tx, runtime, account, origin, "password")


async def begin_session(tx: Tx, runtime: Runtime, account: Account, origin: Origin, by: str) -> SignedIn:
    """Begin a session of an account that has proved itself; always with a fresh secret, and the old session ends."""
    now = runtime.clock.now()
    if origin.previous is not None:
        await store.end_session(tx, hashed(origin.previous))
    secret = new_session_secret()
    session = await store.insert_session(
        tx,
        account.id,
        hashed(secret),
        now,
        expires_at=session_ends(now, runtime.settings.session_hours),
        address=origin.address,
        agent=origin.agent[:_AGENT_LENGTH].replace("\0", ""),
    )
    detail = {"by": by, "address": origin.address, "session": session.id}
    await audit.append(tx, account.scope(origin.request_id), _entry("session.began", account, detail))
    return SignedIn(account, session, secret)


async def sign_out(tx: Tx, caller: Caller, secret: str) -> None:
    """End the caller's session."""
    if await store.end_session(tx, hashed(secret)):
        await audit.append(tx, caller.scope, _entry("session.ended", caller.account, {}))


async def sign_out_everywhere(tx: Tx, caller: Caller) -> int:
    """End all sessions of the caller's account, this one included; gives how many."""
    ended = await store.end_sessions(tx, caller.account.id)
    await audit.append(tx, caller.scope, _entry("session.ended_everywhere", caller.account, {"sessions": ended}))
    return ended


async def _refuse(runtime: Runtime, name: str, origin: Origin) -> None:
    # Recorded whether or not there is such an account, so that neither the trail's growth nor the time tells.
    scope = Scope("anonymous", frozenset(), request_id=origin.request_id)
    entry = audit.Entry("session.refused", f"user:{name}", {"address": origin.address})
    async with runtime.db.transaction() as tx:
        await audit.append(tx, scope, entry)


def _entry(action: str, account: Account, detail: dict[str, object]) -> audit.Entry:
    return audit.Entry(action, f"user:{account.name}", detail)
