"""The arithmetic of the chain: canonical bytes, hashes, and what the first wrong row says about what was done.

Pure, and apart from the database's own function that continues the chain, so that a verification does not rely on
code an intruder could have replaced there.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

GENESIS = hashlib.sha256(b"tieline").digest()


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the chain.

    ``micros`` is the time in microseconds since 1970 UTC, and ``detail`` the JSON, both as PostgreSQL prints them:
    a value that Python could not hold must show as a wrong hash and not as a crash.
    """

    seq: int
    micros: str
    actor: str
    action: str
    subject: str
    detail: str
    request_id: str
    prev: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain at some moment: the number of the last entry and its hash."""

    seq: int
    hash: bytes


class Wrong(StrEnum):
    """What was done to the trail."""

    TAMPERED = "tampered"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CUT = "cut"
    REWRITTEN = "rewritten"
    WITNESS = "witness"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first wrong place, and in words what is wrong there."""

    wrong: Wrong
    seq: int
    detail: str


def canonical(link: Link) -> bytes:
    """The bytes that are hashed after the previous hash: each field with its length, so that none runs into the next.

    Fields in order: number, microseconds since 1970 UTC, actor, action, subject, detail, request id; each as UTF-8
    text with its length in bytes in front, four bytes big-endian.
    """
    fields = (str(link.seq), link.micros, link.actor, link.action, link.subject, link.detail, link.request_id)
    parts = (field.encode() for field in fields)
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def digest(prev: bytes, link: Link) -> bytes:
    """The hash of an entry that follows ``prev``."""
    return hashlib.sha256(prev + canonical(link)).digest()


class Verifier:
    """Follows the chain row by row, in order of their numbers; ``head`` is where the good part ends."""

    def __init__(self) -> None:
        self.head = Head(0, GENESIS)
        self.before = b""

    def step(self, link: Link) -> bool:
        """Take the next row; False when it does not continue the good part."""
        if link.seq != self.head.seq + 1 or link.prev != self.head.hash or digest(link.prev, link) != link.hash:
            return False
        self.before, self.head = self.head.hash, Head(link.seq, link.hash)
        return True

    def finish(self, head: Head) -> Fault | None:
        """Compare the end of the chain with the head that the database keeps."""
        if self.head.seq < head.seq:
            return Fault(Wrong.CUT, self.head.seq + 1, f"The trail ends at {self.head.seq}, its head at {head.seq}.")
        if self.head.seq > head.seq:
            return Fault(Wrong.INSERTED, head.seq + 1, f"Entries after {head.seq} were not written by the system.")
        if self.head.hash != head.hash:
            return Fault(Wrong.TAMPERED, head.seq, "The head of the trail is not the hash of its last entry.")
        return None


def diagnose(good: Verifier, link: Link, *, successor: bool, predecessor: bool) -> Fault:
    """Say what was done at the row that does not continue the good part.

    ``successor``: another row continues the good part. ``predecessor``: the row continues another row.
    """
    expected, seq = good.head.seq + 1, link.seq
    if seq > expected:
        fault = (Wrong.DELETED, expected, f"Entries {expected} to {seq - 1} are missing.")
    elif seq < expected:
        fault = (Wrong.INSERTED, seq, f"There is a second entry {seq}.")
    elif link.prev == good.before:
        fault = (Wrong.INSERTED, seq - 1, f"Entry {seq - 1} was slipped in: entry {seq} follows the one before it.")
    elif successor and (link.prev == good.head.hash or not predecessor):
        fault = (Wrong.INSERTED, seq, f"Entry {seq} was slipped in: another entry belongs here.")
    elif successor:
        fault = (Wrong.REORDERED, seq, f"Entry {seq} was written at another place of the trail.")
    elif missing := _renumbered_by(link):
        fault = (Wrong.DELETED, seq, f"Before entry {seq} there were {missing} more; those after were renumbered.")
    else:
        fault = (Wrong.TAMPERED, seq, f"Entry {seq} is not what was written.")
    return Fault(*fault)


def _renumbered_by(link: Link) -> int:
    """How many places an untouched row was moved up, when its number alone was changed; 0 when it was not."""
    moved = (shift for shift in range(1, 1001) if digest(link.prev, replace(link, seq=link.seq + shift)) == link.hash)
    return next(moved, 0)
