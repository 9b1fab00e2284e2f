"""Forms of people and tokens: what they ask, and what was typed as ``platform.identity`` takes it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import ImmutableMultiDict

from tieline.console.components.forms import Field, Form
from tieline.console.components.tables import Option
from tieline.platform.errors import Invalid, Problem
from tieline.platform.identity import Account, AccountDraft, TokenDraft
from tieline.platform.scope import Permission, Role, Scope
from tieline.utility.console.pages.users.views import ROLES

Typed = ImmutableMultiDict[Any, Any]
NO_ANSWERS: Typed = ImmutableMultiDict()
_LONGEST = {"name": 64, "display_name": 120, "email": 200}
_NAME = re.compile(r"[\w.@+-]{1,64}")
_NAME_RULE = "Letters, digits and . @ + - _, at most 64 of them."
_NO_SCOPE = "Nobody signs in with nothing to do: choose at least one."
USUAL_DAYS = 30


def _text(typed: Typed, name: str, default: str = "") -> str:
    value = typed.get(name, default)
    return value.strip().replace("\0", "") if isinstance(value, str) else default


def _bound(text: str) -> frozenset[str] | None:
    """Names with commas between as a bound; nothing typed means everything."""
    return frozenset(part.strip() for part in text.split(",") if part.strip()) or None


def answers_of(account: Account) -> Typed:
    """A form's answers as they stand for an account."""
    pairs = [("name", account.name), ("display_name", account.display_name), ("email", account.email)]
    pairs += [("role", role.value) for role in account.roles]
    pairs += [("regions", ", ".join(sorted(account.regions or ())))]
    pairs += [("operator", code) for code in sorted(account.operators or ())]
    return ImmutableMultiDict([*pairs, ("version", str(account.version))])


def account_draft(typed: Typed, name: str | None = None) -> AccountDraft:
    """What was typed of an account; raises ``Invalid`` for what is missing or too long. A given ``name`` stays."""
    values = {field: _text(typed, field) for field in _LONGEST}
    if name is not None:
        values["name"] = name
    problems = [Problem("name", "letters", _NAME_RULE)] if not _NAME.fullmatch(values["name"]) else []
    problems += [
        Problem(field, "too_long", f"At most {most} characters.")
        for field, most in _LONGEST.items()
        if len(values[field]) > most
    ]
    if not values["display_name"]:
        problems.append(Problem("display_name", "missing", "Say who it is."))
    roles = frozenset(Role(value) for value in typed.getlist("role") if value in set(Role))
    if not roles:
        problems.append(Problem("role", "missing", _NO_SCOPE))
    if problems:
        raise Invalid("The person cannot be kept like this.", problems)
    operators = frozenset(str(value) for value in typed.getlist("operator")) or None
    return AccountDraft(**values, roles=roles, regions=_bound(_text(typed, "regions")), operators=operators)


def account_form(
    action: str,
    typed: Typed,
    operators: Sequence[str],
    csrf: str,
    problems: Sequence[Problem] = (),
    *,
    new: bool,
    mine: bool = False,
) -> Form:
    """The form of a person. One's own rights are shown, and altered by somebody else."""
    wrong = _wrong(problems)
    chosen = set(typed.getlist("role"))
    roles = tuple(
        Option(role.value, word, chosen=role.value in chosen, hint=hint) for role, (word, hint) in ROLES.items()
    )
    codes = tuple(
        Option(code, f"Operator {code}", chosen=code in typed.getlist("operator"))
        for code in dict.fromkeys((*operators, *map(str, typed.getlist("operator"))))
    )
    yours = "Your own; somebody else has to alter them." if mine else ""
    fields = [
        Field(
            "name",
            "Name to sign in with",
            "text" if new else "readonly",
            _text(typed, "name"),
            "Small letters and digits. It stands in the audit trail and stays." if new else "",
            wrong.get("name", ""),
            maxlength=64,
        ),
        Field("display_name", "Person", value=_text(typed, "display_name"), error=wrong.get("display_name", "")),
        Field("email", "E-mail", "email", _text(typed, "email"), error=wrong.get("email", ""), required=False),
        Field("role", "Roles", "checks", hint=yours, error=wrong.get("role", wrong.get("roles", "")), options=roles),
        Field(
            "regions",
            "Regions",
            value=_text(typed, "regions"),
            hint="Names with commas between. Empty: all regions.",
            error=wrong.get("regions", ""),
            required=False,
            maxlength=1000,
        ),
        Field(
            "operator",
            "Operators",
            "checks",
            hint="None ticked: all operators.",
            error=wrong.get("operators", ""),
            options=codes,
            required=False,
        ),
    ]
    if not codes:
        fields.pop()
    return Form(action, tuple(fields), csrf, "Add the person" if new else "Save", "/users" if new else "")


def token_draft(typed: Typed, now: datetime) -> TokenDraft:
    """What was typed of a token, bound as its owner is; raises ``Invalid`` for what cannot be read."""
    name, days = _text(typed, "name"), _text(typed, "days", str(USUAL_DAYS))
    problems = []
    if not name or len(name) > _LONGEST["display_name"]:
        problems.append(Problem("name", "missing", "Say what it is for, in at most 120 characters."))
    if not (days.isascii() and days.isdigit() and 0 < int(days[:6]) <= 3650):  # noqa: PLR2004 - ten years
        problems.append(Problem("days", "range", "A whole number of days."))
    permissions = [Permission(value) for value in typed.getlist("permission") if value in set(Permission)]
    if not permissions:
        problems.append(
            Problem("permissions", "missing", "A token that may do nothing is of no use: choose something.")
        )
    if problems:
        raise Invalid("Such a token cannot be made.", problems)
    return TokenDraft(name, permissions, None, None, now + timedelta(days=int(days)))


def token_form(typed: Typed, scope: Scope, longest_days: int, csrf: str, problems: Sequence[Problem] = ()) -> Form:
    """The form of a new token: it carries a part of what its owner may."""
    wrong = _wrong(problems)
    chosen = set(typed.getlist("permission"))
    mine = tuple(
        Option(one.value, f"{one.sentence[0].upper()}{one.sentence[1:]}", chosen=one.value in chosen, hint=one.value)
        for one in Permission
        if scope.may(one)
    )
    usual = str(min(USUAL_DAYS, longest_days))
    fields = (
        Field("name", "What it is for", value=_text(typed, "name"), error=wrong.get("name", ""), maxlength=120),
        Field(
            "days",
            "Valid for",
            "number",
            _text(typed, "days", usual),
            f"At most {longest_days}. What is not used any more is better revoked at once.",
            wrong.get("days", wrong.get("expires_at", "")),
            unit="days",
        ),
        Field(
            "permission", "What it may do", "checks", "", "Never more than you may.", wrong.get("permissions", ""), mine
        ),
    )
    return Form("/account/tokens", fields, csrf, "Make the token", "/account")


def _wrong(problems: Sequence[Problem]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for one in problems:
        found[one.field] = f"{found[one.field]} {one.message}" if one.field in found else one.message
    return found
