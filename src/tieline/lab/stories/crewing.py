"""Crews of a story: their vans are loaded from the warehouse, and they work in a thread beside the desk's people."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from tieline.lab.crews import Crew, Figures, Hands, Mistakes, Router
from tieline.lab.offices import Office
from tieline.lab.reach import STRAIGHT, Reach
from tieline.lab.sites import Office as Network
from tieline.platform.errors import Unavailable

PAUSE = 0.5
"""Seconds between two rounds of a crew, where there are few."""
ROUNDS_A_SECOND = 15.0
"""Rounds of all crews together at most: beyond, they ask less often, and each finds more that has happened."""
_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class CrewLogin:
    """A crew: its number in field work, where it works, its phone's token, and its place in the stock ledger."""

    crew_id: int
    name: str
    region: str
    token: str
    place_id: int


class _EmptyVanError(Exception):
    """A crew sees an order for which its van is not loaded yet."""


class Crews:
    """Every crew of a story. ``at_work`` lets them work in a thread of their own for as long as the block lasts."""

    def __init__(
        self,
        url: str,
        logins: Sequence[CrewLogin],
        offices: Sequence[Office],
        mistakes: Mistakes,
        *,
        speed: float = 1,
        reach: Reach = STRAIGHT,
    ) -> None:
        self._url = url.rstrip("/") + "/api/v1"
        self._logins = tuple(logins)
        self._offices = {office.code: Network(office.url, office.token) for office in offices}
        self._mistakes = mistakes
        self._reach = reach
        # A day of the calendar may be over before an order for it is written.
        self.margin = timedelta(seconds=speed * reach.writes_s)
        self._vans: dict[int, deque[Router]] = {login.crew_id: deque() for login in logins}
        self._crews: list[Crew] = []
        self._stop = threading.Event()
        self._failed: BaseException | None = None

    @property
    def figures(self) -> Figures:
        """What all crews have done so far."""
        total = Figures()
        for crew in self._crews:
            total.add(crew.figures)
        return total

    def load(self, crew_id: int, routers: Sequence[Router]) -> None:
        """Put routers into a crew's van."""
        self._vans[crew_id].extend(routers)

    def check(self) -> None:
        """Raise what has gone wrong with a crew, if anything has."""
        if self._failed is not None:
            raise Unavailable(f"A simulated crew cannot go on: {self._failed!r}") from self._failed

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let the crews work while the block lasts."""
        thread = threading.Thread(target=self._thread, name="crews", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(timeout=_TIMEOUT)
        self.check()

    def _thread(self) -> None:
        try:
            asyncio.run(self._work())
        except Exception as error:  # noqa: BLE001 - told to whoever waits, who raises it
            self._failed = error

    async def _work(self) -> None:
        async with AsyncExitStack() as stack:
            hands = await stack.enter_async_context(Hands(self._offices, self._reach.crews()))
            async with asyncio.TaskGroup() as group:
                for login in self._logins:
                    http = await stack.enter_async_context(self._client(login))
                    crew = Crew(login.name, http, hands, self._router_of(login), mistakes=self._mistakes)
                    self._crews.append(crew)
                    group.create_task(self._rounds(crew), name=login.name)

    def _client(self, login: CrewLogin) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._url,
            headers={"Authorization": f"Bearer {login.token}"},
            timeout=_TIMEOUT,
            trust_env=False,
            transport=self._reach.crews(),
        )

    def _router_of(self, login: CrewLogin) -> Any:
        van = self._vans[login.crew_id]

        def take(_visit: Mapping[str, Any]) -> Router:
            """Take the next router out of the van."""
            if not van:
                raise _EmptyVanError
            return van.popleft()

        return take

    async def _rounds(self, crew: Crew) -> None:
        while not self._stop.is_set():
            # An order may be there before the van is loaded: the next look finds both.
            with contextlib.suppress(_EmptyVanError):
                await crew.round()
            await asyncio.sleep(max(PAUSE, len(self._logins) / ROUNDS_A_SECOND))
