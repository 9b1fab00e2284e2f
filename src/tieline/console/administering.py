"""What an administrator does with people, in every console: the form of a person, and the acts behind its buttons."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from fastapi import Response
from starlette.datastructures import ImmutableMultiDict

from tieline.console.components.forms import Field, typed_text
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Option
from tieline.console.http import BasePage
from tieline.platform.errors import Invalid, Problem
from tieline.platform.identity import Account, AccountDraft, accounts, passwords
from tieline.platform.identity.accounts import AccountChange
from tieline.platform.scope import Permission, Role

Typed = ImmutableMultiDict[Any, Any]
Roles = Mapping[Role, tuple[str, str]]
"""The roles of a console: a word for each, and what it allows."""
NO_ANSWERS: Typed = ImmutableMultiDict()
_LONGEST = {"name": 64, "display_name": 120, "email": 200}
_NAME = re.compile(r"[\w.@+-]{1,64}")
_NAME_RULE = "Letters, digits and . @ + - _, at most 64 of them."
_NO_ROLE = "Nobody signs in with nothing to do: choose at least one."
_VERSION = re.compile(r"[0-9]{1,9}")


def role_names(held: Collection[Role], roles: Roles) -> str:
    """The roles that somebody has in words, the smallest first."""
    return ", ".join(word for role, (word, _) in roles.items() if role in held) or "None"


def answers_of(found: Account) -> Typed:
    """The form's answers as they stand for an account."""
    pairs = [("name", found.name), ("display_name", found.display_name), ("email", found.email)]
    return ImmutableMultiDict([*pairs, *(("role", role.value) for role in found.roles)])


def draft_of(typed: Typed, roles: Roles, name: str | None = None) -> AccountDraft:
    """What was typed of an account; raises ``Invalid`` for what is missing or too long. A given ``name`` stays."""
    values = {field: typed_text(typed, field) for field in _LONGEST}
    if name is not None:
        values["name"] = name
    chosen = frozenset(role for role in roles if role.value in typed.getlist("role"))
    problems = [
        Problem(field, "too_long", f"At most {most} characters.")
        for field, most in _LONGEST.items()
        if field != "name" and len(values[field]) > most
    ]
    if not _NAME.fullmatch(values["name"]):
        problems.append(Problem("name", "letters", _NAME_RULE))
    if not values["display_name"]:
        problems.append(Problem("display_name", "missing", "Say who it is."))
    if not chosen:
        problems.append(Problem("role", "missing", _NO_ROLE))
    if problems:
        raise Invalid("The person cannot be kept like this.", problems)
    return AccountDraft(values["name"], values["display_name"], values["email"], chosen)


def version_of(typed: Typed) -> int | None:
    """The version of the account that was looked at; None where the form tells none."""
    text = typed_text(typed, "version")
    return int(text) if _VERSION.fullmatch(text) else None


def fields(typed: Typed, wrong: Mapping[str, str], roles: Roles, *, new: bool, mine: bool = False) -> tuple[Field, ...]:
    """The questions about a person; ``wrong`` says by field what is. One's own roles are altered by somebody else."""
    chosen = set(typed.getlist("role"))
    options = tuple(
        Option(role.value, word, chosen=role.value in chosen, hint=hint) for role, (word, hint) in roles.items()
    )
    return (
        Field(
            "name",
            "Name to sign in with",
            "text" if new else "readonly",
            typed_text(typed, "name"),
            "Small letters and digits. It stands in the audit trail and stays." if new else "",
            wrong.get("name", ""),
            maxlength=_LONGEST["name"],
        ),
        Field("display_name", "Person", value=typed_text(typed, "display_name"), error=wrong.get("display_name", "")),
        Field("email", "E-mail", "email", typed_text(typed, "email"), error=wrong.get("email", ""), required=False),
        Field(
            "role",
            "Roles",
            "checks",
            hint="Your own; somebody else has to alter them." if mine else "",
            error=wrong.get("role", wrong.get("roles", "")),
            options=options,
        ),
    )


def actions(found: Account, place: str, *, mine: bool) -> tuple[Action, ...]:
    """What can be done to an account, whose page is under ``place``; nobody shuts themselves out."""
    elsewhere = "" if found.local else f"Signs in at {found.issuer}; the password is kept there."
    switched = (
        Action(
            "Disable",
            icon="ban",
            kind="danger",
            dialog="disable",
            unless="This is you; somebody else has to do it." if mine else "",
        )
        if found.active
        else Action("Let in again", f"{place}/{found.id}/enable", "check", "primary", "post")
    )
    return Action("New password", icon="key-round", dialog="reset", unless=elsewhere), switched


async def make(page: BasePage, draft: AccountDraft) -> tuple[Account, str]:
    """Make an account; gives its password, which is shown this once."""
    page.scope.require(Permission.USER_WRITE)
    password = passwords.made_up()
    stored = await passwords.hashed(password)
    async with page.db.transaction() as tx:
        return await accounts.create(tx, page.scope, draft, stored, page.now), password


async def reset(page: BasePage, number: int) -> tuple[Account, str]:
    """Make a new password for somebody; gives it, to be shown this once."""
    page.scope.require(Permission.USER_WRITE)
    password = passwords.made_up()
    stored = await passwords.hashed(password)
    async with page.db.transaction() as tx:
        found = await accounts.account(tx, page.scope, number)
        await accounts.reset_password(tx, page.scope, number, stored, page.now)
    return found, password


async def switch(page: BasePage, number: int, *, active: bool) -> None:
    """Shut a person out, at once and everywhere, or let them in again; nothing else of the account changes."""
    version = version_of(await page.form())
    async with page.db.transaction() as tx:
        found = await accounts.account(tx, page.scope, number)
        draft = AccountDraft(found.name, found.display_name, found.email, found.roles, found.regions, found.operators)
        await accounts.change(tx, page.scope, number, AccountChange(draft, active, version))


async def show_password(page: BasePage, found: Account, password: str, home: Crumb, *, new: bool) -> Response:
    """A password, shown once, with the way to the person's page, which is under ``home``."""
    title = f"{found.display_name or found.name} may sign in" if new else f"A new password for {found.name}"
    head = PageHead(title, crumbs=(home,), actions=(Action("To the person", f"{home.href}/{found.id}", "user"),))
    current = home.href.removeprefix("/")
    return await page.show("layout/once.html", current=current, head=head, name=found.name, password=password)
