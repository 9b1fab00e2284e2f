"""Asks one application: a TCP connection, directly or through the proxy, a test frame, and its confirmation.

The test frame may come at any time (IEC 60870-5-104 clause 5.2), so data transfer is not started and the control
centre's own connection is not disturbed.
"""

import asyncio
import time
from dataclasses import dataclass

from tieline.standards.iec104 import Function, Reader, Unnumbered, Unreadable, write
from tieline.standards.socks5 import Client, Reply, SocksError, Target
from tieline.utility.probing.model import Answer, Why
from tieline.utility.probing.policy import Limits, Proxy

_TEST = write(Unnumbered(Function.TESTFR_ACT))
_CONFIRMED = Unnumbered(Function.TESTFR_CON)
_PIECE = 4096
_MOST = 65_536
"""Octets that an application may send before its confirmation."""
_BY_REPLY = {
    Reply.NETWORK_UNREACHABLE: Why.UNREACHABLE,
    Reply.HOST_UNREACHABLE: Why.UNREACHABLE,
    Reply.TTL_EXPIRED: Why.NO_CONNECTION,
    Reply.REFUSED: Why.REFUSED,
}


class _Failed(Exception):
    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    first: bytes = b""
    """What the application sent while the proxy still answered."""


async def ask(target: Target, proxy: Proxy | None, limits: Limits) -> Answer:
    """Ask an application once; never raises for what the network or the application does."""
    began = time.perf_counter()
    line: _Line | None = None
    try:
        async with asyncio.timeout(limits.connect_s):
            line = await (_direct(target) if proxy is None else _through(proxy, target))
    except _Failed as error:
        return Answer(error.why)
    except TimeoutError:
        return Answer(Why.NO_CONNECTION)
    connected = time.perf_counter()
    why = await _tested(line, limits.answer_s)
    ended = time.perf_counter()
    return Answer(why, _ms(connected - began), _ms(ended - connected) if why is Why.ANSWERED else None)


async def _direct(target: Target) -> _Line:
    try:
        return _Line(*await asyncio.open_connection(target.host, target.port))
    except ConnectionRefusedError as error:
        raise _Failed(Why.REFUSED) from error
    except OSError as error:
        raise _Failed(Why.UNREACHABLE) from error


async def _through(proxy: Proxy, target: Target) -> _Line:
    try:
        reader, writer = await asyncio.open_connection(proxy.at.host, proxy.at.port)
    except OSError as error:
        raise _Failed(Why.NO_WAY) from error
    client = Client(target, proxy.credentials)
    try:
        writer.write(client.begin())
        while not client.connected:
            piece = await reader.read(_PIECE)
            if not piece:
                break
            writer.write(client.feed(piece))
    except SocksError as error:
        writer.transport.abort()
        why = Why.NO_WAY if error.reply is None else _BY_REPLY.get(error.reply, Why.NO_WAY)
        raise _Failed(why) from error
    except OSError as error:
        writer.transport.abort()
        raise _Failed(Why.NO_WAY) from error
    except BaseException:
        writer.transport.abort()
        raise
    if not client.connected:
        writer.transport.abort()
        raise _Failed(Why.NO_WAY)
    return _Line(reader, writer, client.rest)


async def _tested(line: _Line, seconds: float) -> Why:
    """Send the test frame and wait for its confirmation; data that comes before is let pass."""
    frames, taken = Reader(), 0
    try:
        line.writer.write(_TEST)
        async with asyncio.timeout(seconds):
            piece = line.first or await line.reader.read(_PIECE)
            while piece:
                taken += len(piece)
                if _CONFIRMED in frames.feed(piece):
                    return Why.ANSWERED
                if taken > _MOST:
                    return Why.GARBLED
                piece = await line.reader.read(_PIECE)
    except Unreadable:
        return Why.GARBLED
    except TimeoutError:
        return Why.SILENT
    except OSError:
        return Why.CLOSED
    finally:
        line.writer.transport.abort()
    return Why.CLOSED


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
