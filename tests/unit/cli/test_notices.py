"""Operators' notices on the command line."""

from collections.abc import Callable
from typing import Any

from tieline.cli import notice

NOTICE = {
    "id": 7, "operator": "A", "operator_name": "Operator A", "ref": "3G", "kind": "phase-out", "technology": "3G",
    "title": "The end of [bold]3G", "status": "waitForApproval", "waits": True, "starts_at": "2027-05-01T00:00:00Z",
    "ends_at": "2028-05-01T00:00:00Z", "revision": 2,
}  # fmt: skip
PHASE = {"title": "Cities", "starts_at": "2027-05-01T00:00:00Z", "ends_at": "2027-11-01T00:00:00Z",
         "sites": 4210, "alone": 12, "critical": 3}  # fmt: skip


def test_notices_are_listed_as_asked(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /notices", {"items": [NOTICE], "next": None})
    ran = run(notice.app, "list", "--operator", "A", "--open", "--waits")
    assert "The end of [bold]3G" in ran.out
    assert "answer it" in ran.out
    assert platform.asked[0].query == {"operator": "A", "open": "true", "waits": "true", "limit": "50"}
    assert run(notice.app, "list", "--json").json[0]["id"] == 7


def test_a_notice_is_shown_with_its_phases_and_what_is_otherwise(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /notices/7", {**NOTICE, "sentence": "In 6 months …", "phases": [PHASE]})
    platform.on("GET /notices/7/differences", {"items": [{"words": "Phase “Cities” is new."}]})
    ran = run(notice.app, "show", "7", "--against", "1")
    assert "In 6 months …" in ran.out
    assert "4,210" in ran.out
    assert "- Phase “Cities” is new." in ran.out
    assert platform.asked[-1].query == {"earlier": "1", "later": "2"}


def test_an_answer_is_one_of_two(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("POST /notices/7/answer", NOTICE, status=202)
    assert run(notice.app, "answer", "7").code == 2
    assert run(notice.app, "answer", "7", "--accept", "--decline").code == 2
    ran = run(notice.app, "answer", "7", "--decline", "--words", "Too early.", "--revision", "2")
    assert ran.code == 0
    assert "is declined" in " ".join(ran.out.split())
    assert platform.bodies("POST") == [{"answer": "decline", "words": "Too early.", "revision": 2}]
