"""The chain's arithmetic: any single thing done to a chain is found, at the place where it was done or just after."""

import hashlib
from dataclasses import asdict, replace

from hypothesis import assume, given
from hypothesis import strategies as st

from tieline.platform.audit.chain import GENESIS, Head, Link, Verifier, canonical, digest

text = st.text(st.characters(codec="utf-8"), max_size=8)
content = st.tuples(st.integers(0, 2**52).map(str), text, text, text, text, text)


def chain(rows: list[tuple[str, str, str, str, str, str]]) -> list[Link]:
    links: list[Link] = []
    for seq, row in enumerate(rows, 1):
        prev = links[-1].hash if links else GENESIS
        link = Link(seq, *row, prev, b"")
        links.append(replace(link, hash=digest(prev, link)))
    return links


def first_wrong(links: list[Link], head: Head) -> int | None:
    good = Verifier()
    for place, link in enumerate(links, 1):
        if not good.step(link):
            return place
    return None if good.finish(head) is None else len(links) + 1


chains = st.lists(content, min_size=2, max_size=8).map(chain)


@given(chains)
def test_an_untouched_chain_is_whole(links: list[Link]) -> None:
    assert first_wrong(links, Head(links[-1].seq, links[-1].hash)) is None


@given(chains, st.data())
def test_any_single_mutation_is_found(links: list[Link], data: st.DataObject) -> None:
    head = Head(links[-1].seq, links[-1].hash)
    place = data.draw(st.integers(0, len(links) - 1))
    field = data.draw(st.sampled_from(["micros", "actor", "action", "subject", "detail", "request_id"]))
    old = getattr(links[place], field)
    new = data.draw(text.filter(lambda value: value != old))
    mutated = [*links]
    mutated[place] = Link(**{**asdict(links[place]), field: new})
    assert first_wrong(mutated, head) == place + 1


@given(chains, st.data())
def test_bytes_moved_from_a_field_to_its_neighbour_are_found(links: list[Link], data: st.DataObject) -> None:
    head = Head(links[-1].seq, links[-1].hash)
    place = data.draw(st.integers(0, len(links) - 1))
    link = links[place]
    whole = link.actor + link.action
    assume(whole)
    cut = data.draw(st.integers(0, len(whole)).filter(lambda at: at != len(link.actor)))
    mutated = [*links]
    mutated[place] = replace(link, actor=whole[:cut], action=whole[cut:])
    assert first_wrong(mutated, head) == place + 1


@given(chains, st.data())
def test_a_row_removed_doubled_or_moved_is_found(links: list[Link], data: st.DataObject) -> None:
    head = Head(links[-1].seq, links[-1].hash)
    place = data.draw(st.integers(0, len(links) - 1))
    assert first_wrong(links[:place] + links[place + 1 :], head) is not None
    assert first_wrong([*links[: place + 1], links[place], *links[place + 1 :]], head) is not None
    other = data.draw(st.integers(0, len(links) - 1).filter(lambda at: at != place))
    moved = [*links]
    moved[place], moved[other] = moved[other], moved[place]
    assert first_wrong(moved, head) == min(place, other) + 1


def test_the_canonical_form_is_the_documented_one() -> None:
    link = Link(1, "0", "user:é", "a", "b", "{}", "", GENESIS, b"")
    expected = b"".join(
        len(part).to_bytes(4, "big") + part for part in (b"1", b"0", "user:é".encode(), b"a", b"b", b"{}", b"")
    )
    assert canonical(link) == expected
    assert digest(GENESIS, link) == hashlib.sha256(GENESIS + expected).digest()
