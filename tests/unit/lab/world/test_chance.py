"""Chance that repeats itself."""

import statistics

import pytest

from tieline.lab.world.chance import Chance


def test_draws_depend_on_seed_and_key_and_not_on_order() -> None:
    one, other = Chance(1), Chance(1)
    late = other.unit("b")
    assert one.unit("a") == other.unit("a")
    assert one.unit("b") == late
    assert Chance(2).unit("a") != one.unit("a")


def test_keys_of_several_parts_do_not_run_together() -> None:
    assert Chance(1).word("ab", "c") != Chance(1).word("a", "bc")


def test_units_are_evenly_spread() -> None:
    draws = [Chance(3).unit("even", i) for i in range(20_000)]
    assert 0 <= min(draws) < max(draws) < 1
    assert statistics.mean(draws) == pytest.approx(0.5, abs=0.01)
    assert sum(draw < 0.1 for draw in draws) == pytest.approx(2_000, abs=150)


def test_bell_has_mean_zero_and_deviation_one() -> None:
    draws = [Chance(3).bell("bell", i) for i in range(20_000)]
    assert statistics.mean(draws) == pytest.approx(0, abs=0.03)
    assert statistics.stdev(draws) == pytest.approx(1, abs=0.03)


def test_between_takes_in_both_ends() -> None:
    assert {Chance(3).between(2, 4, i) for i in range(100)} == {2, 3, 4}


def test_shuffling_keeps_everything_and_depends_on_the_purpose() -> None:
    keys = [str(i) for i in range(50)]
    assert sorted(Chance(1).shuffled(keys, "x")) == sorted(keys)
    assert Chance(1).shuffled(keys, "x") != Chance(1).shuffled(keys, "y")
    assert Chance(1).shuffled(keys, "x") == Chance(1).shuffled(reversed(keys), "x")
