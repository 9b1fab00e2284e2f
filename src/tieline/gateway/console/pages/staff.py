"""The operator's staff: who may sign in and do what, made and shut out by an administrator; and one's own account."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path, Query, Response

from tieline.console import administering, lists, people
from tieline.console.administering import Roles, Typed, role_names
from tieline.console.components.forms import Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPerson, StaffPage, pages
from tieline.platform.errors import Invalid, Problem
from tieline.platform.identity import Account, accounts, sign_out_everywhere, store
from tieline.platform.identity.accounts import AccountChange
from tieline.platform.scope import Permission, Role
from tieline.platform.web import CurrentCaller

router = pages()
After = Annotated[str | None, Query(max_length=200)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
HOME = Crumb("Staff", "/staff")
_CURRENT = "staff"
ROLES: Roles = {
    Role.READER: ("Reader", "Sees utilities, subscriptions, plans, notices and the change log; alters nothing."),
    Role.OPERATOR: ("Operator", "Sees everything, and changes what utilities have and may do."),
    Role.ADMINISTRATOR: ("Administrator", "Manages the staff and reads the audit trail."),
}


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
                "roles": role_names(one.roles, ROLES),
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
    return await _form(page, administering.NO_ANSWERS, ())


@router.post("/staff")
async def create(page: CurrentPerson) -> Response:
    """Make an account with a password that is shown once."""
    page.scope.require(Permission.USER_WRITE)
    typed = await page.form()
    try:
        made, password = await administering.make(page, administering.draft_of(typed, ROLES))
    except Invalid as error:
        return await _form(page, typed, error.problems)
    return await administering.show_password(page, made, password, HOME, new=True)


@router.get("/staff/{number}")
async def one(page: CurrentPerson, number: Number) -> Response:
    """One person."""
    async with page.db.snapshot() as tx:
        found = await accounts.account(tx, page.scope, number)
    return await _person(page, found, administering.answers_of(found), ())


@router.post("/staff/{number}")
async def change(page: CurrentPerson, number: Number) -> Response:
    """Write what was altered of a person."""
    typed = await page.form()
    async with page.db.snapshot() as tx:
        before = await accounts.account(tx, page.scope, number)
    try:
        draft = administering.draft_of(typed, ROLES, before.name)
        wanted = AccountChange(draft, before.active, administering.version_of(typed))
        async with page.db.transaction() as tx:
            await accounts.change(tx, page.scope, number, wanted)
    except Invalid as error:
        return await _person(page, before, typed, error.problems)
    return page.redirect(f"/staff/{number}")


@router.post("/staff/{number}/disable")
async def disable(page: CurrentPerson, number: Number) -> Response:
    """Shut a person out, at once and everywhere."""
    await administering.switch(page, number, active=False)
    return page.redirect(f"/staff/{number}")


@router.post("/staff/{number}/enable")
async def enable(page: CurrentPerson, number: Number) -> Response:
    """Let a person in again."""
    await administering.switch(page, number, active=True)
    return page.redirect(f"/staff/{number}")


@router.post("/staff/{number}/password")
async def reset(page: CurrentPerson, number: Number) -> Response:
    """Make a new password, which is shown once."""
    found, password = await administering.reset(page, number)
    return await administering.show_password(page, found, password, HOME, new=False)


async def _form(page: StaffPage, typed: Typed, problems: Sequence[Problem]) -> Response:
    wrong = {problem.field: problem.message for problem in problems}
    fields = administering.fields(typed, wrong, ROLES, new=True)
    form = Form("/staff", fields, page.csrf_token, "Add the person", "/staff")
    head = PageHead("Add a person", "A password is made, and shown to you once.", (HOME,))
    sheet = Sheet(rows=((Block("", form),),))
    status = 422 if problems else 200
    return await page.show("templates/page.html", current=_CURRENT, head=head, status=status, **sheet.context())


async def _person(page: StaffPage, found: Account, typed: Typed, problems: Sequence[Problem]) -> Response:
    mine = found.id == page.scope.user_id
    wrong = {problem.field: problem.message for problem in problems}
    fields = administering.fields(typed, wrong, ROLES, new=False, mine=mine)
    form = Form(f"/staff/{found.id}", fields, page.csrf_token, "Save")
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
    state = "May sign in." if found.active else "Disabled."
    actions = administering.actions(found, "/staff", mine=mine)
    head = PageHead(found.display_name or found.name, f"{state} {role_names(found.roles, ROLES)}.", (HOME,), actions)
    status = 422 if problems else 200
    return await page.show("templates/page.html", current=_CURRENT, head=head, status=status, **sheet.context())


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
                Block("Me", (*people.person_facts(account), ("Roles", role_names(account.roles, ROLES)))),
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
