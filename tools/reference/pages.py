"""The pages by the name of their file: each a function that makes its text from what the code declares."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from tieline.cli.kinds import parameters
from tieline.platform.errors import TielineError
from tieline.platform.metrics import HttpMetrics, SystemMetrics
from tieline.platform.scope import Permission, Role
from tieline.platform.settings import Settings
from tieline.platform.web import create_app
from tieline.utility import changes, logistics
from tieline.utility.application import registry
from tieline.utility.changes.policy import states as change_states
from tieline.utility.logistics.policy import WAYS
from tieline.utility.programmes.policy import states as programme_states

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
_MADE = "This page is made by `python -m tools.reference` from the code itself; a test compares the two.\n"
_KINDS = """\
What `tieline change new KIND` and `POST /api/v1/changes` take. *Done when*: the grade of evidence that makes an item
done (accepted < operational < seen < in service). How to use them: [recipes](../howto/README.md).
"""
_REST = """\
People and programs use the same interface: what the console does can be done here, by the same rules. The full
description (OpenAPI 3.1) is served at `/api/v1/openapi.json`; `tieline` itself is a client of it.

- `Authorization: Bearer TOKEN`, from `tieline login` or *Account and tokens*.
- Lists: `limit`, and `cursor` from the last page's `next`.
- Errors: [problem details](errors.md).
- `Idempotency-Key`, on each POST that changes something: [repeat a request safely](#repeat-a-request-safely).

## Repeat a request safely

A program whose connection broke does not know whether its request was carried out. With `Idempotency-Key: "<key>"`
(draft-ietf-httpapi-idempotency-key-header) it sends the request again, and it is done once: the repetition gets the
first answer, with `Idempotent-Replayed: true`. `tieline` does so by itself, up to five times.

- A key has 1 to 128 letters, digits or signs of `._~:/+=-`, with or without quotes. Take a new one, such as a UUID, for
  each request.
- It belongs to whoever asks (a person, or one API token) and counts for 24 hours. One may have 10,000 at a time; the
  next is answered 429.
- The same key with another method, path, query or body: 422 `key-used`. Of a form, the boundary does not count.
- While the first request is still being done: 409 `under-way`. Try again in a second.
- What was done and its answer are kept in one transaction: after a crash there are both, or neither and the key is
  free.
- A request that was refused before it changed anything leaves its key free; so does one that failed (5xx), of which
  nothing is kept. An answer of more than 1 MB is not kept: a repetition is not done either, and is answered 409.
- Some POSTs take no key and refuse one (422), because the answer shows a secret once, the request holds a password, or
  what it does is not in the database: `x-unrepeatable` in the description says which and why. Reports of crews have
  [their own numbers](field-work.md). A POST that changes nothing ignores the key.
"""
_ERRORS = """\
An error answers with `application/problem+json` (RFC 9457): `type` (`urn:tieline:problem:` and the code), `title`,
`status`, `detail` for a person, often `advice`, and the `request_id` to quote. An invalid request lists `problems`:
field, rule, message. The command line turns them into [exit codes](cli.md#what-every-command-has-in-common).
"""
_METRICS = """\
`GET /metrics`, in Prometheus' text format, of `tieline api` and of each gateway's back office; answered to this machine
only. What to watch: [monitor an installation](../howto/monitor.md).
"""
Cells = Iterable[Iterable[object]]


def _page(title: str, *parts: str) -> str:
    return "\n".join((f"# {title}\n", *parts, _MADE))


def _table(columns: Iterable[str], rows: Cells) -> str:
    names = list(columns)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _first(text: str | None) -> str:
    """The first paragraph of a docstring, as Markdown with single back ticks."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split()).replace("``", "`")


# ── roles ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def roles() -> str:
    """Who may do what."""
    people = list(Role)
    rows = [
        [f"`{one.value}`", one.sentence, *("yes" if one in role.permissions else "" for role in people)]
        for one in Permission
        if one is not Permission.SYSTEM
    ]
    return _page(
        "Roles and permissions",
        "A person has one or more roles; what they may do is the union of theirs. Regions and operators may bound it\n"
        "further. "
        "How to give them: [people and their roles](../howto/manage-people.md).\n",
        _table(["Permission", "Lets one", *(role.value for role in people)], rows),
        "Nobody approves what they made, planned or started themselves, whatever their roles.\n",
    )


# ── kinds of change ───────────────────────────────────────────────────────────────────────────────────────────────────


def kinds() -> str:
    """What can be done to subscriptions."""
    registry()
    parts = [_KINDS]
    for kind in changes.KINDS.all():
        facts = [f"{kind.sentence} Done when *{kind.grade.word}*."]
        if kind.approved_by_two:
            facts.append(f"Approved by a second person however small it is: {kind.approved_by_two}.")
        parts.append(f"## `{kind.name}`: {kind.title}\n")
        parts.append(" ".join(facts) + "\n")
        schema = msgspec.json.schema(kind.schema)
        said = _first(kind.schema.__doc__)
        rows = [[f"`{name}`", takes, default] for name, takes, default in parameters(schema)]
        if rows:
            parts += [f"{said}\n", _table(["Parameter", "Takes", "If left out"], rows)]
    return _page("Kinds of change", *parts)


# ── states ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def states() -> str:
    """Every state table."""
    return _page(
        "States",
        "What is not in these tables does not happen: the transition is refused, and says so.\n",
        "## Of a change\n",
        _moves(change_states.CHANGES),
        "## Of an item of a change\n",
        _moves(change_states.ITEMS),
        "## Of a programme\n",
        _moves(programme_states.PROGRAMMES),
        "## Of a site in a programme\n",
        _moves(programme_states.SITES),
        "## Where goods may go\n",
        _table(
            ["From", "To"],
            [[place.value, ", ".join(sorted(one.value for one in WAYS[place])) or "nowhere"] for place in WAYS],
        ),
        f"A loss may be reported from anywhere but {logistics.PlaceKind.SCRAP.value}.\n",
    )


def _moves(table: Mapping[tuple[Any, Any], Any]) -> str:
    rows = [[_word(before), _word(act), _word(after)] for (before, act), after in table.items()]
    return _table(["From", "By", "To"], rows)


def _word(value: Any) -> str:
    return str(value.value if isinstance(value, StrEnum) else value)


# ── events and jobs ───────────────────────────────────────────────────────────────────────────────────────────────────


def events() -> str:
    """What parts tell one another, and what runs by the clock."""
    known = registry()
    by_topic: dict[str, list[str]] = {}
    for handler in known.handlers:
        by_topic.setdefault(handler.topic, []).append(handler.name)
    topics = [
        [f"`{topic}`", ", ".join(f"`{name}`" for name in sorted(names))] for topic, names in sorted(by_topic.items())
    ]
    jobs = [
        [f"`{name}`", f"`{job.lane}`", f"`{job.cron}`" if job.cron else "when asked", _first(job.run.__doc__)]
        for name, job in sorted(known.jobs.items())
    ]
    services = [[f"`{one.name}`", one.process, _first(one.run.__doc__)] for one in sorted(known.services, key=_by_name)]
    return _page(
        "Events, jobs and services",
        "## Events\n",
        "Told in the transaction of what happened, delivered to each handler once in effect. Those that find no\n"
        "taker for long are *dead*: [troubleshooting](../howto/troubleshoot.md).\n",
        _table(["Topic", "Who takes it"], topics),
        "## Jobs\n",
        "Carried out by `tieline worker`, a pool of workers for each lane. Times are UTC.\n",
        _table(["Job", "Lane", "Runs", "Does"], jobs),
        "## Services\n",
        "What a process does all the time; restarted with growing pauses when it fails.\n",
        _table(["Service", "Process", "Does"], services),
    )


def _by_name(one: Any) -> str:
    return str(one.name)


# ── REST, errors, metrics ─────────────────────────────────────────────────────────────────────────────────────────────


def rest() -> str:
    """Every call of the REST interface."""
    described = create_app(Settings(), registry()).openapi()
    by_tag: dict[str, list[list[str]]] = {}
    for path, calls in described["paths"].items():
        for method, call in calls.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                tag = (call.get("tags") or ["other"])[0]
                said = _first(call.get("description") or call.get("summary"))
                by_tag.setdefault(tag, []).append([f"`{method.upper()} {path}`", said])
    parts = [_REST]
    for tag in sorted(by_tag):
        parts += [f"## {tag.capitalize()}\n", _table(["Call", "Does"], by_tag[tag])]
    return _page("REST interface", *parts)


def errors() -> str:
    """Every error that is raised on purpose."""
    rows = [
        [one.status, f"`{one.code}`", one.title, _first(one.__doc__), "`retry_after`" if _waits(one) else ""]
        for one in sorted(_tree(TielineError), key=lambda one: (one.status, one.code))
        if one.__module__ == TielineError.__module__
    ]
    return _page(
        "Errors",
        _ERRORS,
        _table(["Status", "Code", "Title", "Means", "Also has"], rows),
    )


def _tree(kind: type[TielineError]) -> Iterator[type[TielineError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _tree(below)


def _waits(kind: type[TielineError]) -> bool:
    return "retry_after" in inspect.signature(kind.__init__).parameters


def metrics() -> str:
    """What Prometheus may ask."""
    collectors = CollectorRegistry()
    HttpMetrics(collectors)
    SystemMetrics(collectors)
    rows = [
        [
            f"`{one.name}{'_total' if one.type == 'counter' else ''}`",
            one.type,
            _labels(collectors, one.name),
            one.documentation,
        ]
        for one in sorted(collectors.collect(), key=_by_name)
    ]
    return _page(
        "Metrics",
        _METRICS,
        _table(["Name", "Type", "Labels", "Is"], rows),
    )


def _labels(collectors: CollectorRegistry, name: str) -> str:
    known = {one._name: one._labelnames for one in collectors._collector_to_names}  # type: ignore[attr-defined]  # noqa: SLF001 - the library tells them nowhere else
    return ", ".join(f"`{label}`" for label in known[name])


PAGES: Mapping[str, Callable[[], str]] = {
    "roles.md": roles,
    "kinds-of-change.md": kinds,
    "states.md": states,
    "events.md": events,
    "rest.md": rest,
    "errors.md": errors,
    "metrics.md": metrics,
}
