"""What an operator's word and its network's state make of an item."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieline.utility.changes.driver.results import evidence, follow, sort
from tieline.utility.changes.model import Grade
from tieline.utility.changes.store.driving import Item
from tieline.utility.connectors import Field, OperationResult, Outcome, OutcomeState, Report, ResultState

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def item(number: int = 1, **more: Any) -> Item:
    values = {
        "id": number,
        "source_id": number,
        "subscription_id": number,
        "ref": f"s{number}",
        "version": 1,
        "before": {"apn": None},
        "desired": {"apn": "scada.dso", "rat_restriction": ["EUTRA"]},
        "state": "sent",
        "applied": False,
        "site_id": 1,
        "link_id": 1,
        "disruptive": False,
        "undoes_id": None,
        "undone_by": None,
        "card_id": None,
        "queued_at": NOW,
        "accepted_at": None,
        **more,
    }
    return Item(**values)


def report(number: int = 1, apn: str | None = "scada.dso", **more: Any) -> Report:
    operational = {Field.APN: apn, Field.RAT_RESTRICTION: ("EUTRA",)}
    return Report(f"s{number}", NOW, operational=operational, **more)


@pytest.mark.parametrize(
    ("shown", "grade"),
    [
        (None, Grade.ACCEPTED),
        (report(apn=None), Grade.ACCEPTED),
        (report(), Grade.OPERATIONAL),
        (report(attached=True, last_seen=NOW - timedelta(seconds=1)), Grade.OPERATIONAL),
        (report(attached=False, last_seen=NOW + timedelta(seconds=1)), Grade.OPERATIONAL),
        (report(attached=True, last_seen=NOW + timedelta(seconds=1)), Grade.SEEN),
    ],
)
def test_evidence_by_what_the_network_shows(shown: Report | None, grade: Grade) -> None:
    assert evidence(item(), shown) is grade


def test_an_items_fate_by_the_operators_word() -> None:
    outcome = Outcome(
        OutcomeState.FINISHED,
        (
            OperationResult("2", ResultState.FAILED, "X", "Barred."),
            OperationResult("3", ResultState.PENDING),
            OperationResult("4", ResultState.FAILED, "CODE"),
        ),
        unlisted=ResultState.SUCCEEDED,
    )
    found = sort([item(n) for n in range(1, 6)], outcome, {"s1": report(1)}, "A", Grade.OPERATIONAL)
    assert [one.id for one in found.verified] == [1]
    assert [one.id for one in found.accepted] == [5]
    assert found.failed[2] == ("refused", "Operator A refuses: Barred.")
    assert found.failed[3][0] == "not-done"
    assert found.failed[4] == ("refused", "Operator A refuses: CODE")


def test_a_kind_that_needs_more_waits_for_more() -> None:
    outcome = Outcome(OutcomeState.FINISHED, unlisted=ResultState.SUCCEEDED)
    found = sort([item()], outcome, {"s1": report()}, "A", Grade.SEEN)
    assert not found.verified
    assert found.grades == {1: Grade.OPERATIONAL}


def test_patience_ends_with_what_is_still_shown() -> None:
    late = item(accepted_at=NOW - timedelta(seconds=31))
    found = follow([late], {"s1": report(apn="old.apn")}, "B", now=NOW, seconds=30, needed=Grade.OPERATIONAL)
    assert found.failed[1] == (
        "not-operational",
        "Operator B says done, but after 30 s its network still shows the APN old.apn.",
    )
    waiting = item(accepted_at=NOW - timedelta(seconds=29))
    assert follow([waiting], {}, "B", now=NOW, seconds=30, needed=Grade.OPERATIONAL).accepted == [waiting]
    gone = follow([late], {}, "B", now=NOW, seconds=30, needed=Grade.OPERATIONAL)
    assert "does not show the subscription" in gone.failed[1][1]
    unseen = follow([late], {"s1": report()}, "B", now=NOW, seconds=30, needed=Grade.SEEN)
    assert "has not seen" in unseen.failed[1][1]
