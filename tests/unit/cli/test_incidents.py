"""Incidents on the command line."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tieline.cli import incident

INCIDENT = {
    "id": 7, "kind": "configuration", "severity": "major", "state": "open", "title": "APN changed at operator A: Moor",
    "sentence": "Operator A's staff (bob) set the APN to evil.apn; we want scada.dso.", "members": 1, "sites": 1,
    "opened_at": "2027-03-01T08:00:00Z", "assignee": None, "resolved_why": "",
}  # fmt: skip
MEMBER = {
    "site": "S1", "site_name": "Moor", "operator": "A", "ref": "A1", "ended_at": None,
    "fields": {"apn": {"ours": "scada.dso", "theirs": None, "at": "2027-03-01T08:00:00Z", "source": "told"}},
}  # fmt: skip
Run = Callable[..., Any]


def test_the_list_is_narrowed_by_what_was_asked(platform: Any, run: Run) -> None:
    platform.on("GET /incidents", {"items": [INCIDENT], "next": None})
    ran = run(incident.app, "list", "--severity", "major", "--operator", "A", "--q", "moor")
    assert ran.code == 0, ran.err
    assert "APN changed" in ran.out
    query = platform.asked[0].query
    assert (query["severity"], query["operator"], query["q"]) == ("major", "A", "moor")


def test_one_is_shown_with_both_values_and_its_journal(platform: Any, run: Run) -> None:
    entry = {"at": "2027-03-01T08:00:00Z", "actor": "system:incidents", "words": "Found."}
    found = {"incident": INCIDENT, "means": "The site may be out of reach.", "first": MEMBER, "journal": [entry],
             "members": {"seen": 1, "live": 1, "total": 1}, "expectation": None, "acts": ["revert"]}  # fmt: skip
    platform.on("GET /incidents/7", found)
    ran = run(incident.app, "show", "7")
    for words in ("Operator A's staff (bob)", "scada.dso", "not set", "Found.", "You may: revert"):
        assert words in ran.out, words


def test_several_are_acknowledged_and_one_that_refuses_makes_the_exit_code(platform: Any, run: Run) -> None:
    platform.on("POST /incidents/acts", {"done": [7], "refused": [[8, "It is acknowledged already."]]})
    ran = run(incident.app, "ack", "7", "8")
    assert ran.code == 1
    assert "Incident 8: It is acknowledged already." in ran.err
    assert platform.bodies("POST") == [{"ids": [7, 8], "act": "acknowledge", "text": ""}]


def test_a_revert_says_what_comes_next(platform: Any, run: Run) -> None:
    platform.on("POST /incidents/7/revert", {"change_id": 12}, status=201)
    ran = run(incident.app, "revert", "7")
    assert ran.code == 0, ran.err
    assert "tieline change show 12" in ran.err


def test_members_and_balances_are_listed(platform: Any, run: Run) -> None:
    platform.on("GET /incidents/7/members", {"items": [MEMBER], "next": None})
    assert "apn: scada.dso → not set" in run(incident.app, "members", "7").out
    balance = {"operator": "A", "at": "2027-03-01T08:00:00Z", "read": 45000, "equal": 44990, "differing": 10,
               "explained": 10, "missing": 0, "unknown": 0}  # fmt: skip
    platform.on("GET /reconciliations", {"items": [balance]})
    ran = run(incident.app, "reconciliation")
    assert "44,990" in ran.out
    assert platform.asked[-1].query["latest"] in {"true", "True"}


def test_known_work_is_recorded_listed_and_ended(platform: Any, run: Run) -> None:
    platform.on("POST /expectations", {"id": 3}, status=201)
    ran = run(incident.app, "expect", "--why", "Core moves.", "--operator", "B", "--until", "2027-03-01T04:00:00",
              "--field", "apn")  # fmt: skip
    assert ran.code == 0, ran.err
    (body,) = platform.bodies("POST")
    assert (body["operator"], body["fields"], body["site_ids"]) == ("B", ["apn"], [])
    assert datetime.fromisoformat(body["ends_at"]) == datetime(2027, 3, 1, 4).astimezone()
    one = {"id": 3, "why": "Core moves.", "operator": "B", "region": None, "site_ids": [], "subscription_ids": [],
           "fields": ["apn"], "starts_at": "2027-03-01T00:00:00Z", "ends_at": "2027-03-01T04:00:00Z",
           "made_by": "user:fred"}  # fmt: skip
    platform.on("GET /expectations", {"items": [one]})
    shown = run(incident.app, "expected", "--json")
    assert "Core moves." in shown.out
    assert "fred" in run(incident.app, "expected").out
    platform.on("POST /expectations/3/end", one)
    assert "Expectation 3 is over" in run(incident.app, "unexpect", "3").err
