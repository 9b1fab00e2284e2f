"""Lets requests go before work in the background: utilities wait for answers, plans do not."""

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 0.1
"""Work in the background waits no longer than this for a moment without requests, so that it always goes on."""
RECENT_S = 1.0


class Traffic:
    """Counts the requests that are being answered."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._in_flight = 0
        self._last = float("-inf")
        self._quiet = asyncio.Event()
        self._quiet.set()

    def __enter__(self) -> None:
        """Begin to answer a request."""
        self._in_flight += 1
        self._last = self._seconds()
        self._quiet.clear()

    def __exit__(self, *_: object) -> None:
        """Be done with it."""
        self._in_flight -= 1
        if not self._in_flight:
            self._quiet.set()

    @property
    def recent(self) -> bool:
        """Whether requests come in these days: work then goes in small pieces."""
        return self._seconds() - self._last < RECENT_S

    async def give_way(self) -> None:
        """Wait until no request is being answered, but not for long."""
        if self._in_flight:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._quiet.wait()
            except TimeoutError:
                return
