"""How the secrets are doing, and wrapping them anew after the key was changed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

from tieline.platform import audit
from tieline.platform.db import Database, Tx
from tieline.platform.errors import Conflict
from tieline.platform.scope import Permission, Scope
from tieline.platform.secrets import store
from tieline.platform.secrets.envelope import SecretError, read
from tieline.platform.secrets.model import Held, KeyUse, SecretColumn, Status
from tieline.platform.secrets.vault import Vault

_AT_ONCE = 200
_NAMED = 20
_SUBJECT = "secrets:keys"


async def status(tx: Tx, scope: Scope, vault: Vault, columns: Sequence[SecretColumn]) -> Status:
    """Try every value. Needs ``OPERATIONS``."""
    scope.require(Permission.OPERATIONS)
    used: Counter[str] = Counter()
    unreadable: list[str] = []
    async for _, held in _every(tx, columns):
        try:
            vault.open(held.sealed, held.place)
            used[read(held.sealed).key_id] += 1
        except SecretError:
            unreadable.append(str(held.place))
    keys = vault.keys()
    uses = tuple(KeyUse(key.id, key is keys.current, used[key.id]) for key in keys.keys)
    return Status(uses, used.total() + len(unreadable), tuple(unreadable[:_NAMED]), vault.private(), vault.ours)


async def rotate(db: Database, scope: Scope, vault: Vault) -> str:
    """Make a new key and put it first, then write down that it was done; gives its name. Needs ``OPERATIONS``.

    Values are wrapped anew afterwards (:func:`rewrap`); until then the old key opens them.
    """
    scope.require(Permission.OPERATIONS)
    key_id = await asyncio.to_thread(vault.rotate)
    async with db.transaction() as tx:
        await audit.append(tx, scope, audit.Entry("secrets.key-made", _SUBJECT, {"key": key_id}))
    return key_id


async def rewrap(db: Database, scope: Scope, vault: Vault, columns: Sequence[SecretColumn]) -> int:
    """Wrap every value that an older key wraps with the current one, a few at a time; gives how many.

    May be done at any time and by several at once; a value that does not open is left for :func:`status` to name.
    """
    scope.require(Permission.OPERATIONS)
    done = 0
    async with db.snapshot() as tx:
        there = await store.present(tx, columns)
    for column in there:
        after = ""
        while True:
            async with db.transaction() as tx:
                found = await store.page(tx, column, after, _AT_ONCE)
                done += sum([await _wrapped(tx, vault, column, held) for held in found])
            if len(found) < _AT_ONCE:
                break
            after = found[-1].key
    if done:
        async with db.transaction() as tx:
            detail = {"key": vault.keys().current.id, "values": done}
            await audit.append(tx, scope, audit.Entry("secrets.rewrapped", _SUBJECT, detail))
    return done


async def forget(db: Database, scope: Scope, vault: Vault, columns: Sequence[SecretColumn]) -> tuple[str, ...]:
    """Take keys that wrap nothing any more out of the file; gives their names. Needs ``OPERATIONS``.

    Raises ``Conflict`` while a value does not open: its key may be the one that is wanted.
    """
    async with db.snapshot() as tx:
        found = await status(tx, scope, vault, columns)
    if found.unreadable:
        raise Conflict("Some values do not open, so no key is thrown away.", advice="Look with: tieline secrets check")
    unused = tuple(key.id for key in found.keys if not key.current and not key.values)
    if unused:
        await asyncio.to_thread(vault.forget, frozenset(unused))
        async with db.transaction() as tx:
            await audit.append(tx, scope, audit.Entry("secrets.keys-forgotten", _SUBJECT, {"keys": list(unused)}))
    return unused


async def _wrapped(tx: Tx, vault: Vault, column: SecretColumn, held: Held) -> bool:
    try:
        sealed = vault.wrap_anew(held.sealed, held.place)
    except SecretError:
        return False
    return sealed != held.sealed and await store.replace(tx, column, held, sealed)


async def _every(tx: Tx, columns: Sequence[SecretColumn]) -> AsyncIterator[tuple[SecretColumn, Held]]:
    for column in await store.present(tx, columns):
        after = ""
        while found := await store.page(tx, column, after, _AT_ONCE):
            for held in found:
                yield column, held
            after = found[-1].key
