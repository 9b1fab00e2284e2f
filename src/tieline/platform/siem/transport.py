"""Connections to a receiver. Syslog has no acknowledgement: what can be known is asked of TCP.

``settled`` returns when the receiver's machine has acknowledged every octet and the connection still stands. What a
receiver that dies then loses of it, the exporter sends again: it goes back a little after a lost connection.
"""

import asyncio
import fcntl
import socket
import ssl
import struct
import termios
import time
from collections.abc import Iterable
from typing import Protocol

from tieline.platform.pki import Credential, client_context
from tieline.platform.siem.destination import Destination
from tieline.platform.siem.syslog import framed

CONNECT_S = 10.0
STILL_S = 30.0
"""Seconds for which a receiver may take nothing before it is given up; a slow one may take as long as it likes."""
_LOOK_S, _LONGEST_LOOK_S = 0.001, 0.05


class LinkError(Exception):
    """The receiver cannot be reached, or is gone; in words."""


class Link(Protocol):
    """A way to a receiver."""

    async def send(self, messages: Iterable[bytes]) -> None:
        """Send messages, and return when the receiver's machine has them. Raises ``LinkError``."""
        ...

    def alive(self) -> bool:
        """Whether it still stands, as far as is known."""
        ...

    async def close(self) -> None:
        """Give it up."""
        ...


async def connect(destination: Destination) -> Link:
    """Reach a receiver. Raises ``LinkError``."""
    try:
        async with asyncio.timeout(CONNECT_S):
            if destination.transport == "udp":
                return await _Datagrams.open(destination)
            return await _Stream.open(destination)
    except (OSError, ssl.SSLError, TimeoutError) as error:
        raise LinkError(f"{destination} cannot be reached: {_words(error)}") from error


class _Stream:
    """TCP, with or without TLS."""

    def __init__(self, destination: Destination, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._destination = destination
        self._reader = reader
        self._writer = writer
        writer.transport.set_write_buffer_limits(high=0)

    @classmethod
    async def open(cls, destination: Destination) -> "_Stream":
        """Connect."""
        tls = _context(destination) if destination.transport == "tls" else None
        reader, writer = await asyncio.open_connection(
            destination.host, destination.port, ssl=tls, server_hostname=destination.host if tls else None
        )
        return cls(destination, reader, writer)

    async def send(self, messages: Iterable[bytes]) -> None:
        """Write, and wait until the other machine has it."""
        try:
            self._writer.write(b"".join(framed(one, self._destination.framing) for one in messages))
            await self._settled()
        except (OSError, ssl.SSLError, TimeoutError) as error:
            raise LinkError(f"{self._destination} does not take what is sent: {_words(error)}") from error

    def alive(self) -> bool:
        """Whether neither an end nor an error came from the other side."""
        gone = self._reader.at_eof() or self._reader.exception() is not None or self._writer.is_closing()
        return not gone

    async def close(self) -> None:
        """Close; one that is broken is let go."""
        self._writer.close()
        try:
            async with asyncio.timeout(1):
                await self._writer.wait_closed()
        except (OSError, ssl.SSLError, TimeoutError):
            self._writer.transport.abort()

    async def _settled(self) -> None:
        held = self._writer.get_extra_info("socket")
        left, since, pause = -1, time.monotonic(), _LOOK_S
        while True:
            if not self.alive():
                raise ConnectionResetError("the receiver closed the connection")
            before, left = left, self._writer.transport.get_write_buffer_size() + _unacknowledged(held)
            if not left:
                return
            if left != before:
                since, pause = time.monotonic(), _LOOK_S
            elif time.monotonic() - since > STILL_S:
                raise TimeoutError(f"it took nothing for {STILL_S:.0f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_LOOK_S)


class _Datagrams:
    """UDP (RFC 5426): one message a datagram, and nothing is known of what becomes of it."""

    def __init__(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport
        self._refused: list[Exception] = []

    @classmethod
    async def open(cls, destination: Destination) -> "_Datagrams":
        """Bind to the receiver."""
        refused: list[Exception] = []

        class Heard(asyncio.DatagramProtocol):
            def error_received(self, exc: Exception) -> None:
                refused.append(exc)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Heard, remote_addr=(destination.host, destination.port))
        made = cls(transport)
        made._refused = refused
        return made

    async def send(self, messages: Iterable[bytes]) -> None:
        """Send each; a machine that says that nobody listens is told of."""
        for number, one in enumerate(messages):
            self._transport.sendto(one)
            if number % 50 == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(_LOOK_S)
        if self._refused:
            error = self._refused.pop()
            raise LinkError(f"The receiver does not listen: {_words(error)}") from error

    def alive(self) -> bool:
        """A datagram socket does not end by itself."""
        return not self._transport.is_closing()

    async def close(self) -> None:
        """Give the socket up."""
        self._transport.close()


def _context(destination: Destination) -> ssl.SSLContext:
    credential = None
    if destination.certificate is not None and destination.key is not None:
        credential = Credential(destination.certificate, destination.key, destination.ca or destination.certificate)
        if destination.ca is None:
            context = client_context()
            context.load_cert_chain(destination.certificate, destination.key)
            return context
    return client_context(credential, ca=destination.ca)


def _unacknowledged(held: socket.socket) -> int:
    """Octets in the kernel's send queue that the other machine has not acknowledged (SIOCOUTQ)."""
    answer = fcntl.ioctl(held.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    count: int = struct.unpack("i", answer)[0]
    return count


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer in time"
    return str(error)[:300] or type(error).__name__
