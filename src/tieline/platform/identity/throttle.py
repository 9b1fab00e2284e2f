"""Counts failed sign-ins of accounts and addresses, in the database, so that every process knows of them."""

from collections.abc import Mapping
from datetime import datetime

from tieline.platform.db import Tx
from tieline.platform.errors import TooMany
from tieline.platform.identity import throttle_store
from tieline.platform.identity.policy import forgiven_before, wait_until


async def charge(tx: Tx, allowances: Mapping[str, int], now: datetime) -> None:
    """Count an attempt for each subject before it is made; each has so many free failures.

    Counting first is what bounds many attempts at the same moment. Raises ``TooMany`` while a subject has to wait.
    """
    for subject in sorted(allowances):
        failures = await throttle_store.take(tx, subject, now, forgiven_before(now))
        until = wait_until(failures, allowances[subject], now)
        if until is not None:
            raise TooMany(
                "Too many failed sign-ins. Wait a little before the next.",
                retry_after=(until - now).total_seconds(),
            )
        await throttle_store.count(tx, subject, now)


async def forgive(tx: Tx, account: str, address: str) -> None:
    """Take the charge back after a success: all of the account's, and this one of the address."""
    await throttle_store.clear(tx, account)
    await throttle_store.uncount(tx, address)


async def clear(tx: Tx, subject: str) -> None:
    """Forget the failures of a subject."""
    await throttle_store.clear(tx, subject)
