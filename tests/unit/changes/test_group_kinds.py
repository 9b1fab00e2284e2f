"""Groups and addresses: what their kinds plan for each row, and why not."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tieline.platform.errors import Invalid
from tieline.utility.changes.kinds import KINDS, Materials, parse
from tieline.utility.changes.kinds.base import want_key
from tieline.utility.changes.model import PlannedItem
from tieline.utility.changes.policy.compatibility import OperatorFacts
from tieline.utility.changes.policy.undo import undone
from tieline.utility.connectors import Capabilities, Field
from tieline.utility.inventory import FleetRow, LanGroup, NoAddress, Reserved

NORTH = "north@grid.example"
CAN = Capabilities(writable=frozenset(Field), lan_group_members=3, static_addresses=True)
FACTS = OperatorFacts(1, "A", CAN)
NOTHING: dict[str, Any] = dict.fromkeys(FleetRow.__dataclass_fields__)


def row(number: int, **more: Any) -> FleetRow:
    values = {
        "subscription_id": number,
        "version": 1,
        "operator_id": 1,
        "operator_code": "A",
        "operator_ref": f"s{number}",
        "generation": "5G",
        "state": "ACTIVE",
        "apn": "scada.dso",
        "rat_restriction": [],
        "lan_groups": [],
        **more,
    }
    return FleetRow(**NOTHING | values)


def group(members: int, **more: Any) -> LanGroup:
    values = {
        "id": 1, "operator_id": 1, "operator_code": "A", "name": NORTH, "title": "", "dnn": "grid.north", "sst": 1,
        "sd": None, "session_type": "IPV4", "aaa_address": None, "aaa_usages": [], "change_id": None,
        "created_by": "user:fred", "created_at": datetime(2026, 1, 1, tzinfo=UTC), "members": members, "settled": 0,
    }  # fmt: skip
    return LanGroup(**{**values, **more})


def materials(*groups: LanGroup, facts: OperatorFacts = FACTS, **more: Any) -> Materials:
    return Materials(5, {1: facts}, groups={(one.operator_id, one.name): one for one in groups}, **more)


def planned(kind: str, rows: list[FleetRow], given: Materials, **parameters: Any) -> list[PlannedItem]:
    found = KINDS.get(kind)
    return list(found.plan(rows, parse(found, parameters), given))


def codes(items: list[PlannedItem]) -> list[str]:
    return [one.blocked.code if one.blocked else "" for one in items]


def test_a_new_group_takes_each_selected_subscription_in() -> None:
    rows = [row(1), row(2, lan_groups=["east@grid.example", "south@grid.example"])]
    items = planned("group.create", rows, materials(), group=NORTH, dnn="grid.north")
    assert codes(items) == ["", ""]
    assert items[0].desired == {"lan_groups": [NORTH]}
    assert items[1].before == {"lan_groups": ["east@grid.example", "south@grid.example"]}
    assert items[1].desired == {"lan_groups": ["east@grid.example", NORTH, "south@grid.example"]}
    assert undone(items[1].before, items[1].desired) == items[1].before
    assert not KINDS.get("group.create").disruptive(None)


def test_a_group_takes_so_many_and_no_more() -> None:
    items = planned("group.members", [row(n) for n in range(1, 5)], materials(group(1)), group=NORTH)
    assert codes(items) == ["", "", "group-full", "group-full"]
    assert items[2].blocked is not None
    assert items[2].blocked.text == f"A group at operator A has at most 3 members; {NORTH} is full."


@pytest.mark.parametrize(
    ("kind", "more"),
    [("group.create", {"dnn": "grid.north"}), ("group.members", {}), ("group.remove", {})],
)
def test_an_operator_without_groups_is_told_apart(kind: str, more: dict[str, Any]) -> None:
    facts = OperatorFacts(1, "A", Capabilities())
    member = row(1, lan_groups=[NORTH] if kind == "group.remove" else [])
    (item,) = planned(kind, [member], materials(group(1), facts=facts), group=NORTH, **more)
    assert item.blocked is not None
    assert (item.blocked.code, item.blocked.text) == ("no-lan-groups", "Operator A has no 5G LAN groups.")


def test_members_come_and_go() -> None:
    rows = [row(1, lan_groups=[NORTH]), row(2)]
    given = materials(group(1))
    assert codes(planned("group.members", rows, given, group=NORTH, act="add")) == ["nothing-to-do", ""]
    gone = planned("group.members", rows, given, group=NORTH, act="remove")
    assert codes(gone) == ["", "nothing-to-do"]
    assert gone[0].desired == {"lan_groups": []}
    assert codes(planned("group.members", rows, materials(), group=NORTH)) == ["no-such-group", "no-such-group"]


def test_a_group_of_that_name_with_another_network_is_in_the_way() -> None:
    given = materials(group(1))
    assert codes(planned("group.create", [row(1)], given, group=NORTH, dnn="other.dnn")) == ["other-group"]
    assert codes(planned("group.create", [row(1)], given, group=NORTH, dnn="grid.north", sst=2)) == ["other-group"]
    assert codes(planned("group.create", [row(1)], given, group=NORTH, dnn="grid.north")) == [""]


def test_what_stands_in_the_way_is_told() -> None:
    """Also what would only be found out when the change starts."""
    given = materials(group(1, aaa_address="2001:db8::1", aaa_usages=["AUTH"]))
    same = {"group": NORTH, "dnn": "grid.north", "aaa_address": "2001:DB8::1", "aaa_usages": ["AUTH"]}
    assert codes(planned("group.create", [row(1)], given, **same)) == [""]
    (item,) = planned("group.create", [row(1)], given, group=NORTH, dnn="grid.north", session_type="ETHERNET")
    assert item.blocked is not None
    assert item.blocked.text == (
        f"Operator A has a group {NORTH} already, with IPV4 sessions, AAA server 2001:db8::1 for AUTH."
    )


def test_who_stays_when_a_group_ends_is_told() -> None:
    member = row(1, lan_groups=[NORTH])
    (item,) = planned("group.remove", [member], materials(group(3)), group=NORTH)
    assert [note.text for note in item.notes] == ["2 members are not selected: the group stays."]
    (item,) = planned("group.remove", [member], materials(group(1)), group=NORTH)
    assert item.notes == ()


def test_a_subscription_before_5g_is_let_in_and_noted() -> None:
    (item,) = planned("group.create", [row(1, generation="4G")], materials(), group=NORTH, dnn="grid.north")
    assert [note.code for note in item.notes] == ["not-5g"]
    assert item.blocked is None


def test_a_retired_subscription_only_leaves() -> None:
    given = materials(group(1))
    assert codes(planned("group.members", [row(1, state="RETIRED")], given, group=NORTH)) == ["retired"]
    member = row(1, state="RETIRED", lan_groups=[NORTH])
    assert codes(planned("group.remove", [member], given, group=NORTH)) == [""]


def test_another_change_is_waited_for() -> None:
    given = materials(group(1), busy={1: 4})
    assert codes(planned("group.members", [row(1)], given, group=NORTH)) == ["in-another-change"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"group": "north", "dnn": "a"},
        {"group": NORTH, "dnn": "-a"},
        {"group": NORTH, "dnn": "a", "sd": "xyz"},
        {"group": NORTH, "dnn": "a", "aaa_usages": ["AUTH"]},
        {"group": NORTH, "dnn": "a", "aaa_address": "300.0.0.1"},
        {"group": NORTH, "dnn": "a", "aaa_address": "fe80::1%eth0"},
        {"group": NORTH},
    ],
)
def test_a_group_that_cannot_be_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        parse(KINDS.get("group.create"), parameters)


def test_addresses_come_from_the_pool_of_the_apn() -> None:
    kind = KINDS.get("address.provision")
    rows = [row(1), row(2, ip_address="10.0.0.2"), row(3, apn=None), row(4), row(5)]
    wants = kind.address_wants(rows, parse(kind, {}), materials())
    assert [(want.key, want.apn) for want in wants] == [(want_key(5, n), "scada.dso") for n in (1, 4, 5)]
    addresses = {
        want_key(5, 1): Reserved(want_key(5, 1), "10.0.0.1", 71),
        want_key(5, 4): Reserved(want_key(5, 4), None, None, NoAddress.EXHAUSTED),
        want_key(5, 5): Reserved(want_key(5, 5), None, None, NoAddress.NO_POOL),
    }
    items = planned("address.provision", rows, materials(addresses=addresses))
    assert codes(items) == ["", "nothing-to-do", "no-apn", "no-address", "no-pool"]
    assert items[0].before == {"apn": "scada.dso", "ip_address": None}
    assert items[0].desired == {"apn": "scada.dso", "ip_address": "10.0.0.1"}
    assert items[0].reservation_id == 71


def test_an_operator_without_a_way_for_addresses_says_so() -> None:
    facts = replace(FACTS, capabilities=Capabilities())
    assert codes(planned("address.provision", [row(1)], materials(facts=facts))) == ["no-static-addresses"]
