"""A channel: requests to other interfaces of an operator, along the line that there is to it.

The same certificates, the same permitted rate over all processes, the same circuit breaker and retries. What is said
there is the business of the context that asks for the channel.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import httpx

from tieline.utility.connectors.line import Line
from tieline.utility.connectors.providers.mns3gpp.client import Client
from tieline.utility.connectors.registry import Connection


class Channel:
    """HTTP to an operator's host; paths begin at its root. Errors are those of connectors."""

    def __init__(self, line: Line, connection: Connection) -> None:
        self._line = line
        self._client = Client(replace(connection, base_url=root_of(connection.base_url)))
        self._client.turn = line.turn

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> tuple[bytes, httpx.Headers]:
        """Make a request and read its answer; unless ``repeatable``, again only when it surely had no effect."""
        return await self._line.along(
            lambda: self._client.request(method, path, content=content, headers=headers, params=params),
            repeatable=repeatable,
        )

    async def close(self) -> None:
        """Give up connections."""
        await self._client.close()


def root_of(url: str) -> str:
    """The scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
