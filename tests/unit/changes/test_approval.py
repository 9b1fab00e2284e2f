"""Who has to agree."""

from datetime import UTC, datetime, timedelta

import pytest

from tieline.platform.errors import Conflict, Forbidden
from tieline.utility.changes.model import ChangeType
from tieline.utility.changes.policy.approval import (
    Person,
    Size,
    Standard,
    check_decider,
    check_hash,
    outside,
    overdue,
    requirement,
)


@pytest.mark.parametrize(
    ("size", "second"),
    [(Size(50, 0), False), (Size(51, 0), True), (Size(1, 1), True), (Size(0, 0), False)],
)
def test_four_eyes_above_the_threshold_or_with_a_critical_site(size: Size, *, second: bool) -> None:
    needed = requirement(ChangeType.NORMAL, size, 50)
    assert needed.second_person is second
    assert not needed.afterwards


def test_the_reason_is_told() -> None:
    assert requirement(ChangeType.NORMAL, Size(60, 2), 50).why == (
        "A second person approves: it has 60 items, more than 50 and it touches 2 critical sites."
    )


def test_what_two_people_always_agree_on_says_why() -> None:
    needed = requirement(ChangeType.NORMAL, Size(1, 0), 50, always="each link goes over")
    assert needed.second_person
    assert needed.why == "A second person approves: each link goes over."
    assert not requirement(ChangeType.STANDARD, Size(1, 0), 50, always="each link goes over").second_person


def test_an_emergency_is_approved_afterwards() -> None:
    needed = requirement(ChangeType.EMERGENCY, Size(40_000, 12), 50)
    assert needed.second_person
    assert needed.afterwards
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert not overdue(start, start + timedelta(hours=24))
    assert overdue(start, start + timedelta(hours=24, seconds=1))


def test_a_standard_change_runs_only_within_its_policy() -> None:
    policy = Standard("Reset APN", "subscription.configure", 10, critical_sites=False, in_force=True)
    assert outside(policy, "subscription.configure", Size(10, 0)) is None
    assert "allows 10" in (outside(policy, "subscription.configure", Size(11, 0)) or "")
    assert "critical" in (outside(policy, "subscription.configure", Size(1, 1)) or "")
    assert "is for" in (outside(policy, "subscription.preprovision", Size(1, 0)) or "")
    idle = Standard("Reset APN", "subscription.configure", 10, critical_sites=False, in_force=False)
    assert "not approved" in (outside(idle, "subscription.configure", Size(1, 0)) or "")


@pytest.mark.parametrize(
    ("decider", "refused"),
    [
        (Person("user:fred", 1), True),
        (Person("token:9", 1), True),
        (Person("user:anna", 2), False),
        (Person("user:fred"), True),
    ],
)
def test_nobody_decides_on_their_own_change(decider: Person, *, refused: bool) -> None:
    authors = (Person("user:fred", 1),)
    if refused:
        with pytest.raises(Forbidden):
            check_decider(decider, authors)
    else:
        check_decider(decider, authors)


def test_what_is_approved_is_what_was_looked_at() -> None:
    check_hash("abc", "abc")
    with pytest.raises(Conflict, match="replaced"):
        check_hash("abc", "abd")
