"""Whether something on this machine is ready is asked over plain HTTP, or by the certificate it must present."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tieline.platform.embedded import EmbeddedError, answers
from tieline.platform.pki import Authority, server_context


class Fine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing."""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A server that presents a certificate for another name than its address."""
    server = HTTPServer(("127.0.0.1", 0), Fine)
    credential = Authority(tmp_path).server("console", ["console.example"])
    server.socket = server_context(credential, mutual=False).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_console_with_a_certificate_is_asked_by_it(tmp_path: Path, port: int) -> None:
    url = f"https://127.0.0.1:{port}/health/live"
    assert answers(url, tmp_path / "console.pem")
    assert not answers(url, Authority(tmp_path / "other").server("console", ["console.example"]).certificate)


def test_https_without_a_certificate_to_look_for_is_refused(port: int) -> None:
    with pytest.raises(EmbeddedError, match="cannot be asked"):
        answers(f"https://127.0.0.1:{port}/")
