"""The audit trail on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tieline.cli import audit

ENTRY = {
    "seq": 12, "at": "2025-11-21T08:31:04.123456Z", "actor": "user:mara", "action": "change.approved",
    "subject": "change:12", "detail": {"hash": "9f2c", "note": "[bold]x"}, "request_id": "r", "hash": "00",
}  # fmt: skip
WHOLE = {"ok": True, "entries": 1204, "hash": "ab" * 32, "witnessed": 1200, "fault": None}


def test_entries_are_listed_as_asked(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /audit", {"items": [ENTRY], "next": "n"})
    ran = run(audit.app, "list", "--actor", "user:mara", "--since", "2025-11-21T08:00:00", "--limit", "3")
    assert ran.out.count("change.approved") == 3
    assert "[bold]x" in ran.out
    query = platform.asked[0].query
    assert query["actor"] == "user:mara"
    assert query["since"].startswith("2025-11-21T08:00:00")
    assert query["since"][19:], "a moment is sent with its zone"


def test_a_whole_trail_ends_well(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /audit/verify", WHOLE)
    ran = run(audit.app, "verify")
    assert ran.code == 0
    assert "1,204 entries, signed up to 1,200" in ran.out


def test_a_trail_that_was_altered_ends_with_its_own_code(platform: Any, run: Callable[..., Any]) -> None:
    fault = {"wrong": "tampered", "seq": 77, "detail": "Entry 77 is not what was written."}
    platform.on("GET /audit/verify", {**WHOLE, "ok": False, "entries": 76, "fault": fault})
    ran = run(audit.app, "verify")
    assert ran.code == 1
    assert "Entry 77 is not what was written." in ran.out
    assert run(audit.app, "verify", "--json").json["fault"]["seq"] == 77


def test_who_may_not_read_the_trail_is_told(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /audit", {"detail": "You may not read the audit trail."}, status=403)
    assert run(audit.app, "list").code == 3


def test_a_database_that_is_not_there_is_told(run: Callable[..., Any]) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"
    ran = run(audit.app, "verify", "--offline", url)
    assert ran.code == 6


def test_signed_heads_without_their_key_are_not_judged_by_a_new_one(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "audit-witness.log").write_text("{}\n")
    url = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"
    ran = run(audit.app, "verify", "--offline", url, "--home", str(tmp_path))
    assert ran.code == 2
    assert "not the key that signed them" in " ".join(ran.err.split())
    assert not (tmp_path / "keys").exists()
