"""A simulated crew works through the real interface of field work, mistakes and all."""

import json
from collections import Counter
from typing import Any

import httpx
import pytest
from tests.conftest import Whole
from tests.integration.fieldwork.conftest import Field

from tieline.lab.crews import Crew, Hands, Mistakes
from tieline.lab.crews.deciding import invented_router
from tieline.lab.sites import Office
from tieline.platform.scope import Scope
from tieline.platform.settings import Settings
from tieline.platform.web import current_scope
from tieline.platform.wiring import Runtime
from tieline.utility import fieldwork

pytestmark = pytest.mark.anyio


class Networks:
    """Both operators' simulated networks: which cards are in a device."""

    def __init__(self) -> None:
        self.fitted: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body: list[Any] = json.loads(request.content)
        if request.url.path.endswith("/remove"):
            self.fitted -= set(body)
            return httpx.Response(200, json={"lost": len(body)})
        self.fitted |= {one["iccid"] for one in body}
        return httpx.Response(200, json={"taken": len(body)})


@pytest.mark.parametrize("mistakes", [Mistakes(), Mistakes(wrong_site=1, twice=1), Mistakes(offline=1)])
async def test_a_crew_does_its_order(world: Field, application: Whole, mistakes: Mistakes) -> None:
    visits = await world.ordered(0, 2, 4)
    networks = Networks()

    async def kit() -> Scope:
        return world.kit

    app = application(Runtime(Settings(), world.db, world.clock))
    app.dependency_overrides[current_scope] = kit
    offices = {code: Office(f"http://{code}.example", "token") for code in "AB"}
    async with (
        Hands(offices, httpx.MockTransport(networks)) as hands,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console.test/api/v1") as http,
    ):
        crew = Crew(
            "north", http, hands, lambda visit: invented_router(visit["id"]), mistakes=mistakes, clock=world.clock
        )
        for _ in range(30):
            if not await crew.round():
                break
            await judge_tests(world, visits, networks)
    figures = crew.figures
    assert (figures.visits, figures.outcomes) == (3, Counter({"done": 3}))
    assert len(networks.fitted) == 6
    assert sum(figures.refused.values()) == (3 if mistakes.wrong_site else 0)
    assert figures.repeated == (figures.reports / 2 if mistakes.twice else 0)
    assert await world.value("SELECT count(*) FROM visit WHERE outcome = 'done'") == 3
    told = [(await world.topics(visit)).count("visit.finished") for visit in visits]
    assert told == [1, 1, 1]


async def judge_tests(world: Field, visits: list[int], networks: Networks) -> None:
    """What programmes do: a test passes where the card is in the network."""
    for visit in visits:
        for step in (await world.visit(visit)).steps:
            if step.state is fieldwork.StepState.TESTING:
                await world.answer(visit, step.key, passed=step.iccid in networks.fitted)
