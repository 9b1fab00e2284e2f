"""5G LAN groups: the list, and one with its members, its addresses, and the changes that made it what it is."""

from collections.abc import Sequence
from urllib.parse import urlencode

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Share, Tone
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.console.filters import href
from tieline.utility.console.pages.changes.source import Change
from tieline.utility.console.pages.changes.views import words
from tieline.utility.console.pages.changes.views.draft_groups import CREATE, LAN, MEMBERS, REMOVE, SESSIONS, USAGES
from tieline.utility.inventory import LanGroup, PoolUse

KINDS = {CREATE: "Make", MEMBERS: "Members", REMOVE: "End"}
_FULL = 0.9
_COUNTABLE = 10**9
_NOT_YOURS = "Your role may not plan changes."


def list_head(found: Sequence[LanGroup], scope: Scope) -> PageHead:
    """Head of the list."""
    unless = "" if scope.may(Permission.CHANGE_PLAN) else _NOT_YOURS
    members = sum(one.members for one in found)
    said = f"{plural(len(found), 'group')}, {plural(members, 'membership')}." if found else ""
    make = Action(
        "Make a group", f"/changes/new?{urlencode({'change_kind': CREATE})}", "plus", "primary", unless=unless
    )
    return PageHead("5G LAN groups", said, actions=(make,))


def table(found: Sequence[LanGroup]) -> Table:
    """The groups at each operator."""
    columns = (
        Column("name", "Group", narrow=True, fixed=True, wrap=True),
        Column("operator", "Operator", narrow=True),
        Column("members", "Members", numeric=True, narrow=True),
        Column("settled", "In the network", numeric=True),
        Column("dnn", "Data network"),
        Column("slice", "Slice"),
        Column("aaa", "AAA server"),
        Column("title", "Called", wrap=True),
    )
    rows = [
        Row(
            str(one.id),
            {
                "name": one.name,
                "operator": one.operator_code,
                "members": Count(one.members, _members(one)),
                "settled": _settled(one),
                "dnn": one.dnn,
                "slice": one.slice,
                "aaa": one.aaa_address,
                "title": one.title or None,
            },
            f"/groups/{one.id}",
        )
        for one in found
    ]
    empty = Empty(
        "No 5G LAN group yet",
        "A group lets chosen devices talk to one another in a network of their own. Choose subscriptions, and plan a"
        " change that makes a group of them.",
        (Action("Choose subscriptions", "/subscriptions?linked=1", "list"),),
        "layers",
    )
    return Table("groups", "5G LAN groups", columns, rows, empty=empty, chooser=False)


def _members(one: LanGroup) -> str:
    return href("/subscriptions", operator=one.operator_code, lan_group=one.name)


def _settled(one: LanGroup) -> object:
    if one.settled == one.members:
        return one.settled
    late = href("/subscriptions", operator=one.operator_code, lan_group=one.name, drift=True)
    return Count(one.settled, late)


def head(one: LanGroup, scope: Scope) -> PageHead:
    """Head of a group's page: what can be done, each as a change that is planned first."""
    unless = "" if scope.may(Permission.CHANGE_PLAN) else _NOT_YOURS
    nobody = unless or ("" if one.members else "It has no members.")
    return PageHead(
        one.title or one.name,
        f"{one.name} at operator {one.operator_code}: {plural(one.members, 'member')}.",
        (Crumb("5G LAN groups", "/groups"),),
        actions=(
            Action("End it", _change(one, REMOVE, inside=True), "trash-2", "quiet", unless=nobody),
            Action("Take members out", _change(one, MEMBERS, inside=True), "minus", unless=nobody),
            Action("Take members in", _change(one, MEMBERS, inside=False), "plus", "primary", unless=unless),
        ),
    )


def _change(one: LanGroup, kind: str, *, inside: bool) -> str:
    """The form of a change of the group, for its members or for who is not in it yet."""
    asked = {"change_kind": kind, f"{LAN}group": one.name, "operator": one.operator_code}
    if kind == MEMBERS:
        asked[f"{LAN}act"] = "remove" if inside else "add"
    asked |= {"lan_group": one.name} if inside else {"linked": "1"}
    return f"/changes/new?{urlencode(asked)}"


def what(one: LanGroup) -> tuple[tuple[str, object], ...]:
    """What the group is; none of it changes."""
    uses = [word.lower() for value, word in USAGES if value in one.aaa_usages]
    made: object = Age(one.created_at, named(one.created_by))
    return (
        ("Operator", Link(one.operator_code, f"/operators/{one.operator_code}")),
        ("Data network", one.dnn),
        ("Slice", one.slice),
        ("Sessions", dict(SESSIONS).get(one.session_type, one.session_type)),
        ("AAA server", one.aaa_address),
        ("What it does", " and ".join(uses) or None),
        ("Made", made),
        ("By change", Link(f"Change {one.change_id}", f"/changes/{one.change_id}") if one.change_id else None),
    )


def members(one: LanGroup) -> tuple[tuple[str, object], ...]:
    """Who is in it, and whether the network has them all."""
    late = one.members - one.settled
    drift = href("/subscriptions", operator=one.operator_code, lan_group=one.name, drift=True)
    state = Badge("All in the network", Tone.OK) if not late else Badge(f"{late:,} not in the network yet", Tone.WARN)
    found: list[tuple[str, object]] = [
        ("Members", Count(one.members, _members(one))),
        ("In the network", one.settled),
        ("State", state if one.members else Badge("Nobody is in it", Tone.OFF)),
    ]
    if late:
        found.append(("Differing", Count(late, drift)))
    return tuple(found)


def pools(one: LanGroup, found: Sequence[PoolUse]) -> Table:
    """Address pools of the group's data network."""
    columns = (
        Column("name", "Pool", narrow=True, fixed=True),
        Column("cidr", "Block", narrow=True),
        Column("used", "In use", numeric=True, narrow=True),
        Column("size", "Addresses", numeric=True),
        Column("share", "Full", numeric=True),
    )
    rows = [
        Row(
            str(pool.id),
            {
                "name": pool.name,
                "cidr": pool.cidr,
                "used": Count(pool.used, href("/subscriptions", operator=one.operator_code, apn=pool.apn)),
                "size": pool.size if pool.size < _COUNTABLE else "more than can be used",
                "share": Share(pool.used / pool.size, Tone.BAD if pool.used / pool.size >= _FULL else Tone.OK),
            },
        )
        for pool in found
    ]
    aaa = "Its AAA server gives addresses. " if "IP_ALLOC" in one.aaa_usages else ""
    empty = Empty(
        "No address pool",
        f"{aaa}A pool of {one.dnn} at operator {one.operator_code} would show here; bring pools in as a file.",
        icon="list",
    )
    return Table("pools", "Address pools", columns, rows, empty=empty, chooser=False)


def changes(found: Sequence[Change]) -> Table:
    """Changes of the group, the newest first."""
    columns = (
        Column("title", "Change", fixed=True, narrow=True, wrap=True),
        Column("state", "State", narrow=True),
        Column("kind", "What"),
        Column("items", "Subscriptions", numeric=True),
        Column("who", "By"),
        Column("when", "Made"),
    )
    rows = [
        Row(
            str(one.id),
            {
                "title": one.title,
                "state": words.badge(words.STATES, one.state.value),
                "kind": KINDS.get(one.kind, one.kind),
                "items": ((one.summary or {}).get("impact") or {}).get("items"),
                "who": named(one.created_by),
                "when": Age(one.created_at),
            },
            f"/changes/{one.id}",
        )
        for one in found
    ]
    empty = Empty("No change of this group", "Changes that make it, alter it or end it show here.", icon="history")
    return Table("group-changes", "Changes", columns, rows, empty=empty, chooser=False)
