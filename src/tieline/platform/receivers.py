"""Addresses of syslog receivers as settings write them. Pure."""

from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"tls": 6514, "tcp": 601, "udp": 514}


class Receiver(NamedTuple):
    """A receiver: ``transport`` is ``tls``, ``tcp`` or ``udp``."""

    transport: str
    host: str
    port: int


def receiver_of(url: str) -> Receiver:
    """Read ``tls://HOST:6514``, ``tcp://HOST:601`` or ``udp://HOST:514``. Raises ``ValueError`` for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if not port or parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("write the receiver as tls://HOST:6514, tcp://HOST:601 or udp://HOST:514")
    return Receiver(parts.scheme, parts.hostname, port)


def checked(url: str) -> str:
    """The address of a receiver, or nothing. Raises ``ValueError``: found out at the start, not when it is needed."""
    if url:
        receiver_of(url)
    return url
