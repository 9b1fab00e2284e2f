"""What is named as kind and number leads to its page; every page that is led to exists."""

import pytest
from starlette.routing import Match

from tieline.console.components.values import Link
from tieline.utility.application import registry
from tieline.utility.console.pages.parts.subjects import PLACES, linked

PAGES = [
    route
    for prefix, router in registry().routers
    if not prefix
    for route in router.routes
    if getattr(route, "name", "") != "nowhere"  # the page that says that there is none
]


def leads_somewhere(path: str) -> bool:
    request = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(request)[0] is Match.FULL for route in PAGES)


@pytest.mark.parametrize(
    ("name", "shown", "href"),
    [
        ("visit:12", "visit 12", "/fieldwork/visits/12"),
        ("work order:3", "work order 3", "/fieldwork/orders/3"),
        ("work-order:3", "work order 3", "/fieldwork/orders/3"),
        ("stock-order:7", "stock order 7", "/stock/orders/7"),
        ("programme:1", "programme 1", "/programmes/1"),
    ],
)
def test_a_kind_with_a_page_is_told_in_words_with_a_link(name: str, shown: str, href: str) -> None:
    assert linked(name) == Link(shown, href)


def test_a_kind_without_a_page_is_told_in_words() -> None:
    assert linked("user:ada") == "user ada"


@pytest.mark.parametrize("typed", ["order 12/44", "Ref: 7", "visit 12", "https://erp/7", "visit:"])
def test_what_people_typed_freely_stays_as_it_is(typed: str) -> None:
    assert linked(typed) == typed


def test_nothing_is_nothing() -> None:
    assert linked("") is None


@pytest.mark.parametrize("place", sorted(PLACES.values()))
def test_every_place_is_a_page_of_the_console(place: str) -> None:
    assert leads_somewhere(place.format(1))


def test_a_place_that_is_none_is_found() -> None:
    assert not leads_somewhere("/visits/1")
