"""A controlled station as far as the link goes: confirms start, stop and test, and acknowledges what it received."""

from tieline.standards.iec104.frames import (
    SEQUENCE,
    Function,
    Information,
    Reader,
    Supervisory,
    Unnumbered,
    Unreadable,
    write,
)

_CONFIRMED = {
    Function.STARTDT_ACT: Function.STARTDT_CON,
    Function.STOPDT_ACT: Function.STOPDT_CON,
    Function.TESTFR_ACT: Function.TESTFR_CON,
}


class Controlled:
    """The link of one connection at a controlled station (clauses 5.2 and 5.3).

    Data may come only while the transfer is started, in order, without a gap; anything else ends the connection.
    """

    def __init__(self) -> None:
        self._reader = Reader()
        self._received = 0
        self.started = False

    def feed(self, octets: bytes) -> bytes:
        """Take what arrived; give what is to be sent.

        Raises:
            Unreadable: for what breaks the protocol: the connection is to be closed.

        """
        answer = b""
        acknowledge = False
        for frame in self._reader.feed(octets):
            match frame:
                case Unnumbered(function) if function in _CONFIRMED:
                    if function is not Function.TESTFR_ACT:
                        self.started = function is Function.STARTDT_ACT
                    answer += write(Unnumbered(_CONFIRMED[function]))
                case Unnumbered(Function.TESTFR_CON):
                    continue
                case Unnumbered(function):
                    raise Unreadable(f"a controlled station is not sent {function.name}")
                case Information(sent, _, _):
                    self._take(sent)
                    acknowledge = True
                case Supervisory():
                    continue
        return answer + write(Supervisory(self._received)) if acknowledge else answer

    def _take(self, sent: int) -> None:
        if not self.started:
            raise Unreadable("data before STARTDT")
        if sent != self._received:
            raise Unreadable(f"frame {sent} where {self._received} was to come")
        self._received = (self._received + 1) % SEQUENCE
