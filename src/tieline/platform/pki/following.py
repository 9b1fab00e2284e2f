"""TLS that follows its files: a renewed certificate is taken up while everything runs.

A listener's context gets the new certificate for handshakes to come; connections that stand are left alone. A client
gets a new set of connections, and the old ones are closed when the last request on them is answered. Files that do not
fit one another yet, because they are just being written, are looked at again a moment later.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import structlog

from tieline.platform.pki.authority import Credential
from tieline.platform.pki.contexts import server_context

EVERY_S = 2.0
"""Seconds between two looks at the files."""
_ISSUE_EVERY_S = 3600.0

Stamp = tuple[tuple[int, int, int], ...]
log = structlog.get_logger(__name__)


def stamp_of(files: Iterable[Path | None]) -> Stamp:
    """What changes when a file does; one that is missing stands as nothing."""
    found = []
    for file in files:
        try:
            seen = file.stat() if file is not None else None
        except FileNotFoundError:
            seen = None
        found.append((seen.st_mtime_ns, seen.st_ino, seen.st_size) if seen else (0, 0, 0))
    return tuple(found)


@dataclass(slots=True)
class Listening:
    """A listener's context and the files it came from. ``issue`` renews what the built-in authority issued."""

    credential: Credential
    mutual: bool = True
    issue: Callable[[], object] | None = None
    context: ssl.SSLContext = field(init=False)
    _stamp: Stamp = field(init=False)
    _issued_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.context = server_context(self.credential, mutual=self.mutual)
        self._stamp = stamp_of(self._files())
        self._issued_at = time.monotonic()

    def look(self) -> bool:
        """Take up changed files; whether there were any. What does not hold together is logged, and tried again."""
        seen = stamp_of(self._files())
        if seen == self._stamp:
            return False
        try:
            # Apart first, so that half a pair never gets into the context that is in use.
            server_context(self.credential, mutual=self.mutual)
            self.context.load_cert_chain(self.credential.certificate, self.credential.key)
            if self.mutual:
                self.context.load_verify_locations(self.credential.ca)
        except (OSError, ssl.SSLError) as error:
            log.warning("certificate.not_taken_up", file=str(self.credential.certificate), error=str(error))
            return False
        self._stamp = seen
        log.info("certificate.taken_up", file=str(self.credential.certificate))
        return True

    async def issue_when_due(self) -> None:
        """Have the built-in authority renew what is soon over, once an hour."""
        if self.issue is not None and time.monotonic() - self._issued_at > _ISSUE_EVERY_S:
            self._issued_at = time.monotonic()
            await asyncio.to_thread(self.issue)

    def _files(self) -> tuple[Path, ...]:
        return (self.credential.certificate, self.credential.key, self.credential.ca)


async def keep_current(*listening: Listening, every: float = EVERY_S) -> None:
    """Have listeners follow their files until cancelled."""
    while True:
        await asyncio.sleep(every)
        for one in listening:
            await one.issue_when_due()
            one.look()


@dataclass(slots=True)
class _Lane:
    """Connections made with one state of the files, and how many requests are under way on them."""

    transport: httpx.AsyncHTTPTransport
    users: int = 0
    retired: bool = False


class FollowingTransport(httpx.AsyncBaseTransport):
    """For ``httpx.AsyncClient(transport=…)``: connections that are made anew when one of the files changes."""

    def __init__(
        self, make: Callable[[], ssl.SSLContext], files: Iterable[Path | None], limits: httpx.Limits | None = None
    ) -> None:
        self._make = make
        self._files = tuple(files)
        self._limits = limits or httpx.Limits()
        self._stamp = stamp_of(self._files)
        self._lane = self._made()
        self._looked_at = time.monotonic()
        self._closing: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request along the present connections."""
        lane = self._current()
        lane.users += 1
        try:
            response = await lane.transport.handle_async_request(request)
        except BaseException:
            await self._left(lane)
            raise
        stream = _Counted(response.stream, lambda: self._left(lane))
        return httpx.Response(
            response.status_code, headers=response.headers, stream=stream, extensions=response.extensions
        )

    async def aclose(self) -> None:
        """Give up all connections."""
        await self._lane.transport.aclose()
        await asyncio.gather(*self._closing)

    def _made(self) -> _Lane:
        return _Lane(httpx.AsyncHTTPTransport(verify=self._make(), limits=self._limits, trust_env=False))

    def _current(self) -> _Lane:
        if time.monotonic() - self._looked_at < EVERY_S:
            return self._lane
        self._looked_at = time.monotonic()
        seen = stamp_of(self._files)
        if seen == self._stamp:
            return self._lane
        try:
            made = self._made()
        except (OSError, ssl.SSLError) as error:
            log.warning("certificate.not_taken_up", file=str(self._files[0]), error=str(error))
            return self._lane
        old, self._lane, self._stamp = self._lane, made, seen
        old.retired = True
        if not old.users:
            closing = asyncio.ensure_future(old.transport.aclose())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        log.info("certificate.taken_up", file=str(self._files[0]))
        return self._lane

    async def _left(self, lane: _Lane) -> None:
        lane.users -= 1
        if lane.retired and not lane.users:
            await lane.transport.aclose()


class _Counted(httpx.AsyncByteStream):
    """A body that tells, once, when it was read or given up."""

    def __init__(self, inner: object, left: Callable[[], Awaitable[None]]) -> None:
        if not isinstance(inner, httpx.AsyncByteStream):
            raise TypeError("the transport gave a body that cannot be read")
        self._inner = inner
        self._left = left
        self._open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            yield piece

    async def aclose(self) -> None:
        """Give the connection back."""
        try:
            await self._inner.aclose()
        finally:
            if self._open:
                self._open = False
                await self._left()
