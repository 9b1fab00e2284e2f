"""Waves: each item once, canaries first, a site in one wave."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.platform.errors import Invalid
from tieline.utility.changes.model import ItemState, PlannedItem, Reason, Waves
from tieline.utility.changes.policy.waves import MAX_WAVES, assign, check

REGIONS = ("North", "South", "")


def item(source: int, site: int | None, *, role: str = "primary", blocked: bool = False, **more: str) -> PlannedItem:
    return PlannedItem(
        operator_id=1,
        operator="A",
        source_id=source,
        fingerprint="f",
        site_id=site,
        region=more.get("region", REGIONS[(site or 0) % 3]),
        criticality=more.get("criticality", "normal"),
        role=role,
        ref=f"s{source}",
        blocked=Reason("x", "x") if blocked else None,
    )


items_strategy = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(1, 30)), st.booleans(), st.sampled_from(["primary", "backup"])),
    max_size=60,
).map(lambda rows: [item(n, site, role=role, blocked=b) for n, (site, b, role) in enumerate(rows)])

waves_strategy = st.one_of(
    st.builds(Waves, canary=st.integers(0, 5)),
    st.builds(Waves, by=st.just("size"), steps=st.lists(st.integers(1, 10), min_size=1, max_size=4).map(tuple)),
    st.builds(
        Waves,
        by=st.just("percent"),
        steps=st.lists(st.integers(1, 25), min_size=1, max_size=4).map(tuple),
        canary=st.integers(0, 5),
    ),
    st.builds(Waves, by=st.just("region"), regions=st.just(("South",)), canary=st.integers(0, 3)),
)


@given(items_strategy, waves_strategy)
def test_every_item_that_will_be_done_has_a_wave_and_a_site_has_one(items: list[PlannedItem], waves: Waves) -> None:
    placed, made = assign(items, waves)
    assert sorted(one.source_id for one in placed) == sorted(one.source_id for one in items)
    sites = defaultdict(set)
    counts: dict[int, int] = defaultdict(int)
    for one in placed:
        assert (one.wave > 0) == (one.state is ItemState.PLANNED)
        counts[one.wave] += 1
        if one.wave and one.site_id is not None:
            sites[one.site_id].add(one.wave)
    assert all(len(numbers) == 1 for numbers in sites.values())
    assert [(wave.number, wave.items) for wave in made] == [(n, counts[n]) for n in range(1, len(made) + 1)]
    assert all(wave.items for wave in made)


def test_canaries_are_never_critical_while_there_are_others() -> None:
    rows = [item(n, n, criticality="critical" if n < 5 else "normal") for n in range(1, 11)]
    placed, made = assign(rows, Waves(canary=3, by="percent", steps=(50, 50)))
    assert [one.criticality for one in placed if one.wave == 1] == ["normal"] * 3
    assert [wave.sites for wave in made] == [3, 4, 3]
    assert {one.wave for one in placed if one.criticality == "critical"} == {2, 3}


def test_the_backup_goes_before_the_primary() -> None:
    placed, _ = assign([item(1, 7, role="primary"), item(2, 7, role="backup")], Waves())
    assert [one.role for one in placed] == ["backup", "primary"]


def test_regions_in_the_order_asked_for_then_by_name() -> None:
    rows = [item(n, n, region=region) for n, region in enumerate(["West", "East", "", "South"], 1)]
    _, made = assign(rows, Waves(by="region", regions=("South", "Nowhere")))
    assert [wave.title for wave in made] == ["South", "East", "West", "Without a region"]


def test_shares_are_cumulative_and_the_rest_is_last() -> None:
    rows = [item(n, n) for n in range(1, 101)]
    _, made = assign(rows, Waves(by="percent", steps=(1, 9, 40)))
    assert [wave.sites for wave in made] == [1, 9, 40, 50]


def test_waves_are_bounded_in_number() -> None:
    _, made = assign([item(n, n) for n in range(1, 501)], Waves(by="size", steps=(1,)))
    assert len(made) == MAX_WAVES
    assert sum(wave.items for wave in made) == 500


@pytest.mark.parametrize(
    "waves",
    [
        Waves(canary=-1),
        Waves(by="size"),
        Waves(by="percent", steps=(60, 60)),
        Waves(by="size", steps=(0,)),
    ],
)
def test_nonsense_is_refused(waves: Waves) -> None:
    with pytest.raises(Invalid):
        check(waves)
