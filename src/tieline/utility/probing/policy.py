"""Which addresses may be asked, at which port, and when to ask again. Pure."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from tieline.platform.errors import Invalid, Problem
from tieline.standards.iec104 import PORT
from tieline.standards.socks5 import Client, Credentials, Target
from tieline.utility.probing.model import Answer

SOCKS_PORT = 1080
LAST_PORT = 65_535
LONGEST_PAUSE_S = 300.0


@dataclass(frozen=True, slots=True)
class Proxy:
    """The SOCKS5 proxy that leads into the operators' networks."""

    at: Target
    credentials: Credentials | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, in seconds, how often to ask within one probe, and how many at once."""

    connect_s: float = 8.0
    answer_s: float = 5.0
    attempts: int = 3
    pause_s: float = 3.0
    at_once: int = 200


def may_be_asked(address: str) -> bool:
    """Whether a site can have this address: never this machine, its neighbours on the link, a group, or nobody.

    Addresses come from operators and imports, so they are judged here again: nobody is to make us talk to ourselves or
    to a cloud's metadata service.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        found = _carried(found) or found
    return not (
        found.is_loopback
        or found.is_link_local
        or found.is_multicast
        or found.is_unspecified
        or any(found in network for network in (_NOBODYS, *_METADATA))
        or (isinstance(found, ipaddress.IPv4Address) and found.is_reserved)
    )


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a machine or a translator reads out of an IPv6 address (RFC 4291, 3056, 6052)."""
    if address in _TRANSLATED or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


_NOBODYS = ipaddress.ip_network("0.0.0.0/8")
_METADATA = tuple(
    map(ipaddress.ip_network, ("fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"))
)
"""Of clouds; those that are link-local are refused as such."""
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


def read_ports(text: str) -> dict[str, int]:
    """Read ``kind=port,operator=port``. Raises ``Invalid`` for a port that there is not."""
    ports = {name.strip(): int(port) for name, _, port in (pair.partition("=") for pair in text.split(",") if pair)}
    if wrong := [name for name, port in ports.items() if not 1 <= port <= LAST_PORT]:
        words = f"A port is between 1 and {LAST_PORT}."
        raise Invalid("The ports of probing cannot be read.", [Problem("probing_ports", "range", words, wrong[0])])
    return ports


def port_of(ports: Mapping[str, int], operator: str, kind: str | None) -> int:
    """The port at which an application listens: by the kind of its site, else by the operator, else the standard's."""
    return ports.get(kind or "", ports.get(operator, PORT))


def again_after(answer: Answer, attempts: int, limits: Limits) -> timedelta | None:
    """How long to wait before asking once more, after ``attempts`` in all; None when that was the last word."""
    if answer.why.is_final or attempts >= limits.attempts:
        return None
    return timedelta(seconds=min(LONGEST_PAUSE_S, limits.pause_s * 2 ** (attempts - 1)))


def read_proxy(url: str) -> Proxy | None:
    """Read ``socks5://user:password@host:port``; empty: none. Raises ``Invalid``."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or SOCKS_PORT
    except ValueError as error:
        raise _no_proxy() from error
    if parts.scheme not in {"socks5", "socks5h"} or not parts.hostname or parts.path.strip("/"):
        raise _no_proxy()
    login = None if parts.username is None else Credentials(unquote(parts.username), unquote(parts.password or ""))
    proxy = Proxy(Target(parts.hostname, port), login)
    try:
        Client(proxy.at, login)
        parts.hostname.encode("idna")
    except ValueError as error:
        raise _no_proxy() from error
    return proxy


def _no_proxy() -> Invalid:
    words = "A proxy is written socks5://host:port, or socks5://user:password@host:port, each at most 255 octets."
    return Invalid("The proxy of probing cannot be read.", [Problem("probing_proxy", "format", words)])
