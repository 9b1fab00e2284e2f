"""What ``tieline up`` declares, and the secrets it keeps."""

import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tieline.cli import up
from tieline.cli.errors import CommandError, Exit, explain, from_problem
from tieline.cli.stack import Layout, default_layout, free_layout, kept_secret, taken_ports
from tieline.platform.settings import Settings


def test_a_kept_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "gateway-a" / "token"
    first = kept_secret(path)
    assert len(first) >= 24
    assert kept_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_story_runs_beside_a_running_platform(tmp_path: Path) -> None:
    free = free_layout(tmp_path)
    ports = [free.api, free.operators_in, *(port for one in free.gateways for port in (one.standard, one.backoffice))]
    assert len(set(ports)) == 6
    documented = default_layout(Settings(home=tmp_path), demo=True)
    assert documented.url == "http://127.0.0.1:8400"
    assert documented.standard_url("B") == "https://localhost:8420"
    assert default_layout(Settings(home=tmp_path), demo=False).gateways == ()


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "https://127.0.0.1:8400"), ("::", "https://[::1]:8400"), ("10.1.2.3", "https://10.1.2.3:8400")],  # noqa: S104
)
def test_the_console_is_asked_where_it_listens_and_by_its_certificate(tmp_path: Path, host: str, url: str) -> None:
    settings = Settings(home=tmp_path, host=host, tls_certificate=tmp_path / "c.pem", tls_key=tmp_path / "k.pem")
    assert default_layout(settings, demo=False).url == url


def test_a_demonstration_with_tls_says_what_to_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "TLS_CERTIFICATE", "TLS_KEY"):
        monkeypatch.setenv(f"TIELINE_{name}", str(tmp_path / name))
    with pytest.raises(CommandError, match="TIELINE_TLS_CERTIFICATE"):
        up.up(demo=True)


def test_ports_that_somebody_else_listens_on_are_named_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        layout = replace(free_layout(tmp_path), api=port)
        assert taken_ports(layout) == [(port, "the console and REST API")]
        for name, value in (("HOME", str(tmp_path)), ("PORT", str(port)), ("OPERATOR_PORT", str(layout.operators_in))):
            monkeypatch.setenv(f"TIELINE_{name}", value)
        with pytest.raises(CommandError, match=f"In use already: port {port} ") as told:
            up.up(demo=False)
    assert "TIELINE_PORT" in told.value.advice
    assert list(tmp_path.iterdir()) == []
    assert taken_ports(layout) == []


def test_the_platform_listens_where_its_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Told:
        def run(self, _ready: object) -> int:
            return 0

    seen: list[Layout] = []

    def noted(layout: Layout, **_options: object) -> Told:
        seen.append(layout)
        return Told()

    for name, value in (("HOME", str(tmp_path)), ("PORT", "9400"), ("OPERATOR_PORT", "9401")):
        monkeypatch.setenv(f"TIELINE_{name}", value)
    monkeypatch.setattr(up, "build", noted)
    with pytest.raises(SystemExit):
        up.up()
    assert [(one.url, one.operators_in) for one in seen] == [("http://127.0.0.1:9400", 9401)]


def test_a_problem_becomes_a_sentence_its_rules_and_an_exit_code() -> None:
    error = from_problem(
        403,
        {"detail": "You may not approve changes.", "advice": "Ask an administrator.", "problems": [{"field": "x"}]},
    )
    assert error.exit_code is Exit.NOT_ALLOWED
    assert explain(error).plain == "✗ You may not approve changes.\n    x: \n  Ask an administrator."
    assert from_problem(409, {}).exit_code is Exit.REFUSED
    assert from_problem(404, {}).exit_code is Exit.NOT_FOUND
