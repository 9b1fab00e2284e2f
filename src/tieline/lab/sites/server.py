"""The proxy, and the remote terminal units behind it: one protocol object a connection."""

import asyncio
from collections.abc import Callable
from typing import cast

import httpx
import structlog

from tieline.lab.sites.field import Dead, Field
from tieline.lab.sites.networks import Networks
from tieline.standards.iec104 import Controlled, Unreadable
from tieline.standards.socks5 import Credentials, Reply, Server, SocksError, Target

LONGEST_S = 60.0
"""A connection is closed after so long, whatever is said on it."""
_NOISE = b"HTTP/1.0 400 Bad Request\r\n\r\n"

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.lab")


class Sites:
    """The simulated field behind one port."""

    def __init__(self, networks: Networks, field: Field, credentials: Credentials | None = None) -> None:
        self.networks = networks
        self.field = field
        self.credentials = credentials
        self.reached = 0
        """Connections that came about."""

    async def serve(self, host: str, port: int, *, ready: Callable[[int], None] | None = None) -> None:
        """Serve until cancelled; ``ready`` is told the port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), host, port, backlog=1024)
        async with server:
            if ready is not None:
                ready(int(server.sockets[0].getsockname()[1]))
            await server.serve_forever()


class _Connection(asyncio.Protocol):
    """From the greeting to the terminal unit."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        self._proxy = Server(sites.credentials)
        self._unit: Controlled | None = None
        self._fault: Dead | None = None
        self._answer_s = 0.0
        self._early = b""
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        self._end = asyncio.get_running_loop().call_later(LONGEST_S, self._transport.abort)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if self._end is not None:
            self._end.cancel()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._unit is not None:
            self._said(data)
        elif self._task is not None:
            self._early += data
            if len(self._early) > len(_NOISE) * 100:
                self._close()
        else:
            self._greeted(data)

    def _greeted(self, data: bytes) -> None:
        try:
            self._write(self._proxy.feed(data))
        except SocksError as error:
            _log.info("the proxy turned somebody away", why=str(error))
            self._write(self._proxy.last)
            self._close()
            return
        if self._proxy.wanted is not None:
            self._early = self._proxy.rest
            self._task = asyncio.create_task(self._connect(self._proxy.wanted))

    async def _connect(self, target: Target) -> None:
        """Reach the unit at an address, if a network has it attached."""
        try:
            technology = await self._sites.networks.technology(target.host)
        except httpx.HTTPError as error:
            _log.warning("a simulated network does not answer", why=repr(error))
            self._refuse(Reply.FAILURE)
            return
        if technology is None:
            self._refuse(Reply.HOST_UNREACHABLE)
            return
        self._fault = self._sites.field.fault(target.host)
        self._answer_s = self._sites.field.round_trip_s(technology)
        await asyncio.sleep(self._answer_s)
        if self._fault is Dead.REFUSES:
            self._refuse(Reply.REFUSED)
            return
        self._sites.reached += 1
        self._write(self._proxy.reply(Reply.SUCCEEDED))
        self._unit = Controlled()
        early, self._early = self._early, b""
        if early:
            self._said(early)

    def _said(self, data: bytes) -> None:
        if self._unit is None or self._fault is Dead.SILENT:
            return
        if self._fault is Dead.GARBLES:
            self._write(_NOISE)
            return
        try:
            answer = self._unit.feed(data)
        except Unreadable as error:
            _log.info("a unit closed a connection", why=str(error))
            self._close()
            return
        if self._answer_s:
            asyncio.get_running_loop().call_later(self._answer_s, self._write, answer)
        else:
            self._write(answer)

    def _refuse(self, reply: Reply) -> None:
        self._write(self._proxy.reply(reply))
        self._close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and data:
            self._transport.write(data)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
