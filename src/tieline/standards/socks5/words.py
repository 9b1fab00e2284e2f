"""Words of SOCKS5 that both sides use: replies, addresses, and reading octets that are not all there yet."""

import ipaddress
from enum import IntEnum
from typing import NamedTuple

VERSION = 5
LOGIN_VERSION = 1
NO_LOGIN, USER_PASSWORD, NONE_ACCEPTABLE = 0x00, 0x02, 0xFF
CONNECT = 1
IPV4, NAME, IPV6 = 1, 3, 4
LONGEST_TEXT = 255
_SIZES = {IPV4: 4, IPV6: 16}


class Reply(IntEnum):
    """What became of a request (RFC 1928 clause 6)."""

    SUCCEEDED = 0
    FAILURE = 1
    NOT_ALLOWED = 2
    NETWORK_UNREACHABLE = 3
    HOST_UNREACHABLE = 4
    REFUSED = 5
    TTL_EXPIRED = 6
    COMMAND_NOT_SUPPORTED = 7
    ADDRESS_TYPE_NOT_SUPPORTED = 8


_REPLIES = frozenset(Reply)


class SocksError(Exception):
    """The proxy does not go on: ``reply`` is its answer to the request; None if it never came to one."""

    def __init__(self, message: str, reply: Reply | None = None) -> None:
        super().__init__(message)
        self.reply = reply


class Target(NamedTuple):
    """Where a connection shall lead: an IP address or a name, and a TCP port."""

    host: str
    port: int


class Octets:
    """What arrived and was not read yet. ``take`` gives None while too little is there."""

    def __init__(self) -> None:
        self._rest = b""

    def add(self, octets: bytes) -> None:
        """Take what arrived."""
        self._rest += octets

    def peek(self, place: int) -> int | None:
        """Look at one octet."""
        return self._rest[place] if place < len(self._rest) else None

    def take(self, size: int) -> bytes | None:
        """Take so many octets, or none."""
        if len(self._rest) < size:
            return None
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def rest(self) -> bytes:
        """Take everything."""
        taken, self._rest = self._rest, b""
        return taken

    def addressed(self) -> bytes | None:
        """Take a request or a reply whole: three octets, an address, a port. Raises ``SocksError`` for other types."""
        kind = self.peek(3)
        if kind is None:
            return None
        if kind == NAME:
            length = self.peek(4)
            return None if length is None else self.take(5 + length + 2)
        if kind not in _SIZES:
            raise SocksError(f"address type {kind} is unknown", Reply.ADDRESS_TYPE_NOT_SUPPORTED)
        return self.take(4 + _SIZES[kind] + 2)


def write_target(target: Target) -> bytes:
    """Write an address and a port. Raises ``ValueError`` for what cannot be written."""
    port = target.port.to_bytes(2, "big")
    try:
        address = ipaddress.ip_address(target.host)
    except ValueError:
        name = target.host.encode("idna" if not target.host.isascii() else "ascii")
        if not 1 <= len(name) <= LONGEST_TEXT:
            raise ValueError("a host name has 1 to 255 octets") from None
        return bytes((NAME, len(name))) + name + port
    return bytes((IPV4 if address.version == 4 else IPV6,)) + address.packed + port  # noqa: PLR2004 - IP versions


def read_target(octets: bytes) -> Target:
    """Read address type, address and port. Raises ``SocksError`` for a name that is no text."""
    kind, port = octets[0], int.from_bytes(octets[-2:], "big")
    if kind != NAME:
        return Target(str(ipaddress.ip_address(octets[1:-2])), port)
    try:
        return Target(octets[2:-2].decode("ascii"), port)
    except UnicodeDecodeError as error:
        raise SocksError("a host name that is not ASCII", Reply.FAILURE) from error


def reply_of(code: int) -> Reply:
    """Give the reply of a code; an unassigned one is a failure."""
    return Reply(code) if code in _REPLIES else Reply.FAILURE
