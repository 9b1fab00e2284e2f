"""The operator's staff: who may sign in and do what, made and shut out by an administrator; and one's own account."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Response
from starlette.datastructures import ImmutableMultiDict

from tieline.console import lists, people
from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Option, Row, Table
from tieline.console.components.values import Age
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPerson, StaffPage, pages
from tieline.platform.errors import Invalid, Problem
from tieline.platform.identity import Account, AccountDraft, accounts, passwords, sign_out_everywhere, store
from tieline.platform.identity.accounts import AccountChange
from tieline.platform.scope import Permission, Role
from tieline.platform.web import CurrentCaller

router = pages()
After = Annotated[str | None, Query(max_length=200)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Typed = ImmutableMultiDict[Any, Any]
HOME = Crumb("Staff", "/staff")
_CURRENT = "staff"
ROLES: Mapping[Role, tuple[str, str]] = {
    Role.READER: ("Reader", "Sees utilities, subscriptions, plans, notices and the change log; alters nothing."),
    Role.OPERATOR: ("Operator", "Sees everything, and changes what utilities have and may do."),
    Role.ADMINISTRATOR: ("Administrator", "Manages the staff and reads the audit trail."),
}
_NAME = re.compile(r"[\w.@+-]{1,64}")
_LONGEST = {"name": 64, "display_name": 120, "email": 200}


def role_names(roles: Collection[Role]) -> str:
    """The roles of a member of staff in words."""
    return ", ".join(word for role, (word, _) in ROLES.items() if role in roles) or "None"


@router.get("/staff")
async def every(page: CurrentPerson, after: After = None) -> Response:
    """Who may sign in."""
    async with page.db.snapshot() as tx:
        found = await accounts.accounts(tx, page.scope, cursor=after, limit=lists.ROWS)
    columns = (
        Column("name", "Name", fixed=True, narrow=True),
        Column("person", "Person"),
        Column("state", "Sign-in", narrow=True),
        Column("roles", "Roles", narrow=True, wrap=True),
        Column("seen", "Signed in"),
    )
    rows = [
        Row(
            str(one.id),
            {
                "name": one.name,
                "person": one.display_name,
                "state": people.ACTIVE if one.active else people.DISABLED,
                "roles": role_names(one.roles),
                "seen": Age(one.signed_in_at),
            },
            f"/staff/{one.id}",
            muted=not one.active,
        )
        for one in found.items
    ]
    paging = lists.paging(page.url, found, "person")
    table = Table("staff", "Staff who may sign in", columns, rows, paging, empty=Empty("Nobody yet"), chooser=False)
    head = PageHead(
        "Staff",
        "Who may sign in here; what each does stands in the change log or the audit trail with the name.",
        actions=(Action("Add a person", "/staff/new", "plus", "primary"),),
    )
    return await page.show("layout/list.html", current=_CURRENT, head=head, bar=None, table=table)


@router.get("/staff/new")
async def new(page: CurrentPerson) -> Response:
    """The form of a new person."""
    page.scope.require(Permission.USER_WRITE)
    return await _form(page, ImmutableMultiDict(), ())


@router.post("/staff")
async def create(page: CurrentPerson) -> Response:
    """Make an account with a password that is shown once."""
    page.scope.require(Permission.USER_WRITE)
    typed = await page.form()
    password = passwords.made_up()
    stored = await passwords.hashed(password)
    try:
        draft = _draft(typed, None)
        async with page.db.transaction() as tx:
            made = await accounts.create(tx, page.scope, draft, stored, page.now)
    except Invalid as error:
        return await _form(page, typed, error.problems)
    return await _password(page, made, password)


@router.get("/staff/{number}")
async def one(page: CurrentPerson, number: Number) -> Response:
    """One person."""
    async with page.db.snapshot() as tx:
        found = await accounts.account(tx, page.scope, number)
    return await _person(page, found, _answers(found), ())


@router.post("/staff/{number}")
async def change(page: CurrentPerson, number: Number) -> Response:
    """Write what was altered of a person."""
    typed = await page.form()
    async with page.db.snapshot() as tx:
        before = await accounts.account(tx, page.scope, number)
    try:
        version = str(typed.get("version", ""))
        known = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else None  # noqa: PLR2004
        wanted = AccountChange(_draft(typed, before.name), before.active, known)
        async with page.db.transaction() as tx:
            await accounts.change(tx, page.scope, number, wanted)
    except Invalid as error:
        return await _person(page, before, typed, error.problems)
    return page.redirect(f"/staff/{number}")


@router.post("/staff/{number}/disable")
async def disable(page: CurrentPerson, number: Number) -> Response:
    """Shut a person out, at once and everywhere."""
    return await _switch(page, number, active=False)


@router.post("/staff/{number}/enable")
async def enable(page: CurrentPerson, number: Number) -> Response:
    """Let a person in again."""
    return await _switch(page, number, active=True)


@router.post("/staff/{number}/password")
async def reset(page: CurrentPerson, number: Number) -> Response:
    """Make a new password, which is shown once."""
    page.scope.require(Permission.USER_WRITE)
    password = passwords.made_up()
    stored = await passwords.hashed(password)
    async with page.db.transaction() as tx:
        found = await accounts.account(tx, page.scope, number)
        await accounts.reset_password(tx, page.scope, number, stored, page.now)
    return await _password(page, found, password)


async def _switch(page: StaffPage, number: int, *, active: bool) -> Response:
    async with page.db.transaction() as tx:
        before = await accounts.account(tx, page.scope, number)
        await accounts.change(tx, page.scope, number, AccountChange(_draft(_answers(before), before.name), active))
    return page.redirect(f"/staff/{number}")


def _answers(found: Account) -> Typed:
    pairs = [("name", found.name), ("display_name", found.display_name), ("email", found.email)]
    return ImmutableMultiDict([*pairs, *(("role", role.value) for role in found.roles)])


def _draft(typed: Typed, name: str | None) -> AccountDraft:
    """What was typed of a person; raises ``Invalid`` for what is missing or too long. A given ``name`` stays."""
    values = {field: str(typed.get(field, "")).strip().replace("\0", "") for field in _LONGEST}
    if name is not None:
        values["name"] = name
    rules = {
        "name": (bool(_NAME.fullmatch(values["name"])), "Letters, digits and . @ + - _, at most 64 of them."),
        "display_name": (0 < len(values["display_name"]) <= _LONGEST["display_name"], "Say who it is."),
        "email": (len(values["email"]) <= _LONGEST["email"], "At most 200 characters."),
        "role": (any(one in set(ROLES) for one in typed.getlist("role")), "Choose at least one."),
    }
    problems = [Problem(field, "rule", rule) for field, (holds, rule) in rules.items() if not holds]
    if problems:
        raise Invalid("The person cannot be kept like this.", problems)
    roles = frozenset(role for role in ROLES if role.value in typed.getlist("role"))
    return AccountDraft(values["name"], values["display_name"], values["email"], roles)


def _fields(typed: Typed, problems: Sequence[Problem], *, new_one: bool, mine: bool) -> tuple[Field, ...]:
    wrong = {problem.field: problem.message for problem in problems}
    chosen = set(typed.getlist("role"))
    options = tuple(
        Option(role.value, word, chosen=role.value in chosen, hint=hint) for role, (word, hint) in ROLES.items()
    )
    kind = "text" if new_one else "readonly"
    hint = "It stands in the change log and the audit trail, and stays." if new_one else ""
    yours = "Your own; somebody else has to alter them." if mine else ""
    return (
        Field(
            "name", "Name to sign in with", kind, str(typed.get("name", "")), hint, wrong.get("name", ""), maxlength=64
        ),
        Field("display_name", "Person", value=str(typed.get("display_name", "")), error=wrong.get("display_name", "")),
        Field("email", "E-mail", "email", str(typed.get("email", "")), error=wrong.get("email", ""), required=False),
        Field("role", "Roles", "checks", hint=yours, error=wrong.get("role", ""), options=options),
    )


async def _form(page: StaffPage, typed: Typed, problems: Sequence[Problem]) -> Response:
    fields = _fields(typed, problems, new_one=True, mine=False)
    form = Form("/staff", fields, page.csrf_token, "Add the person", "/staff")
    head = PageHead("Add a person", "A password is made, and shown to you once.", (HOME,))
    sheet = Sheet(rows=((Block("", form),),))
    status = 422 if problems else 200
    return await page.show("templates/page.html", current=_CURRENT, head=head, status=status, **sheet.context())


async def _person(page: StaffPage, found: Account, typed: Typed, problems: Sequence[Problem]) -> Response:
    mine = found.id == page.scope.user_id
    form = Form(f"/staff/{found.id}", _fields(typed, problems, new_one=False, mine=mine), page.csrf_token, "Save")
    may = tuple((word, hint) for role, (word, hint) in ROLES.items() if role in found.roles)
    sheet = Sheet(
        rows=(
            (
                Block("Who, and what the person may do", form, hidden={"version": str(found.version)}),
                Block("The account", people.person_facts(found), f"/log?by={found.name}", "What this person changed"),
            ),
            (Block("What the roles allow", may or "Nothing."),),
        ),
        dialogs=(
            people.disable_dialog(found, page.csrf_token, "/staff"),
            people.reset_dialog(found, page.csrf_token, "/staff"),
        ),
    )
    unless = "This is you; somebody else has to do it." if mine else ""
    switch = (
        Action("Disable", icon="ban", kind="danger", dialog="disable", unless=unless)
        if found.active
        else Action("Let in again", f"/staff/{found.id}/enable", "check", "primary", "post")
    )
    state = "May sign in." if found.active else "Disabled."
    actions = (Action("New password", icon="key-round", dialog="reset"), switch)
    head = PageHead(found.display_name or found.name, f"{state} {role_names(found.roles)}.", (HOME,), actions)
    status = 422 if problems else 200
    return await page.show("templates/page.html", current=_CURRENT, head=head, status=status, **sheet.context())


async def _password(page: StaffPage, found: Account, password: str) -> Response:
    head = PageHead(
        f"{found.display_name or found.name} may sign in",
        crumbs=(HOME,),
        actions=(Action("To the person", f"/staff/{found.id}", "user"),),
    )
    return await page.show("layout/once.html", current=_CURRENT, head=head, name=found.name, password=password)


@router.get("/account")
async def mine(page: CurrentPerson, caller: CurrentCaller) -> Response:
    """Who I am here, and where I am signed in."""
    account = caller.account
    async with page.db.snapshot() as tx:
        sessions = await store.sessions(tx, account.id)
    here = caller.session.id if caller.session else None
    sheet = Sheet(
        rows=(
            (
                Block("Me", (*people.person_facts(account), ("Roles", role_names(account.roles)))),
                Block("What I may do", "\n".join(_may(page))),
            ),
            (Block("Where I am signed in", people.sessions(sessions, here)),),
        )
    )
    head = PageHead(
        "My account",
        f"Signed in as {account.name}.",
        actions=(
            Action("Change password", "/account/password", "lock"),
            Action("Sign out everywhere", "/account/sessions/end", "log-out", "danger", "post"),
        ),
    )
    return await page.show("templates/page.html", current="", head=head, **sheet.context())


def _may(page: StaffPage) -> tuple[str, ...]:
    """What of a gateway's permissions I have: an administrator's others mean nothing here."""
    here = {Permission.STAFF_READ, Permission.STAFF_OPERATE, Permission.USER_WRITE, Permission.AUDIT_READ}
    return people.permission_words(page.scope.permissions & here) or ("Nothing.",)


@router.get("/account/password")
async def password_page(page: CurrentPerson) -> Response:
    """The form for a new password of one's own."""
    return await _password_form(page, ())


@router.post("/account/password")
async def change_password(page: CurrentPerson, caller: CurrentCaller) -> Response:
    """Change one's own password; every other session ends."""
    try:
        await people.change_password(page, caller, await page.form())
    except Invalid as error:
        return await _password_form(page, error.problems)
    return page.redirect("/account")


async def _password_form(page: StaffPage, problems: Sequence[Problem]) -> Response:
    head = PageHead(
        "Change my password",
        "Every other browser that you are signed in with is signed out.",
        (Crumb("My account", "/account"),),
    )
    sheet = Sheet(rows=((Block("", people.password_form(page.csrf_token, problems)),),))
    status = 422 if problems else 200
    return await page.show("templates/page.html", current="", head=head, status=status, **sheet.context())


@router.post("/account/sessions/end")
async def end_sessions(page: CurrentPerson, caller: CurrentCaller) -> Response:
    """Sign out everywhere, here too."""
    async with page.db.transaction() as tx:
        await sign_out_everywhere(tx, caller)
    return page.redirect("/sign-in?out=1")
