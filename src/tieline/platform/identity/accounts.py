"""Use cases of accounts: who may make and change whom, and what always stays true."""

from dataclasses import dataclass, replace
from datetime import datetime

from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Stale
from tieline.platform.identity import passwords, store
from tieline.platform.identity.model import Account, AccountDraft, Caller
from tieline.platform.identity.policy import normal_name, password_problems
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Role, Scope, system
from tieline.platform.wiring import Runtime


@dataclass(frozen=True, slots=True)
class AccountChange:
    """The account as it shall be, and the version that was looked at (None: whichever)."""

    draft: AccountDraft
    active: bool
    version: int | None = None


async def accounts(tx: Tx, scope: Scope, *, cursor: str | None, limit: int) -> Page[Account]:
    """Accounts within the caller's bounds, by name. Needs ``USER_WRITE``."""
    scope.require(Permission.USER_WRITE)
    after = decode_key(cursor, str)[0] if cursor else ""
    rows = await store.accounts(tx, scope, after, limit + 1)
    return page_of(rows, limit, lambda account: (account.name,))


async def account(tx: Tx, scope: Scope, account_id: int, *, lock: bool = False) -> Account:
    """One account within the caller's bounds. Needs ``USER_WRITE``."""
    scope.require(Permission.USER_WRITE)
    found = await store.account(tx, account_id, lock=lock)
    if found is None or not _covers(scope, found.regions, found.operators):
        raise NotFound(f"There is no user {account_id}.")
    return found


async def create(tx: Tx, scope: Scope, draft: AccountDraft, password_hash: str | None, now: datetime) -> Account:
    """Make an account. Needs ``USER_WRITE``; its bounds lie within the caller's."""
    scope.require(Permission.USER_WRITE)
    draft = replace(draft, name=normal_name(draft.name))
    _check_bounds(scope, draft)
    made = await store.insert_account(tx, draft, now, password_hash=password_hash)
    if made is None:
        raise Conflict(f"There is a user called {draft.name} already.")
    await audit.append(tx, scope, audit.Entry("user.created", f"user:{made.name}", {"after": _shown(made)}))
    return made


async def change(tx: Tx, scope: Scope, account_id: int, wanted: AccountChange) -> Account:
    """Change an account's roles, bounds, names or activity. Needs ``USER_WRITE``.

    Nobody changes what they themselves may do, and one administrator of everything remains. Who is made inactive is
    signed out everywhere at once, and their tokens stop working.
    """
    scope.require(Permission.USER_WRITE)
    governors = await store.governors(tx)  # locked first, so that two such changes wait for one another
    before = await account(tx, scope, account_id, lock=True)
    draft, active = wanted.draft, wanted.active
    if wanted.version is not None and wanted.version != before.version:
        raise Stale(f"{before.name} was changed by somebody else meanwhile.", advice="Reload and try again.")
    _check_bounds(scope, draft)
    powers = (before.roles, before.regions, before.operators, before.active)
    if account_id == scope.user_id and powers != (draft.roles, draft.regions, draft.operators, active):
        raise Forbidden("You may not change your own rights.", advice="Ask another administrator.")
    after = await store.update_account(tx, account_id, draft, active=active)
    if before.governs and not after.governs and len(governors) == 1:
        raise Conflict(
            f"{before.name} is the last administrator of everything.", advice="Make somebody else one before."
        )
    if not active:
        await store.end_sessions(tx, account_id)
    detail = {"before": _shown(before), "after": _shown(after)}
    await audit.append(tx, scope, audit.Entry("user.changed", f"user:{after.name}", detail))
    return after


async def reset_password(tx: Tx, scope: Scope, account_id: int, password_hash: str, now: datetime) -> None:
    """Set somebody's password, and end their sessions. Needs ``USER_WRITE``."""
    found = await account(tx, scope, account_id, lock=True)
    _check_local(found)
    await store.set_password(tx, account_id, password_hash, now)
    ended = await store.end_sessions(tx, account_id)
    detail = {"by": "administrator", "sessions_ended": ended}
    await audit.append(tx, scope, audit.Entry("user.password_set", f"user:{found.name}", detail))


async def change_own_password(tx: Tx, caller: Caller, password_hash: str, now: datetime) -> None:
    """Set the caller's password, and end their other sessions. A token may not: who holds one is not the person."""
    if caller.session is None:
        raise Forbidden("A token cannot change a password.", advice="Sign in to change it.")
    _check_local(caller.account)
    await store.set_password(tx, caller.account.id, password_hash, now)
    ended = await store.end_sessions(tx, caller.account.id, but=caller.session.id)
    entry = audit.Entry("user.password_set", f"user:{caller.account.name}", {"by": "self", "sessions_ended": ended})
    await audit.append(tx, caller.scope, entry)


def check_password(password: str, name: str, field: str = "password") -> None:
    """Raise ``Invalid`` with every rule that a new password breaks."""
    problems = password_problems(password, normal_name(name), field)
    if problems:
        raise Invalid("This password will not do.", problems)


async def bootstrap(
    runtime: Runtime,
    *,
    name: str = "admin",
    password: str | None = None,
    roles: frozenset[Role] = frozenset({Role.ADMINISTRATOR}),
) -> str | None:
    """Make the first administrator; gives the password, which is made up when none is given.

    None when there are accounts already: then nothing is done.
    """
    chosen = password or passwords.made_up()
    check_password(chosen, name)
    stored = await passwords.hashed(chosen)
    draft = AccountDraft(normal_name(name), "Administrator", "", roles)
    async with runtime.db.transaction() as tx:
        if await store.any_account(tx):
            return None
        made = await store.insert_account(tx, draft, runtime.clock.now(), password_hash=stored)
        if made is None:
            return None
        entry = audit.Entry("user.created", f"user:{made.name}", {"after": _shown(made)})
        await audit.append(tx, system("bootstrap"), entry)
    return chosen


def _check_bounds(scope: Scope, draft: AccountDraft) -> None:
    if not draft.roles:
        raise Invalid("A user needs a role.", [Problem("roles", "missing", "Name at least one role.")])
    if not _covers(scope, draft.regions, draft.operators):
        raise Forbidden(
            "You may not give a wider range of regions or operators than your own.",
            advice="Name regions and operators within yours.",
        )


def _covers(scope: Scope, regions: frozenset[str] | None, operators: frozenset[str] | None) -> bool:
    pairs = ((scope.regions, regions), (scope.operators, operators))
    return all(mine is None or (theirs is not None and theirs <= mine) for mine, theirs in pairs)


def _check_local(found: Account) -> None:
    if found.issuer is not None:
        raise Conflict(f"{found.name} signs in elsewhere and has no password here.")


def _shown(found: Account) -> dict[str, object]:
    """An account as the audit trail keeps it; nothing secret."""
    return {
        "display_name": found.display_name,
        "email": found.email,
        "roles": sorted(found.roles),
        "regions": store.optional_list(found.regions),
        "operators": store.optional_list(found.operators),
        "active": found.active,
    }
