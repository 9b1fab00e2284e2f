"""What the log of a programme says, of the facts that its use cases keep."""

from typing import Any

import pytest

from tieline.utility.console.pages.programmes import words


@pytest.mark.parametrize(
    ("kind", "detail", "sentence"),
    [
        ("opened", {"sites": 9, "elsewhere": 0}, "opened with 9 sites"),
        ("prepared", {"change": 1, "ready": 8, "missing": 1}, "8 sites are prepared"),
        ("retired", {"change": 3, "done": 1, "left": 2}, "the old subscriptions of 1 site are retired"),
        ("leave-out", {"sites": [4, 5], "why": "Torn down."}, "left 2 sites out: Torn down."),
        ("paused", {"why": "A storm comes."}, "paused: A storm comes."),
    ],
)
def test_an_entry_says_how_many_sites_it_is_about(kind: str, detail: dict[str, Any], sentence: str) -> None:
    assert words.said({"kind": kind, "detail": detail}) == sentence
