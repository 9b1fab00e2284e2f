"""5G LAN groups: make one of the selected subscriptions, take subscriptions in or out, end one.

Who is in a group is a value of each subscription, so a change of a group is an item for each: planned, verified and
taken back like any other. The operator's side of it follows: a group is made there with its first members and ends with
its last one, for the standard (TS 29.522) has no empty group.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Annotated, Any, Literal

import msgspec

from tieline.platform.errors import Invalid, Problem
from tieline.utility.changes.kinds.base import Materials, PlainKind, busy, current, first, place
from tieline.utility.changes.model import Fields, PlannedItem, Reason
from tieline.utility.changes.policy.compatibility import OperatorFacts, at_least, refusals
from tieline.utility.inventory import FleetRow, LanGroupSpec, lan_group_differences, plain_address

GroupName = Annotated[
    str, msgspec.Meta(min_length=3, max_length=255, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$")
]
"""A group's external name, ``local@domain`` (TS 23.682 clause 4.6.2)."""
_DNN_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)\Z")


class Making(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the group is; none of it can be changed later.

    ``dnn`` and slice (``sst``, ``sd``) say where its sessions go. ``aaa_address``: our server that authenticates
    devices (``AUTH``) or gives them their addresses (``IP_ALLOC``), as ``aaa_usages`` says.
    """

    group: GroupName
    dnn: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    sst: Annotated[int, msgspec.Meta(ge=0, le=255)] = 1
    sd: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{6}$")] | None = None
    session_type: Literal["IPV4", "IPV6", "IPV4V6", "UNSTRUCTURED", "ETHERNET"] = "IPV4"
    aaa_address: str | None = None
    aaa_usages: tuple[Literal["AUTH", "IP_ALLOC"], ...] = ()

    @property
    def spec(self) -> LanGroupSpec:
        """The group as the inventory keeps it."""
        return LanGroupSpec(
            name=self.group,
            dnn=self.dnn,
            sst=self.sst,
            sd=self.sd,
            session_type=self.session_type,
            aaa_address=None if self.aaa_address is None else plain_address(self.aaa_address),
            aaa_usages=self.aaa_usages,
            title=self.title,
        )


class Membership(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which group, and whether the selected subscriptions come in or go out."""

    group: GroupName
    act: Literal["add", "remove"] = "add"


class Ending(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which group ends."""

    group: GroupName


class _OfGroups(PlainKind):
    """What the kinds have in common."""

    def disruptive(self, _parameters: Any) -> bool:
        """A line stays up: its session of the group is one beside it."""
        return False


class GroupCreate(_OfGroups):
    """See the module."""

    name = "group.create"
    title = "Make a 5G LAN group"
    sentence = "Puts the selected subscriptions into a new network of their own at their operator."
    schema: type[msgspec.Struct] = Making

    def check(self, parameters: Making) -> None:
        """A data network is made of labels; a server's use needs its address."""
        problems = []
        if not all(_DNN_LABEL.match(label) for label in parameters.dnn.split(".")):
            problems.append(Problem("parameters.dnn", "dnn", "Labels of letters, digits, hyphens; dots between them."))
        if parameters.aaa_usages and parameters.aaa_address is None:
            problems.append(Problem("parameters.aaa_address", "required", "Say at which address the server is."))
        if parameters.aaa_address is not None and not _is_address(parameters.aaa_address):
            problems.append(Problem("parameters.aaa_address", "ip", "An IPv4 or IPv6 address."))
        if problems:
            raise Invalid("The group cannot be made so.", problems)

    def plan(self, rows: Sequence[FleetRow], parameters: Making, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each subscription, up to the operator's bound."""
        counts: Counter[int] = Counter()
        for row in rows:
            yield _coming(row, parameters.group, materials, counts, _other(row, parameters.spec, materials))


class GroupMembers(_OfGroups):
    """See the module."""

    name = "group.members"
    title = "Change who is in a 5G LAN group"
    sentence = "Takes the selected subscriptions into a group, or out of it."
    schema: type[msgspec.Struct] = Membership

    def plan(self, rows: Sequence[FleetRow], parameters: Membership, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each subscription."""
        counts: Counter[int] = Counter()
        for row in rows:
            if (row.operator_id, parameters.group) not in materials.groups:
                word = f"There is no group {parameters.group} at operator {row.operator_code}."
                yield replace(_item(row, row.lan_groups), blocked=Reason("no-such-group", word))
            elif parameters.act == "add":
                yield _coming(row, parameters.group, materials, counts)
            else:
                yield _leaving(row, parameters.group, materials)


class GroupRemove(_OfGroups):
    """See the module."""

    name = "group.remove"
    title = "End a 5G LAN group"
    sentence = "Takes the selected subscriptions out of a group; it ends at the operator when its last member has left."
    schema: type[msgspec.Struct] = Ending

    def plan(self, rows: Sequence[FleetRow], parameters: Ending, materials: Materials) -> Iterator[PlannedItem]:
        """One item for each member; where the selection leaves some out, the group stays, and each item says so."""
        leaving = Counter(row.operator_id for row in rows if parameters.group in row.lan_groups)
        for row in rows:
            item = _leaving(row, parameters.group, materials)
            group = materials.groups.get((row.operator_id, parameters.group))
            stay = 0 if group is None else group.members - leaving[row.operator_id]
            if stay > 0 and item.blocked is None:
                item = replace(
                    item, notes=(Reason("group-stays", f"{stay} members are not selected: the group stays."),)
                )
            yield item


def _coming(
    row: FleetRow, group: str, materials: Materials, counts: Counter[int], other: Iterable[Reason] = ()
) -> PlannedItem:
    facts = materials.operators[row.operator_id]
    item = _item(row, sorted({*row.lan_groups, group}))
    there = materials.groups.get((row.operator_id, group))
    size = counts[row.operator_id] + (0 if there is None else there.members)
    barred = _barred(row, item, f"It is in {group} already.", current(row), materials)
    blocked = first(chain(barred, other, _full(facts, group, size)))
    if blocked is None:
        counts[row.operator_id] += 1
    notes = () if at_least(row.generation, "5G") else (_too_old(row),)
    return replace(item, blocked=blocked, notes=() if blocked else notes)


def _leaving(row: FleetRow, group: str, materials: Materials) -> PlannedItem:
    item = _item(row, [name for name in row.lan_groups if name != group])
    # Whatever state it is in, it may leave.
    now = {**current(row), "state": None}
    return replace(item, blocked=first(_barred(row, item, f"It is not in {group}.", now, materials)))


def _item(row: FleetRow, groups: Sequence[str]) -> PlannedItem:
    changed = list(groups) != row.lan_groups
    return replace(
        PlannedItem(**place(row)),
        subscription_id=row.subscription_id,
        ref=row.operator_ref,
        version=row.version,
        before={"lan_groups": list(row.lan_groups)} if changed else {},
        desired={"lan_groups": list(groups)} if changed else {},
    )


def _barred(row: FleetRow, item: PlannedItem, idle: str, now: Fields, materials: Materials) -> Iterator[Reason]:
    """Why a subscription can neither come nor go."""
    facts = materials.operators[row.operator_id]
    if not item.desired:
        yield Reason("nothing-to-do", idle)
    if facts.capabilities is not None and not facts.capabilities.lan_group_members:
        yield Reason("no-lan-groups", f"Operator {facts.code} has no 5G LAN groups.")
    yield from busy(row.subscription_id, materials)
    yield from refusals(now, item.desired, facts)


def _other(row: FleetRow, wanted: LanGroupSpec, materials: Materials) -> Iterator[Reason]:
    group = materials.groups.get((row.operator_id, wanted.name))
    has = [] if group is None else lan_group_differences(group.spec, wanted)
    if has:
        word = f"Operator {row.operator_code} has a group {wanted.name} already, with {', '.join(has)}."
        yield Reason("other-group", word)


def _full(facts: OperatorFacts, group: str, size: int) -> Iterator[Reason]:
    most = facts.capabilities.lan_group_members if facts.capabilities else 0
    if size >= most:
        yield Reason("group-full", f"A group at operator {facts.code} has at most {most} members; {group} is full.")


def _too_old(row: FleetRow) -> Reason:
    known = row.generation or "an unknown generation"
    return Reason("not-5g", f"The subscription is meant for {known}: it is in the group once it is on 5G.")


def _is_address(text: str) -> bool:
    try:
        plain_address(text)
    except ValueError:
        return False
    return True
