"""What may be kept as a view, and when two addresses ask for the same."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.views.model import LISTS, list_of
from tieline.utility.views.policy import problems_of, same, tidy

PAIRS = st.lists(st.tuples(st.sampled_from(["region", "q", "sort"]), st.text("abc /&=", min_size=1, max_size=5)))


def test_what_belongs_to_the_moment_is_not_kept() -> None:
    assert tidy("?region=Wales&after=xyz&saved=4&q=") == "region=Wales"


@given(PAIRS)
def test_order_does_not_matter(pairs: list[tuple[str, str]]) -> None:
    assert same(urlencode(pairs), urlencode(pairs[::-1]) + "&saved=7")
    assert not same(urlencode(pairs), urlencode([*pairs, ("region", "elsewhere")]))


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/sites", "sites"),
        ("/changes/holds", "holds"),
        ("/programmes/12/sites", "programme-sites"),
        ("/programmes/0/sites", None),
        ("/sites/1", None),
        ("/sites/", None),
        ("https://elsewhere/sites", None),
        ("/account", None),
    ],
)
def test_a_list_is_found_by_its_path(path: str, key: str | None) -> None:
    found = list_of(path)
    assert (found.key if found else None) == key


def test_lists_have_keys_of_their_own() -> None:
    assert len({one.key for one in LISTS}) == len(LISTS)


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        (("/nowhere", "a", "", None), "path"),
        (("/sites", " ", "", None), "name"),
        (("/sites", "x" * 81, "", None), "name"),
        (("/sites", "a\0b", "", None), "name"),
        (("/sites", "a", "q" * 2001, None), "query"),
        (("/sites", "a", "", ["bad column"]), "hidden"),
        (("/sites", "a", "", ["a"] * 61), "hidden"),
    ],
)
def test_each_rule_is_told(given_: tuple[str, str, str, list[str] | None], field: str) -> None:
    assert [one.field for one in problems_of(*given_)] == [field]
    assert problems_of("/sites", "a", "region=Wales", ["name"]) == []
