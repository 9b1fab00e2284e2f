"""A change before it runs."""

from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from tieline.platform.scope import Role, Scope
from tieline.utility.changes.model import ChangeState, ChangeType, Window
from tieline.utility.console.pages.changes.views import acts, contract, items
from tieline.utility.console.pages.changes.views.tally import Tally

ZONE = ZoneInfo("Europe/London")


@pytest.fixture
def planned(invent: SimpleNamespace) -> SimpleNamespace:
    change, made = invent.change_of()
    rows = invent.item_rows(made, invent.as_planned)
    return SimpleNamespace(change=change, rows=rows, tally=invent.tally_of(change, rows))


def test_figures_are_those_of_the_plan_and_lead_to_the_items_behind_them(planned: SimpleNamespace) -> None:
    found = {one.label: one for one in contract.figures(planned.change, planned.tally)}
    # 60 sites with two links; every fifteenth is left out, of the others every tenth is critical (10, 20, 40, 50).
    assert found["Subscriptions to change"].value == 112
    assert found["Subscriptions to change"].href == "/changes/12/items?state=planned&state=waiting"
    assert found["Left out"].value == 8
    assert found["Sites"].value == 56
    assert found["Critical sites"].value == 4


def test_conflicts_of_an_undo_are_a_figure_of_their_own(invent: SimpleNamespace) -> None:
    change, made = invent.change_of()
    rows = invent.item_rows(made, lambda *_: ("conflict", 0, "Somebody changed it since."))
    assert "Conflicts" in {one.label for one in contract.figures(change, invent.tally_of(change, rows))}


def test_sentences_tell_waves_thresholds_and_window(invent: SimpleNamespace) -> None:
    change, _ = invent.change_of(window=Window(opens=invent.NOW))
    told = " ".join(contract.sentences(change, "", ZONE))
    assert "It goes in 4 waves" in told
    assert "90% of the one before are verified" in told
    assert "Nothing is sent before 21 Nov 2025, 08:31" in told


def test_each_operator_has_its_calls_and_its_time_as_a_range(planned: SimpleNamespace) -> None:
    rows = contract.operators(planned.change, planned.tally).rows
    assert [row.cells["operator"] for row in rows] == ["Operator A", "Operator B"]
    assert rows[0].cells["calls"] == 9
    assert rows[0].cells["lasts"] == "4\u201331\u202fs"
    assert rows[1].cells["by"] == "the time the network takes to apply it"


def test_an_operator_without_a_connection_is_told(planned: SimpleNamespace) -> None:
    planned.change.summary["lanes"].pop("B")
    rows = contract.operators(planned.change, planned.tally).rows
    assert getattr(rows[1].cells["by"], "word", "") == "No connection"


def test_reasons_lead_to_the_items_that_have_them(planned: SimpleNamespace) -> None:
    ((segment, text),) = contract.left_out(planned.change)
    assert (segment.label, segment.value, segment.href) == ("No address", 8, "/changes/12/items?reason=no-address")
    assert text.startswith("Every address of grid.scada")


def test_critical_sites_are_named_the_largest_first(planned: SimpleNamespace) -> None:
    found = contract.critical(planned.change)
    assert [one.text for one in found.named] == ["Byker 50", "Byker 40", "Byker 20", "Byker 10"]
    assert found.others == 0


def test_waves_after_the_canaries_are_called_by_their_place(planned: SimpleNamespace) -> None:
    rows = contract.waves(planned.change).rows
    assert [row.cells["title"] for row in rows] == ["Canary", "Wave 2", "Wave 3", "Wave 4"]


def test_nobody_approves_a_change_of_their_own(planned: SimpleNamespace, author: Scope, approver: Scope) -> None:
    mine = contract.approval(planned.change, (), author, "t", planned.tally)
    theirs = contract.approval(planned.change, (), approver, "t", planned.tally)
    assert mine
    assert theirs
    assert "You made this change yourself" in mine.refused_because
    assert theirs.refused_because == ""
    assert theirs.approve_href == "/changes/12/approve"


def test_her_own_token_does_not_make_another_person_of_her(planned: SimpleNamespace, invent: SimpleNamespace) -> None:
    token = invent.scope("x", Role.APPROVER, user_id=1)
    assert "yourself" in contract.refused(planned.change, token)


def test_who_may_not_approve_is_told_so(planned: SimpleNamespace, invent: SimpleNamespace) -> None:
    assert "role" in contract.refused(planned.change, invent.scope("vic", Role.VIEWER, user_id=9))


def test_decisions_on_an_earlier_plan_are_shown_as_void(
    planned: SimpleNamespace, invent: SimpleNamespace, approver: Scope
) -> None:
    given = [invent.decision(plan_hash="old", void_at=invent.NOW, void_why="Planned again."), invent.decision()]
    found = contract.approval(planned.change, given, approver, "t", planned.tally)
    assert found
    assert [one.verdict.word for one in found.signatures] == ["Void", "Approved"]
    assert found.missing == 0


def test_an_emergency_is_decided_on_after_its_start(invent: SimpleNamespace) -> None:
    running, _ = invent.change_of(ChangeState.RUNNING, type=ChangeType.EMERGENCY, started_at=invent.NOW)
    assert contract.decidable(running)
    assert not contract.decidable(invent.change_of(ChangeState.RUNNING, started_at=invent.NOW)[0])


@pytest.mark.parametrize(
    ("state", "labels"),
    [
        (ChangeState.DRAFT, ["Plan", "Withdraw"]),
        (ChangeState.PLANNED, ["Ask for approval", "Try at the operators", "Plan again", "Withdraw"]),
        (ChangeState.SUBMITTED, ["Try at the operators", "Plan again", "Withdraw"]),
        (ChangeState.APPROVED, ["Start", "Try at the operators", "Plan again", "Withdraw"]),
        (ChangeState.PLANNING, []),
        (ChangeState.REJECTED, ["Plan again", "Withdraw"]),
    ],
)
def test_each_state_offers_what_its_table_allows(
    state: ChangeState, labels: list[str], invent: SimpleNamespace, author: Scope, planned: SimpleNamespace
) -> None:
    change, _ = invent.change_of(state)
    assert [one.action.label for one in acts.offers(change, planned.tally, author, "t")] == labels


def test_a_running_change_offers_pause_retry_and_stop(invent: SimpleNamespace, approver: Scope) -> None:
    change, made = invent.change_of(ChangeState.RUNNING, started_at=invent.NOW)
    tally = invent.tally_of(change, invent.item_rows(made, invent.half_way))
    found = acts.offers(change, tally, approver, "t")
    assert [one.action.label for one in found] == ["Pause", "Retry the failed", "Stop"]
    retry = found[1].dialog
    assert retry
    assert retry.count == tally.count("failed")


def test_starting_more_than_a_thousand_asks_for_the_number(invent: SimpleNamespace, approver: Scope) -> None:
    change, _ = invent.change_of(ChangeState.APPROVED)
    start = acts.offers(change, Tally({"planned": 39_786}), approver, "t")[0].dialog
    assert start
    assert start.typed
    assert start.count == 39_786


def test_who_may_not_act_sees_why(invent: SimpleNamespace, planned: SimpleNamespace) -> None:
    change, _ = invent.change_of(ChangeState.APPROVED)
    viewer = invent.scope("vic", Role.VIEWER, user_id=9)
    assert all(one.action.unless for one in acts.offers(change, planned.tally, viewer, "t"))


def test_an_item_shows_what_differs_or_why_it_is_left_out(planned: SimpleNamespace) -> None:
    diff = items.diff(12, planned.rows, ran=False)
    left = [one for one in diff.items if one.skipped]
    done = [one for one in diff.items if not one.skipped]
    assert len(left) == 8
    assert all(not one.deltas for one in left)
    assert [delta.name for delta in done[0].differing] == ["State", "APN", "IP address", "Data plan"]


def test_a_large_plan_is_decided_on_by_typing_how_many(planned: SimpleNamespace, approver: Scope) -> None:
    planned.change.summary["impact"]["items"] = 39_786
    approve, reject = acts.decisions(planned.change, "t")
    assert approve.typed
    assert approve.fields == {"plan_hash": planned.change.plan_hash}
    assert reject.reason_label
    box = contract.approval(planned.change, (), approver, "t", planned.tally)
    assert box
    assert acts.without_form(box).approve_href == ""


def test_a_line_of_the_file_runs_in_no_spreadsheet(planned: SimpleNamespace) -> None:
    row = {**planned.rows[0], "site_name": '=HYPERLINK("http://x")', "desired": {"apn": "a;b"}}
    line = items.csv_line(items.csv_cells(row)).decode()
    assert "'=HYPERLINK" in line
    assert line.endswith("\r\n")


def test_an_item_tells_its_evidence_in_a_sentence(planned: SimpleNamespace) -> None:
    for state in ("blocked", "planned", "queued", "sent", "accepted", "verified", "failed", "conflict", "cancelled"):
        told = items.evidence({**planned.rows[0], "state": state, "queued_at": None})
        assert told.sentence.endswith(".")
        assert told.sentence != state
