"""Runs applications on sockets: several in one process, each stopped gracefully by cancelling it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tieline.platform.web.peer import PeerProtocol

GRACE_SECONDS = 10
_BACKLOG = 1024


class _Server(uvicorn.Server):
    """A server that leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises ``OSError`` when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the standard library takes it by position
    except OSError:
        listener.close()
        raise
    return listener


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    ready: Callable[[int], Any] | None = None,
    grace: int = GRACE_SECONDS,
) -> None:
    """Serve until cancelled; then finish what is under way, for at most ``grace`` seconds.

    ``ready`` is called with the port as soon as connections are taken. With ``tls`` the client's certificate, when it
    sent one, stands in ``scope["extensions"]["tls"]`` (see ``peer``).
    """
    config = uvicorn.Config(
        app,
        http=PeerProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=grace,
        ssl_context_factory=(lambda _config, _default: tls) if tls is not None else None,
    )
    listener = listen(host, port)
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]), name=f"serve {host}:{port}")
    try:
        await _started(server, running)
        if ready is not None:
            ready(int(listener.getsockname()[1]))
        await asyncio.shield(running)
    finally:
        server.should_exit = True
        await asyncio.gather(running, return_exceptions=True)
        listener.close()


async def _started(server: uvicorn.Server, running: "asyncio.Task[None]") -> None:
    while not server.started:
        if running.done():
            running.result()
            raise RuntimeError("the server ended before it started")
        await asyncio.sleep(0.005)
