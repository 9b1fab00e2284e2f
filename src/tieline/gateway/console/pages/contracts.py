"""The form of a utility's terms: what it asks, and what was typed as ``backoffice.terms`` takes it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import ImmutableMultiDict

from tieline.console.components.forms import Field, Form, typed_text
from tieline.console.components.tables import Option
from tieline.gateway.backoffice.terms import Terms
from tieline.gateway.console import words
from tieline.gateway.model import EVERY_SCOPE, TokenScope
from tieline.gateway.settings import GatewaySettings
from tieline.platform.errors import Invalid, Problem

Typed = ImmutableMultiDict[Any, Any]
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HOST = re.compile(r"[A-Za-z0-9.\[\]:-]{1,255}")
_MOST_HOSTS, _LONGEST_NAME, _MOST_CALLS, _MOST_CHANGES = 16, 200, 100_000, 50_000


def usual(settings: GatewaySettings) -> Typed:
    """What the form holds before anything is typed."""
    pairs = [("calls", f"{settings.calls_per_second:g}"), ("changes", str(settings.max_changes_per_plan))]
    return ImmutableMultiDict([*pairs, *(("scope", scope.value) for scope in TokenScope)])


def answers_of(terms: Terms) -> Typed:
    """The form's answers as they stand for a utility."""
    pairs = [
        ("name", terms.name),
        ("hosts", "\n".join(terms.hosts)),
        ("calls", f"{terms.calls_per_second:g}"),
        ("changes", str(terms.max_changes)),
        ("token", "1" if terms.token_required else ""),
    ]
    return ImmutableMultiDict([*pairs, *(("scope", scope.value) for scope in terms.permitted)])


def code_of(typed: Mapping[str, Any]) -> str:
    """The code of a new utility; raises ``Invalid`` for what is none."""
    code = typed_text(typed, "code")
    if not _CODE.fullmatch(code):
        problem = Problem("code", "letters", "Letters, digits, dash and underscore, at most 64 of them.")
        raise Invalid("The utility cannot be named so.", [problem])
    return code


def terms_of(typed: Any) -> Terms:
    """Terms as they were typed; raises ``Invalid`` with every rule that is broken."""
    name, hosts = typed_text(typed, "name"), tuple(typed_text(typed, "hosts").replace(",", " ").split())
    calls, changes = _number(typed_text(typed, "calls")), _number(typed_text(typed, "changes"))
    permitted = frozenset(TokenScope(value) for value in typed.getlist("scope") if value in set(TokenScope))
    rules = {
        "name": (0 < len(name) <= _LONGEST_NAME and name.isprintable(), "Say who it is, in at most 200 characters."),
        "hosts": (
            len(hosts) <= _MOST_HOSTS and all(map(_HOST.fullmatch, hosts)),
            "At most 16 hosts, each as host or host:port.",
        ),
        "calls": (0 < calls <= _MOST_CALLS, "A number above 0, at most 100,000."),
        "changes": (1 <= changes <= _MOST_CHANGES and changes == int(changes), "A whole number from 1 to 50,000."),
        "scope": (bool(permitted), "A utility that may call nothing is better suspended."),
    }
    problems = [Problem(field, "rule", rule) for field, (holds, rule) in rules.items() if not holds]
    if problems:
        raise Invalid("The terms cannot be kept like this.", problems)
    return Terms(name, hosts, calls, int(changes), typed_text(typed, "token") == "1", permitted or EVERY_SCOPE)


def form(typed: Any, csrf: str, problems: Sequence[Problem], *, code: str | None) -> Form:
    """The form; that of a new utility asks for its code and its first certificate, too."""
    wrong = {problem.field: problem.message for problem in problems}
    chosen = set(typed.getlist("scope"))
    fields = (
        *(_of_a_new_one(typed, wrong) if code is None else ()),
        Field("name", "Name", value=typed_text(typed, "name"), error=wrong.get("name", "")),
        Field(
            "scope",
            "Kinds of call it may make",
            "checks",
            error=wrong.get("scope", ""),
            options=tuple(
                Option(scope.value, word, chosen=scope.value in chosen, hint=hint)
                for scope, (word, hint) in words.SCOPES.items()
            ),
        ),
        Field("calls", "Calls it may make", "number", typed_text(typed, "calls"), error=wrong.get("calls", ""),
              unit="a second", attributes={"min": "0", "step": "any"}),
        Field("changes", "Changes it may make", "number", typed_text(typed, "changes"),
              error=wrong.get("changes", ""), unit="a plan", attributes={"min": "1", "step": "1"}),
        Field("hosts", "Hosts it may be told at", "textarea", typed_text(typed, "hosts"),
              "host or host:port, one a line. Notifications go nowhere else.", wrong.get("hosts", ""),
              required=False, maxlength=4000),
        Field("token", "Its certificates count only with an access token", "check",
              typed_text(typed, "token"), required=False),
    )  # fmt: skip
    action = "/utilities" if code is None else f"/utilities/{code}/edit"
    submit = "Take it on" if code is None else "Save the terms"
    return Form(action, fields, csrf, submit, "/utilities" if code is None else f"/utilities/{code}")


def _of_a_new_one(typed: Any, wrong: Mapping[str, str]) -> tuple[Field, ...]:
    return (
        Field(
            "code",
            "Code",
            value=typed_text(typed, "code"),
            hint="Short, and never changed: every name of what the utility has begins with it.",
            error=wrong.get("code", ""),
            maxlength=64,
        ),
        Field(
            "certificate",
            "Its first certificate",
            "textarea",
            typed_text(typed, "certificate"),
            "Paste it (-----BEGIN CERTIFICATE-----), or its SHA-256. Never the private key.",
            wrong.get("certificate", ""),
            maxlength=20_000,
        ),
    )


def _number(text: str) -> float:
    """A number as it was typed; -1 for what is none."""
    try:
        return float(text[:20]) if text[:20].replace(".", "", 1).isdigit() else -1.0
    except ValueError:
        return -1.0
