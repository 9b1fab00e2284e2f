"""A link never goes over while it is the only one that carries its site."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.programmes.model import LinkRow, LinkState
from tieline.utility.programmes.policy.reserve import alone, carries, in_order


def link(position: int, state: LinkState = LinkState.PREPARED) -> LinkRow:
    return LinkRow(
        id=position,
        programme_id=1,
        site_id=1,
        position=position,
        key=str(position),
        role="backup" if position == 1 else "primary",
        operator="A",
        operator_id=1,
        old_link_id=None,
        old_subscription_id=10 * position,
        new_subscription_id=10 * position + 1,
        new_iccid="",
        new_link_id=None,
        state=state,
        visit_id=None,
        change_id=None,
        cut_at=None,
        test_asked_at=None,
        probe_asked_at=None,
        probes=0,
        passed_at=None,
        checks=(),
    )


def test_the_backup_first_while_both_carry() -> None:
    one, two = link(1), link(2)
    attached = {10: True, 20: True}
    assert in_order([two, one], attached) == [one, two]
    assert not alone(one, [one, two], attached)


def test_what_is_down_goes_first_and_what_alone_carries_waits() -> None:
    one, two = link(1), link(2)
    attached = {10: True, 20: False}
    assert in_order([one, two], attached) == [two, one]
    assert alone(one, [one, two], attached)
    assert not alone(two, [one, two], attached), "it has nothing to lose"
    done = replace(two, state=LinkState.PASSED)
    assert not alone(one, [one, done], {**attached, 21: True})
    assert alone(one, [one, done], attached), "the new one has gone again"


def test_a_site_with_one_link_is_its_own_outage() -> None:
    assert not alone(link(1), [link(1)], {10: True})


STATES = st.sampled_from([LinkState.PREPARED, LinkState.FITTED, LinkState.PASSED])


@given(
    st.lists(STATES, min_size=2, max_size=4), st.dictionaries(st.sampled_from([10, 11, 20, 21, 30, 31]), st.booleans())
)
def test_something_carries_whenever_a_link_that_carries_goes_over(
    states: list[LinkState], attached: dict[int, bool]
) -> None:
    site = [link(position, state) for position, state in enumerate(states, 1)]
    for one in site:
        if carries(one, attached) and not alone(one, site, attached):
            assert any(carries(other, attached) for other in site if other is not one)
