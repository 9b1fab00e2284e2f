"""A crew at work: rounds over all of its visits at once, one list of reports a round."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import httpx

from tieline.lab.crews.deciding import OVER, Doing, Memory, Mistakes, Router, next_of, report_id
from tieline.lab.crews.hands import Hands
from tieline.platform.clock import Clock, SystemClock
from tieline.platform.errors import Unavailable

MOST_REPORTS = 500
ROUNDS_OFFLINE = 3
"""Rounds for which a phone without network keeps its reports."""
PAUSE_S = 0.5
"""Between two looks while tests are under way."""


@dataclass(slots=True)
class Figures:
    """What crews did, counted from the platform's own answers."""

    visits: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reports: int = 0
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    fitted: int = 0

    def add(self, other: "Figures") -> None:
        """Count another crew's in."""
        self.visits += other.visits
        self.outcomes += other.outcomes
        self.reports += other.reports
        self.repeated += other.repeated
        self.refused += other.refused
        self.fitted += other.fitted


@dataclass(slots=True)
class _Phone:
    """The phone that a visit is reported from: its number, its last report, and what it has not sent yet."""

    name: str
    seq: int = 0
    keeps: list[dict[str, Any]] = field(default_factory=list)
    quiet: int = 0


class Crew:
    """One crew: its member's client at ``/api/v1``, its hands, and where its routers come from.

    ``router`` is asked once for each visit. The clock tells the time that reports bear.
    """

    def __init__(
        self,
        name: str,
        http: httpx.AsyncClient,
        hands: Hands,
        router: Callable[[Mapping[str, Any]], Router],
        *,
        mistakes: Mistakes | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.figures = Figures()
        self._http = http
        self._hands = hands
        self._router = router
        self._mistakes = mistakes or Mistakes()
        self._clock = clock or SystemClock()
        self._memory: dict[int, Memory] = {}
        self._phones: dict[int, _Phone] = {}
        self._ended: set[int] = set()

    async def round(self) -> int:
        """Look at the orders once and do what can be done now; gives how many visits are not over."""
        visits = list(await self._visits())
        self._meet(visits)
        open_ones = [visit for visit in visits if visit["state"] not in OVER]
        doings = {visit["id"]: self._next(visit) for visit in open_ones}
        self.figures.fitted += await self._hands.fit(fit for doing in doings.values() for fit in doing.fits)
        await self._hands.take_out(card for doing in doings.values() for card in doing.takes_out)
        await self._report(doings)
        return len(open_ones)

    async def work(self, *, pause_s: float = PAUSE_S, rounds: int = 100_000) -> Figures:
        """Work until every visit of its orders is over, or so many rounds."""
        for _ in range(rounds):
            if not await self.round():
                break
            await asyncio.sleep(pause_s)
        return self.figures

    async def _visits(self) -> Iterator[dict[str, Any]]:
        answer = await self._http.get("/field/mine")
        if not answer.is_success:
            raise Unavailable(f"The orders were answered {answer.status_code}: {answer.text[:400]}")
        orders: Sequence[dict[str, Any]] = answer.json()["orders"]
        return (visit for order in orders for visit in order["visits"])

    def _meet(self, visits: Sequence[Mapping[str, Any]]) -> None:
        """Note visits that are new, and count those that ended."""
        fresh = [visit for visit in visits if visit["id"] not in self._memory]
        for place, visit in enumerate(fresh):
            other = fresh[(place + 1) % len(fresh)]
            cards = [step["iccid"] for step in other["steps"]] if other is not visit else []
            self._memory[visit["id"]] = Memory(self._router(visit), next(iter(cards), ""))
            phone = self._phones[visit["id"]] = _Phone(f"{self.name}-{visit['id']}")
            offline = self._mistakes.strikes("offline", visit["id"], visit["attempt"])
            phone.quiet = ROUNDS_OFFLINE if offline else 0
        self.figures.visits += len(fresh)
        for visit in visits:
            if visit["state"] in OVER and visit["id"] not in self._ended:
                self._ended.add(visit["id"])
                self.figures.outcomes[visit["outcome"] or visit["state"]] += 1

    def _next(self, visit: Mapping[str, Any]) -> Doing:
        """What to do at a visit; nothing more while its phone still keeps reports of what was done."""
        if self._phones[visit["id"]].keeps:
            return Doing()
        return next_of(visit, self._memory[visit["id"]], self._mistakes)

    async def _report(self, doings: Mapping[int, Doing]) -> None:
        now = self._clock.now()
        sent: list[dict[str, Any]] = []
        for visit_id, doing in doings.items():
            phone = self._phones[visit_id]
            phone.keeps += [self._written(phone, visit_id, said, now) for said in doing.says]
            if phone.keeps and phone.quiet > 0:
                phone.quiet -= 1
                continue
            attempts = 2 if self._mistakes.strikes("twice", visit_id, 1) else 1
            sent += phone.keeps * attempts
            phone.keeps = []
        rest = iter(sent)
        while piece := list(islice(rest, MOST_REPORTS)):
            await self._send(piece, now)

    def _written(self, phone: _Phone, visit_id: int, said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        phone.seq += 1
        return {
            **said,
            "id": report_id(self._mistakes.seed, phone.name, phone.seq),
            "visit": visit_id,
            "at": now.isoformat(),
            "phone": phone.name,
            "seq": phone.seq,
        }

    async def _send(self, reports: Sequence[Mapping[str, Any]], now: datetime) -> None:
        answer = await self._http.post("/field/reports", json={"sent_at": now.isoformat(), "reports": list(reports)})
        if not answer.is_success:
            raise Unavailable(f"Reports were answered {answer.status_code}: {answer.text[:400]}")
        for one in answer.json()["answers"]:
            self.figures.reports += 1
            self.figures.repeated += bool(one.get("repeated"))
            if one["state"] == "refused" and not one.get("repeated"):
                self.figures.refused[one["rule"]] += 1


async def work(crews: Sequence[Crew], *, pause_s: float = PAUSE_S) -> Figures:
    """Have crews work side by side until all of their visits are over."""
    total = Figures()
    for figures in await asyncio.gather(*(crew.work(pause_s=pause_s) for crew in crews)):
        total.add(figures)
    return total
