"""The audit trail: a chain of hashes that shows when an entry was altered, removed, added or moved.

``append`` continues it, last in the transaction that did what the entries tell. The database refuses to alter or
remove entries; whoever gets round that breaks the chain, and whoever computes a new chain disagrees with the signed
heads in the witness file. ``judge`` (``tieline audit verify``, ``/api/v1/audit/verify``) says what is wrong and where.
"""

from tieline.platform.audit.chain import Fault, Head, Wrong
from tieline.platform.audit.model import Entry, Filter, Record, Verdict
from tieline.platform.audit.sealing import judge, open_witness, seal
from tieline.platform.audit.service import append, entries, verify

__all__ = [
    "Entry",
    "Fault",
    "Filter",
    "Head",
    "Record",
    "Verdict",
    "Wrong",
    "append",
    "entries",
    "judge",
    "open_witness",
    "seal",
    "verify",
]
