"""Simulated crews against a field API and networks held in memory, which take, order and judge as the real ones do."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tieline.lab.crews import Crew, Figures, Hands, Mistakes, work
from tieline.lab.crews.deciding import invented_router
from tieline.lab.sites import Office
from tieline.standards.numbering import check_imei, luhn_digit

pytestmark = pytest.mark.anyio


def iccid(number: int) -> str:
    digits = f"894400000000{number:06}"
    return digits + luhn_digit(digits)


@dataclass
class World:
    """Visits of one crew, two networks, and what was said and done."""

    visits: dict[int, dict[str, Any]] = field(default_factory=dict)
    in_network: dict[str, str] = field(default_factory=dict)
    said: list[dict[str, Any]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    phones: Counter[str] = field(default_factory=Counter)

    def plan(self, count: int) -> None:
        for number in range(1, count + 1):
            steps = [
                {
                    "key": str(n + 1),
                    "position": n + 1,
                    "operator": code,
                    "iccid": iccid(number * 10 + n),
                    "state": state,
                }
                for n, (code, state) in enumerate((("B", "open"), ("A", "closed")))
            ]
            self.visits[number] = {
                "id": number,
                "site": {"lat": 54.0, "lon": -1.5},
                "attempt": 1,
                "state": "planned",
                "outcome": None,
                "steps": steps,
                "take_away": {"router": f"OLD-{number}", "iccids": [iccid(number * 10 + 5), iccid(number * 10 + 6)]},
            }
            for step, old in zip(steps, (5, 6), strict=True):
                self.in_network[iccid(number * 10 + old)] = str(step["operator"])

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.calls[path] += 1
        body = json.loads(request.content or b"null")
        if path.endswith("/field/mine"):
            self._judge_tests()
            return httpx.Response(200, json={"orders": [{"visits": list(self.visits.values())}]})
        if path.endswith("/field/reports"):
            assert len(body["reports"]) <= 500
            return httpx.Response(200, json={"answers": [self._take(one) for one in body["reports"]]})
        operator = request.url.host[0].upper()
        if path.endswith("/remove"):
            for one in body:
                assert self.in_network.pop(one) == operator
            return httpx.Response(200, json={"lost": len(body)})
        for one in body:
            assert check_imei(one["imei"]).ok
            self.in_network[one["iccid"]] = operator
        return httpx.Response(200, json={"taken": len(body)})

    def _judge_tests(self) -> None:
        """What programmes do: a test passes where the card is in the network."""
        for visit in self.visits.values():
            for place, step in enumerate(visit["steps"]):
                if step["state"] == "testing":
                    passed = step["iccid"] in self.in_network
                    step["state"] = "passed" if passed else "failed"
                    if passed and place + 1 < len(visit["steps"]):
                        visit["steps"][place + 1]["state"] = "open"

    def _take(self, report: dict[str, Any]) -> dict[str, Any]:
        if report["id"] in self.known:
            return {"id": report["id"], "state": "accepted", "repeated": True}
        self.known.add(report["id"])
        self.phones[report["phone"]] += 1
        assert report["seq"] == self.phones[report["phone"]], "a phone's reports come in their order"
        assert datetime.fromisoformat(report["at"]).tzinfo is not None
        self.said.append(report)
        visit = self.visits[report["visit"]]
        step = next((one for one in visit["steps"] if one["key"] == report.get("step")), None)
        if visit["state"] == "finished" and report["kind"] != "left":
            return {"id": report["id"], "state": "refused", "rule": "finished"}
        if report["kind"] == "fitted":
            assert step is not None
            if report["iccid"] != step["iccid"]:
                return {"id": report["id"], "state": "refused", "rule": "other-visit"}
            assert step["state"] == "open"
        states = {"fitted": "fitted", "test-asked": "testing"}
        if step is not None:
            step["state"] = states[report["kind"]]
        if report["kind"] in {"arrived", "finished"}:
            visit["state"] = {"arrived": "on_site", "finished": "finished"}[report["kind"]]
            visit["outcome"] = report.get("outcome")
        return {"id": report["id"], "state": "accepted"}


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 12, tzinfo=UTC)


@asynccontextmanager
async def crew_in(world: World, mistakes: Mistakes | None = None) -> AsyncIterator[Crew]:
    transport = httpx.MockTransport(world)
    offices = {code: Office(f"http://{code.lower()}.example", "token") for code in "AB"}
    async with (
        Hands(offices, transport) as hands,
        httpx.AsyncClient(transport=transport, base_url="http://utility.example/api/v1") as http,
    ):
        yield Crew("north", http, hands, lambda visit: invented_router(visit["id"]), mistakes=mistakes, clock=Noon())


async def done(world: World, mistakes: Mistakes | None = None) -> Figures:
    async with crew_in(world, mistakes) as crew:
        return await work([crew], pause_s=0)


async def test_every_visit_is_done_one_card_after_the_other_and_the_old_taken_away() -> None:
    world = World()
    world.plan(30)
    figures = await done(world)
    assert (figures.visits, figures.outcomes, figures.fitted) == (30, Counter({"done": 30}), 60)
    assert figures.refused == Counter()
    assert set(world.in_network) == {step["iccid"] for visit in world.visits.values() for step in visit["steps"]}
    of_first = [one["kind"] for one in world.said if one["visit"] == 1]
    assert of_first == ["arrived", "fitted", "test-asked", "fitted", "test-asked", "finished", "left"]
    assert [one["step"] for one in world.said if one["visit"] == 1 and one["kind"] == "fitted"] == ["1", "2"]


async def test_thousands_of_visits_are_few_calls() -> None:
    world = World()
    world.plan(2000)
    figures = await done(world)
    assert figures.outcomes == Counter({"done": 2000})
    assert figures.reports == 2000 * 7
    assert sum(world.calls.values()) < 60


async def test_a_card_of_another_visit_is_refused_and_put_right() -> None:
    world = World()
    world.plan(20)
    figures = await done(world, Mistakes(wrong_site=1))
    assert figures.refused == Counter({"other-visit": 20})
    assert figures.outcomes == Counter({"done": 20})


async def test_what_is_said_twice_counts_once() -> None:
    world = World()
    world.plan(20)
    figures = await done(world, Mistakes(twice=1))
    assert figures.repeated == figures.reports / 2
    assert figures.outcomes == Counter({"done": 20})


async def test_without_a_network_reports_wait_and_come_in_bulk() -> None:
    world = World()
    world.plan(5)
    async with crew_in(world, Mistakes(offline=1)) as crew:
        for _ in range(3):
            await crew.round()
        assert world.said == []
        figures = await crew.work(pause_s=0)
    assert figures.outcomes == Counter({"done": 5})


async def test_a_router_that_does_not_come_up_needs_a_second_visit() -> None:
    world = World()
    world.plan(20)
    figures = await done(world, Mistakes(defective=1))
    assert figures.outcomes == Counter({"again": 20})
    assert figures.fitted == 0
    assert Counter(one["kind"] for one in world.said if one["visit"] == 1)["test-asked"] == 3
    for visit in world.visits.values():
        visit.update(state="planned", attempt=2)
        visit["steps"][0]["state"] = "open"
    assert (await done(world, Mistakes(defective=1))).outcomes == Counter({"done": 20})


async def test_a_lost_card_ends_the_visit_with_a_word() -> None:
    world = World()
    world.plan(5)
    figures = await done(world, Mistakes(lost_card=1))
    assert figures.outcomes == Counter({"again": 5})
    troubles = [one["words"] for one in world.said if one["kind"] == "trouble"]
    assert len(troubles) == 5
    assert iccid(11) in troubles[0]


def test_mistakes_are_a_share_and_the_same_each_time() -> None:
    mistakes = Mistakes(seed=3, wrong_site=0.1, twice=0.1)
    first = {n for n in range(20_000) if mistakes.strikes("wrong_site", n, 1)}
    assert len(first) / 20_000 == pytest.approx(0.1, abs=0.01)
    assert first == {n for n in range(20_000) if Mistakes(seed=3, wrong_site=0.1).strikes("wrong_site", n, 2)}
    assert first != {n for n in range(20_000) if mistakes.strikes("twice", n, 1)}
