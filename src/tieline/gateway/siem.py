"""Export of the change log to a SIEM, beside the gateway's audit trail."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import DictRow

from tieline.gateway.objects.store import log
from tieline.gateway.parts import Parts
from tieline.gateway.settings import GatewaySettings
from tieline.platform.db import Tx
from tieline.platform.siem import AuditSource, Destination, Event, Exporter, Source, destination_of
from tieline.platform.siem.service import style_of
from tieline.platform.siem.syslog import Style

_SETTLED_S = 1.0


@dataclass(frozen=True, slots=True)
class _Mark:
    """A row number, the first transaction that had not begun when it was the last one, and when that was seen."""

    number: int
    horizon: int
    at: float


class ChangeLogSource:
    """The change log. Its numbers are given before transactions commit, so a smaller one may still show up later.

    A number is safe to pass once every transaction that was under way when it was the last is over.
    """

    name = "change-log"

    def __init__(self) -> None:
        self._marks: deque[_Mark] = deque()
        self._safe = 0

    async def after(self, tx: Tx, number: int, limit: int) -> Sequence[Event]:
        """The next rows that none can come before any more."""
        seen = await log.horizon(tx)
        now = time.monotonic()
        while self._marks and self._marks[0].horizon <= seen.lowest and now - self._marks[0].at >= _SETTLED_S:
            self._safe = self._marks.popleft().number
        if seen.last > max(self._safe, self._marks[-1].number if self._marks else 0):
            self._marks.append(_Mark(seen.last, seen.next, now))
        if number >= self._safe:
            return []
        return [_event(row) for row in await log.page(tx, after=number, limit=limit, filters={"upto": self._safe})]

    async def end(self, tx: Tx) -> int:
        """The number of the last row."""
        return (await log.horizon(tx)).last


def sources() -> tuple[Source, ...]:
    """What a gateway exports."""
    return (ChangeLogSource(), AuditSource())


async def destination_and_style(settings: GatewaySettings) -> tuple[Destination, Style] | None:
    """Where to, and how; None where no receiver is set."""
    destination = destination_of(settings)
    if destination is None:
        return None
    return destination, await style_of(destination, f"tieline-gateway-{settings.code}")


async def export(parts: Parts) -> None:
    """Export for as long as the process lives; ends at once where no receiver is set."""
    found = await destination_and_style(parts.settings)
    if found is not None:
        await Exporter(parts.db, parts.clock, *found, sources()).run()


def _event(row: DictRow) -> Event:
    told = ("utility", "party", "client", "version", "before", "after", "reason", "change")
    detail = {name: row[name] for name in told if row[name] is not None}
    return Event("change-log", row["id"], row["at"], row["source"], f"object.{row['operation']}", row["dn"], detail)
