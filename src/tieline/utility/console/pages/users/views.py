"""What the pages of users, tokens and one's own account show: from the values of ``platform.identity`` to parts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from tieline.console.components.frame import Action, Crumb, PageHead, Tab
from tieline.console.components.tables import Column, Empty, Paging, Row, Table
from tieline.console.components.values import Age, Badge, Link, Several, Tone
from tieline.console.components.work import Confirm
from tieline.platform.identity import Account, Session, Token
from tieline.platform.paging import Page
from tieline.platform.scope import Permission, Role

ROLES: Mapping[Role, tuple[str, str]] = {
    Role.VIEWER: ("Viewer", "Sees sites, subscriptions and changes; alters nothing."),
    Role.CREW: ("Crew", "Sees the visits of its own crew and reports from them; nothing else."),
    Role.STOREKEEPER: ("Storekeeper", "Moves cards and routers between warehouse, crews and sites."),
    Role.CONTROLLER: ("Control room", "Holds changes back, and works on incidents."),
    Role.TECHNICIAN: ("Technician", "Imports, plans and runs changes; in an emergency without waiting for approval."),
    Role.APPROVER: ("Approver", "Approves or rejects changes of others, runs them, reads the audit trail."),
    Role.ADMINISTRATOR: ("Administrator", "Manages people, operators and tokens; approves no change."),
}
ACTIVE = Badge("May sign in", Tone.OK)
DISABLED = Badge("Disabled", Tone.OFF, "ban")
LIVING = Badge("Valid", Tone.OK)
EXPIRED = Badge("Expired", Tone.OFF, "clock")
REVOKED = Badge("Revoked", Tone.OFF, "ban")


def role_names(roles: Collection[Role]) -> str:
    """The roles of a person in words, the smallest first."""
    return ", ".join(ROLES[role][0] for role in Role if role in roles) or "None"


def bound(values: Collection[str] | None, everything: str) -> str:
    """Regions or operators that bound somebody; ``None`` means all of them."""
    return everything if values is None else ", ".join(sorted(values)) or "none"


def permission_words(permissions: Collection[Permission]) -> tuple[str, ...]:
    """What permissions let one do, as sentences."""
    return tuple(
        f"{permission.sentence[0].upper()}{permission.sentence[1:]}"
        for permission in Permission
        if permission in permissions
    )


def tabs(current: str) -> tuple[Tab, ...]:
    """The parts of the administration of people."""
    return (
        Tab("People", "/users", current == "people"),
        Tab("Tokens of everybody", "/users/tokens", current == "tokens"),
    )


def list_head() -> PageHead:
    """Head of the list of people."""
    return PageHead(
        "Users and tokens",
        "Who may sign in, what each may do, and in which regions and at which operators.",
        actions=(Action("Add a person", "/users/new", "plus", "primary"),),
        tabs=tabs("people"),
    )


def people(page: Page[Account], first: str, following: str) -> Table:
    """The list of people; ``following`` is the URL of the next page or empty."""
    columns = (
        Column("name", "Name", fixed=True, narrow=True),
        Column("person", "Person"),
        Column("state", "Sign-in", narrow=True),
        Column("roles", "Roles", narrow=True, wrap=True),
        Column("regions", "Regions"),
        Column("operators", "Operators"),
        Column("seen", "Signed in"),
    )
    rows = [_person(account) for account in page.items]
    paging = Paging(newer=first, older=following, newer_label="First page", older_label="More")
    return Table("people", "People who may sign in", columns, rows, paging=paging, empty=Empty("Nobody yet"))


def _person(account: Account) -> Row:
    cells: dict[str, object] = {
        "name": account.name,
        "person": account.display_name,
        "state": ACTIVE if account.active else DISABLED,
        "roles": role_names(account.roles),
        "regions": bound(account.regions, "All"),
        "operators": bound(account.operators, "All"),
        "seen": Age(account.signed_in_at),
    }
    return Row(str(account.id), cells, f"/users/{account.id}", muted=not account.active)


def person_head(account: Account, *, me: bool) -> PageHead:
    """Head of a person's page, with what can be done to the account."""
    state = "May sign in" if account.active else "Disabled: neither a password nor a token opens anything"
    mine = "This is you; somebody else has to do it." if me else ""
    switch = (
        Action("Disable", icon="ban", kind="danger", dialog="disable", unless=mine)
        if account.active
        else Action("Let in again", f"/users/{account.id}/enable", "check", "primary", "post")
    )
    reset = Action(
        "New password",
        icon="key-round",
        dialog="reset",
        unless="" if account.local else f"Signs in at {account.issuer}; the password is kept there.",
    )
    return PageHead(
        account.display_name or account.name,
        f"{state}. {role_names(account.roles)}.",
        crumbs=(Crumb("Users and tokens", "/users"),),
        actions=(reset, switch),
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


def disable_dialog(account: Account, csrf: str) -> Confirm:
    """Asks before a person is shut out."""
    return Confirm(
        "disable",
        f"Disable {account.name}",
        "Every session ends at once and every token of this person stops working. What the person did stays recorded.",
        f"/users/{account.id}/disable",
        "Disable",
        csrf,
        undo="Let the person in again on this page; ended sessions stay ended.",
        danger=True,
        fields={"version": str(account.version)},
    )


def reset_dialog(account: Account, csrf: str) -> Confirm:
    """Asks before a person's password is replaced."""
    return Confirm(
        "reset",
        f"A new password for {account.name}",
        "A password is made and shown to you once; hand it over by another way than e-mail. The present one stops "
        "working, and every session of this person ends.",
        f"/users/{account.id}/password",
        "Make a new password",
        csrf,
        undo="None: the present password cannot be brought back.",
        danger=True,
    )


def token_state(token: Token, now: datetime) -> Badge:
    """Whether a token opens anything."""
    if token.revoked_at is not None:
        return REVOKED
    return LIVING if token.expires_at > now else EXPIRED


def tokens(
    listed: Sequence[Token], now: datetime, place: str, *, owners: Mapping[int, str] | None = None, older: str = ""
) -> Table:
    """A list of tokens whose pages are under ``place``; with ``owners`` it names whose they are."""
    columns = (
        Column("name", "Name", fixed=True, narrow=True),
        *((Column("owner", "Of", narrow=True),) if owners is not None else ()),
        Column("state", "State", narrow=True),
        Column("hint", "Begins with"),
        Column("may", "May", wrap=True),
        Column("bounds", "Where", wrap=True),
        Column("expires", "Expires", narrow=owners is None),
        Column("used", "Last used"),
    )
    return Table(
        "tokens",
        "API tokens",
        columns,
        [_token(one, now, place, owners) for one in listed],
        paging=Paging(older=older, older_label="More") if older else None,
        empty=Empty(
            "No token yet",
            "A token lets a program act for you through the REST API or the command line, within what you may do.",
            icon="key-round",
        ),
        chooser=False,
    )


def _token(token: Token, now: datetime, place: str, owners: Mapping[int, str] | None) -> Row:
    state = token_state(token, now)
    cells: dict[str, object] = {
        "name": token.name,
        "state": state,
        "hint": f"{token.hint}…",
        "may": ", ".join(sorted(permission.value for permission in token.permissions)),
        "bounds": f"{bound(token.regions, 'all regions')}; {bound(token.operators, 'all operators')}",
        "expires": Age(token.expires_at),
        "used": Age(token.used_at),
    }
    if owners is not None:
        owner = owners.get(token.account_id, f"account {token.account_id}")
        cells["owner"] = Link(owner, f"/users/{token.account_id}")
    return Row(str(token.id), cells, f"{place}/{token.id}", sheet=True, muted=state is not LIVING)


def token_facts(token: Token, now: datetime, owner: str) -> tuple[tuple[str, object], ...]:
    """Everything about one token, except its secret, which nobody has."""
    return (
        ("State", token_state(token, now)),
        ("Of", owner),
        ("Begins with", f"{token.hint}…"),
        ("Regions", bound(token.regions, "All of the owner's")),
        ("Operators", bound(token.operators, "All of the owner's")),
        ("Made", token.created_at),
        ("Expires", token.expires_at),
        ("Last used", Age(token.used_at)),
        ("Revoked", token.revoked_at),
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
