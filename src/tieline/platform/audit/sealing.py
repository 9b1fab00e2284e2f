"""Signs the chain's head every few seconds while it grows, and once more at the end of the process."""

import asyncio

import structlog

from tieline.platform.audit import store
from tieline.platform.audit.model import Verdict
from tieline.platform.audit.service import verify
from tieline.platform.audit.witness import Signer, Witness
from tieline.platform.settings import Settings
from tieline.platform.wiring import Runtime

_EVERY = 5.0

log = structlog.get_logger(__name__)


def open_witness(settings: Settings) -> Witness:
    """The witness that the settings name; makes the signing key at first use. Blocks on the disk."""
    return Witness(settings.witness_file, Signer.load(settings.home))


async def seal(runtime: Runtime, witness: Witness) -> bool:
    """Sign the present head unless it is signed already.

    Refuses (False, and a critical log line) when the trail no longer holds the head signed last: signing on would
    bless what was done to it.
    """
    last = await asyncio.to_thread(witness.last)
    async with runtime.db.snapshot() as tx:
        head = await store.head(tx)
        held = await store.hash_at(tx, last.seq) if last else None
    if last is not None and held != last.hash:
        log.critical("audit.disagrees_with_its_witness", seq=last.seq)
        return False
    if head is not None and head.seq > 0 and (last is None or head.seq > last.seq):
        await asyncio.to_thread(witness.write, head, runtime.clock.now())
    return True


async def keep_sealed(runtime: Runtime) -> None:
    """Sign heads for as long as the process lives, and at its end."""
    witness = await asyncio.to_thread(open_witness, runtime.settings)
    try:
        while True:
            await seal(runtime, witness)
            await asyncio.sleep(_EVERY)
    finally:
        await asyncio.shield(asyncio.create_task(seal(runtime, witness)))


async def judge(runtime: Runtime) -> Verdict:
    """Verify the whole trail of this installation against its witness."""
    witness = await asyncio.to_thread(open_witness, runtime.settings)
    async with runtime.db.snapshot() as tx:
        return await verify(tx, witness)
