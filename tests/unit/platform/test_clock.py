"""Clocks that are set while something lasts."""

from datetime import UTC, datetime, timedelta

from tieline.platform.clock import Jumps, SetClock, SteadyClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Passed:
    """Passed time, by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_clock_that_keeps_its_pace_does_not_jump() -> None:
    clock, passed = SetClock(NOON), Passed()
    jumps = Jumps(clock, passed)
    for step in (2.0, 3600.0, 86_400.0):
        clock.forward(timedelta(seconds=step * 1.0001))
        passed.seconds += step
        assert jumps.look() == timedelta()


def test_each_jump_is_told_once_and_which_way() -> None:
    clock, passed = SetClock(NOON), Passed()
    jumps = Jumps(clock, passed)
    clock.forward(24 * HOUR + timedelta(seconds=2))
    passed.seconds += 2
    assert jumps.look() == 24 * HOUR
    assert jumps.look() == timedelta()
    clock.forward(-HOUR)
    assert jumps.look() == -HOUR
    assert jumps.look() == timedelta()


def test_a_machine_that_slept_is_a_clock_that_jumped() -> None:
    clock, passed = SetClock(NOON), Passed()
    jumps = Jumps(clock, passed)
    clock.forward(8 * HOUR)  # passed time stands still while a machine is stopped
    assert jumps.look() == 8 * HOUR


def test_a_steady_clock_goes_by_passed_time_alone() -> None:
    clock, passed = SetClock(NOON), Passed()
    steady = SteadyClock(clock, passed)
    clock.forward(24 * HOUR)
    passed.seconds += 30
    assert steady.now() == NOON + timedelta(seconds=30)
