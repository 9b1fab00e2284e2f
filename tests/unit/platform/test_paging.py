"""Pages: a cursor leads on from the last item, and nothing else is taken for one."""

import base64
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.platform.errors import Invalid
from tieline.platform.paging import decode_cursor, decode_key, encode_cursor, page_of


@given(st.lists(st.integers(), unique=True), st.integers(1, 7))
def test_going_from_page_to_page_shows_each_item_once(numbers: list[int], limit: int) -> None:
    numbers.sort()
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(len(numbers) + 1):
        after = decode_key(cursor, int)[0] if cursor else None
        rows = [number for number in numbers if after is None or number > after][: limit + 1]
        page = page_of(rows, limit, lambda number: (number,))
        assert len(page.items) <= limit
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
    assert seen == numbers


@given(st.text(), st.integers(-(2**60), 2**60))
def test_a_cursor_comes_back_as_it_was(text: str, number: int) -> None:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    cursor = encode_cursor(text, number, at)
    assert cursor.isascii()
    assert decode_key(cursor, str, int, datetime) == [text, number, at]


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ü",
        "!!!!",
        "' OR 1=1; --",
        packed(7),
        packed({"0": 7}),
        packed([]),
        packed([7, 7]),
        packed(["7"]),
        packed([7.5]),
        packed([None]),
        packed([[7]]),
    ],
)
def test_what_is_no_cursor_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        decode_key(cursor, int)
    assert [problem.field for problem in caught.value.problems] == ["cursor"]


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        assert len(decode_cursor(text, 1)) == 1
    except Invalid as refused:
        assert refused.problems  # noqa: PT017 - a text may be a cursor by chance
