"""SQL of failed sign-ins."""

from datetime import datetime

from tieline.platform.db import Tx, execute, fetch_one
from tieline.platform.identity.policy import Failures

# Takes the row's lock and tells what stood there, whether or not it was there.
_TAKE = """
INSERT INTO sign_in_throttle AS t (subject, failures, last_at) VALUES (%(subject)s, 0, %(now)s)
ON CONFLICT (subject) DO UPDATE SET failures = CASE WHEN t.last_at <= %(forgiven)s THEN 0 ELSE t.failures END
RETURNING failures, last_at
"""


async def take(tx: Tx, subject: str, now: datetime, forgiven: datetime) -> Failures:
    """The failures of a subject, locked; those last seen before ``forgiven`` no longer count."""
    row = await fetch_one(tx, _TAKE, {"subject": subject, "now": now, "forgiven": forgiven})
    return Failures(row["failures"], row["last_at"]) if row else Failures(0, now)


async def count(tx: Tx, subject: str, now: datetime) -> None:
    """One failure more."""
    text = "UPDATE sign_in_throttle SET failures = failures + 1, last_at = %s WHERE subject = %s"
    await execute(tx, text, (now, subject))


async def uncount(tx: Tx, subject: str) -> None:
    """One failure less."""
    text = "UPDATE sign_in_throttle SET failures = greatest(failures - 1, 0) WHERE subject = %s"
    await execute(tx, text, (subject,))


async def clear(tx: Tx, subject: str) -> None:
    """No failure at all."""
    await execute(tx, "DELETE FROM sign_in_throttle WHERE subject = %s", (subject,))
