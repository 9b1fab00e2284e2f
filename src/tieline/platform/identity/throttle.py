"""Counts failed sign-ins of accounts and addresses, in the database, so that every process knows of them."""

from collections.abc import Mapping
from datetime import datetime

from tieline.platform.db import Tx, execute, fetch_one
from tieline.platform.errors import TooMany
from tieline.platform.identity.policy import Failures, forgiven_before, wait_until

# Takes the row's lock and tells what stood there, whether or not it was there.
_TAKE = """
INSERT INTO sign_in_throttle AS t (subject, failures, last_at) VALUES (%(subject)s, 0, %(now)s)
ON CONFLICT (subject) DO UPDATE SET failures = CASE WHEN t.last_at <= %(forgiven)s THEN 0 ELSE t.failures END
RETURNING failures, last_at
"""


async def charge(tx: Tx, allowances: Mapping[str, int], now: datetime) -> None:
    """Count an attempt for each subject before it is made; each has so many free failures.

    Counting first is what bounds many attempts at the same moment. Raises ``TooMany`` while a subject has to wait.
    """
    for subject in sorted(allowances):
        row = await fetch_one(tx, _TAKE, {"subject": subject, "now": now, "forgiven": forgiven_before(now)})
        failures = Failures(row["failures"], row["last_at"]) if row else None
        until = wait_until(failures, allowances[subject], now)
        if until is not None:
            raise TooMany(
                "Too many failed sign-ins. Wait a little before the next.",
                retry_after=(until - now).total_seconds(),
            )
        text = "UPDATE sign_in_throttle SET failures = failures + 1, last_at = %s WHERE subject = %s"
        await execute(tx, text, (now, subject))


async def forgive(tx: Tx, account: str, address: str) -> None:
    """Take the charge back after a success: all of the account's, and this one of the address."""
    await clear(tx, account)
    text = "UPDATE sign_in_throttle SET failures = greatest(failures - 1, 0) WHERE subject = %s"
    await execute(tx, text, (address,))


async def clear(tx: Tx, subject: str) -> None:
    """Forget the failures of a subject."""
    await execute(tx, "DELETE FROM sign_in_throttle WHERE subject = %s", (subject,))
