"""``tieline gateway``: its verbs ask the back office, and say in words what it refuses."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from tieline.cli import gateway, output
from tieline.cli.errors import CommandError, Exit

_ROW = {
    "id": 7,
    "at": "2026-03-01T12:00:00Z",
    "source": "utility:DSO",
    "client": None,
    "client_name": None,
    "operation": "changed",
    "dn": "SubNetwork=DSO",
    "before": None,
    "after": None,
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, str, Any]]:
    """What the back office was asked; it answers as one that serves DSO."""
    seen: list[tuple[str, str, Any]] = []
    standing = {"code": "DSO", "suspended_at": None, "suspended_reason": None, "permitted": ["read"]}
    job = {"id": "aj-1", "utility": "DSO", "name": "Move", "state": "COMPLETED", "done": 3, "total": 3}
    answers: dict[str, Any] = {
        "/jobs/aj-1": {"job": job, "outcomes": [{"target": "/X=1", "state": "FAILED", "errors": ["It is gone."]}]},
        "/jobs/aj-1/take-back": {"job": "aj-2"},
        "/utilities/DSO/suspend": standing,
        "/utilities/DSO/permitted": standing,
        "/change-log": {"items": [{**_ROW, "client": "DSO.scada", "client_name": "scada"}, _ROW]},
    }

    def answer(_office: gateway.Office, method: str, path: str, body: Any = None, **_query: Any) -> Any:
        seen.append((method, path, body))
        return answers[path]

    monkeypatch.setattr(gateway.Office, "ask", answer)
    (tmp_path / "token").write_text("secret")
    monkeypatch.setenv("TIELINE_GATEWAY_BACKOFFICE_TOKEN_FILE", str(tmp_path / "token"))
    return seen


def run(*words: str) -> str:
    result = CliRunner().invoke(gateway.app, [*words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_acts_carry_who_and_why(asked: list[tuple[str, str, Any]]) -> None:
    assert "DSO is suspended." in run("suspend", "DSO", "--reason", "Unpaid", "--by", "ada")
    assert "aj-2 takes aj-1 back." in run("take-back", "aj-1", "--reason", "Wrong APN", "--by", "ada")
    assert "DSO may call: read." in run("permit", "DSO", "read", "--by", "ada")
    assert asked == [
        ("POST", "/utilities/DSO/suspend", {"by": "ada", "reason": "Unpaid"}),
        ("POST", "/jobs/aj-1/take-back", {"by": "ada", "reason": "Wrong APN"}),
        ("PUT", "/utilities/DSO/permitted", {"by": "ada", "scopes": ["read"]}),
    ]


def test_a_plan_shows_what_failed(asked: list[tuple[str, str, Any]]) -> None:
    told = run("plan", "aj-1")
    assert "It is gone." in told
    assert asked[0][:2] == ("GET", "/jobs/aj-1")


def test_the_log_says_by_which_program_of_a_utility(
    asked: list[tuple[str, str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output.out, "_width", 200)
    told = run("log", "--client", "DSO.scada")
    assert "utility:DSO (scada)" in told
    assert told.count("scada") == 1
    assert asked[0][:2] == ("GET", "/change-log")


def test_a_refusal_is_said_in_the_back_offices_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("secret")
    office = gateway.Office("http://office.example", tmp_path / "token")
    refused = httpx.MockTransport(lambda _: httpx.Response(404, json={"detail": "No utility is called X."}))
    monkeypatch.setattr(office, "_http", httpx.Client(transport=refused, base_url="http://office.example"))
    with pytest.raises(CommandError, match="No utility is called X") as error:
        office.ask("GET", "/utilities/X/standing")
    assert error.value.exit_code is Exit.NOT_FOUND


def test_without_the_token_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        gateway.Office("http://office.example", tmp_path / "none")
