"""Signing in, people and tokens on the command line."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tieline.cli import login, token, user

MARA = {
    "id": 2, "name": "mara", "display_name": "Mara Okafor", "email": "", "roles": ["technician"], "regions": ["Wales"],
    "operators": None, "active": True, "local": True, "created_at": "2025-11-21T08:00:00Z", "signed_in_at": None,
    "version": 3,
}  # fmt: skip
TOKEN = {
    "id": 7, "account_id": 2, "name": "nightly", "hint": "tl_abcde", "permissions": ["inventory.read"], "regions": None,
    "operators": None, "created_at": "2025-11-21T08:00:00Z", "expires_at": "2026-02-19T08:00:00Z", "used_at": None,
    "revoked_at": None,
}  # fmt: skip


def test_signing_in_keeps_a_token_that_only_its_owner_can_read(
    platform: Any, run: Callable[..., Any], tmp_path: Path
) -> None:
    platform.on("POST /session", {"csrf_token": "c", "me": {}})
    platform.on("POST /tokens", {"token": TOKEN, "secret": "tl_secret"}, status=201)
    platform.on("DELETE /session", None, status=204)
    platform.on("GET /me", {"name": "mara", "roles": ["technician"]})
    ran = run(login.login, platform.url, "--name", "mara", "--password-stdin", stdin="four words\n")
    assert ran.code == 0, ran.err
    assert platform.asked[0].body == {"name": "mara", "password": "four words"}
    assert [one.headers.get("X-CSRF-Token") for one in platform.asked[1:3]] == ["c", "c"]
    kept = tmp_path / "tieline" / "credentials.json"
    assert json.loads(kept.read_text()) == {"url": platform.url, "token": "tl_secret"}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "tl_secret" not in ran.out + ran.err


def test_a_wrong_password_keeps_nothing(platform: Any, run: Callable[..., Any], tmp_path: Path) -> None:
    platform.on("POST /session", {"title": "Sign in first", "detail": "Name or password is wrong."}, status=401)
    ran = run(login.login, platform.url, "-n", "mara", "--password-stdin", stdin="no\n")
    assert ran.code == 3
    assert "Name or password is wrong" in ran.err
    assert not (tmp_path / "tieline").exists()


def test_a_token_may_be_given_instead(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /me", {"name": "mara", "roles": ["technician"]})
    ran = run(login.login, platform.url, "--token-stdin", "--json", stdin="tl_other\n")
    assert ran.json["me"]["name"] == "mara"
    assert platform.asked[0].headers["Authorization"] == "Bearer tl_other"


@pytest.mark.parametrize("arguments", [("ftp://x",), ("http://127.0.0.1:1", "--token-stdin")])
def test_what_is_no_sign_in_is_a_wrong_command(run: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    assert run(login.login, *arguments, stdin="\n").code == 2


def test_a_platform_that_is_not_there_is_told(run: Callable[..., Any]) -> None:
    ran = run(login.login, "http://127.0.0.1:1", "--token-stdin", stdin="tl_x\n")
    assert ran.code == 6
    assert "does not answer" in ran.err


def test_without_credentials_the_way_to_them_is_told(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TIELINE_TOKEN", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert run(user.app, "list").code == 3


def test_people_are_listed_page_after_page(platform: Any, run: Callable[..., Any]) -> None:
    platform.on(
        "GET /users", {"items": [MARA], "next": "n"}, {"items": [{**MARA, "id": 3, "name": "dirk"}], "next": None}
    )
    ran = run(user.app, "list")
    assert "mara" in ran.out
    assert "dirk" in ran.out
    assert "Wales" in ran.out
    assert platform.asked[1].query["cursor"] == "n"


def test_a_person_s_name_cannot_steer_the_terminal(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /users", {"items": [{**MARA, "display_name": "[/red]\x1b[2J[bold]x"}], "next": None})
    ran = run(user.app, "list")
    assert ran.code == 0
    assert "[/red]" in ran.out
    assert "\x1b" not in ran.out


def test_adding_a_person_prints_the_password_once(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("POST /users", MARA, status=201)
    ran = run(user.app, "add", "mara", "--role", "technician", "--region", "Wales")
    sent = platform.bodies("POST")[0]
    assert sent["roles"] == ["technician"]
    assert sent["regions"] == ["Wales"]
    assert ran.out.strip().endswith(sent["password"])
    assert len(sent["password"]) >= 24


def test_a_broken_rule_is_told_with_its_field(platform: Any, run: Callable[..., Any]) -> None:
    problem = {"detail": "This password will not do.", "problems": [{"field": "password", "message": "At least 12."}]}
    platform.on("POST /users", problem, status=422)
    ran = run(user.app, "add", "mara", "--password-stdin", stdin="x\n")
    assert ran.code == 5
    assert "will not do" in ran.err


def test_a_person_is_found_by_name_and_changed_in_the_version_that_was_seen(
    platform: Any, run: Callable[..., Any]
) -> None:
    platform.on("GET /users", {"items": [MARA], "next": None})
    platform.on("PATCH /users/2", {**MARA, "regions": None})
    assert run(user.app, "change", "Mara", "--all-regions", "--role", "viewer", "--json").code == 0
    assert platform.bodies("PATCH") == [{"roles": ["viewer"], "regions": None, "version": 3}]


def test_disabling_and_letting_in(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /users/2", MARA)
    platform.on("PATCH /users/2", {**MARA, "active": False})
    assert "disabled" in run(user.app, "disable", "2").out
    assert platform.bodies("PATCH")[0]["active"] is False
    assert run(user.app, "change", "2").code == 2


def test_nobody_of_that_name(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /users", {"items": [], "next": None})
    assert run(user.app, "show", "nobody").code == 4


def test_a_password_from_standard_input_is_not_printed(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /users/2", MARA)
    platform.on("PUT /users/2/password", None, status=204)
    ran = run(user.app, "password", "2", "--password-stdin", stdin="a fine set of words\n")
    assert platform.bodies("PUT") == [{"password": "a fine set of words"}]
    assert "fine set" not in ran.out


def test_tokens_are_made_listed_and_revoked(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("POST /tokens", {"token": TOKEN, "secret": "tl_secret"}, status=201)
    platform.on("GET /tokens", {"items": [TOKEN], "next": None})
    platform.on("DELETE /tokens/7", None, status=204)
    platform.on("GET /me", {"name": "mara"})
    platform.on("POST /session", {"csrf_token": "c"})
    platform.on("DELETE /session", None, status=204)
    arguments = ("create", "nightly", "--may", "inventory.read", "--days", "7", "--password-stdin")
    made = run(token.app, *arguments, stdin="four words\n")
    assert made.out.strip().endswith("tl_secret")
    assert platform.bodies("POST") == [
        {"name": "mara", "password": "four words"},
        {"name": "nightly", "permissions": ["inventory.read"], "days": 7},
    ]
    assert "Authorization" not in platform.asked[2].headers
    assert platform.asked[3].method == "DELETE"
    assert "nightly" in run(token.app, "list", "--all").out
    assert platform.asked[-1].query["all"] == "true"
    assert run(token.app, "revoke", "7", "--json").json == {"revoked": 7}
