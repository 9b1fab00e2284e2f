"""Throws generated requests at an application, in process, and judges each answer by the application's own OpenAPI.

The requests are schemathesis'. What is added here: identifiers are often those of things that there are, so that more
than "not found" is reached, and some requests are spoilt in one place, by values that have broken programs elsewhere.
"""

import random
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core import NotSet
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation.drivers import CoverageGenerator
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.overrides import Override
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi import checks
from structlog.testing import capture_logs

Case: TypeAlias = schemathesis.Case[Any]
BASE = "http://tieline.test"
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
MOST = 64
"""Boundary cases of one operation at most."""
FAULT = 500
NASTY: tuple[Any, ...] = (
    2**63,
    2**63 - 1,
    -(2**63) - 1,
    0,
    -1,
    1.5,
    1e308,
    True,
    None,
    "",
    " ",
    "\x00",
    "a\x00b",
    "x" * 20_000,
    "\ud800",
    "\u202e",
    "%s%(x)s'\";--",
    "2026-02-30",
    "0000-01-01",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-10-25T02:30:00",
    "NaN",
    "-0",
    "1" * 400,
    [],
    {},
    [None],
    [[[]]],
    {"": {}},
    ["x"] * 2_000,
)
"""Beyond 64 bits, U+0000, a lone surrogate, days that are none, the ends of time, the wrong type, too much of it."""
BROKEN = (b"", b"null", b"{", b"[" * 10_000, b'{"a":1,"a":2}', b"\xff\xfe", b'{"\\u0000":"\\ud800"}', b"1e999", b"NaN")
"""Bodies that are no JSON, or no JSON that a route takes."""
TYPES = ("text/plain", "application/xml", "application/json; charset=latin-1", "multipart/form-data", "nonsense")


@dataclass
class Asker:
    """Asks; ``found`` are the findings, ``seen`` how often which status was answered."""

    app: FastAPI
    client: httpx.AsyncClient
    run: Callable[[Awaitable[Any]], Any]
    ids: int = 6
    found: dict[tuple[str, str], str] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)

    def operations(self, leave: frozenset[str] = frozenset()) -> Iterator[Any]:
        """Every operation of the description but those left out, such as streams without end."""
        for result in from_dict(self.app.openapi()).get_all_operations():
            assert isinstance(result, Ok), result
            if result.ok().label not in leave:
                yield result.ok()

    def ask(self, operation: Any, *, valid: int, invalid: int, spoilt: int) -> None:
        """Send so many requests of each sort to an operation; the same ones each time."""
        luck = random.Random(operation.label)  # noqa: S311 - the same requests each time are what is wanted
        for mode, count in ((GenerationMode.POSITIVE, valid + spoilt), (GenerationMode.NEGATIVE, invalid)):
            for number, case in enumerate(_cases(operation, mode, count)):
                if luck.random() < 0.7:
                    _aim(case, luck.randint(1, self.ids))
                body = None
                if mode is GenerationMode.POSITIVE and number >= valid:
                    body = _spoil(case, luck)
                self.send(case, body)

    def ask_boundaries(self, operation: Any) -> None:
        """Send what stands at the bounds of the description, and just beyond."""
        settled = operation.schema.config.generation_for(operation=operation)
        cases = CoverageGenerator(
            operation=operation,
            generation_modes=list(GenerationMode),
            generation_config=settled,
            auth_storage=None,
            override=Override(query={}, headers={}, cookies={}, path_parameters={}, body={}),
            feedback=FeedbackSources(constants_value_source=None),
        )
        for case in cases:
            self.send(case)

    def post(self, path: str, body: Any) -> int:
        """Send one plain request; gives the status."""
        answer: httpx.Response = self.run(self.client.post(f"{BASE}{path}", json=body))
        return answer.status_code

    def send(self, case: Case, body: tuple[bytes, str] | None = None) -> None:
        """Send one request and judge its answer."""
        request = _prepared(self.client, case, body)
        if request is None:
            return
        with capture_logs() as logged:
            response = self.run(self.client.send(request))
        self.seen[response.status_code] = self.seen.get(response.status_code, 0) + 1
        if response.status_code >= FAULT:
            self._note(case, request, response, f"answered {response.status_code} {_cause(logged)}")
            return
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self._note(case, request, response, f"{failure.title}: {failure.message}"[:600])

    def _note(self, case: Case, request: httpx.Request, response: httpx.Response, what: str) -> None:
        label = case.operation.label
        told = f"{label}: {what}\n  {request.method} {request.url!s:.300}\n  {request.content[:400]!r}"
        key, answer = (label, what[:60]), f"  -> {response.status_code} {response.content[:400]!r}"
        self.found.setdefault(key, f"{told}\n{answer}")


def _cause(logged: list[Any]) -> str:
    """The error behind a fault, and where it was raised, from the log."""
    for entry in logged:
        error = entry.get("exc_info")
        if isinstance(error, BaseException):
            frames = [
                f"{frame.filename.rpartition('/src/')[2]}:{frame.lineno}"
                for frame in traceback.extract_tb(error.__traceback__)
            ]
            ours = [frame for frame in frames if frame.startswith("tieline")]
            return f"{type(error).__name__}: {error!s:.200} at {' < '.join(ours[:-5:-1])}"
    return ""


def _cases(operation: Any, mode: GenerationMode, count: int) -> list[Case]:
    """Draw some cases of an operation, the same ones each time; fewer where there are not so many to draw."""
    drawn: list[Case] = []
    if not count or (mode is GenerationMode.NEGATIVE and not _takes(operation)):
        return drawn

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def draw(case: Case) -> None:
        drawn.append(case)

    draw()
    return drawn[:count]


def _takes(operation: Any) -> bool:
    """Whether an operation takes anything that could be wrong."""
    return bool(operation.body or operation.query or operation.path_parameters)


def _aim(case: Case, number: int) -> None:
    """Let the identifiers in a path be those of things that there are."""
    for name, value in (case.path_parameters or {}).items():
        if isinstance(value, int) and not isinstance(value, bool):
            case.path_parameters[name] = number
        elif name in {"code", "operator"}:
            case.path_parameters[name] = "AB"[number % 2]


def _spoil(case: Case, luck: random.Random) -> tuple[bytes, str] | None:
    """Put something nasty in one place of a request; gives a body to send instead, where it is the body as a whole."""
    has_body = not isinstance(case.body, NotSet)
    if has_body and luck.random() < 0.2:
        return luck.choice(BROKEN), luck.choice((case.media_type or "application/json", *TYPES))
    nasty = luck.choice(NASTY)
    query = [parameter.name for parameter in case.operation.query] + ["nobody-knows-this"]
    if has_body and case.media_type == "application/json" and luck.random() < 0.7:
        case.body = _with(case.body, nasty, luck)
    elif case.path_parameters and luck.random() < 0.3:
        case.path_parameters[luck.choice(sorted(case.path_parameters))] = _text(nasty) or "0"
    else:
        case.query = {**(case.query or {}), luck.choice(query): _text(nasty)}
    return None


def _with(value: Any, nasty: Any, luck: random.Random) -> Any:
    """A copy of a JSON value with something nasty in one place of it."""
    if isinstance(value, dict) and value and luck.random() < 0.9:
        key = luck.choice(sorted(value))
        return {**value, key: _with(value[key], nasty, luck)}
    if isinstance(value, list) and value and luck.random() < 0.7:
        at = luck.randrange(len(value))
        return [*value[:at], _with(value[at], nasty, luck), *value[at + 1 :]]
    return nasty


def _text(nasty: Any) -> str:
    return str(nasty).replace("/", "").replace("\ud800", "\ufffd").strip(".")[:3_000]


def _prepared(client: httpx.AsyncClient, case: Case, body: tuple[bytes, str] | None) -> httpx.Request | None:
    """The request as it goes on the wire; None where it cannot be written there."""
    try:
        wanted = case.as_transport_kwargs(base_url=BASE)
        ready = requests.Request(**wanted).prepare()
        url = httpx.URL(str(ready.url))
    except (ValueError, httpx.InvalidURL, requests.RequestException):
        return None
    headers = {str(name).encode(): str(value).encode() for name, value in ready.headers.items()}  # not only ASCII
    content: Any = ready.body or b""
    if body is not None:
        content, kind = body
        headers[b"Content-Type"] = kind.encode()
        headers.pop(b"Content-Length", None)
    return client.build_request(str(ready.method), url, headers=headers, content=content)
