"""Ways to a system whose processes are being killed: people and phones that try again until they are answered.

What bears no key of its own is not sent while a process is down: a person whom the connection dies under could not tell
whether it was taken. Everything else is sent again: what only reads, what sets a value, and the reports of phones and
the moves of stock, which carry numbers of their own.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tieline.lab.reach import Reach

_PAUSE = 0.1
_LONG = 300.0
_WRITES = 45.0
_NOT_NOW = frozenset({502, 503})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_KEYED = ("/field/reports", "/stock/issues", "/stock/take-in", "/simulation/v1/fittings")


class Hush:
    """Keeps kills and calls that must not be broken apart: many calls at once, or one kill."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls = 0
        self._killing = False

    @contextmanager
    def calling(self) -> Iterator[None]:
        """A call that is not to be broken; waits while a process is down."""
        with self._changed:
            self._changed.wait_for(lambda: not self._killing)
            self._calls += 1
        try:
            yield
        finally:
            with self._changed:
                self._calls -= 1
                self._changed.notify_all()

    @contextmanager
    def killing(self) -> Iterator[None]:
        """The time in which a process is down; waits for the calls that are under way."""
        with self._changed:
            self._killing = True
            self._changed.wait_for(lambda: self._calls == 0)
        try:
            yield
        finally:
            with self._changed:
                self._killing = False
                self._changed.notify_all()


def patient(hush: Hush) -> Reach:
    """How to reach a system with patience."""
    return Reach(lambda: _Patient(hush), _PatientPhones, writes_s=_WRITES)


def _repeatable(request: httpx.Request) -> bool:
    return request.method in _READS or request.url.path.endswith(_KEYED)


class _Patient(httpx.BaseTransport):
    """A person at a keyboard."""

    def __init__(self, hush: Hush) -> None:
        self._hush = hush
        self._inner = httpx.HTTPTransport()

    def close(self) -> None:
        """Give the connections back."""
        self._inner.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send until it is answered."""
        request.read()
        if _repeatable(request):
            return self._until_answered(request)
        with self._hush.calling():
            return self._until_answered(request)

    def _until_answered(self, request: httpx.Request) -> httpx.Response:
        end = time.monotonic() + _LONG
        while True:
            try:
                answer = self._inner.handle_request(request)
                answer.read()
                if answer.status_code not in _NOT_NOW or time.monotonic() > end:
                    return answer
                answer.close()
            except httpx.TransportError:
                # Where no process is killed meanwhile, it was the end of a connection that had been idle.
                if time.monotonic() > end:
                    raise
            time.sleep(_PAUSE)


class _PatientPhones(httpx.AsyncBaseTransport):
    """A crew's phone, and its hands: whatever they send bears a number, or sets what is so."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._inner.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send until it is answered."""
        await request.aread()
        end = time.monotonic() + _LONG
        while True:
            try:
                answer = await self._inner.handle_async_request(request)
                await answer.aread()
                if answer.status_code not in _NOT_NOW or time.monotonic() > end:
                    return answer
                await answer.aclose()
            except httpx.TransportError:
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(_PAUSE)
