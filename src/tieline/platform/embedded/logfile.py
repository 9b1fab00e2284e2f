"""The output of a child process, kept in files that do not grow without end."""

import os
import threading
from pathlib import Path

_CHUNK_BYTES = 65536


class LogFile:
    """`path`, `path.1`, `path.2`, …: the newest output first, each at most `limit` bytes, `keep` old ones kept.

    Not for use by two threads at once, except `last_lines`.
    """

    def __init__(self, path: Path, *, limit: int = 10_000_000, keep: int = 4) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._limit = limit
        self._keep = keep
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size

    def write(self, data: bytes) -> None:
        """Append `data`, to a new file when it would not fit into this one."""
        if self._size and self._size + len(data) > self._limit:
            self._rotate()
        self._file.write(data)
        self._size += len(data)

    def last_lines(self, count: int) -> str:
        """Return the last `count` lines, as far as the two newest files hold them."""
        texts = (
            file.read_text(encoding="utf-8", errors="replace") for file in (self._old(1), self._path) if file.exists()
        )
        return "\n".join("".join(texts).splitlines()[-count:])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _old(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._keep - 1, 0, -1):
            if self._old(number).exists():
                self._old(number).replace(self._old(number + 1))
        self._path.replace(self._old(1))
        self._file = self._path.open("ab", buffering=0)
        self._size = 0


class Pump(threading.Thread):
    """Carries what comes out of a pipe into a log file until every writer has closed the pipe."""

    def __init__(self, source: int, target: LogFile) -> None:
        super().__init__(name="tieline-log", daemon=True)
        self._source = source
        self._target = target

    def run(self) -> None:
        """Read to the end."""
        try:
            while data := os.read(self._source, _CHUNK_BYTES):
                self._target.write(data)
        finally:
            os.close(self._source)
            self._target.close()
