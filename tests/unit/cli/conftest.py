"""A platform that answers what a test says, and the commands run against it."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import typer
from typer.testing import CliRunner

from tieline.cli import output

Answer = tuple[int, Any]


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Platform:
    """Answers by method and path; several answers of one are given one after another, the last one again and again."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def on(self, what: str, *answers: Any, status: int = 200) -> None:
        """``on("GET /users", {...})``; an answer may be a tuple of status and body."""
        self.answers[what] = [one if isinstance(one, tuple) else (status, one) for one in answers]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        left = self.answers.get(f"{asked.method} {asked.path}")
        if not left:
            return 404, {"title": "Not found", "detail": f"No {asked.method} {asked.path} in this test.", "status": 404}
        return left.pop(0) if len(left) > 1 else left[0]

    def bodies(self, method: str) -> list[Any]:
        """What was sent with a method."""
        return [one.body for one in self.asked if one.method == method]


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def _handler(platform: Platform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            where = urlsplit(self.path)
            kind = self.headers.get("Content-Type", "")
            body = json.loads(raw) if raw and "json" in kind else raw.decode("latin-1") if raw else None
            path = where.path.removeprefix("/api/v1")
            asked = Asked(self.command, path, dict(parse_qsl(where.query)), dict(self.headers), body)
            status, answer = platform.answer(asked)
            sent = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class calls them so

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
            """Quiet."""

    return Handler


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Platform]:
    platform = Platform()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(platform))
    platform.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("TIELINE_URL", platform.url)
    monkeypatch.setenv("TIELINE_TOKEN", "tl_test")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    yield platform
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run a command of an app: ``run(user.app, "add", "mara", stdin="…")``; errors end in their exit code."""
    runner = CliRunner()

    def call(app: typer.Typer | Callable[..., None], *arguments: str, stdin: str | None = None) -> Ran:
        if not isinstance(app, typer.Typer):
            command = typer.Typer()
            command.command()(app)
            app = command
        for console in (output.out, output.err):
            monkeypatch.setattr(console, "_file", None)
            monkeypatch.setattr(console, "_width", 200)
        result = runner.invoke(app, arguments, input=stdin)
        code = getattr(result.exception, "exit_code", result.exit_code)
        if (
            result.exception
            and not isinstance(result.exception, SystemExit)
            and not hasattr(result.exception, "message")
        ):
            raise result.exception
        told = getattr(result.exception, "message", "")
        return Ran(int(code), result.stdout, result.stderr + told)

    return call
