"""Forecasts go on as lately; remedies never make anything dearer."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from tests.unit.usage.test_rating import MB, OCTOBER, member, members, tariff, tariffs

from tieline.utility.usage.model import Member, Tariff
from tieline.utility.usage.policy.forecasting import forecast, pace
from tieline.utility.usage.policy.rating import rate
from tieline.utility.usage.policy.remedy import cheaper_alone, remedy


def test_a_pool_that_runs_over_by_hand() -> None:
    # 10 MB are included; 0.5 MB a day for ten days are 5 MB. It is used up after ten days more, so that the 21st day
    # is the first that is beyond: the 21st of October. At the end 15.5 MB: 5.5 x 0.05 = 0.275, which is 0.28.
    found = forecast(tariff(), MB, [member(5 * MB)], OCTOBER, [MB // 2] * 10)
    assert (found.octets, found.runs_over_on) == (15_500_000, date(2026, 10, 21))
    assert found.rated.overage == Decimal("0.28")


def test_a_pool_that_lasts_and_one_that_is_used_up() -> None:
    assert forecast(tariff(), MB, [member(MB)], OCTOBER, [MB // 10] * 10).runs_over_on is None
    assert forecast(tariff(), MB, [member(11 * MB)], OCTOBER, [11 * MB]).runs_over_on == date(2026, 10, 1)
    nothing = forecast(tariff(), MB, [member(0)], OCTOBER, [])
    assert (nothing.octets, nothing.runs_over_on) == (0, None)


def test_the_pace_is_that_of_two_weeks() -> None:
    assert pace([10**9] * 10 + [700] * 14) == 700
    assert pace([]) == 0


def test_moving_the_one_that_uses_most_by_hand() -> None:
    # Nine use 1 MB of the pool's 100 MB and one 191: 100 MB beyond cost 5.00. Alone on BIG it costs 4.00, not 2.00.
    small = [member(MB, name=at) for at in range(9)]
    hog = member(191 * MB, name=99)
    big = tariff(plan="BIG", monthly_fee=Decimal("4.00"), included_mb=500, pooled=False)
    best = remedy(tariff(), [*small, hog], [(big, [])], MB, OCTOBER)
    assert best is not None
    assert (best.to, best.count, best.saving) == ("BIG", 1, Decimal("3.00"))
    found = cheaper_alone(hog, [tariff(), big], MB, OCTOBER)
    assert found is not None
    assert (found[0].plan, found[1]) == ("BIG", Decimal("4.00"))


@settings(max_examples=50)
@given(tariffs, tariffs, members, members)
def test_a_remedy_saves_what_it_says(one: Tariff, other: Tariff, here: list[Member], there: list[Member]) -> None:
    before = rate(one, MB, here, OCTOBER).total + rate(other, MB, there, OCTOBER).total
    best = remedy(one, here, [(other, there)], MB, OCTOBER)
    if best is None:
        return
    ranked = sorted((each for each in here if each.days), key=lambda each: (-each.octets, each.ref))
    left = rate(one, MB, ranked[best.count :], OCTOBER).total
    moved = rate(other, MB, [*there, *ranked[: best.count]], OCTOBER).total
    assert best.saving > 0
    assert before - left - moved == best.saving
