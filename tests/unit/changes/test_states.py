"""The state tables: what is not in them is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.platform.errors import Conflict
from tieline.utility.changes.model import OPEN_ITEMS, ChangeState, ItemState
from tieline.utility.changes.policy.states import CHANGES, ENDED, ITEMS, SENDS, Act, Step, after, may, sources, target

APPROVES = {Act.APPROVE}


@given(st.sampled_from(ChangeState), st.sampled_from(Act))
def test_every_pair_is_in_the_table_or_refused(state: ChangeState, act: Act) -> None:
    if (state, act) in CHANGES:
        assert after(state, act) is CHANGES[state, act]
        assert may(state, act)
    else:
        assert not may(state, act)
        with pytest.raises(Conflict, match=state.value):
            after(state, act)


def reachable(without: set[Act]) -> set[ChangeState]:
    found, edge = {ChangeState.DRAFT}, [ChangeState.DRAFT]
    while edge:
        state = edge.pop()
        following = {CHANGES[pair] for pair in CHANGES if pair[0] is state and pair[1] not in without}
        edge += following - found
        found |= following
    return found


def test_nothing_runs_that_was_not_approved() -> None:
    assert not reachable(APPROVES) & SENDS
    assert ChangeState.COMPLETED not in reachable(APPROVES)


def test_a_rejected_change_is_planned_again_before_it_can_run() -> None:
    following = {act for state, act in CHANGES if state is ChangeState.REJECTED}
    assert following == {Act.PLAN, Act.STOP}


def test_planning_again_always_asks_for_a_new_approval() -> None:
    for (state, act), result in CHANGES.items():
        if act is Act.PLAN:
            assert result is ChangeState.PLANNING, state


def test_what_is_stopped_stays_stopped() -> None:
    assert not [pair for pair in CHANGES if pair[0] is ChangeState.STOPPED]
    assert {ChangeState.STOPPED, ChangeState.COMPLETED} == ENDED


def test_items_verified_cancelled_or_in_conflict_never_move_again() -> None:
    for state in (ItemState.VERIFIED, ItemState.CANCELLED, ItemState.CONFLICT):
        assert not [pair for pair in ITEMS if pair[0] is state]


def test_only_what_was_sent_is_verified() -> None:
    assert set(sources(Step.VERIFY)) == {ItemState.SENT, ItemState.ACCEPTED}


def test_what_is_open_at_the_operator_is_never_planned_again_unless_surely_not_sent() -> None:
    back = {state for (state, _), result in ITEMS.items() if result is ItemState.PLANNED}
    assert back & OPEN_ITEMS == {ItemState.QUEUED}


@pytest.mark.parametrize("step", list(Step))
def test_a_step_has_one_result(step: Step) -> None:
    assert target(step) in ItemState
