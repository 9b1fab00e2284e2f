"""Asks the operators' simulated networks who answers at an address: many questions of one moment go in one call."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

GATHER_S = 0.003
"""Questions that come within so short a time are asked together."""
MOST = 2000
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Office:
    """One operator's back office."""

    url: str
    token: str


class Networks:
    """All operators' simulated networks."""

    def __init__(self, offices: Sequence[Office], transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._clients = [
            httpx.AsyncClient(
                base_url=office.url,
                headers={"Authorization": f"Bearer {office.token}"},
                timeout=TIMEOUT_S,
                transport=transport,
                trust_env=False,
            )
            for office in offices
        ]
        self._asked: dict[str, asyncio.Future[str | None]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        for client in self._clients:
            await client.aclose()

    async def technology(self, address: str) -> str | None:
        """The technology over which an address is attached now; None if it is not. Raises ``httpx.HTTPError``."""
        if address not in self._asked:
            if not self._asked:
                task = asyncio.create_task(self._ask())
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
            self._asked[address] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._asked[address])

    async def _ask(self) -> None:
        await asyncio.sleep(GATHER_S)
        asked, self._asked = self._asked, {}
        addresses = list(asked)
        try:
            found: dict[str, str] = {}
            for start in range(0, len(addresses), MOST):
                part = addresses[start : start + MOST]
                for answered in await asyncio.gather(*(self._one(client, part) for client in self._clients)):
                    found.update(answered)
        except httpx.HTTPError as error:
            for future in asked.values():
                future.set_exception(error)
                future.exception()  # nobody may wait any more
        else:
            for address, future in asked.items():
                future.set_result(found.get(address))

    async def _one(self, client: httpx.AsyncClient, addresses: Sequence[str]) -> dict[str, str]:
        answer = await client.post("/simulation/v1/sessions", json=list(addresses))
        answer.raise_for_status()
        sessions: list[dict[str, Any]] = answer.json()
        return {one["address"]: one["rat"] or "" for one in sessions if one["attached"]}
