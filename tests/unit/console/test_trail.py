"""What an entry of the audit trail says in one line."""

import pytest

from tieline.console.trail import summary


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ({"roles": ["administrator", "operator"], "active": True}, "roles: administrator, operator; active: yes"),
        ({"after": {"display_name": "Ada", "roles": []}}, "display name: Ada; roles: none"),
        (
            {"before": {"roles": ["reader"], "active": True}, "after": {"roles": ["operator"], "active": True}},
            "roles: reader to operator",
        ),
        ({"before": {"active": True}, "reason": "Over"}, "before: active yes; reason: Over"),
        ({"certificates": ["5a" * 32]}, "certificates: 5a5a5a5a5a5a…"),
        ({"items": 40, "share": 0.5}, "items: 40; share: 0.5"),
        ({"hosts": []}, "hosts: none"),
        ({"why": "w" * 70}, f"why: {'w' * 59}…"),
        ({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}, "a: 1; b: 2; c: 3; 2 more"),
    ],
)
def test_a_detail_is_told_in_words(detail: dict[str, object], words: str) -> None:
    assert summary(detail) == words


def test_how_somebody_came_in_is_told_in_words() -> None:
    detail = {"by": "password", "address": "192.0.2.1"}
    assert summary(detail, "session.began") == "signed in with: password; from: 192.0.2.1"
