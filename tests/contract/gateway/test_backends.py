"""What every backend has to do; a new one is added to ``BACKENDS``."""

from collections.abc import Callable

import pytest

from tieline.gateway.backends import Backend, Order, Outcome, Verdict
from tieline.gateway.backends.simulated import SimulatedNetwork

pytestmark = pytest.mark.anyio

BACKENDS: dict[str, Callable[[], Backend]] = {
    "simulated": lambda: SimulatedNetwork("A", latency_s=0.1),
}
NAMES = [f"S{number:04}" for number in range(50)]


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Backend:
    return BACKENDS[request.param]()


def test_it_is_a_backend(backend: Backend) -> None:
    assert isinstance(backend, Backend)


async def test_verdicts_come_one_for_each_in_order_and_have_no_effect(backend: Backend) -> None:
    first = await backend.admit(NAMES)
    assert len(first) == len(NAMES)
    assert {type(verdict) for verdict in first} == {Verdict}
    assert min(verdict.seconds for verdict in first) >= 0
    assert list(await backend.admit(list(reversed(NAMES)))) == list(reversed(first))


async def test_orders_are_settled_one_for_each_in_order(backend: Backend) -> None:
    await backend.admit(NAMES)
    outcomes = await backend.apply([Order(name, {"state": "ACTIVE"}) for name in NAMES])
    assert len(outcomes) == len(NAMES)
    assert {type(outcome) for outcome in outcomes} == {Outcome}
    assert all(outcome.done or outcome.again_s is None or outcome.again_s > 0 for outcome in outcomes)


async def test_asking_twice_leads_to_the_same(backend: Backend) -> None:
    order = Order(NAMES[0], {"state": "ACTIVE", "apn": "new.example"})
    (first,) = await backend.apply([order])
    (second,) = await backend.apply([order])
    assert first == second


async def test_nothing_to_ask_is_no_error(backend: Backend) -> None:
    assert list(await backend.admit([])) == []
    assert list(await backend.apply([])) == []
    await backend.close()
