"""What tells one request from another."""

import hashlib
import re

_BOUNDARY = re.compile(r'^multipart/.*;\s*boundary="?([^\s";,]+)', re.IGNORECASE)


class Digest:
    """A digest of method, path, query and body, which comes in pieces.

    The boundary of a form does not count: most programs draw it anew when they send the same form again.
    """

    def __init__(self, method: str, path: bytes, query: bytes, content_type: str = "") -> None:
        self._hash = hashlib.sha256(b"\n".join((method.encode(), path, query, b"")))
        found = _BOUNDARY.match(content_type)
        self._boundary = found[1].encode() if found else b""
        self._rest = b""

    def add(self, data: bytes) -> None:
        """Take more of the body, which may end in the middle of a boundary."""
        if not self._boundary:
            self._hash.update(data)
            return
        *parts, rest = (self._rest + data).split(self._boundary)
        for part in parts:
            self._hash.update(part + b"\n")
        sure = max(0, len(rest) - len(self._boundary) + 1)
        self._hash.update(rest[:sure])
        self._rest = rest[sure:]

    def value(self) -> bytes:
        """The digest of what came so far: SHA-256."""
        whole = self._hash.copy()
        whole.update(self._rest)
        return whole.digest()
