"""Ways between places, stock states, what agrees with what, and the day on which stock runs out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.inventory import CardFacts, DeviceFacts, StockState
from tieline.utility.logistics import policy
from tieline.utility.logistics.model import Demand, Goods, Place, PlaceKind

P, S = PlaceKind, StockState
TODAY = date(2030, 1, 1)
CARD = CardFacts(id=1, iccid="89", operator="A", kind="plastic", stock_state=S.IN_STOCK, reserved=False,
                 subscription_id=1, subscription_state="INVENTORY", generation="4G", site_id=None)  # fmt: skip
FITTED = replace(CARD, stock_state=S.FITTED, site_id=7)
DEVICE = DeviceFacts(id=1, external_id="R", make=None, model=None, imei=None, generations=(), site_id=None, links=0)
KINDS, STATES = st.sampled_from(list(P)), st.sampled_from(list(S))


def place(kind: PlaceKind, number: int = 1, site_id: int | None = None) -> Place:
    return Place(number, kind, kind.value, kind.value.capitalize(), None, None, site_id)


@given(KINDS, KINDS, STATES, st.booleans(), st.booleans())
def test_a_card_that_agreed_agrees_wherever_it_goes(
    start: PlaceKind, to: PlaceKind, state: StockState, reserved: bool, carried: bool
) -> None:
    """Along every way there is, and on being lost, the state that a card gets is one that fits where it is then."""
    if state not in policy.AGREES[start] or (to not in policy.WAYS[start] and to is not P.LOST):
        return
    after = policy.state_in(state, to, reserved=reserved, carried=carried)
    assert after in policy.AGREES[to]


@given(KINDS, STATES)
def test_what_served_is_never_free_again(to: PlaceKind, state: StockState) -> None:
    assert policy.state_in(state, to, reserved=False, carried=True) is not S.IN_STOCK or state is S.IN_STOCK


@pytest.mark.parametrize(
    ("state", "to", "reserved", "carried", "after"),
    [
        (S.IN_STOCK, P.CREW, False, False, S.ISSUED),
        (S.RESERVED, P.CREW, True, False, S.RESERVED),
        (S.ISSUED, P.WAREHOUSE, False, False, S.IN_STOCK),
        (S.ISSUED, P.WAREHOUSE, True, False, S.ISSUED),
        (S.ISSUED, P.WAREHOUSE, False, True, S.RETURNED),
        (S.ISSUED, P.SITE, True, True, S.FITTED),
        (S.RETURNED, P.WAREHOUSE, False, True, S.RETURNED),
        (S.FITTED, P.LOST, False, True, S.LOST),
        (S.BLOCKED, P.LOST, False, True, S.BLOCKED),
        (S.LOST, P.WAREHOUSE, False, True, S.RETURNED),
        (S.IN_STOCK, P.SCRAP, False, False, S.RETURNED),
    ],
)
def test_states_by_hand(state: StockState, to: PlaceKind, reserved: bool, carried: bool, after: StockState) -> None:
    assert policy.state_in(state, to, reserved=reserved, carried=carried) is after


def test_nothing_leaves_the_scrap_and_nothing_is_moved_into_loss() -> None:
    for kind in P:
        assert policy.way_refused(place(P.SCRAP), place(kind, 2)) is not None
        assert policy.way_refused(place(kind), place(P.LOST, 2)) is not None
    refused = policy.way_refused(place(P.WAREHOUSE), place(P.SITE, 2))
    assert refused is not None
    assert refused.rule == "not-issued"


@pytest.mark.parametrize(
    ("where", "card", "said"),
    [
        (place(P.WAREHOUSE), CARD, ""),
        (place(P.WAREHOUSE), None, "the inventory does not have it"),
        (place(P.CREW), CARD, "the inventory has it as in stock"),
        (place(P.SITE, site_id=7), FITTED, ""),
        (
            place(P.SITE, site_id=7),
            replace(CARD, stock_state=S.FITTED, site_id=8),
            "the inventory has it fitted at site 8",
        ),
        (place(P.LOST), replace(CARD, stock_state=S.LOST, site_id=8), ""),
    ],
)
def test_cards_agree_or_it_is_said_why_not(where: Place, card: CardFacts | None, said: str) -> None:
    assert policy.card_disagrees(where, card) == said


@pytest.mark.parametrize(
    ("where", "device", "said"),
    [
        (place(P.CREW), DEVICE, ""),
        (place(P.CREW), replace(DEVICE, site_id=3), "the inventory has it at site 3"),
        (place(P.SITE, site_id=3), DEVICE, "the inventory has it at no site"),
        (place(P.LOST), replace(DEVICE, site_id=3), ""),
        (place(P.CREW), None, "the inventory does not have it"),
    ],
)
def test_routers_agree_or_it_is_said_why_not(where: Place, device: DeviceFacts | None, said: str) -> None:
    assert policy.device_disagrees(where, device) == said


def test_what_the_books_open_with() -> None:
    assert policy.opening(replace(CARD, site_id=4), None) == (P.SITE, 4)
    assert policy.opening(replace(CARD, stock_state=S.BLOCKED), None) == (P.LOST, None)
    assert policy.opening(None, DEVICE) == (P.WAREHOUSE, None)


def test_a_router_from_repair_is_as_good_as_new() -> None:
    assert policy.used_after(Goods.ROUTER, P.SITE, P.CREW, before=False)
    assert not policy.used_after(Goods.ROUTER, P.REPAIR, P.WAREHOUSE, before=True)
    assert policy.used_after(Goods.CARD, P.REPAIR, P.WAREHOUSE, before=True)


def _short(
    have: int, comes: Sequence[tuple[int, int]], needs: Mapping[int, int]
) -> tuple[date | None, int, int, date | None]:
    """The same by brute force: one day after the other."""
    left, first, by, worst, when = have, None, 0, 0, None
    for day in range(40):
        left += sum(number for at, number in comes if max(at, 0) == day) - needs.get(day, 0)
        today = TODAY + timedelta(day)
        if needs.get(day) and left < 0 and first is None:
            first, by = today, -left
        if needs.get(day) and -left > worst:
            worst, when = -left, today
    return first, by, worst, when


@given(
    st.integers(0, 20),
    st.lists(st.tuples(st.integers(-5, 30), st.integers(1, 20)), max_size=5),
    st.dictionaries(st.integers(0, 30), st.integers(1, 20), max_size=6),
)
def test_the_day_on_which_stock_runs_out(have: int, comes: list[tuple[int, int]], needs: dict[int, int]) -> None:
    sort = ("card", "A", "plastic", "4G")
    arrivals = [(sort, TODAY + timedelta(at), number) for at, number in comes]
    demands = [
        Demand(day=TODAY + timedelta(day), goods=Goods.CARD, operator="A", number=number)
        for day, number in needs.items()
    ]
    found = policy.shortages({sort: have}, arrivals, demands, today=TODAY)
    if not needs:
        assert found == []
        return
    assert (found[0].first_short, found[0].short_by, found[0].worst, found[0].worst_day) == _short(have, comes, needs)
    assert found[0].needed == sum(needs.values())


def test_what_does_for_a_need() -> None:
    stock = {
        ("card", "A", "plastic", "4G"): 3,
        ("card", "A", "euicc", "5G"): 2,
        ("card", "B", "plastic", "5G"): 9,
        ("router", "", "R5", "5G"): 4,
    }
    wants = [
        Demand(day=TODAY, goods=Goods.CARD, operator="A", generation="5G", number=1),
        Demand(day=TODAY, goods=Goods.CARD, operator="A", number=1),
        Demand(day=TODAY, goods=Goods.CARD, operator="A", variety="plastic", number=1),
        Demand(day=TODAY, goods=Goods.ROUTER, number=1),
    ]
    found = policy.shortages(stock, [], wants, today=TODAY)
    assert {(one.goods, one.variety, one.generation): one.in_stock for one in found} == {
        ("card", "", "5G"): 2,
        ("card", "", ""): 5,
        ("card", "plastic", ""): 3,
        ("router", "", ""): 4,
    }


def test_what_should_have_come_already_is_expected_today() -> None:
    sort = ("router", "", "R5", "5G")
    late = [(sort, TODAY - timedelta(30), 5)]
    need = [Demand(day=TODAY - timedelta(3), goods=Goods.ROUTER, number=4)]
    assert policy.shortages({}, late, need, today=TODAY)[0].first_short is None
