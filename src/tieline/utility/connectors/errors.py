"""What can go wrong in talking to an operator.

::

    ConnectorError               502
    ├─ Rejected                  the operator refuses; sending the same again is pointless
    ├─ Denied                    the operator does not know us or does not let us
    ├─ Throttled                 too often; ``retry_after`` seconds
    ├─ Unreachable               surely not done: no connection, the circuit is open, or the operator says "not now"
    └─ Unknown                   perhaps done: the answer was lost. Ask by key before sending again

Only ``Unknown`` leaves a doubt about what is in effect; everything else is certain.
"""

from tieline.platform.errors import Problem, TielineError


class ConnectorError(TielineError):
    """Root of what connectors raise."""

    status = 502
    code = "operator"
    title = "The operator's platform does not do this"


class Rejected(ConnectorError):
    """The operator refuses. ``problems`` say why, per operation where it told (``field`` is the operation's id)."""

    code = "operator-rejected"
    title = "The operator refuses"

    def __init__(self, detail: str, problems: tuple[Problem, ...] = (), *, advice: str | None = None) -> None:
        super().__init__(detail, advice=advice)
        self.problems = problems


class Denied(ConnectorError):
    """The operator does not know us (certificate) or does not let us (authorisation)."""

    code = "operator-denied"
    title = "The operator does not let us"


class Throttled(ConnectorError):
    """The operator had too many calls. ``retry_after`` is in seconds."""

    status = 503
    code = "operator-throttled"
    title = "The operator asks to wait"

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unreachable(ConnectorError):
    """The call surely had no effect. ``retry_after`` is in seconds, where it is known."""

    status = 503
    code = "operator-unreachable"
    title = "The operator cannot be reached"

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unknown(ConnectorError):
    """The call may have had its effect: the answer was lost or cannot be understood."""

    status = 504
    code = "operator-unknown"
    title = "It is not known what the operator did"
