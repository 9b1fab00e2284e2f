"""A change while it runs, and after."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tieline.utility.changes.model import ChangeState
from tieline.utility.console.pages.changes.views import control, items
from tieline.utility.console.pages.changes.views.tally import Tally


def situation(invent: SimpleNamespace, state: ChangeState, **values: Any) -> control.Situation:
    change, made = invent.change_of(state, started_at=invent.NOW - timedelta(seconds=90), **values)
    tally = invent.tally_of(invent.item_rows(made, invent.half_way))
    waves = (change.summary or {})["waves"]
    return control.Situation(change, invent.lanes(), tally, waves, {"A": 30}, invent.NOW)


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
    ended = situation(invent, ChangeState.STOPPED, ended_at=invent.NOW)
    ended = control.Situation(ended.change, ended.lanes, Tally(), ended.waves, {}, invent.NOW)
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
        (ChangeState.RUNNING, "Running since 2\u202fmin"),
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
