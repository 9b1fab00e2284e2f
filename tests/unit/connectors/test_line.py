"""The manners of a line: retries where safe, Retry-After, circuit, rate."""

from dataclasses import dataclass, field

import pytest

from tieline.utility.connectors import (
    Batch,
    Capabilities,
    Field,
    Line,
    Manners,
    Operation,
    OutcomeState,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from tieline.utility.connectors.breaker import CircuitState, Trip
from tieline.utility.connectors.errors import ConnectorError
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector
from tieline.utility.connectors.retry import Patience, backoff, wait_before_retry

pytestmark = pytest.mark.anyio

BATCH = Batch("test", (Operation("1", "s1", {Field.APN: "new.apn"}),))


@dataclass
class VirtualTime:
    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def line_to(platform: Platform, time: VirtualTime, manners: Manners | None = None) -> Line:
    return Line(ReferenceConnector(platform), manners, now=time.read, sleep=time.sleep)


def platform(**limits: float) -> Platform:
    return Platform({"s1": {Field.APN: "old.apn"}}, capabilities=Capabilities(max_batch=10, **limits))  # type: ignore[arg-type]


async def test_a_submit_whose_answer_was_lost_is_not_sent_again() -> None:
    operator, time = platform(), VirtualTime()
    operator.behaviour.lost_answers = 1
    line = line_to(operator, time)
    with pytest.raises(Unknown):
        await line.submit(BATCH, "key")
    assert len(operator.submits) == 1
    assert await line.find("key") == "job-1"


async def test_a_submit_that_surely_did_nothing_is_sent_again() -> None:
    operator, time = platform(), VirtualTime()
    operator.behaviour.throttled = 2
    operator.behaviour.retry_after = 3.0
    assert await line_to(operator, time).submit(BATCH, "key") == "job-1"
    assert time.now >= 106.0


async def test_reading_is_repeated_until_patience_ends() -> None:
    operator, time = platform(), VirtualTime()
    operator.behaviour.down = True
    line = line_to(operator, time, Manners(patience=Patience(attempts=3), trip=Trip(threshold=99)))
    with pytest.raises(Unreachable):
        await line.find("key")
    assert line.health.failures == 3
    assert len(time.slept) == 2


async def test_an_open_circuit_calls_nobody_and_one_call_tries_again() -> None:
    operator, time = platform(), VirtualTime()
    operator.behaviour.down = True
    line = line_to(operator, time, Manners(patience=Patience(attempts=1), trip=Trip(threshold=2, pause=5.0)))
    for _ in range(2):
        with pytest.raises(Unreachable):
            await line.find("key")
    calls = line.health.calls
    with pytest.raises(Unreachable, match="pause after 2 failures"):
        await line.find("key")
    assert line.health.calls == calls
    assert line.health.circuit is CircuitState.OPEN
    assert line.wait() == pytest.approx(5.0)
    operator.behaviour.down = False
    time.now += 5.0
    assert await line.find("key") is None
    assert line.health.circuit.value == "closed"


async def test_a_refusal_is_an_answer_and_opens_no_circuit() -> None:
    operator, time = platform(), VirtualTime()
    line = line_to(operator, time, Manners(trip=Trip(threshold=1)))
    with pytest.raises(Rejected):
        await line.outcome("job-99")
    assert line.health.circuit is CircuitState.CLOSED
    assert time.slept == []


async def test_the_rate_of_the_operator_is_kept_over_all_kinds_of_calls() -> None:
    operator, time = platform(calls_per_second=2), VirtualTime()
    line = line_to(operator, time)
    reference = await line.submit(BATCH, "key")
    assert (await line.outcome(reference)).state is OutcomeState.FINISHED
    await line.read_back(reference, ["s1"])
    await line.find("key")
    assert time.now - 100.0 == pytest.approx(1.008)


@pytest.mark.parametrize(
    ("error", "repeatable", "again"),
    [
        (Throttled("wait", retry_after=2.0), False, True),
        (Unreachable("no"), False, True),
        (Unknown("lost"), False, False),
        (Unknown("lost"), True, True),
        (Rejected("no"), True, False),
    ],
)
def test_what_is_repeated(error: ConnectorError, *, repeatable: bool, again: bool) -> None:
    wait = wait_before_retry(error, 1, Patience(), repeatable=repeatable)
    assert (wait is not None) is again
    assert wait_before_retry(error, 4, Patience(attempts=4), repeatable=repeatable) is None


def test_backoff_grows_and_is_bounded() -> None:
    patience = Patience(first=1.0, longest=8.0)
    assert [backoff(n, patience, chance=lambda: 1.0) for n in (1, 2, 3, 4, 5, 400)] == [1, 2, 4, 8, 8, 8]
    assert backoff(3, patience, chance=lambda: 0.0) == 0.0
