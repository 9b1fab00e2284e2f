"""Routes of people and of everybody's tokens; one's own account has a module beside this one."""

from dataclasses import replace
from typing import Annotated

from fastapi import Query, Response

from tieline.console import administering
from tieline.console import people as people_parts
from tieline.console.components.frame import Crumb, PageHead
from tieline.console.render import with_query
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, Problem
from tieline.platform.identity import Account, accounts, tokens
from tieline.platform.identity.accounts import AccountChange
from tieline.platform.scope import Permission
from tieline.utility import inventory
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.users import account, forms, views

_TEMPLATES = "pages/users/templates"
_ROWS = 100
_HOME = Crumb("Users and tokens", "/users")
Cursor = Annotated[str | None, Query(max_length=200)]

router = pages()


@router.get("/users")
async def people(page: CurrentPage, after: Cursor = None) -> Response:
    """Who may sign in."""
    async with page.db.snapshot() as tx:
        found = await accounts.accounts(tx, page.scope, cursor=after, limit=_ROWS)
    following = with_query(page.url, after=found.next) if found.next else ""
    table = views.people(found, "/users" if after else "", following)
    return await page.show(f"{_TEMPLATES}/people.html", current="users", head=views.list_head(), table=table)


@router.get("/users/new")
async def new(page: CurrentPage) -> Response:
    """The form of a new person."""
    page.scope.require(Permission.USER_WRITE)
    return await _form(page, administering.NO_ANSWERS, ())


@router.post("/users")
async def create(page: CurrentPage) -> Response:
    """Make an account with a password that is shown once."""
    page.scope.require(Permission.USER_WRITE)
    typed = await page.form()
    try:
        made, password = await administering.make(page, forms.account_draft(typed))
    except Invalid as error:
        return await _form(page, typed, error.problems)
    return await administering.show_password(page, made, password, _HOME, new=True)


@router.get("/users/tokens")
async def everybodys_tokens(page: CurrentPage, after: Cursor = None) -> Response:
    """Tokens of everybody."""
    async with page.db.snapshot() as tx:
        found = await tokens.tokens(tx, page.scope, everybodys=True, cursor=after, limit=_ROWS)
        owners = await _owners(tx, page)
    older = with_query(page.url, after=found.next) if found.next else ""
    table = views.tokens(found.items, page.now, "/users/tokens", owners=owners, older=older)
    head = replace(views.list_head(), tabs=views.tabs("tokens"), actions=())
    return await page.show(f"{_TEMPLATES}/people.html", current="users", head=head, table=table)


@router.get("/users/tokens/{token_id}")
async def somebodys_token(page: CurrentPage, token_id: int) -> Response:
    """One token of anybody."""
    async with page.db.snapshot() as tx:
        found = await account.find_token(tx, page, token_id, everybodys=True)
        owners = await _owners(tx, page)
    owner = owners.get(found.account_id, f"account {found.account_id}")
    return await account.show_token(page, found, owner, "/users/tokens", current="users")


@router.post("/users/tokens/{token_id}/revoke")
async def revoke(page: CurrentPage, token_id: int) -> Response:
    """End anybody's token."""
    page.scope.require(Permission.USER_WRITE)
    async with page.db.transaction() as tx:
        await tokens.revoke(tx, page.scope, token_id, page.now)
    return page.redirect("/users/tokens")


@router.get("/users/{account_id}")
async def person(page: CurrentPage, account_id: int) -> Response:
    """One person: what is known, and what the person may do."""
    async with page.db.snapshot() as tx:
        found = await accounts.account(tx, page.scope, account_id)
    return await _person(page, found, forms.answers_of(found), ())


@router.post("/users/{account_id}")
async def change(page: CurrentPage, account_id: int) -> Response:
    """Write what was altered of a person."""
    typed = await page.form()
    async with page.db.snapshot() as tx:
        before = await accounts.account(tx, page.scope, account_id)
    try:
        wanted = AccountChange(forms.account_draft(typed, before.name), before.active, administering.version_of(typed))
        async with page.db.transaction() as tx:
            await accounts.change(tx, page.scope, account_id, wanted)
    except Invalid as error:
        return await _person(page, before, typed, error.problems)
    return page.redirect(f"/users/{account_id}")


@router.post("/users/{account_id}/disable")
async def disable(page: CurrentPage, account_id: int) -> Response:
    """Shut a person out, at once and everywhere."""
    await administering.switch(page, account_id, active=False)
    return page.redirect(f"/users/{account_id}")


@router.post("/users/{account_id}/enable")
async def enable(page: CurrentPage, account_id: int) -> Response:
    """Let a person in again."""
    await administering.switch(page, account_id, active=True)
    return page.redirect(f"/users/{account_id}")


@router.post("/users/{account_id}/password")
async def reset(page: CurrentPage, account_id: int) -> Response:
    """Make a new password, which is shown once."""
    found, password = await administering.reset(page, account_id)
    return await administering.show_password(page, found, password, _HOME, new=False)


async def _owners(tx: Tx, page: Page) -> dict[int, str]:
    found = await accounts.accounts(tx, page.scope, cursor=None, limit=1000)
    return {one.id: one.name for one in found.items}


async def _operators(page: Page) -> list[str]:
    async with page.db.snapshot() as tx:
        return [one.code for one in await inventory.operators(tx, page.scope)]


async def _form(page: Page, typed: administering.Typed, problems: tuple[Problem, ...]) -> Response:
    form = forms.account_form("/users", typed, await _operators(page), page.csrf_token, problems, new=True)
    head = PageHead("Add a person", "A password is made, and shown to you once.", (_HOME,))
    status = 422 if problems else 200
    return await page.show(f"{_TEMPLATES}/new.html", current="users", head=head, form=form, status=status)


async def _person(page: Page, found: Account, typed: administering.Typed, problems: tuple[Problem, ...]) -> Response:
    me = found.id == page.scope.user_id
    form = forms.account_form(
        f"/users/{found.id}", typed, await _operators(page), page.csrf_token, problems, new=False, mine=me
    )
    return await page.show(
        f"{_TEMPLATES}/person.html",
        current="users",
        head=views.person_head(found, me=me),
        status=422 if problems else 200,
        form=form,
        version=found.version,
        facts=people_parts.person_facts(found),
        may=people_parts.permission_words(found.permissions),
        dialogs=[
            people_parts.disable_dialog(found, page.csrf_token),
            people_parts.reset_dialog(found, page.csrf_token),
        ],
        audit_href=f"/audit?subject=user%3A{found.name}" if page.scope.may(Permission.AUDIT_READ) else "",
    )


router.include_router(account.router)
