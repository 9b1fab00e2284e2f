"""What plans come to: by hand, and what has to hold whatever the figures."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.usage.model import Charge, Member, Period, Tariff
from tieline.utility.usage.policy.rating import beyond, chosen, due, fee_of, rate

MB = 1_000_000
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))


def tariff(**more: object) -> Tariff:
    values = {
        "plan": "P",
        "valid_from": date(2026, 1, 1),
        "valid_to": None,
        "monthly_fee": Decimal("2.00"),
        "included_mb": 10,
        "pooled": True,
        "prorated": True,
        "overage_per_mb": Decimal("0.05"),
        "step_octets": 1000,
    }
    return Tariff(**{**values, **more})  # type: ignore[arg-type] # as a test names them


def member(octets: int, days: int = 31, name: int = 1) -> Member:
    return Member(name, f"S{name}", "P", days, octets)


members = st.lists(
    st.builds(member, st.integers(0, 10**11), st.integers(0, 31), st.integers(1, 10**6)), min_size=0, max_size=12
)
prices = st.decimals(0, 1000, places=4, allow_nan=False, allow_infinity=False)
tariffs = st.builds(
    tariff,
    monthly_fee=prices,
    included_mb=st.integers(0, 5000),
    pooled=st.booleans(),
    prorated=st.booleans(),
    overage_per_mb=prices,
    step_octets=st.integers(1, 10**7),
)
megabytes = st.sampled_from([1_000_000, 1_048_576])


def test_a_pool_by_hand() -> None:
    # 4 x 10 MB included; 74.4 MB used; 34.4 MB x 0.05 = 1.72. Fees 4 x 2.00.
    used = [62_000_000, 12_400_000, 0, 0]
    found = rate(tariff(), MB, [member(octets, name=at) for at, octets in enumerate(used)], OCTOBER)
    assert (found.allowance, found.beyond, found.fee, found.overage) == (
        40 * MB,
        34_400_000,
        Decimal("8.00"),
        Decimal("1.72"),
    )


def test_single_plans_share_nothing_by_hand() -> None:
    # The first uses 62 MB of 10: 52 x 0.05 = 2.60; the second 12.4 of 10: 2.4 x 0.05 = 0.12.
    used = [62_000_000, 12_400_000, 0, 0]
    found = rate(tariff(pooled=False), MB, [member(octets, name=at) for at, octets in enumerate(used)], OCTOBER)
    assert (found.fee, found.overage) == (Decimal("8.00"), Decimal("2.72"))


def test_proration_by_hand() -> None:
    # Ten days of thirty: a third of 2.00 is 0.67, and a third of 10 MB is 3,333,333 octets; 4 MB are 667 kB beyond.
    one = replace(member(4 * MB), days=10)
    amounts = {each.charge: (each.amount, each.octets) for each in due(tariff(pooled=False), MB, [one], APRIL)}
    assert amounts[Charge.FEE][0] == Decimal("0.67")
    assert amounts[Charge.OVERAGE] == (Decimal("0.03"), 667_000)
    assert fee_of(tariff(prorated=False), 1, APRIL) == Decimal("2.00")


@pytest.mark.parametrize(
    ("over", "step", "counted"), [(1, 1000, 1000), (1000, 1000, 1000), (1001, 1000, 2000), (0, 7, 0)]
)
def test_volume_beyond_counts_in_whole_steps(over: int, step: int, counted: int) -> None:
    assert beyond(10 * MB + over, 10 * MB, step) == counted
    assert beyond(9 * MB, 10 * MB, step) == 0


@given(tariffs, megabytes, st.integers(0, 10**11), st.integers(0, 31))
def test_a_pool_of_one_is_as_good_as_a_single_plan(terms: Tariff, octets_per_mb: int, octets: int, days: int) -> None:
    alone = [member(octets, days)]
    pooled = rate(replace(terms, pooled=True), octets_per_mb, alone, OCTOBER)
    single = rate(replace(terms, pooled=False), octets_per_mb, alone, OCTOBER)
    assert pooled == single


@given(tariffs, megabytes, members)
def test_what_a_plan_comes_to_is_the_sum_of_what_is_due(terms: Tariff, octets_per_mb: int, every: list[Member]) -> None:
    found = rate(terms, octets_per_mb, every, OCTOBER)
    owed = list(due(terms, octets_per_mb, every, OCTOBER))
    assert found.total == sum((one.amount for one in owed), Decimal())
    assert found.beyond == sum(one.octets for one in owed if one.charge is not Charge.FEE)
    assert all(one.amount == round(one.amount, 2) and one.amount >= 0 for one in owed)


@given(tariffs, megabytes, members, st.integers(0, 10**11))
def test_who_uses_more_never_pays_less(terms: Tariff, octets_per_mb: int, every: list[Member], more: int) -> None:
    before = rate(terms, octets_per_mb, every, OCTOBER).total
    grown = [replace(one, octets=one.octets + more) for one in every[:1]]
    assert rate(terms, octets_per_mb, [*grown, *every[1:]], OCTOBER).total >= before


@given(tariffs, megabytes, members)
def test_sharing_never_makes_more_volume_beyond(terms: Tariff, octets_per_mb: int, every: list[Member]) -> None:
    pooled = rate(replace(terms, pooled=True, step_octets=1), octets_per_mb, every, OCTOBER)
    single = rate(replace(terms, pooled=False, step_octets=1), octets_per_mb, every, OCTOBER)
    assert pooled.beyond <= single.beyond


def test_the_tariff_of_a_period_is_the_one_of_its_first_day() -> None:
    old = tariff(valid_to=date(2026, 10, 14), monthly_fee=Decimal(1))
    new = tariff(valid_from=date(2026, 10, 15), monthly_fee=Decimal(2))
    assert chosen([new, old], "P", OCTOBER) == old
    assert chosen([new, old], "P", Period(date(2026, 11, 1), date(2026, 11, 30))) == new
    assert chosen([new], "P", OCTOBER) == new, "the plan began within the period"
    assert chosen([new, old], "Q", OCTOBER) is None
