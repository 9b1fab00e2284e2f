"""The table of a site's states: every site can come to an end, and none comes out of one by itself."""

from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.programmes.model import ProgrammeState, SiteState
from tieline.utility.programmes.policy.states import FIELD_DONE, OVER, PROGRAMMES, SITES, Act, sources, target


def reachable(start: SiteState) -> set[SiteState]:
    found, open_ = {start}, [start]
    while open_:
        state = open_.pop()
        for (source, _), following in SITES.items():
            if source is state and following not in found:
                found.add(following)
                open_.append(following)
    return found


@given(st.sampled_from(list(SiteState)))
def test_every_site_can_be_done_or_is_over(state: SiteState) -> None:
    assert SiteState.DONE in reachable(state)


def test_what_is_done_stays_done() -> None:
    assert reachable(SiteState.DONE) == {SiteState.DONE}
    assert {SiteState.DONE, SiteState.LEFT_OUT} == OVER


def test_no_crew_is_sent_where_nothing_is_prepared() -> None:
    assert set(sources(Act.SCHEDULE)) == {SiteState.READY, SiteState.AGAIN}


def test_nothing_is_retired_that_was_not_watched() -> None:
    assert sources(Act.RETIRE) == (SiteState.DWELLING,)
    assert sources(Act.RETIRED) == (SiteState.RETIRING,)


def test_a_site_that_a_crew_has_done_cannot_be_left_out() -> None:
    assert not set(sources(Act.LEAVE_OUT)) & (FIELD_DONE | {SiteState.ON_SITE, SiteState.SCHEDULED})


@given(st.sampled_from(list(Act)))
def test_an_act_leads_to_one_state(act: Act) -> None:
    assert target(act) in SiteState
    assert sources(act)


def test_a_closed_programme_stays_closed() -> None:
    assert not [act for state, act in PROGRAMMES if state is ProgrammeState.CLOSED]
