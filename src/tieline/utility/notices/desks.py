"""The desks of a process: one to each operator whose platform has one, along the line that there is to it."""

from collections.abc import Awaitable, Callable

from tieline.platform.wiring import Runtime
from tieline.utility.connectors import Lines, lines_of
from tieline.utility.notices.port import Desk
from tieline.utility.notices.providers.tmf655 import Tmf655Desk

RESOURCE = "notices.desks"
Desks = Callable[[str], Awaitable[Desk]]
"""Gives the desk of an operator by its code; raises ``NotFound`` where no line is set up."""
PROVIDERS = frozenset({"mns3gpp"})
"""Providers of connectors on whose host TMF655 is served too."""
_OBJECTS, _LISTENER = "/3gpp/notifications/", "/tmf-api/listener/"


def desks_of(runtime: Runtime) -> Desks:
    """The desks of a running process. Tests put their own into the runtime's resources."""
    given = runtime.resources.get(RESOURCE)
    if given is not None:
        found: Desks = given
        return found
    return _Along(lines_of(runtime))


class _Along:
    """Desks along lines."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    async def __call__(self, code: str) -> Desk:
        return Tmf655Desk(await self._lines.channel(code))


def callback_of(notification_url: str) -> str:
    """Where an operator is to send events, beside where it sends its other notifications; empty: nowhere."""
    if _OBJECTS not in notification_url:
        return ""
    before, _, code = notification_url.rpartition(_OBJECTS)
    return f"{before}{_LISTENER}{code}"
