"""Adding to the trail, listing it, and judging it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tieline.platform.audit import store
from tieline.platform.audit.chain import Fault, Head, Verifier, Wrong, diagnose
from tieline.platform.audit.model import Entry, Filter, Record, Verdict
from tieline.platform.audit.witness import SignedHead, Witness, WitnessError
from tieline.platform.db import Tx
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope

_END = 2**63 - 1


async def append(tx: Tx, scope: Scope, *entries: Entry) -> int:
    """Add entries to the trail in one statement; gives the number of the last one, 0 when there was none.

    It takes the lock of the trail's head until the transaction ends: call it last.
    """
    if not entries:
        return 0
    written = _storable([(entry.action, entry.subject, entry.detail) for entry in entries])
    return await store.append(tx, scope.actor.replace("\0", "\ufffd"), scope.request_id, written)


async def entries(tx: Tx, scope: Scope, wanted: Filter, *, cursor: str | None = None, limit: int = 100) -> Page[Record]:
    """A page of the trail, the newest first. Needs ``AUDIT_READ``."""
    scope.require(Permission.AUDIT_READ)
    before = _END
    if cursor is not None:
        before = decode_key(cursor, int)[0]
    rows = await store.page(tx, wanted, before, limit + 1)
    return page_of(rows, limit, lambda record: (record.seq,))


async def verify(tx: Tx, witness: Witness | None = None) -> Verdict:
    """Follow the whole chain, in a snapshot, beside the signed heads; the verdict names the first wrong place.

    The head signed last stands for all before it, since the chain leads to it; so its signature is checked, and
    of the others those that disagree with the chain.
    """
    good = Verifier()
    signed = _Signed(witness)
    fault = await _follow(tx, good, signed)
    if fault is None:
        head = await store.head(tx)
        fault = good.finish(head) if head else Fault(Wrong.DELETED, good.head.seq, "The head of the trail is missing.")
    if fault is None or fault.wrong is Wrong.CUT:
        fault = signed.beyond(good.head.seq) or fault
    return Verdict(good.head, signed.agreed, fault)


async def _follow(tx: Tx, good: Verifier, signed: "_Signed") -> Fault | None:
    async for link in store.links(tx):
        if not good.step(link):
            successor, predecessor = await store.neighbours(tx, link, good.head)
            return diagnose(good, link, successor=successor, predecessor=predecessor)
        fault = signed.compare(good.head)
        if fault is not None:
            return fault
    return None


class _Signed:
    """The signed heads, read in step with the chain; what is wrong with the file itself is a fault like others."""

    def __init__(self, witness: Witness | None) -> None:
        self._witness = witness
        self._heads = witness.heads() if witness else iter(())
        self._fault: Fault | None = None
        self.agreed = 0
        self._next: SignedHead | None = None
        try:
            if witness is not None:
                witness.last()
            self._next = next(self._heads, None)
        except WitnessError as error:
            self._fault = _witness_fault(error)

    def compare(self, head: Head) -> Fault | None:
        """Hold an entry of the chain against every signed head of that number."""
        while self._fault is None and self._next is not None and self._next.seq <= head.seq:
            self._hold(self._next, head)
        return self._fault

    def beyond(self, last: int) -> Fault | None:
        """A fault when a head was signed beyond the chain's end."""
        if self._fault is None and self._next is not None:
            detail = f"Entries up to {self._next.seq} were signed, and the trail ends at {last}."
            self._fault = self._genuine(self._next) or Fault(Wrong.CUT, last + 1, detail)
        return self._fault

    def _hold(self, signed: SignedHead, head: Head) -> None:
        if signed.hash != head.hash:
            detail = f"Entry {head.seq} is not the one that was signed: the trail was rewritten up to there."
            self._fault = self._genuine(signed) or Fault(Wrong.REWRITTEN, head.seq, detail)
            return
        self.agreed = signed.seq
        try:
            self._next = next(self._heads, None)
        except WitnessError as error:
            self._fault = _witness_fault(error)

    def _genuine(self, signed: SignedHead) -> Fault | None:
        """None when our key signed the head, so that the chain is wrong; else what is wrong with the witness."""
        try:
            if self._witness is not None:
                self._witness.check(signed)
        except WitnessError as error:
            return _witness_fault(error)
        return None


def _witness_fault(error: WitnessError) -> Fault:
    return Fault(Wrong.WITNESS, 0, str(error))


def _storable(entries: list[tuple[str, str, Mapping[str, Any]]]) -> str:
    """The entries as JSON that PostgreSQL takes: it has no U+0000, which becomes the replacement character."""
    written = msgspec.json.encode(entries)
    if b"\\u0000" in written:
        written = msgspec.json.encode(_without_nul(msgspec.json.decode(written)))
    return written.decode()


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case dict():
            return {_without_nul(key): _without_nul(item) for key, item in value.items()}
        case list():
            return [_without_nul(item) for item in value]
        case _:
            return value
