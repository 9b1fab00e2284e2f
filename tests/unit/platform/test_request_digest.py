"""What makes two requests the same one."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tieline.platform.repeats import Digest

FORM = "multipart/form-data; boundary="


def digest(*pieces: bytes, method: str = "POST", path: bytes = b"/a", query: bytes = b"", kind: str = "") -> bytes:
    made = Digest(method, path, query, kind)
    for piece in pieces:
        made.add(piece)
    return made.value()


def form(boundary: str, content: str = "1,2,3") -> bytes:
    head = 'Content-Disposition: form-data; name="file"; filename="a.csv"'
    return f"--{boundary}\r\n{head}\r\n\r\n{content}\r\n--{boundary}--\r\n".encode()


def cut(whole: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(whole) + 1) for place in places), len(whole)]
    return [whole[low:high] for low, high in itertools.pairwise(bounds)]


@given(places=st.lists(st.integers(0, 400), max_size=12), kind=st.sampled_from(["application/json", FORM + "abcabd"]))
def test_how_the_body_is_cut_into_pieces_does_not_matter(places: list[int], kind: str) -> None:
    whole = form("abcabd", "abcabcabd")
    assert digest(*cut(whole, places), kind=kind) == digest(whole, kind=kind)


@given(places=st.lists(st.integers(0, 400), max_size=12))
def test_the_boundary_of_a_form_does_not_count(places: list[int]) -> None:
    first = digest(form("one"), kind=FORM + "one")
    assert digest(*cut(form("another-one"), places), kind=FORM + '"another-one"') == first
    assert digest(form("one", "1,2,4"), kind=FORM + "one") != first
    assert digest(form("one")) != digest(form("another-one"))


def test_method_path_query_and_body_count() -> None:
    same = digest(b"body")
    assert same == digest(b"bo", b"dy")
    others = {
        digest(b"bodx"),
        digest(b""),
        digest(b"body", method="PUT"),
        digest(b"body", path=b"/b"),
        digest(b"body", query=b"x=1"),
    }
    assert len(others | {same}) == 6
