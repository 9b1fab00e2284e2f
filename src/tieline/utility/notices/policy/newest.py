"""Which of two things told is the newer one, however late, often and disordered they come."""

import hashlib
from datetime import datetime

import msgspec

from tieline.utility.notices.model import Content

Place = tuple[int, datetime]
"""A revision's number, and when the operator last updated it (its status, an answer)."""


def supersedes(told: Place, kept: Place | None) -> bool:
    """Whether what is told takes the place of what is kept: a higher revision, or a later update of the same one."""
    return kept is None or told > kept


def digest(content: Content) -> bytes:
    """What tells the contents of two revisions apart."""
    return hashlib.sha256(msgspec.json.encode(content)).digest()
