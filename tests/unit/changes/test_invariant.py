"""Never both links of a site, nor all of a shared-risk group, exposed at one moment: over any run of any order."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from tieline.utility.changes.policy.invariant import Candidate, pick, violated


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[int, list[int]], dict[int, list[list[int]]]]:
    """Sites with one to four links each, and some shared-risk groups among the links of each."""
    links: dict[int, list[int]] = {}
    groups: dict[int, list[list[int]]] = {}
    for site in range(draw(st.integers(1, 6))):
        links[site] = [site * 10 + n for n in range(draw(st.integers(1, 4)))]
        groups[site] = draw(st.lists(st.lists(st.sampled_from(links[site]), min_size=1, unique=True), max_size=3))
    return links, groups


@settings(max_examples=300)
@given(worlds(), st.data())
def test_no_run_ever_exposes_too_much(
    world: tuple[dict[int, list[int]], dict[int, list[list[int]]]], data: st.DataObject
) -> None:
    links, groups = world
    waiting = [Candidate(link, site, link) for site, all_links in links.items() for link in all_links]
    waiting = data.draw(st.permutations(waiting))
    exposed: dict[int, set[int]] = defaultdict(set)
    for _ in range(40):
        chosen = pick(waiting, exposed, data.draw(st.integers(1, 5)))
        for candidate in chosen:
            assert candidate.site_id is not None
            assert candidate.link_id is not None
            exposed[candidate.site_id].add(candidate.link_id)
            waiting.remove(candidate)
        for site, open_links in exposed.items():
            assert violated(open_links, links[site], groups[site]) is None
        flat = [(site, link) for site, open_links in exposed.items() for link in open_links]
        if not flat:
            break
        site, link = data.draw(st.sampled_from(flat))
        if data.draw(st.integers(0, 4)) == 0:
            waiting.append(Candidate(link, site, link))  # it failed, stays exposed, and is tried again
        else:
            exposed[site].discard(link)


@given(worlds())
def test_every_site_gets_on_while_nothing_is_exposed(world: tuple[dict[int, list[int]], object]) -> None:
    links, _ = world
    waiting = [Candidate(link, site, link) for site, all_links in links.items() for link in all_links]
    chosen = pick(waiting, {}, 1000)
    assert {candidate.site_id for candidate in chosen} == set(links)


def test_what_stands_at_no_site_holds_nobody_back() -> None:
    waiting = [Candidate(n, None, None) for n in range(5)]
    assert len(pick(waiting, {1: {2}}, 3)) == 3


def test_a_failed_link_is_tried_again_but_its_partner_waits() -> None:
    waiting = [Candidate(1, 9, 91), Candidate(2, 9, 92)]
    assert pick(waiting, {9: {91}}, 10) == [waiting[0]]


def test_a_group_of_one_protects_nothing_and_one_of_two_does() -> None:
    assert violated({1}, {1, 2}, [{1}]) is None
    assert violated({1, 2}, {1, 2, 3}, [{1, 2}]) == frozenset({1, 2})
    assert violated({1, 2}, {1, 2}, []) == frozenset({1, 2})
