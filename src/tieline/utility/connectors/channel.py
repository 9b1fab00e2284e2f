"""A channel: requests to other interfaces of an operator, beside the line that there is to it.

The same certificates and tokens, and the same permitted rate over all processes. Failures there do not open the line's
circuit, for changes are not to wait because a desk is closed; nothing is repeated, that is for who asks. What is said
over a channel is the business of the context that asks for it.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import httpx

from tieline.utility.connectors.errors import Throttled
from tieline.utility.connectors.line import Line
from tieline.utility.connectors.providers.mns3gpp.client import Client
from tieline.utility.connectors.registry import Connection


class Channel:
    """HTTP to an operator's host; paths begin at its root. Errors are those of connectors."""

    def __init__(self, line: Line, connection: Connection) -> None:
        self._line = line
        self._client = Client(replace(connection, base_url=root_of(connection.base_url)))
        self._client.turn = line.turn_beside

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> tuple[bytes, httpx.Headers]:
        """Make a request once and read its answer."""
        try:
            return await self._client.request(method, path, content=content, headers=headers, params=params)
        except Throttled as error:
            await self._line.hold(error.retry_after)
            raise

    async def close(self) -> None:
        """Give up connections."""
        await self._client.close()


def root_of(url: str) -> str:
    """The scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
