"""Rules of identity: waits after failures, ends of sessions, passwords, names, roles in a claim."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tieline.platform.clock import SetClock
from tieline.platform.identity import secret
from tieline.platform.identity.openid import roles_in
from tieline.platform.identity.openid_sign_in import local_path
from tieline.platform.identity.policy import (
    Failures,
    normal_name,
    normal_password,
    password_problems,
    session_lives,
    wait_until,
)
from tieline.platform.scope import Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "seconds"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (4000, 900)]
)
def test_each_failure_beyond_the_free_ones_doubles_the_wait(count: int, seconds: int) -> None:
    until = wait_until(Failures(count, NOON), 5, NOON)
    assert until == (NOON + timedelta(seconds=seconds) if seconds else None)


class Throttle(RuleBasedStateMachine):
    """Whoever guesses as fast as allowed gets few guesses, and whoever waits long enough is never locked out."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SetClock(NOON)
        self.failures: Failures | None = None
        self.guesses: list[datetime] = []

    @rule()
    def guess(self) -> None:
        now = self.clock.now()
        if wait_until(self.failures, 5, now) is None:
            self.guesses.append(now)
            self.failures = Failures((self.failures.count if self.failures else 0) + 1, now)

    @rule(seconds=st.integers(1, 4000))
    def time_passes(self, seconds: int) -> None:
        self.clock.forward(timedelta(seconds=seconds))

    @invariant()
    def few_guesses_an_hour_beyond_the_free_ones(self) -> None:
        recent = [at for at in self.guesses if self.clock.now() - at < timedelta(hours=1)]
        assert len(recent) <= 5 + 10 + 4

    @invariant()
    def a_quarter_of_an_hour_is_always_enough(self) -> None:
        assert wait_until(self.failures, 5, self.clock.now() + timedelta(minutes=15)) is None


TestThrottle = Throttle.TestCase


@given(idle=st.floats(0, 200), age=st.floats(0, 1200))
def test_a_session_lives_while_it_is_neither_idle_nor_old(idle: float, age: float) -> None:
    now = NOON
    seen = now - timedelta(minutes=min(idle, age))
    expires = now - timedelta(minutes=age) + timedelta(hours=10)
    assert session_lives(seen, expires, 60, now) == (min(idle, age) < 60 and now < expires)


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("correct staple 7!", set()),
        ("short", {"too_short"}),
        ("x" * 300, {"too_long", "too_common"}),
        ("Password1234", {"too_common"}),
        ("aaaaaaaaaaaabb", {"too_common"}),
        ("alexandrina2026", {"is_name"}),
        ("ALEXANDRINA!!", {"is_name"}),
        ("пароль из букв", set()),
    ],
)
def test_passwords(password: str, rules: set[str]) -> None:
    assert {problem.rule for problem in password_problems(password, "alexandrina")} == rules


def test_names_and_passwords_are_the_same_however_they_were_typed() -> None:
    assert normal_name("  Ann ") == normal_name("ann") == "ann"
    assert normal_password("e\u0301") == normal_password("\u00e9")


def test_a_csrf_token_belongs_to_its_session_alone() -> None:
    one, other = secret.new_session_secret(), secret.new_session_secret()
    assert secret.csrf_matches(one, secret.csrf_token(one))
    assert not secret.csrf_matches(one, secret.csrf_token(other))
    assert not secret.csrf_matches(one, "")
    assert not secret.csrf_matches(one, "é")
    assert one not in secret.csrf_token(one)


def test_secrets_are_long_and_tokens_recognisable() -> None:
    assert len({secret.new_token_secret() for _ in range(100)}) == 100
    assert secret.new_token_secret().startswith("tl_")
    assert len(secret.new_session_secret()) >= 43


@pytest.mark.parametrize(
    ("claims", "path", "roles"),
    [
        ({"roles": ["viewer", "approver", "cook"]}, "roles", {Role.VIEWER, Role.APPROVER}),
        ({"realm_access": {"roles": ["tieline-technician"]}}, "realm_access.roles", {Role.TECHNICIAN}),
        ({"groups": "Tieline:Administrator other"}, "groups", {Role.ADMINISTRATOR}),
        ({"roles": {"viewer": True}}, "roles", set()),
        ({"roles": [1, None, ["viewer"]]}, "roles", set()),
        ({}, "a.b.c", set()),
    ],
)
def test_roles_in_a_claim(claims: dict[str, Any], path: str, roles: set[Role]) -> None:
    assert roles_in(claims, path) == roles


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("/changes/7?x=1", True),
        ("/", True),
        ("//evil.example/", False),
        ("/\\evil.example", False),
        ("https://evil.example", False),
        ("/a\nb", False),
        ("/" + "a" * 600, False),
        ("", False),
    ],
)
def test_after_signing_in_nobody_is_led_elsewhere(wanted: str, *, kept: bool) -> None:
    assert local_path(wanted) == (wanted if kept else "/")
