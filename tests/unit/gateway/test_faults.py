"""The faults file, and what the simulated network makes of it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tieline.gateway.backends.port import Fate, Order
from tieline.gateway.backends.simulated import SimulatedNetwork, read_faults
from tieline.platform.errors import Invalid

pytestmark = pytest.mark.anyio
SAMPLES = Path(__file__).parents[3] / "examples" / "faults"
IDS = [f"B{number:07}" for number in range(2000)]


class Seconds:
    """A clock that goes forward when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def network(*rules: dict[str, Any], seconds: Seconds | None = None) -> SimulatedNetwork:
    found = SimulatedNetwork("B", latency_s=1.0, seconds=seconds or Seconds())
    document = {"rules": [{"operator": "B", **rule} for rule in rules]}
    found.install(read_faults(json.dumps(document).encode()))
    return found


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_samples_are_read(sample: Path) -> None:
    assert read_faults(sample.read_bytes()).rules


@pytest.mark.parametrize(
    "rule",
    [
        {"fault": "explode"},
        {"fault": "reject", "delay_s": 1},
        {"fault": "reject", "share": 0.5, "count": 3},
        {"fault": "reject", "share": 1.5},
        {"fault": "down", "count": 1},
        {"fault": "slow"},
        {"fault": "late_notification"},
        {"fault": "out_of_band_change", "value": 1},
        {"fault": "reject", "from_s": -1},
        {"fault": "reject", "colour": "red"},
    ],
)
def test_what_is_no_rule_is_named(rule: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        network(rule)
    assert caught.value.problems


async def test_a_share_can_be_foretold_from_the_documented_formula() -> None:
    found = network({"fault": "slow", "delay_s": 1, "share": 0}, {"fault": "reject", "share": 0.1, "reason": "no"})
    expected = {
        name for name in IDS if int.from_bytes(hashlib.sha256(f"1:1:{name}".encode()).digest()[:8], "big") / 2**64 < 0.1
    }
    verdicts = await found.admit(IDS)
    refused = {name for name, verdict in zip(IDS, verdicts, strict=True) if verdict.refused == "no"}
    assert refused == expected
    assert 140 < len(refused) < 260


async def test_counted_ones_are_the_first_it_meets_and_stay_the_same_after_a_restart() -> None:
    rule = {"fault": "reject", "count": 3}
    found = network(rule)
    await found.admit(IDS[5:10])
    verdicts = await found.admit(IDS[:10])
    assert [verdict.refused is not None for verdict in verdicts] == [False] * 5 + [True] * 3 + [False] * 2
    after = network(rule)
    after.install(found.faults, found.fresh)
    assert [v.refused is not None for v in await after.admit(IDS[:10])] == [False] * 5 + [True] * 3 + [False] * 2


async def test_accepted_and_not_applied() -> None:
    found = network({"fault": "accept_not_apply", "ids": [IDS[1]]})
    verdicts = await found.admit(IDS[:2])
    assert all(verdict.refused is None for verdict in verdicts)
    outcomes = await found.apply([Order(IDS[0], {}), Order(IDS[1], {})])
    assert [outcome.done for outcome in outcomes] == [True, False]


async def test_slow_ones_take_longer_by_their_delay_and_jitter() -> None:
    found = network({"fault": "slow", "delay_s": 10, "jitter_s": 2, "ids": [IDS[0]]})
    slow, usual = await found.admit(IDS[:2])
    assert 0.5 <= usual.seconds < 1.5
    assert 8.5 <= slow.seconds < 13.5


async def test_notifications_are_dropped_doubled_or_late() -> None:
    found = network(
        {"fault": "drop_notification", "ids": ["a"]},
        {"fault": "duplicate_notification", "ids": ["b"], "times": 3},
        {"fault": "late_notification", "ids": ["c"], "delay_s": 7},
    )
    assert [found.fate(name) for name in "abcd"] == [Fate(0), Fate(3), Fate(1, 7.0), Fate()]


async def test_rules_are_bounded_in_time_from_the_first_change() -> None:
    seconds = Seconds()
    found = network({"fault": "down", "from_s": 5, "to_s": 8}, seconds=seconds)
    seconds.now += 60
    assert not found.down()
    found.began(["x"])
    for after, down in ((4.9, False), (5.0, True), (7.9, True), (8.0, False)):
        seconds.now = 160 + after
        assert found.down() is down


async def test_a_request_is_struck_once_for_each_subscription() -> None:
    found = network({"fault": "timeout", "count": 2, "delay_s": 3, "applied": False})
    assert found.holding()
    hold = found.hold(["a", "b", "c"])
    assert hold is not None
    assert (hold.seconds, hold.applied) == (3, False)
    assert found.hold(["a", "b", "c"]) is None


async def test_staff_change_what_was_met_or_what_is_named_once() -> None:
    seconds = Seconds()
    change = {"fault": "out_of_band_change", "attribute": "apn", "value": "x", "from_s": 5}
    found = network({**change, "count": 2}, {**change, "ids": ["z"]}, seconds=seconds)
    await found.admit(["a", "b", "c"])
    assert list(found.meddling()) == []
    seconds.now += 5
    assert [(rule.value, name) for rule, name in found.meddling()] == [("x", "a"), ("x", "b"), ("x", "z")]
    assert list(found.meddling()) == []


async def test_rules_of_other_operators_do_not_concern_it() -> None:
    found = network({"operator": "A", "fault": "down"})
    assert not found.down()
    assert network({"operator": "*", "fault": "down"}).down()
