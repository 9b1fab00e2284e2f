"""A channel beside a line: the rate is one, the circuit is the line's own."""

from typing import Any

import httpx
import pytest

from tieline.utility.connectors import Connection, Line, Manners, Throttled, Unknown
from tieline.utility.connectors.breaker import CircuitState, Trip
from tieline.utility.connectors.channel import Channel, root_of
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector

pytestmark = pytest.mark.anyio


class _Pacer:
    """Counts slots, and remembers for how long it was held."""

    def __init__(self) -> None:
        self.slots, self.held = 0, 0.0

    async def slot(self) -> float:
        self.slots += 1
        return 0.0

    def left(self, slot: float) -> None:
        del slot

    async def hold(self, seconds: float) -> None:
        self.held = seconds


def channel(answers: list[httpx.Response]) -> tuple[Channel, Line, _Pacer, list[httpx.URL]]:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return answers.pop(0)

    pacer = _Pacer()
    line = Line(ReferenceConnector(Platform()), Manners(trip=Trip(threshold=1)), pacer=pacer)
    made = Channel(line, Connection("A", "mns3gpp", "https://operator.example:8410/3gpp-mns", "SubNetwork=grid"))
    client: Any = made._client
    client._http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=client._http.base_url)
    return made, line, pacer, asked


async def test_requests_begin_at_the_root_of_the_host_and_count_for_the_rate() -> None:
    made, line, pacer, asked = channel([httpx.Response(200, content=b"[]"), httpx.Response(200, content=b"[]")])
    for _ in range(2):
        assert (await made.request("GET", "/tmf-api/x"))[0] == b"[]"
    assert [str(url) for url in asked] == ["https://operator.example:8410/tmf-api/x"] * 2
    assert (pacer.slots, line.health.calls) == (2, 2)


async def test_what_goes_wrong_there_does_not_stop_the_line() -> None:
    made, line, _, asked = channel([httpx.Response(500)])
    with pytest.raises(Unknown):
        await made.request("GET", "/tmf-api/x")
    assert (len(asked), line.health.circuit) == (1, CircuitState.CLOSED)


async def test_being_asked_to_wait_holds_the_line_as_well() -> None:
    made, _, pacer, _ = channel([httpx.Response(429, headers={"Retry-After": "7"})])
    with pytest.raises(Throttled):
        await made.request("GET", "/tmf-api/x")
    assert pacer.held == 7


def test_the_root_of_a_url() -> None:
    assert root_of("https://operator.example:8410/3gpp-mns/x?y") == "https://operator.example:8410"
