"""Requests that are sent twice: which keys they carried, and what the first one was answered.

How a request is done once for its key is in :mod:`tieline.platform.web.once`; here its keys and answers are kept.
"""

from tieline.platform.repeats.digest import Digest
from tieline.platform.repeats.model import KEPT, MOST_BODY, MOST_KEYS, Asked, Kept

__all__ = ["KEPT", "MOST_BODY", "MOST_KEYS", "Asked", "Digest", "Kept"]
