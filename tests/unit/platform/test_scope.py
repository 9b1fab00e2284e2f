"""Who acted, as people say it."""

import pytest

from tieline.platform.scope import named


@pytest.mark.parametrize(
    ("actor", "shown"),
    [
        ("user:mara", "mara"),
        ("user:mara/token:7", "mara (by token 7)"),
        ("system:changes", "the system (changes)"),
        (None, "nobody"),
        ("", "nobody"),
        ("something else", "something else"),
    ],
)
def test_actors_are_people_their_tokens_or_the_system(actor: str | None, shown: str) -> None:
    assert named(actor) == shown
