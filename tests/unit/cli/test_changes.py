"""Changes on the command line."""

from collections.abc import Callable
from typing import Any

import pytest

from tieline.cli import change, following, selecting, telling

HASH = "9f2c" * 16
SUMMARY = {
    "impact": {
        "items": 1204, "sites": 602, "critical_sites": 3, "customers": 90_000, "by_reason": {"no-stock": 4},
        "reasons": {"no-stock": "Operator B has no card left."},
    },
    "lanes": {"A": {"items": 602, "batches": 2, "calls": 6, "least_seconds": 12.0, "most_seconds": 95.0}},
    "waves": [
        {"number": 1, "title": "Canary", "items": 4, "sites": 2},
        {"number": 2, "title": "Wave 1", "items": 1200, "sites": 600},
    ],
    "seconds": [12.0, 95.0],
    "requirement": {"second_person": True, "why": "A second person approves: it has 1204 items, more than 50."},
}  # fmt: skip
CHANGE = {
    "id": 12, "kind": "subscription.preprovision", "title": "4G everywhere", "type": "normal", "state": "planned",
    "state_why": "", "created_by": "user:mara", "created_at": "2025-11-21T08:00:00Z", "plan_version": 1,
    "plan_hash": HASH, "summary": SUMMARY, "approvals": [], "acts": ["submit"],
}  # fmt: skip


def pace(state: str, *, rate: float = 4.0, why: str = "", **counts: int) -> dict[str, Any]:
    lane: dict[str, Any] = {
        "operator": "A", "state": "paused" if why else "running", "wave": 1, "why": why, "counts": counts, "rate": rate,
        "seconds_left": None, "waiting_batches": [],
    }  # fmt: skip
    done = sum(counts.get(one, 0) for one in ("verified", "failed", "conflict", "cancelled"))
    return {
        "change_id": 12, "state": state, "state_why": "", "counts": counts, "done": done, "total": sum(counts.values()),
        "operators": [lane], "waves": [], "seconds_left": None,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_EVERY", 0.001)


def test_a_new_change_says_all_that_was_asked_and_waits_for_its_plan(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("POST /changes", {**CHANGE, "state": "planning"}, status=201)
    platform.on("GET /changes/12", {**CHANGE, "state": "planning", "plan_hash": ""}, CHANGE)
    ran = run(
        change.app, "new", "subscription.preprovision", "-t", "4G everywhere", "-w", "hanging_on=3G",
        "-w", "region=Wales", "-w", "linked=yes", "-w", "site-id=4",
        "-s", "generation=4G", "-s", "fixed_address=true", "-s", "apn=null",
        "--waves", "percent:5,25,70", "--canary", "2", "--success", "95",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    sent = platform.bodies("POST")[0]
    assert sent["selection"] == {"filter": {"hanging_on": "3G", "regions": ["Wales"], "linked": True, "site_ids": [4]}}
    assert sent["parameters"] == {"generation": "4G", "fixed_address": True, "apn": None}
    assert sent["waves"] == {"by": "percent", "steps": [5, 25, 70], "canary": 2}
    assert sent["thresholds"]["success"] == 0.95
    for told in ("1,204 subscriptions at 602 sites, 3 critical", "Operator B has no card left.", HASH, "1 min 35 s"):
        assert told in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-w", "colour=red"),
        ("-w", "linked=perhaps"),
        ("-w", "site_id=x"),
        ("--whole-fleet", "-s", "generation"),
        ("--whole-fleet", "--waves", "percent:five"),
    ],
)
def test_what_is_no_command_sends_nothing(platform: Any, run: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    assert run(change.app, "new", "subscription.preprovision", "-t", "x", *arguments).code == 2
    assert platform.asked == []


def test_a_plan_that_cannot_be_made_is_told(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("POST /changes/12/plan", {"plan_version": 2}, status=202)
    platform.on("GET /changes/12", {**CHANGE, "state": "draft", "state_why": "More than 200000 are selected."})
    ran = run(change.app, "plan", "12")
    assert ran.code == 5
    assert "More than 200000 are selected." in ran.err


def test_changes_are_listed_as_asked(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /changes", {"items": [CHANGE], "next": None})
    ran = run(change.app, "list", "--state", "planned", "--q", "4G")
    assert "4G everywhere" in ran.out
    assert platform.asked[0].query["state"] == "planned"
    assert run(change.app, "list", "--json").json[0]["id"] == 12


def test_a_change_is_shown_with_its_decisions(platform: Any, run: Callable[..., Any]) -> None:
    decision = {
        "decision": "approved", "by_policy": False, "actor": "user:dirk", "comment": "Seen.",
        "at": "2025-11-21T09:00:00Z", "void_at": "2025-11-21T10:00:00Z", "void_why": "The change was planned again.",
    }  # fmt: skip
    platform.on("GET /changes/12", {**CHANGE, "approvals": [decision]})
    platform.on("GET /changes/12/progress", pace("planned", planned=1204))
    ran = run(change.app, "show", "12")
    assert "Approved by dirk, 2025-11-21 09:00 (void: The change was planned again.): Seen." in ran.out
    assert "1,204 planned" in ran.out


def test_items_show_before_and_after(platform: Any, run: Callable[..., Any]) -> None:
    item = {
        "position": 1, "site_name": "Byker", "site": "S1", "operator": "A", "ref": "A-1", "wave": 0, "state": "blocked",
        "before": {"apn": None, "rat_restriction": ["UTRA"]}, "desired": {"apn": "x", "rat_restriction": []},
        "reason": "No card left.",
    }  # fmt: skip
    platform.on("GET /changes/12/items", {"items": [item], "next": None})
    ran = run(change.app, "items", "12", "--state", "blocked", "--wave", "1")
    assert "apn: unset → x " in ran.out
    assert "rat_restriction: UTRA → unset " in ran.out
    assert platform.asked[0].query["wave"] == "1"


def test_nobody_approves_without_having_looked(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /changes/12", {**CHANGE, "acts": ["approve"]})
    assert run(change.app, "approve", "12").code == 2
    assert run(change.app, "approve", "12", "--yes").code == 2
    assert platform.bodies("POST") == []


def test_what_was_looked_at_is_approved_by_its_hash(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /changes/12", CHANGE)
    platform.on("POST /changes/12/approve", {**CHANGE, "state": "approved"})
    assert run(change.app, "approve", "12", "--hash", "ab" * 32, "--comment", "Seen.").code == 0
    assert platform.bodies("POST") == [{"plan_hash": "ab" * 32, "comment": "Seen."}]


@pytest.mark.parametrize(("typed", "code"), [("1204\n", 0), ("1,204\n", 0), ("12\n", 5), ("y\n", 5)])
def test_above_a_thousand_the_number_is_typed(
    platform: Any, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    monkeypatch.setattr(change, "_somebody_is_there", lambda: True)
    platform.on("GET /changes/12", CHANGE)
    platform.on("POST /changes/12/start", {**CHANGE, "state": "running"})
    assert run(change.app, "start", "12", stdin=typed).code == code
    assert len(platform.bodies("POST")) == (code == 0)


def test_one_s_own_change_is_refused_with_the_reason(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /changes/12", CHANGE)
    problem = {"detail": "Nobody decides on a change of their own.", "advice": "Ask another approver."}
    platform.on("POST /changes/12/approve", problem, status=403)
    ran = run(change.app, "approve", "12", "--hash", HASH)
    assert ran.code == 3
    assert "of their own" in ran.err


@pytest.mark.parametrize(
    ("act", "arguments", "body"),
    [
        ("pause", ("--why", "Storm"), {"why": "Storm"}),
        ("stop", ("--why", "No"), {"why": "No"}),
        ("resume", (), None),
        ("retry", (), None),
        ("submit", (), None),
        ("reject", ("--reason", "No"), {"plan_hash": HASH, "comment": "No"}),
    ],
)
def test_each_act_is_sent_as_it_is(
    platform: Any, run: Callable[..., Any], act: str, arguments: tuple[str, ...], body: Any
) -> None:
    platform.on("GET /changes/12", CHANGE)
    platform.on(f"POST /changes/12/{act}", CHANGE)
    assert run(change.app, act, "12", *arguments, "--json").json["id"] == 12
    assert platform.bodies("POST") == [body]


def test_an_undo_of_a_part_is_made_and_planned(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("POST /changes/12/undo", {**CHANGE, "id": 13}, status=201)
    platform.on("GET /changes/13", {**CHANGE, "id": 13, "title": "Undo"})
    ran = run(change.app, "undo", "12", "--region", "Wales", "--wave", "2", "--reason", "Too early")
    assert "Change 13: Undo" in ran.out
    assert platform.bodies("POST")[0] == {
        "regions": ["Wales"], "operators": [], "waves": [2], "title": "", "reason": "Too early",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (pace("completed", verified=10), 0),
        (pace("completed", verified=9, failed=1), 1),
        (pace("paused", why="Too many failed.", verified=2, planned=8), 1),
        (pace("stopped", verified=2, cancelled=8), 0),
    ],
)
def test_watching_ends_with_the_change_and_tells_how(
    platform: Any, run: Callable[..., Any], last: dict[str, Any], code: int
) -> None:
    platform.on("GET /changes/12/progress", pace("running", sent=10), pace("running", verified=2, planned=8), last)
    ran = run(change.app, "watch", "12")
    assert ran.code == code
    assert f"Change 12 is {last['state']}" in ran.out
    assert len(platform.asked) == 3


def test_a_stopped_change_is_watched_until_the_operators_are_done(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /changes/12/progress", pace("stopped", sent=3), pace("stopped", verified=3))
    assert run(change.app, "watch", "12", "--json").json["counts"] == {"verified": 3}


def entry(number: int, kind: str, **detail: Any) -> dict[str, Any]:
    return {"id": number, "kind": kind, "detail": detail}


BEFORE = [entry(1, "dry-run", operators={"A": 2}), entry(2, "dry-run-done", operator="A", asked=2, refused=2)]
ASKED = entry(3, "dry-run", operators={"A": 602, "B": 40})
OF_A = entry(4, "dry-run-done", operator="A", asked=602, refused=0)


def test_a_dry_run_waits_for_every_operators_answer(platform: Any, run: Callable[..., Any]) -> None:
    of_b = entry(5, "dry-run-done", operator="B", asked=40, refused=0)
    platform.on("POST /changes/12/dry-run", {"operators": {"A": 602, "B": 40}}, status=202)
    logs = [[*BEFORE, ASKED], [], [*BEFORE, ASKED, OF_A], [], [*BEFORE, ASKED, OF_A, of_b], []]
    platform.on("GET /changes/12/events", *({"items": items} for items in logs))
    ran = run(change.app, "try", "12")
    assert ran.code == 0
    assert "Operator A would accept all 602 subscriptions." in ran.out
    assert "Operator B would accept all 40 subscriptions." in ran.out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"asked": 40, "refused": 3}, "Operator B would refuse 3 of 40 subscriptions."),
        (
            {"asked": 0, "refused": 0, "why": "It is not connected."},
            "Operator B could not be asked: It is not connected.",
        ),
    ],
)
def test_what_would_be_refused_is_said_and_ends_with_one(
    platform: Any, run: Callable[..., Any], answer: dict[str, Any], words: str
) -> None:
    platform.on("POST /changes/12/dry-run", {"operators": {"B": 40}}, status=202)
    log = [*BEFORE, entry(3, "dry-run", operators={"B": 40}), entry(4, "dry-run-done", operator="B", **answer)]
    platform.on("GET /changes/12/events", {"items": log}, {"items": []})
    ran = run(change.app, "try", "12")
    assert ran.code == 1
    assert words in ran.out


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59, "59 s"), (95, "1 min 35 s"), (7200, "2 h"), (93_600, "1 d 2 h")]
)
def test_lengths_of_time_are_written_in_two_units(seconds: float, words: str) -> None:
    assert telling.span(seconds) == words


def test_conditions_are_the_same_in_lists_and_selections() -> None:
    where = ["operator=A", "operator=B", "stale=no", "q=by the river"]
    assert selecting.query_of(where) == {"operator": ["A", "B"], "stale": False, "q": "by the river"}
    assert selecting.filter_of(where) == {"operators": ["A", "B"], "stale": False, "q": "by the river"}
