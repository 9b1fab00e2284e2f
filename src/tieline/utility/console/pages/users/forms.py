"""Forms of people and tokens: what they ask, and what was typed as ``platform.identity`` takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from starlette.datastructures import ImmutableMultiDict

from tieline.console import administering
from tieline.console.administering import Typed
from tieline.console.components.forms import Field, Form, typed_text
from tieline.console.components.tables import Option
from tieline.platform.errors import Invalid, Problem
from tieline.platform.identity import Account, AccountDraft, TokenDraft
from tieline.platform.scope import Permission, Scope
from tieline.utility.console.pages.users.views import ROLES

USUAL_DAYS = 30
_LONGEST_PURPOSE = 120


def _bound(text: str) -> frozenset[str] | None:
    """Names with commas between as a bound; nothing typed means everything."""
    return frozenset(part.strip() for part in text.split(",") if part.strip()) or None


def answers_of(account: Account) -> Typed:
    """A form's answers as they stand for an account."""
    pairs = administering.answers_of(account).multi_items()
    pairs += [("regions", ", ".join(sorted(account.regions or ())))]
    pairs += [("operator", code) for code in sorted(account.operators or ())]
    return ImmutableMultiDict([*pairs, ("version", str(account.version))])


def account_draft(typed: Typed, name: str | None = None) -> AccountDraft:
    """What was typed of an account; raises ``Invalid`` for what is missing or too long. A given ``name`` stays."""
    draft = administering.draft_of(typed, ROLES, name)
    operators = frozenset(str(value) for value in typed.getlist("operator")) or None
    return replace(draft, regions=_bound(typed_text(typed, "regions")), operators=operators)


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
    codes = tuple(
        Option(code, f"Operator {code}", chosen=code in typed.getlist("operator"))
        for code in dict.fromkeys((*operators, *map(str, typed.getlist("operator"))))
    )
    fields = [
        *administering.fields(typed, wrong, ROLES, new=new, mine=mine),
        Field(
            "regions",
            "Regions",
            value=typed_text(typed, "regions"),
            hint="Names with commas between. Empty: all regions.",
            error=wrong.get("regions", ""),
            required=False,
            maxlength=1000,
        ),
    ]
    if codes:
        fields.append(
            Field(
                "operator",
                "Operators",
                "checks",
                hint="None ticked: all operators.",
                error=wrong.get("operators", ""),
                options=codes,
                required=False,
            )
        )
    return Form(action, tuple(fields), csrf, "Add the person" if new else "Save", "/users" if new else "")


def token_draft(typed: Typed, now: datetime) -> TokenDraft:
    """What was typed of a token, bound as its owner is; raises ``Invalid`` for what cannot be read."""
    name, days = typed_text(typed, "name"), typed_text(typed, "days", str(USUAL_DAYS))
    problems = []
    if not name or len(name) > _LONGEST_PURPOSE:
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
        Field(
            "name",
            "What it is for",
            value=typed_text(typed, "name"),
            error=wrong.get("name", ""),
            maxlength=_LONGEST_PURPOSE,
        ),
        Field(
            "days",
            "Valid for",
            "number",
            typed_text(typed, "days", usual),
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
