"""TMF635 as a client: lists of usage, page by page."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import structlog

from tieline.standards.tmf.errors import TmfError
from tieline.standards.tmf.usage import BASE_PATH, Specification, Stretch, UsageStatus, read_stretches
from tieline.utility.connectors import Channel, Unknown
from tieline.utility.usage.policy.periods import month_after

PAGE = 1000
MOST = 1_000_000
_log = structlog.get_logger(__name__)


class Tmf635Records:
    """An operator's usage records."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def month(self, month: date) -> AsyncIterator[Sequence[Stretch]]:
        """``GET /usage`` of the specification ``data-month``."""
        async for page in self._pages(
            {
                "usageSpecification.id": Specification.MONTH.value,
                "usageDate.gte": month.isoformat(),
                "usageDate.lt": month_after(month).isoformat(),
            }
        ):
            yield page

    async def day(self, day: date) -> AsyncIterator[Sequence[Stretch]]:
        """``GET /usage`` of one day."""
        later = (day + timedelta(days=1)).isoformat()
        async for page in self._pages({"usageDate.gte": day.isoformat(), "usageDate.lt": later}):
            yield page

    async def corrected(self, since: datetime) -> AsyncIterator[Sequence[Stretch]]:
        """``GET /usage`` of the status ``recycled``."""
        moment = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        async for page in self._pages({"status": UsageStatus.RECYCLED.value, "lastUpdate.gte": moment}):
            yield page

    async def _pages(self, wanted: Mapping[str, str]) -> AsyncIterator[Sequence[Stretch]]:
        for offset in range(0, MOST, PAGE):
            params = {**wanted, "offset": str(offset), "limit": str(PAGE)}
            body, headers = await self._channel.request("GET", f"{BASE_PATH}/usage", params=params)
            try:
                found, wrong = read_stretches(body)
            except TmfError as error:
                raise Unknown(f"The operator's usage records cannot be read: {error.reason}") from error
            if wrong:
                _log.warning("usage_unreadable", count=len(wrong), first=wrong[0].reason[:200])
            if found:
                yield found
            if len(found) + len(wrong) < PAGE or offset + PAGE >= _total(headers.get("x-total-count")):
                return


def _total(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else MOST  # noqa: PLR2004
