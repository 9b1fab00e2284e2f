"""A change while it runs, and after."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tieline.utility.changes.model import ChangeState
from tieline.utility.console.pages.changes.views import control, items, receipt

HELD = "4 of 30 items failed, more than the 10% that were allowed."


def situation(invent: SimpleNamespace, state: ChangeState, *, paused: str = HELD, **values: Any) -> control.Situation:
    change, made = invent.change_of(state, started_at=invent.NOW - timedelta(seconds=90), **values)
    rows = invent.item_rows(made, invent.half_way)
    return control.Situation(change, invent.pace_of(change, rows, paused=paused, rate=2.0), invent.NOW)


def test_progress_counts_what_is_done_and_what_is_only_accepted(invent: SimpleNamespace) -> None:
    it = situation(invent, ChangeState.RUNNING)
    whole = control.progress(it).whole
    states = it.tally.states()
    assert whole.verified == states["verified"]
    assert whole.done == states["accepted"]
    assert whole.blocked == 8
    assert whole.total == 120
    assert whole.rate == 2.0


def test_every_number_leads_to_its_items(invent: SimpleNamespace) -> None:
    hrefs = control.progress(situation(invent, ChangeState.RUNNING)).hrefs
    assert hrefs["failed"] == "/changes/12/items?state=failed"
    assert hrefs["done"] == "/changes/12/items?state=queued&state=sent&state=accepted"


def test_time_left_is_a_range_only_while_it_runs(invent: SimpleNamespace) -> None:
    running = control.progress(situation(invent, ChangeState.RUNNING)).whole
    assert running.left_s
    assert running.left_s[0] < running.left_s[1]
    change, made = invent.change_of(ChangeState.STOPPED, started_at=invent.NOW, ended_at=invent.NOW)
    rows = invent.item_rows(made, lambda *_: ("cancelled", 0, ""))
    ended = control.Situation(change, invent.pace_of(change, rows), invent.NOW)
    assert control.progress(ended).whole.left_s is None
    assert not ended.live


def test_a_held_lane_tells_why(invent: SimpleNamespace) -> None:
    it = situation(invent, ChangeState.RUNNING)
    assert [one.sentence for one in control.troubles(it)] == [
        "Operator B is held: 4 of 30 items failed, more than the 10% that were allowed."
    ]
    lots = {lot.label: lot for lot in control.progress(it).lots}
    assert lots["Operator A"].state
    assert lots["Operator A"].state.word == "Wave 3 of 4"
    assert lots["Operator B"].rate is None


def test_a_paused_change_shows_every_lane_as_paused(invent: SimpleNamespace) -> None:
    it = situation(invent, ChangeState.PAUSED, state_why="Storm.")
    assert "Nothing new is sent: Storm." in control.troubles(it)[0].sentence
    assert {lot.state.word for lot in control.progress(it).lots if lot.state} == {"Paused"}


def test_waves_add_up_to_the_whole(invent: SimpleNamespace) -> None:
    it = situation(invent, ChangeState.RUNNING)
    lots = control.wave_lots(it).lots
    assert sum(lot.total for lot in lots) == it.tally.total - 8
    assert lots[0].state
    assert lots[0].state.word == "Over"


def test_failures_leave_out_what_the_plan_left_out() -> None:
    reasons = [
        {"state": "failed", "code": "not-applied", "items": 2, "example": "Too slow."},
        {"state": "blocked", "code": "no-address", "items": 8, "example": "None."},
    ]
    assert [one.label for one, _ in control.failures(12, reasons)] == ["Not applied"]
    assert len(control.failures(12, reasons, planned_too=True)) == 2
    assert control.failures(12, reasons)[0][0].href == "/changes/12/items?reason=not-applied&state=failed"


@pytest.mark.parametrize(
    ("state", "beginning"),
    [
        (ChangeState.RUNNING, "Running, started 2\u202fmin ago"),
        (ChangeState.COMPLETED, "Completed after 2\u202fmin"),
        (ChangeState.STOPPED, "Stopped after 2\u202fmin"),
    ],
)
def test_one_sentence_tells_how_it_goes(invent: SimpleNamespace, state: ChangeState, beginning: str) -> None:
    assert control.sentence(situation(invent, state)).startswith(beginning)


def test_the_receipt_holds_the_outcome_against_the_plan(invent: SimpleNamespace) -> None:
    found = {one.label: one for one in control.outcome(situation(invent, ChangeState.COMPLETED))}
    assert found["Verified"].of == 112
    assert found["Left out by the plan"].value == 8


def test_evidence_is_named_by_its_grade(invent: SimpleNamespace) -> None:
    _, made = invent.change_of()
    rows = invent.item_rows(made, invent.half_way)
    words = {str(row["state"]): items.grade(row).word for row in rows}
    assert words["verified"] == "Operational"
    assert words["accepted"] == "Accepted"
    assert words["planned"] == "Nothing yet"


def test_an_operator_that_does_not_answer_is_told(invent: SimpleNamespace) -> None:
    it = situation(invent, ChangeState.RUNNING, paused="")
    batch = {"error": "It does not answer.", "attempts": 3, "retry_at": None, "intended_at": invent.NOW}
    lane = replace(it.pace.operators[0], waiting_batches=[batch])
    told = control.troubles(replace(it, pace=replace(it.pace, operators=[lane])))
    assert [one.sentence for one in told] == ["Operator A does not get on: It does not answer."]


def test_verdicts_are_those_on_the_present_plan() -> None:
    def entry(kind: str, **detail: Any) -> dict[str, Any]:
        return {"kind": kind, "detail": detail, "at": datetime(2025, 11, 21, tzinfo=UTC), "actor": "user:x", "id": 1}

    log = [entry("dry-run-done", operator="A", asked=5, refused=5), entry("planned")]
    assert receipt.verdicts(log) == ()
    log += [entry("dry-run", operators={"A": 5, "B": 7}), entry("dry-run-done", operator="B", asked=7, refused=2)]
    waits, refuses = receipt.verdicts(log)
    assert waits.sentence == "Operator A is being asked."
    assert refuses.sentence == "Operator B would refuse 2 of 7 subscriptions."
    log.append(entry("dry-run-done", operator="A", asked=5, refused=0))
    assert receipt.verdicts(log)[0].sentence == "Operator A would accept all 5 subscriptions."


def test_the_log_is_told_in_words_the_latest_first(invent: SimpleNamespace) -> None:
    rows = [
        {"id": 1, "at": invent.NOW, "actor": "user:mara", "kind": "created", "detail": {"title": "4G"}},
        {
            "id": 2,
            "at": invent.NOW,
            "actor": "user:mara",
            "kind": "paused",
            "detail": {"why": "Storm", "state": "paused"},
        },
    ]
    told = receipt.log(rows).rows
    assert [row.cells["what"] for row in told] == ["Paused", "Made"]
    assert told[0].cells["detail"] == "why: Storm"


def test_what_can_be_taken_back_is_offered_by_region_operator_and_wave(invent: SimpleNamespace) -> None:
    change, _ = invent.change_of(ChangeState.COMPLETED, started_at=invent.NOW)
    fields = {one.name: one for one in receipt.undo_form(change, {"A": 50, "B": 54}, "t").fields}
    assert [option.value for option in fields["operator"].options] == ["A", "B"]
    assert {option.value for option in fields["region"].options} == {"North East", "Yorkshire", "Lincolnshire"}
    assert [option.value for option in fields["wave"].options] == ["1", "2", "3", "4"]
    assert fields["title"].value == "Undo: 4G at every site on 3G"
