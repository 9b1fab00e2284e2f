"""What pages about people show in every console: from the values of ``platform.identity`` to parts."""

from collections.abc import Collection, Sequence
from typing import Any

from tieline.console.components.forms import Field, Form
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Badge, Several, Tone
from tieline.console.components.work import Confirm
from tieline.console.http import BasePage
from tieline.platform.errors import Invalid, Problem
from tieline.platform.identity import Account, Session, accounts, passwords, store, throttle
from tieline.platform.identity.model import Caller
from tieline.platform.scope import Permission

ACTIVE = Badge("May sign in", Tone.OK)
DISABLED = Badge("Disabled", Tone.OFF, "ban")


def permission_words(permissions: Collection[Permission]) -> tuple[str, ...]:
    """What permissions let one do, as sentences."""
    return tuple(
        f"{permission.sentence[0].upper()}{permission.sentence[1:]}"
        for permission in Permission
        if permission in permissions
    )


def person_facts(account: Account) -> tuple[tuple[str, object], ...]:
    """What is known of an account."""
    return (
        ("Name to sign in", account.name),
        ("E-mail", account.email or None),
        ("Sign-in", ACTIVE if account.active else DISABLED),
        ("Kept", "here, with a password" if account.local else f"at {account.issuer}"),
        ("Since", account.created_at),
        ("Signed in", Age(account.signed_in_at)),
    )


def disable_dialog(account: Account, csrf: str, place: str = "/users") -> Confirm:
    """Asks before a person is shut out."""
    return Confirm(
        "disable",
        f"Disable {account.name}",
        "Every session ends at once and every token of this person stops working. What the person did stays recorded.",
        f"{place}/{account.id}/disable",
        "Disable",
        csrf,
        undo="Let the person in again on this page; ended sessions stay ended.",
        danger=True,
        fields={"version": str(account.version)},
    )


def reset_dialog(account: Account, csrf: str, place: str = "/users") -> Confirm:
    """Asks before a person's password is replaced."""
    return Confirm(
        "reset",
        f"A new password for {account.name}",
        "A password is made and shown to you once; hand it over by another way than e-mail. The present one stops "
        "working, and every session of this person ends.",
        f"{place}/{account.id}/password",
        "Make a new password",
        csrf,
        undo="None: the present password cannot be brought back.",
        danger=True,
    )


def sessions(listed: Sequence[Session], mine: int | None) -> Table:
    """Where somebody is signed in; ``mine`` is the session that asks."""
    columns = (
        Column("agent", "Browser", fixed=True, narrow=True, wrap=True),
        Column("address", "From", narrow=True),
        Column("created", "Signed in"),
        Column("seen", "Last used", narrow=True),
        Column("expires", "Ends"),
    )
    rows = [
        Row(
            str(one.id),
            {
                "agent": Several((browser(one.agent), Badge("this one", Tone.OK)))
                if one.id == mine
                else browser(one.agent),
                "address": one.address,
                "created": one.created_at,
                "seen": Age(one.seen_at),
                "expires": Age(one.expires_at),
            },
        )
        for one in listed
    ]
    return Table("sessions", "Signed-in browsers", columns, rows, chooser=False, empty=Empty("Signed in nowhere"))


def browser(agent: str) -> str:
    """The browser and system that a user agent names, in a few words; its beginning when it names none we know."""
    names = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    name = next((word for sign, word in names if sign in agent), "")
    system = next((word for sign, word in systems if sign in agent), "")
    if not name:
        return agent[:60] or "not told"
    return f"{name} on {system}" if system else name


def password_form(csrf: str, problems: Sequence[Problem] = ()) -> Form:
    """The form in which one changes one's own password."""
    wrong = {problem.field: problem.message for problem in problems}
    fields = (
        Field(
            "present",
            "Present password",
            "password",
            error=wrong.get("present", ""),
            autocomplete="current-password",
            maxlength=256,
        ),
        Field(
            "password",
            "New password",
            "password",
            hint="At least 12 characters; four words that do not belong together are good.",
            error=wrong.get("password", ""),
            autocomplete="new-password",
            maxlength=256,
        ),
        Field(
            "again",
            "New password, once more",
            "password",
            error=wrong.get("again", ""),
            autocomplete="new-password",
            maxlength=256,
        ),
    )
    return Form("/account/password", fields, csrf, "Change the password", "/account")


async def change_password(page: BasePage, caller: Caller, typed: Any) -> None:
    """Change one's own password as it was typed; every other session ends.

    Wrong guesses of the present one have to wait like failed sign-ins (``TooMany``). Raises ``Invalid``.
    """
    present, password, again = (str(typed.get(name, ""))[:1024] for name in ("present", "password", "again"))
    subject, now = f"password:{caller.account.id}", page.now
    async with page.db.transaction() as tx:
        await throttle.charge(tx, {subject: page.runtime.settings.login_attempts}, now)
        known = await store.account_named(tx, caller.account.name)
    right = await passwords.matches(known[1] if known else None, present)
    _check(right=right, same=password == again)
    accounts.check_password(password, caller.account.name)
    stored = await passwords.hashed(password)
    async with page.db.transaction() as tx:
        await throttle.clear(tx, subject)
        await accounts.change_own_password(tx, caller, stored, now)


def _check(*, right: bool, same: bool) -> None:
    problems = []
    if not right:
        problems.append(Problem("present", "wrong", "This is not your present password."))
    if not same:
        problems.append(Problem("again", "differs", "This is not the same as above."))
    if problems:
        raise Invalid("The password stays as it is.", problems)
