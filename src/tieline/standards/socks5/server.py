"""The proxy's side: which way to log in, who it is, and where the connection shall lead."""

import hmac
from collections.abc import Callable

from tieline.standards.socks5.client import Credentials
from tieline.standards.socks5.words import (
    CONNECT,
    IPV4,
    LOGIN_VERSION,
    NO_LOGIN,
    NONE_ACCEPTABLE,
    USER_PASSWORD,
    VERSION,
    Octets,
    Reply,
    SocksError,
    Target,
    read_target,
)

_NOWHERE = bytes((IPV4, 0, 0, 0, 0, 0, 0))


class Server:
    """One connection at a proxy.

    Send what ``feed`` gives, until ``wanted`` is there; connect; send ``reply`` of what came of it. From then on the
    connection is the target's, beginning with ``rest``. After a ``SocksError`` send ``last`` and close.
    """

    def __init__(self, credentials: Credentials | None = None) -> None:
        """Let everybody in, or only who knows the credentials."""
        self._credentials = credentials
        self._octets = Octets()
        self._step: Callable[[], bytes | None] = self._greeted
        self.wanted: Target | None = None
        self.last = b""

    def feed(self, octets: bytes) -> bytes:
        """Take what arrived; give what is to be sent.

        Raises:
            SocksError: for what is no SOCKS5, a login that fails, another command than CONNECT.

        """
        self._octets.add(octets)
        answer = b""
        while self.wanted is None:
            said = self._step()
            if said is None:
                break
            answer += said
        return answer

    @property
    def rest(self) -> bytes:
        """What came for the target already; to be taken once."""
        return self._octets.rest()

    def reply(self, reply: Reply) -> bytes:
        """Give the answer to the request; the address that the proxy uses is not told."""
        return bytes((VERSION, reply, 0)) + _NOWHERE

    def _greeted(self) -> bytes | None:
        if self._octets.peek(0) not in {None, VERSION}:
            raise SocksError("this is no SOCKS5 client")
        count = self._octets.peek(1)
        said = None if count is None else self._octets.take(2 + count)
        if said is None:
            return None
        method = NO_LOGIN if self._credentials is None else USER_PASSWORD
        if method not in said[2:]:
            self.last = bytes((VERSION, NONE_ACCEPTABLE))
            raise SocksError("the client offers no way to log in that is taken here")
        self._step = self._asked if self._credentials is None else self._login
        return bytes((VERSION, method))

    def _login(self) -> bytes | None:
        size = self._octets.peek(1)
        length = None if size is None else self._octets.peek(2 + size)
        said = None if size is None or length is None else self._octets.take(3 + size + length)
        if said is None or size is None:
            return None
        given = said[2 : 2 + size], said[3 + size :]
        wanted = self._credentials or Credentials("", "")
        same = [hmac.compare_digest(one, other.encode()) for one, other in zip(given, wanted, strict=True)]
        if said[0] != LOGIN_VERSION or not all(same):
            self.last = bytes((LOGIN_VERSION, 1))
            raise SocksError("wrong user name or password")
        self._step = self._asked
        return bytes((LOGIN_VERSION, 0))

    def _asked(self) -> bytes | None:
        try:
            said = self._octets.addressed()
            if said is None:
                return None
            if said[0] != VERSION or said[1] != CONNECT:
                raise SocksError("only CONNECT is taken", Reply.COMMAND_NOT_SUPPORTED)  # noqa: TRY301 - one way out
            self.wanted = read_target(said[3:])
        except SocksError as error:
            self.last = self.reply(error.reply or Reply.FAILURE)
            raise
        return b""
