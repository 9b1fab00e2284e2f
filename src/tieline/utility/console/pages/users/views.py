"""What the pages of users, tokens and one's own account show: from the values of ``platform.identity`` to parts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from tieline.console import administering
from tieline.console import people as people_parts
from tieline.console.components.frame import Action, Crumb, PageHead, Tab
from tieline.console.components.tables import Column, Empty, Paging, Row, Table
from tieline.console.components.values import Age, Badge, Link, Tone
from tieline.platform.identity import Account, Token
from tieline.platform.paging import Page
from tieline.platform.scope import Role

ROLES: Mapping[Role, tuple[str, str]] = {
    Role.VIEWER: ("Viewer", "Sees sites, subscriptions and changes; alters nothing."),
    Role.CREW: ("Crew", "Sees the visits of its own crew and reports from them; nothing else."),
    Role.STOREKEEPER: ("Storekeeper", "Moves cards and routers between warehouse, crews and sites."),
    Role.CONTROLLER: ("Control room", "Holds changes back, and works on incidents."),
    Role.TECHNICIAN: ("Technician", "Imports, plans and runs changes; in an emergency without waiting for approval."),
    Role.APPROVER: ("Approver", "Approves or rejects changes of others, runs them, reads the audit trail."),
    Role.ADMINISTRATOR: ("Administrator", "Manages people, operators and tokens; approves no change."),
}
LIVING = Badge("Valid", Tone.OK)
EXPIRED = Badge("Expired", Tone.OFF, "clock")
REVOKED = Badge("Revoked", Tone.OFF, "ban")


def role_names(roles: Collection[Role]) -> str:
    """The roles of a person in words, the smallest first."""
    return administering.role_names(roles, ROLES)


def bound(values: Collection[str] | None, everything: str) -> str:
    """Regions or operators that bound somebody; ``None`` means all of them."""
    return everything if values is None else ", ".join(sorted(values)) or "none"


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
        "state": people_parts.ACTIVE if account.active else people_parts.DISABLED,
        "roles": role_names(account.roles),
        "regions": bound(account.regions, "All"),
        "operators": bound(account.operators, "All"),
        "seen": Age(account.signed_in_at),
    }
    return Row(str(account.id), cells, f"/users/{account.id}", muted=not account.active)


def person_head(account: Account, *, me: bool) -> PageHead:
    """Head of a person's page, with what can be done to the account."""
    state = "May sign in" if account.active else "Disabled: neither a password nor a token opens anything"
    return PageHead(
        account.display_name or account.name,
        f"{state}. {role_names(account.roles)}.",
        crumbs=(Crumb("Users and tokens", "/users"),),
        actions=administering.actions(account, "/users", mine=me),
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
