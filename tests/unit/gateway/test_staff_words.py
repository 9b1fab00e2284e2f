"""What the operator's console says: who, how a plan stands, why a change failed, what became of an object."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tieline.console.components.values import Tone
from tieline.gateway.console import reasons, words
from tieline.gateway.plans.faults import unusable
from tieline.standards.mns.errors import ErrorDetail, ErrorReason, ErrorType
from tieline.standards.mns.plans import OperationState, Result

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("staff:ada", "ada"),
        ("staff:network planning", "network planning"),
        ("staff:load", "bulk load"),
        ("utility:DSO", "DSO"),
        ("network", "the network"),
        ("user:ada", "ada"),
    ],
)
def test_whoever_acted_is_called_by_name(source: str, shown: str) -> None:
    assert words.who(source) == shown


@pytest.mark.parametrize("source", ["staff:ada", "staff:load", "utility:DSO", "network"])
def test_a_name_as_it_is_shown_finds_what_it_did(source: str) -> None:
    assert source in words.sources(words.who(source))
    assert words.sources(source) == (source,)


@pytest.mark.parametrize(
    ("state", "position", "failed", "rolled_back", "word", "tone"),
    [
        ("COMPLETED", 40, 0, 0, "Done", Tone.OK),
        ("COMPLETED", 40, 1, 0, "Done in part", Tone.WARN),
        ("COMPLETED", 40, 40, 0, "Failed", Tone.BAD),
        ("FAILED", 20, 1, 19, "Failed", Tone.BAD),
        ("FAILED", 20, 1, 0, "Done in part", Tone.WARN),
        ("FAILED", 0, 0, 0, "Failed", Tone.BAD),
        ("CANCELLED", 20, 1, 0, "Cancelled", Tone.OFF),
    ],
)
def test_a_plan_of_which_nothing_holds_has_failed(  # noqa: PLR0917 - the columns of a table
    state: str, position: int, failed: int, rolled_back: int, word: str, tone: Tone
) -> None:
    job = {"kind": "activation", "state": state, "position": position, "failed": failed, "rolled_back": rolled_back}
    badge = words.job_badge(job)
    assert (badge.word, badge.tone) == (word, tone)


def test_a_dry_run_does_nothing_in_part() -> None:
    job = {"kind": "validation", "state": "COMPLETED", "position": 40, "failed": 1, "rolled_back": 0}
    assert words.job_badge(job).word == "Failed in part"


def _failed(*errors: ErrorDetail) -> Result:
    return Result(target="/SubNetwork=U/UtilitySubscription=S", state=OperationState.FAILED, errors=list(errors))


def test_a_reason_is_told_once_with_how_often() -> None:
    (unread,) = unusable("'apn' is neither a child class nor 'attributes'").errors
    missing = ErrorDetail(
        type=ErrorType.DATA_NODE_TREE_ERROR,
        reason=ErrorReason.TARGET_DATA_NODE_NOT_FOUND,
        bad_data_node="/SubNetwork=U/UtilitySubscription=S",
        detail="SubNetwork=U,UtilitySubscription=S does not exist",
    )
    done = Result(target="/SubNetwork=U", state=OperationState.SUCCEEDED)
    found = reasons.counted([_failed(missing), done, *(_failed(unread) for _ in range(40))])
    assert [(one.sentence, one.count) for one in found] == [
        ("The utility wrote the change in a way that cannot be read.", 40),
        ("There is no such object.", 1),
    ]
    assert found[0].example == "'apn' is neither a child class nor 'attributes'"


def test_a_reason_names_the_attribute_as_people_do() -> None:
    error = ErrorDetail(
        type=ErrorType.SCHEMA_VALIDATION_ERROR,
        reason=ErrorReason.NEW_DATA_NODE_VALUE_INVALID,
        bad_data_node="/SubNetwork=U/UtilitySubscription=S/attributes/ipAddress",
    )
    assert reasons.of(_failed(error)) == "The value cannot be used: IP address."


@pytest.mark.parametrize("kind", ErrorType)
@pytest.mark.parametrize("reason", [None, *ErrorReason])
def test_every_reason_is_a_sentence_without_machine_words(kind: ErrorType, reason: ErrorReason | None) -> None:
    error = ErrorDetail(type=kind, reason=reason, bad_data_node="/", detail="Told.")
    told = reasons.sentence(error)
    assert told.endswith(".")
    assert "_" not in told
    assert "{" not in told


def test_what_the_network_does_is_told_fact_by_fact() -> None:
    before = {"operational": {"apn": "old.example", "state": "ACTIVE", "since": "2026-11-27T06:00:00Z"}}
    after = {"operational": {"apn": "new.example", "state": "ACTIVE", "since": "2026-11-27T06:00:01Z"}}
    (fact,) = words.became(before, after)
    assert (fact.word, words.brief(fact.name, fact.before)) == ("APN in the network", "old.example")
    (seen,) = words.became({}, {"lastSeen": "2026-11-27T06:00:00Z"})
    assert words.brief(seen.name, seen.after) == "2026-11-27 06:00:00 UTC"
    cell = {"cellId": "4G-1", "ratType": "EUTRA", "reportedAt": "2026-11-27T06:00:00Z"}
    assert words.brief("servingCell", cell) == "4G-1"
    assert words.shown("servingCell", cell) == "Cell 4G-1, Technology 4G"


def test_a_phase_that_begins_with_a_day_is_told_as_that_day() -> None:
    assert words.day(datetime(2027, 5, 27, tzinfo=UTC), LONDON) == "27 May 2027"
    assert words.day(datetime(2027, 5, 26, 23, tzinfo=UTC), LONDON) == "27 May 2027"
    at = datetime(2027, 5, 27, 21, 30, tzinfo=UTC)
    assert words.day(at, LONDON) == at
