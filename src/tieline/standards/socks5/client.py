"""The side that wants to get through: greeting, login where asked for, CONNECT."""

from collections.abc import Callable
from typing import NamedTuple

from tieline.standards.socks5.words import (
    CONNECT,
    LOGIN_VERSION,
    LONGEST_TEXT,
    NO_LOGIN,
    NONE_ACCEPTABLE,
    USER_PASSWORD,
    VERSION,
    Octets,
    Reply,
    SocksError,
    Target,
    reply_of,
    write_target,
)


class Credentials(NamedTuple):
    """A user name and a password, 1 to 255 octets each (RFC 1929 clause 2)."""

    user: str
    password: str


class Client:
    """One connection through a proxy.

    Send ``begin()``, then whatever ``feed`` gives for what arrives, until ``connected``; from then on the connection is
    the target's, beginning with ``rest``.
    """

    def __init__(self, target: Target, credentials: Credentials | None = None) -> None:
        """Raise ``ValueError`` for a target or credentials that cannot be written."""
        self._request = bytes((VERSION, CONNECT, 0)) + write_target(target)
        self._login = None if credentials is None else _login(credentials)
        self._octets = Octets()
        self._step: Callable[[], bytes | None] = self._chosen
        self.connected = False

    def begin(self) -> bytes:
        """Give the greeting."""
        methods = [NO_LOGIN] if self._login is None else [NO_LOGIN, USER_PASSWORD]
        return bytes((VERSION, len(methods), *methods))

    def feed(self, octets: bytes) -> bytes:
        """Take what arrived; give what is to be sent.

        Raises:
            SocksError: the proxy is none, wants another login, or cannot reach the target.

        """
        self._octets.add(octets)
        answer = b""
        while not self.connected:
            said = self._step()
            if said is None:
                break
            answer += said
        return answer

    @property
    def rest(self) -> bytes:
        """What the target has sent already; to be taken once."""
        return self._octets.rest()

    def _chosen(self) -> bytes | None:
        said = self._octets.take(2)
        if said is None:
            return None
        version, method = said
        if version != VERSION:
            raise SocksError("this is no SOCKS5 proxy")
        if method == NO_LOGIN:
            self._step = self._answered
            return self._request
        if method == USER_PASSWORD and self._login is not None:
            self._step = self._logged_in
            return self._login
        why = "takes none of our ways to log in" if method == NONE_ACCEPTABLE else "wants another way to log in"
        raise SocksError(f"the proxy {why}")

    def _logged_in(self) -> bytes | None:
        said = self._octets.take(2)
        if said is None:
            return None
        if said != bytes((LOGIN_VERSION, 0)):
            raise SocksError("the proxy refuses the user name or the password")
        self._step = self._answered
        return self._request

    def _answered(self) -> bytes | None:
        said = self._octets.addressed()
        if said is None:
            return None
        if said[0] != VERSION:
            raise SocksError("this is no SOCKS5 proxy")
        reply = reply_of(said[1])
        if reply is not Reply.SUCCEEDED:
            raise SocksError(f"the proxy answered: {reply.name.lower().replace('_', ' ')}", reply)
        self.connected = True
        return b""


def _login(credentials: Credentials) -> bytes:
    fields = [text.encode() for text in credentials]
    if not all(1 <= len(field) <= LONGEST_TEXT for field in fields):
        raise ValueError("user name and password have 1 to 255 octets each")
    return bytes((LOGIN_VERSION,)) + b"".join(bytes((len(field),)) + field for field in fields)
