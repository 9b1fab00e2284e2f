"""The REST client of the commands: where the platform is, who asks, and errors as sentences."""

import os
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from tieline.cli.errors import CommandError, Exit, from_problem

_SERVER_ERROR = 500
_CONFLICT = 409
UNREPEATABLE = frozenset(
    {
        "/field/reports",
        "/secrets/forget",
        "/secrets/rewrap",
        "/secrets/rotate",
        "/session",
        "/siem/test",
        "/tokens",
        "/users",
    }
)
"""Where a POST takes no key: if the connection breaks, whoever asked has to look what became of it."""
PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each further try of a POST whose connection broke."""


class Credentials(msgspec.Struct, frozen=True):
    """Where the platform is and the token that speaks for the person."""

    url: str
    token: str


def credentials_file() -> Path:
    """Where ``tieline login`` keeps the credentials of this person."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "tieline" / "credentials.json"


def find_credentials() -> Credentials:
    """Take the environment first (``TIELINE_URL``, ``TIELINE_TOKEN``), then what ``tieline login`` kept."""
    url, token = os.environ.get("TIELINE_URL"), os.environ.get("TIELINE_TOKEN")
    if token:
        return Credentials(url or "http://127.0.0.1:8400", token)
    try:
        return msgspec.json.decode(credentials_file().read_bytes(), type=Credentials)
    except FileNotFoundError:
        raise CommandError(
            "You are not signed in.",
            advice="Run: tieline login   (with a URL where that is not http://127.0.0.1:8400; "
            "or set TIELINE_URL and TIELINE_TOKEN)",
            exit_code=Exit.NOT_ALLOWED,
        ) from None


class Client:
    """One person's connection to the platform's REST API."""

    def __init__(self, credentials: Credentials, *, timeout: float = 60) -> None:
        self._http = httpx.Client(
            base_url=credentials.url.rstrip("/") + "/api/v1",
            headers={"Authorization": f"Bearer {credentials.token}"} if credentials.token else {},
            timeout=timeout,
        )
        self._url = credentials.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """Read a resource; query values that are None are left out."""
        return self._send("GET", path, params={k: v for k, v in query.items() if v is not None})

    def post(self, path: str, body: Any = None) -> Any:
        """Send a JSON body and return the JSON answer, or None."""
        return self._send("POST", path, json=body) if body is not None else self._send("POST", path)

    def put(self, path: str, body: Any) -> Any:
        """Put a JSON body and return the JSON answer, or None."""
        return self._send("PUT", path, json=body)

    def patch(self, path: str, body: Any) -> Any:
        """Send what shall change, as JSON, and return the JSON answer."""
        return self._send("PATCH", path, json=body)

    def keep_header(self, name: str, value: str) -> None:
        """Send a header with every request from now on."""
        self._http.headers[name] = value

    def delete(self, path: str) -> None:
        """Delete a resource."""
        self._send("DELETE", path)

    def upload(self, path: str, file: Path, fields: Mapping[str, str]) -> Any:
        """Send a file with form fields."""
        with file.open("rb") as stream:
            return self._send("POST", path, data=dict(fields), files={"file": (file.name, stream)})

    def download(self, path: str) -> bytes:
        """Read a file."""
        content: bytes = self._answer("GET", path).content
        return content

    def pages(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a paged list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return

    def _send(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self._answer(method, path, **arguments)
        return msgspec.json.decode(answer.content) if answer.content else None

    def _answer(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = self._sent(method, path, **arguments)
        except httpx.TransportError as error:
            raise CommandError(
                f"The platform at {self._url} does not answer ({type(error).__name__}).",
                advice="Is it running? Start it with: tieline up",
                exit_code=Exit.UNREACHABLE,
            ) from error
        if answer.is_success:
            return answer
        raise from_problem(answer.status_code, _problem(answer))

    def _sent(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send a request. A POST has a key, and is sent again while its connection breaks: it is done once.

        Raises ``httpx.TransportError`` when nobody is there to begin with, and after the last try.
        """
        if method != "POST" or path in UNREPEATABLE:
            return self._http.request(method, path, **arguments)
        headers = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
        broke = False
        for pause in PAUSES:
            try:
                answer = self._http.request(method, path, headers=headers, **arguments)
            except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
                if isinstance(error, httpx.ConnectError) and not broke:
                    raise
                broke = True
            else:
                if not (broke and _is_under_way(answer)):
                    return answer
            time.sleep(pause)
        return self._http.request(method, path, headers=headers, **arguments)


def _is_under_way(answer: httpx.Response) -> bool:
    """Whether an earlier try of the same request is still being done."""
    return answer.status_code == _CONFLICT and _problem(answer).get("code") == "under-way"


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        body = None
    if isinstance(body, dict):
        return body
    reference = answer.headers.get("x-request-id", "")
    word = "failed" if answer.status_code >= _SERVER_ERROR else "was refused"
    return {"detail": f"The request {word} ({answer.status_code}).", "advice": reference and f"Reference: {reference}"}


def connect() -> Client:
    """A client for whoever is signed in."""
    return Client(find_credentials())
