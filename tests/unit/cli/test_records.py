"""The record of a change, and last answers of applications, on the command line."""

from collections.abc import Callable
from typing import Any

from tieline.cli import change, probe

AT = "2027-03-01T08:30:00Z"
RECORD = {
    "change": {
        "id": 7, "kind": "subscription.configure", "type": "normal", "title": "New [bold]plan", "state": "completed",
        "state_why": "", "created_by": "user:mara", "created_at": AT, "planned_by": "user:mara", "planned_at": AT,
        "started_by": None, "started_at": None, "summary": None, "plan_hash": "", "reason": "Tariff ends",
    },
    "approvals": [], "counts": {"verified": 2}, "items": [], "more_items": True, "undone_by": [9],
    "audit": [{"seq": 41, "at": AT, "actor": "user:dirk", "action": "change.approved", "hash": "ab" * 32}],
}  # fmt: skip
ANSWER = {"site_name": "Mill Lane", "operator": "A", "ref": "A1", "at": AT, "sentence": "The application answered."}


def test_a_record_is_told_from_the_reason_to_the_trail(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /changes/7/record", RECORD)
    told = run(change.app, "record", "7").out
    for part in (
        "New [bold]plan",
        "Why: Tariff ends",
        "Started: not yet",
        "2 verified",
        "Taken back by change 9",
        "41",
    ):
        assert part in told, part
    assert run(change.app, "record", "7", "--json").json["audit"][0]["hash"] == "ab" * 32
    platform.on("GET /changes/7/record", {**RECORD, "audit": None})
    assert "who may read the trail" in run(change.app, "record", "7").out


def test_last_answers_are_listed(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /probes/latest", {"items": [ANSWER], "next": None})
    assert "Mill Lane" in run(probe.app, "latest", "--failed", "--older-than", "24").out
    assert platform.asked[-1].query["ok"] in {"false", "False"}
    assert platform.asked[-1].query["older_than_hours"] in {"24", "24.0"}
    platform.on("GET /probes/latest", {"items": [], "next": None})
    assert "tieline probe ask" in run(probe.app, "latest").out
