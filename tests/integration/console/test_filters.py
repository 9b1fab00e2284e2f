"""Filters live in the URL: read into what the inventory takes, written into links, never more than was asked."""

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from tieline.console.components.tables import FilterKind
from tieline.utility.console import filters
from tieline.utility.inventory import FleetFilter


def test_the_url_says_what_the_inventory_is_asked() -> None:
    found = filters.fleet_filter("technology=3G&technology=2G&region=Wales&stale=1&linked=0&q=mill+lane&site=7&page=2")
    assert found == FleetFilter(
        technologies=("3G", "2G"), regions=("Wales",), stale=True, linked=False, q="mill lane", site_ids=(7,)
    )


def test_a_link_keeps_the_other_filters_and_drops_what_is_none() -> None:
    assert (
        filters.href("/sites", "region=Wales&after=x&technology=3G", technology="4G")
        == "/sites?region=Wales&technology=4G"
    )
    assert filters.href("/sites", "region=Wales", region=None) == "/sites"
    assert filters.href("/sites", shared_mast=True) == "/sites?shared_mast=1"


def test_a_chip_shows_what_is_chosen_even_if_nobody_knows_it() -> None:
    bar = filters.bar("/sites?region=Atlantis&region=Wales", ["region"], filters.Facets({"region": {"Wales": "Wales"}}))
    chip = bar.filters[0]
    assert chip.kind is FilterKind.CHOICE
    assert [(one.value, one.chosen) for one in chip.options] == [("Wales", True), ("Atlantis", True)]


@given(st.text(max_size=400))
def test_no_query_string_is_too_strange(query: str) -> None:
    filters.fleet_filter(query)
    filters.bar(f"/sites?{query}", ["region", "technology", "q", "stale"], filters.Facets())


@given(st.lists(st.tuples(st.sampled_from(filters.KEYS), st.text(max_size=20)), max_size=20))
def test_what_a_selection_carries_on_means_the_same(pairs: list[tuple[str, str]]) -> None:
    query = urlencode(pairs)
    assert filters.fleet_filter(filters.filter_query(query)) == filters.fleet_filter(query)
