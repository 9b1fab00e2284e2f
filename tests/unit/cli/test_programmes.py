"""Programmes on the command line."""

from collections.abc import Callable
from typing import Any

from tieline.cli import programme

LIST = {"id": 3, "title": "End of [bold]3G", "state": "running", "technology": "3G", "sites": 40_000, "done": 1234,
        "started_at": "2027-01-04T00:00:00Z"}  # fmt: skip
EXPECTED = {"left": 900, "a_day": 12.5, "ends_at": "2027-09-01T00:00:00Z", "late": 77, "needed_a_day": None}
PART = {"name": "Wales", "states": {"again": 3, "done": 100}, "sites": 1000, "field_done": 100, "due_at": None,
        "forecast": EXPECTED}  # fmt: skip
CHANGE = {"change_id": 9, "part": "prepare", "state": "approved", "title": "New subscriptions"}
SITE = {"site_id": 5, "name": "Mill Lane", "external_id": "S5", "region": "Wales", "state": "on_site", "why": "",
        "due_at": "2027-05-01T00:00:00Z", "late": True, "attempts": 1, "visit_id": 8, "change_id": 9}  # fmt: skip


def test_programmes_are_listed_and_shown(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /programmes", {"items": [LIST], "next": None})
    assert "End of [bold]3G" in run(programme.app, "list").out
    detail = {**LIST, "whole": PART, "phases": [PART], "regions": [PART], "changes": [CHANGE], "acts": ["pause"]}
    platform.on("GET /programmes/3", detail)
    shown = run(programme.app, "show", "3").out
    for told in (
        "100 of 1,000 sites done",
        "At 12.5 a day",
        "77 will be late",
        "overdue",
        "approved",
        "You may: pause.",
    ):
        assert told in shown, told
    assert run(programme.app, "show", "3", "--json").json["id"] == 3


def test_one_is_opened_on_terms(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("POST /programmes", LIST, status=201)
    terms = ("--term", "dwell_hours=336", "--term", "ask_application=no", "--term", "apn=grid")
    ran = run(programme.app, "open", "End of 3G", "--notice", "4", "--region", "Wales", *terms)
    assert ran.code == 0
    assert platform.bodies("POST") == [
        {
            "title": "End of 3G",
            "technology": "3G",
            "notice_ids": [4],
            "regions": ["Wales"],
            "terms": {"dwell_hours": 336, "ask_application": False, "apn": "grid"},
        }
    ]
    assert run(programme.app, "open", "X", "--term", "nothing").code == 2


def test_visits_are_scheduled_for_crews_by_code(platform: Any, run: Callable[..., Any]) -> None:
    made = {"sites": 40, "orders": [1, 2], "change_id": 9, "first_day": "2027-01-04", "last_day": "2027-01-05",
            "km": 311.2, "km_saved": 100.0}  # fmt: skip
    platform.on("GET /field/crews", {"items": [{"id": 7, "code": "north"}]})
    platform.on("POST /programmes/3/schedule", made, status=201)
    ran = run(programme.app, "schedule", "3", "--crew", "north", "--from", "2027-01-04", "--limit", "40")
    assert "40 visits in 2 orders, 2027-01-04 to 2027-01-05, 311 km." in ran.out
    assert platform.bodies("POST")[0]["crew_ids"] == [7]
    assert run(programme.app, "schedule", "3", "--crew", "south", "--from", "2027-01-04").code == 4


def test_sites_are_listed_as_asked_and_one_is_shown_with_its_tests(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /programmes/3/sites", {"items": [SITE], "next": None})
    listed = run(programme.app, "sites", "3", "--state", "on_site", "--late", "--will-be-late")
    assert "2027-05-01, late" in listed.out
    assert platform.asked[-1].query == {"state": "on_site", "late": "true", "will_be_late": "true", "limit": "100"}
    check = {"name": "Technology", "ok": False, "wanted": "4G or 5G", "found": "3G"}
    link = {"position": 1, "operator": "A", "role": "backup", "state": "testing", "checks": [check]}
    platform.on("GET /programmes/3/sites/5", {**SITE, "links": [link]})
    platform.on("GET /sites", {"items": [{"id": 5, "external_id": "XP00001"}], "next": None})
    for which in ("5", "XP00001"):
        shown = run(programme.app, "site", "3", which).out
        assert "visit 8, cut over by change 9" in shown
        assert "4G or 5G" in shown
    nowhere = run(programme.app, "site", "3", "XP99999")
    assert (nowhere.code, "There is no site XP99999." in nowhere.err) == (4, True)


def test_acts_say_what_came_of_them(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("POST /programmes/3/act", {**LIST, "state": "paused"})
    assert "paused" in run(programme.app, "pause", "3", "--why", "A storm.").out
    assert run(programme.app, "start", "3").code == 0
    assert run(programme.app, "resume", "3").code == 0
    assert run(programme.app, "close", "3", "--why", "Enough.", stdin="n\n").code == 1
    assert run(programme.app, "close", "3", "--why", "Enough.", "--yes").code == 0
    acts = [body["act"] for body in platform.bodies("POST")]
    assert acts == ["pause", "start", "resume", "close"]
    platform.on("POST /programmes/3/leave-out", {"sites": [1, 2]})
    platform.on("POST /programmes/3/take-in", {"sites": [1]})
    platform.on("POST /programmes/3/prepare", {"change_id": 12}, status=201)
    assert "2 sites left out." in run(programme.app, "leave-out", "3", "1", "2", "--why", "Sold.").out
    assert "1 site taken in." in run(programme.app, "take-in", "3", "1").out
    assert "Change 12" in run(programme.app, "prepare", "3", "--region", "Wales").out
