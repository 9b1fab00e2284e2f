"""The circuit breaker follows its table."""

from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.connectors.breaker import Circuit, CircuitState, Trip

TRIP = Trip(threshold=3, pause=2.0, longest=10.0)


def failed(circuit: Circuit, *times: float) -> Circuit:
    for now in times:
        circuit = circuit.failed(now)
    return circuit


def test_opens_at_the_threshold_and_not_before() -> None:
    circuit = failed(Circuit(TRIP), 0.0, 0.0)
    assert circuit.state is CircuitState.CLOSED
    circuit = circuit.failed(1.0)
    assert circuit.state is CircuitState.OPEN
    assert circuit.wait(1.5) == 1.5


def test_a_success_forgets_failures() -> None:
    circuit = failed(Circuit(TRIP), 0.0, 0.0).succeeded()
    assert failed(circuit, 0.0, 0.0).state is CircuitState.CLOSED


def test_half_open_after_the_pause_then_closed_by_a_success() -> None:
    circuit = failed(Circuit(TRIP), 0.0, 0.0, 0.0)
    assert circuit.ticked(1.9).state is CircuitState.OPEN
    half = circuit.ticked(2.0)
    assert half.state is CircuitState.HALF_OPEN
    assert half.succeeded() == Circuit(TRIP)


def test_each_failed_trial_doubles_the_pause_up_to_the_longest() -> None:
    circuit = failed(Circuit(TRIP), 0.0, 0.0, 0.0)
    pauses = []
    for _ in range(4):
        circuit = circuit.ticked(circuit.until).failed(circuit.until)
        pauses.append(circuit.pause)
    assert pauses == [4.0, 8.0, 10.0, 10.0]


STEPS = st.integers(0, 40).map(lambda eighths: eighths / 8)
"""Seconds whose sums and differences are exact."""


@given(st.lists(st.tuples(st.sampled_from(["ok", "fail", "tick"]), STEPS)))
def test_waits_only_when_open_and_never_longer_than_the_longest_pause(events: list[tuple[str, float]]) -> None:
    circuit, now = Circuit(TRIP), 0.0
    for event, step in events:
        now += step
        circuit = circuit.ticked(now)
        if event == "ok" and circuit.state is not CircuitState.OPEN:
            circuit = circuit.succeeded()
        elif event == "fail" and circuit.state is not CircuitState.OPEN:
            circuit = circuit.failed(now)
        assert (circuit.wait(now) > 0) <= (circuit.state is CircuitState.OPEN)
        assert circuit.wait(now) <= TRIP.longest
