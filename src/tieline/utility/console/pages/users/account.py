"""Routes of one's own account: password, sessions, tokens."""

from typing import Any

from fastapi import Response

from tieline.console import people as people_parts
from tieline.console.administering import NO_ANSWERS, Typed
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, NotFound, Problem
from tieline.platform.identity import Token, sign_out_everywhere, store, tokens
from tieline.platform.paging import encode_cursor
from tieline.platform.web import CurrentCaller
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.users import forms, views

_TEMPLATES = "pages/users/templates"
_HOME = Crumb("My account", "/account")
_MOST = 200

router = pages()


@router.get("/account")
async def mine(page: CurrentPage, caller: CurrentCaller) -> Response:
    """Who I am here, where I am signed in, and my tokens."""
    async with page.db.snapshot() as tx:
        sessions = await store.sessions(tx, caller.account.id)
        found = await tokens.tokens(tx, page.scope, everybodys=False, cursor=None, limit=_MOST)
    account = caller.account
    head = PageHead(
        "My account",
        f"Signed in as {account.name}: {views.role_names(account.roles).lower()}.",
        actions=(
            Action("New token", "/account/tokens/new", "key-round", "primary"),
            Action(
                "Change password",
                "/account/password",
                "lock",
                unless="" if account.local else f"You sign in at {account.issuer}; the password is kept there.",
            ),
            Action("Sign out everywhere", "/account/sessions/end", "log-out", "danger", "post"),
        ),
    )
    return await page.show(
        f"{_TEMPLATES}/account.html",
        current="",
        head=head,
        facts=(
            *people_parts.person_facts(account),
            ("Regions", views.bound(account.regions, "All")),
            ("Operators", views.bound(account.operators, "All")),
        ),
        may=people_parts.permission_words(page.scope.permissions),
        sessions=people_parts.sessions(sessions, caller.session.id if caller.session else None),
        tokens=views.tokens(found.items, page.now, "/account/tokens"),
    )


@router.get("/account/password")
async def password_page(page: CurrentPage) -> Response:
    """The form for a new password of one's own."""
    return await _password_form(page, ())


@router.post("/account/password")
async def change_password(page: CurrentPage, caller: CurrentCaller) -> Response:
    """Change one's own password; every other session ends."""
    try:
        await people_parts.change_password(page, caller, await page.form())
    except Invalid as error:
        return await _password_form(page, error.problems)
    return page.redirect("/account")


@router.post("/account/sessions/end")
async def end_sessions(page: CurrentPage, caller: CurrentCaller) -> Response:
    """Sign out everywhere, here too."""
    async with page.db.transaction() as tx:
        await sign_out_everywhere(tx, caller)
    return page.redirect("/sign-in?out=1")


@router.get("/account/tokens/new")
async def new_token(page: CurrentPage) -> Response:
    """The form of a new token."""
    return await _token_form(page, NO_ANSWERS, ())


@router.post("/account/tokens")
async def make_token(page: CurrentPage, caller: CurrentCaller) -> Response:
    """Make a token; its secret is shown this once."""
    typed = await page.form()
    try:
        draft = forms.token_draft(typed, page.now)
        async with page.db.transaction() as tx:
            longest = page.runtime.settings.token_days
            token, secret = await tokens.create(tx, caller, draft, page.now, longest)
    except Invalid as error:
        return await _token_form(page, typed, error.problems)
    head = PageHead(f"Token “{token.name}”", "This is the only time that it is shown.", (_HOME,))
    return await page.show(
        f"{_TEMPLATES}/token_made.html",
        current="",
        head=head,
        secret=secret,
        facts=views.token_facts(token, page.now, "you"),
        may=people_parts.permission_words(token.permissions),
        url=page.runtime.settings.base_url,
    )


@router.get("/account/tokens/{token_id}")
async def my_token(page: CurrentPage, token_id: int) -> Response:
    """One of my tokens."""
    async with page.db.snapshot() as tx:
        found = await find_token(tx, page, token_id, everybodys=False)
    return await show_token(page, found, "you", "/account/tokens", current="")


@router.post("/account/tokens/{token_id}/revoke")
async def revoke_mine(page: CurrentPage, token_id: int) -> Response:
    """End one of my tokens."""
    async with page.db.transaction() as tx:
        await find_token(tx, page, token_id, everybodys=False)
        await tokens.revoke(tx, page.scope, token_id, page.now)
    return page.redirect("/account")


async def find_token(tx: Tx, page: Page, token_id: int, *, everybodys: bool) -> Token:
    """A token by its number: of anybody, or of the person herself."""
    cursor = encode_cursor(token_id + 1)
    found = await tokens.tokens(tx, page.scope, everybodys=everybodys, cursor=cursor, limit=1)
    token = next(iter(found.items), None)
    if token is None or token.id != token_id:
        raise NotFound(f"There is no token {token_id}.")
    return token


async def show_token(page: Page, token: Token, owner: str, place: str, *, current: str) -> Response:
    """A token beside the list or as a page, with the way to end it."""
    living = views.token_state(token, page.now) is views.LIVING
    context: dict[str, Any] = {
        "facts": views.token_facts(token, page.now, owner),
        "may": people_parts.permission_words(token.permissions),
        "revoke_href": f"{place}/{token.id}/revoke" if living else "",
    }
    state = "It works until it expires or is revoked." if living else "It opens nothing any more."
    if page.is_sheet:
        return page.sheet(f"{_TEMPLATES}/token_sheet.html", title=f"Token “{token.name}”", state=state, **context)
    head = PageHead(f"Token “{token.name}”", state, (Crumb("Tokens", place if current else "/account"),))
    return await page.show(f"{_TEMPLATES}/token.html", current=current, head=head, **context)


async def _token_form(page: Page, typed: Typed, problems: tuple[Problem, ...]) -> Response:
    longest = page.runtime.settings.token_days
    form = forms.token_form(typed, page.scope, longest, page.csrf_token, problems)
    head = PageHead("New token", "Lets a program act for you, within what you may do and what you tick here.", (_HOME,))
    status = 422 if problems else 200
    return await page.show(f"{_TEMPLATES}/new.html", current="", head=head, form=form, status=status)


async def _password_form(page: Page, problems: tuple[Problem, ...]) -> Response:
    head = PageHead("Change my password", "Every other browser that you are signed in with is signed out.", (_HOME,))
    form = people_parts.password_form(page.csrf_token, problems)
    status = 422 if problems else 200
    return await page.show(f"{_TEMPLATES}/new.html", current="", head=head, form=form, status=status)
