"""The ways to operators' records in a process: along the line that there is to each."""

from collections.abc import Awaitable, Callable

from tieline.platform.wiring import Runtime
from tieline.utility.connectors import Lines, lines_of
from tieline.utility.usage.port import Records
from tieline.utility.usage.providers.tmf635 import Tmf635Records

RESOURCE = "usage.records"
RecordsOf = Callable[[str], Awaitable[Records]]
"""Gives the records of an operator by its code; raises ``NotFound`` where no line is set up."""
PROVIDERS = frozenset({"mns3gpp"})
"""Providers of connectors on whose host TMF635 is served too."""


def records_of(runtime: Runtime) -> RecordsOf:
    """The records of a running process. Tests put their own into the runtime's resources."""
    given = runtime.resources.get(RESOURCE)
    if given is not None:
        found: RecordsOf = given
        return found
    return _Along(lines_of(runtime))


class _Along:
    """Records along lines."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    async def __call__(self, code: str) -> Records:
        return Tmf635Records(await self._lines.channel(code))
