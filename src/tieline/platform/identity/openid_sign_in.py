"""The two halves of a sign-in through the OpenID provider: sending the browser there, and taking it back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import httpx

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden, Unauthenticated
from tieline.platform.identity import openid_store, store
from tieline.platform.identity.model import Account, AccountDraft, SignedIn
from tieline.platform.identity.openid import Flow, Person, Provider, new_flow
from tieline.platform.identity.secret import hashed
from tieline.platform.identity.sign_in import Origin, begin_session
from tieline.platform.scope import Scope
from tieline.platform.secrets import vault_of
from tieline.platform.wiring import Runtime

_FLOW_LIFE = timedelta(minutes=10)
_TIMEOUT = 10.0
_NAMES = 50


async def begin(runtime: Runtime, next_path: str) -> tuple[str, str]:
    """Where to send the browser, and the state that it has to bring back (keep it in a cookie)."""
    flow = new_flow()
    async with _provider(runtime) as provider:
        address = await provider.address(flow)
    async with runtime.db.transaction() as tx:
        expires_at = runtime.clock.now() + _FLOW_LIFE
        await openid_store.keep(
            tx,
            vault_of(runtime.settings),
            flow,
            hashed(flow.state),
            next_path=local_path(next_path),
            expires_at=expires_at,
        )
    return address, flow.state


async def finish(runtime: Runtime, code: str, state: str, held_state: str, origin: Origin) -> tuple[SignedIn, str]:
    """Begin the session, and tell which page was wanted.

    ``held_state`` is what the browser's own cookie says, so that nobody is signed in by following another's link.
    Raises ``Unauthenticated`` for a state that is not this browser's, was used, or is too old.
    """
    now = runtime.clock.now()
    async with runtime.db.transaction() as tx:
        vault = vault_of(runtime.settings)
        kept = await openid_store.take(tx, vault, hashed(state), now) if state and state == held_state else None
    if kept is None:
        raise Unauthenticated("This sign-in was not begun here, or too long ago.", advice="Begin again.")
    flow, next_path = Flow(state, kept[0], kept[1]), kept[2]
    async with _provider(runtime) as provider:
        person = await provider.person(code, flow, now)
    async with runtime.db.transaction() as tx:
        account = await _account_of(tx, person, now, origin.request_id)
        return await begin_session(tx, runtime, account, origin, "openid"), next_path


def local_path(wanted: str) -> str:
    """The wanted page when it is one of ours, else the first page: nobody is led elsewhere."""
    inside = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if inside and len(wanted) <= 500 else "/"  # noqa: PLR2004 - longer than any of our pages


@asynccontextmanager
async def _provider(runtime: Runtime) -> AsyncIterator[Provider]:
    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as client:
        yield Provider(runtime.settings, client)


async def _account_of(tx: Tx, person: Person, now: datetime, request_id: str) -> Account:
    known = await openid_store.account_of(tx, person.issuer, person.subject)
    scope = Scope(f"openid:{person.subject}", frozenset(), request_id=request_id)
    if known is None:
        account = await _make(tx, person, now)
        action, before = "user.created", []
    else:
        if not known.active:
            raise Forbidden("Your account is inactive.", advice="Ask an administrator.")
        draft = AccountDraft(
            known.name, person.display_name, person.email, person.roles, known.regions, known.operators
        )
        changed = (known.display_name, known.email, known.roles) != (draft.display_name, draft.email, draft.roles)
        account = await store.update_account(tx, known.id, draft, active=True) if changed else known
        action, before = ("user.changed" if changed else ""), sorted(known.roles)
    if action:
        detail = {"by": "openid", "issuer": person.issuer, "before": before, "roles": sorted(account.roles)}
        await audit.append(tx, scope, audit.Entry(action, f"user:{account.name}", detail))
    return account


async def _make(tx: Tx, person: Person, now: datetime) -> Account:
    draft = AccountDraft(person.name, person.display_name, person.email, person.roles)
    for number in range(1, _NAMES):
        named = draft if number == 1 else replace(draft, name=f"{draft.name}-{number}")
        made = await store.insert_account(tx, named, now, openid=(person.issuer, person.subject))
        if made is not None:
            return made
    raise Conflict("Too many people here have your name.", advice="Ask an administrator.")
