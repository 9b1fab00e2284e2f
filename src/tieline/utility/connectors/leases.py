"""Leases: only one process at a time works for a purpose at an operator, and it finds out when it is no longer the one.

Every transaction of the work holds the lease (:meth:`Lease.hold`), so that a holder that was thought dead, and comes
back after another took over, cannot commit anything any more.
"""

from dataclasses import dataclass

from tieline.platform.db import Database, Tx
from tieline.platform.errors import Conflict
from tieline.utility.connectors import store


class LeaseLost(Conflict):
    """Somebody else works there now."""

    code = "lease-lost"


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that was taken; ``seconds`` is how long it lasts without being renewed."""

    operator_id: int
    purpose: str
    token: int
    seconds: float

    async def renew(self, tx: Tx) -> None:
        """Keep it for longer; raises ``LeaseLost``."""
        if not await store.renew_lease(tx, self.operator_id, self.purpose, self.token, self.seconds):
            raise LeaseLost(f"The lease for {self.purpose} is somebody else's.")

    async def hold(self, tx: Tx) -> None:
        """Make sure within a transaction that it is still ours; raises ``LeaseLost``."""
        if not await store.hold_lease(tx, self.operator_id, self.purpose, self.token):
            raise LeaseLost(f"The lease for {self.purpose} is somebody else's.")

    async def check(self, tx: Tx) -> None:
        """Make sure that it is ours at this moment, without keeping it so; raises ``LeaseLost``."""
        if not await store.has_lease(tx, self.operator_id, self.purpose, self.token):
            raise LeaseLost(f"The lease for {self.purpose} is somebody else's.")

    async def drop(self, tx: Tx) -> None:
        """Give it back."""
        await store.drop_lease(tx, self.operator_id, self.purpose, self.token)


async def take(
    db: Database, operator_id: int, purpose: str, holder: str, seconds: float, *, again: bool = False
) -> Lease | None:
    """Take a lease, or None while somebody else has it.

    With ``again`` the holder's own former lease is no hindrance: for a job that was begun by a process that was killed.
    """
    async with db.transaction() as tx:
        token = await store.take_lease(tx, operator_id, purpose, holder, seconds, again=again)
    return None if token is None else Lease(operator_id, purpose, token, seconds)
