"""A fixed address belongs to one subscription at a time, whatever is asked in whichever order."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tieline.gateway.model import Actor, Consumer, Party
from tieline.gateway.objects.addresses import Addresses, Held, Holder, held_by, leaves, wanted
from tieline.gateway.objects.model import Node
from tieline.gateway.objects.policy import Refused, Step, Tree
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.patch import MergeObject

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GRID = Consumer(1, "grid", frozenset(), 50, 1000)
STEP = Step(Actor(Party.UTILITY, "grid"), NOW)
NAMES = ("S0", "S1", "S2")
ADDRESSES = ("10.0.0.1", "10.0.0.2")
APNS = ("a.example", "b.example")


def dn(name: str) -> Dn:
    return GRID.root.child("UtilitySubscription", name)


def node(name: str, **attributes: Any) -> Node:
    return Node(dn(name), {"state": "ACTIVE", **attributes}, {"operational": {}}, NOW, "grid", id=1)


def test_who_holds_what() -> None:
    assert held_by({"state": "ACTIVE", "apn": "a", "ipAddress": "10.0.0.1"}) == Held("a", "10.0.0.1")
    assert held_by({"state": "RETIRED", "apn": "a", "ipAddress": "10.0.0.1"}) is None
    assert held_by({"state": "ACTIVE", "apn": "a"}) is None
    left = Node(
        dn("S0"), {"state": "ACTIVE"}, {"operational": {"state": "ACTIVE", "ipAddress": "10.0.0.1"}}, NOW, "grid"
    )
    assert leaves(left) == Held("", "10.0.0.1")


def test_somebody_outside_the_tree_holds_it_by_the_database() -> None:
    held = Held("a.example", "10.0.0.1")
    addresses = Addresses({held: [Holder(dn("S9"), leaving=True)]})
    assert addresses.holder(held, dn("S0"), {}, {}) == Holder(dn("S9"), leaving=True)
    assert addresses.holder(held, dn("S9"), {}, {}) is None
    assert addresses.holder(held, dn("S0"), {}, {dn("S9"): node("S9")}) is None  # an operation deleted it


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "ipAddress": st.sampled_from((None, *ADDRESSES)),
        "apn": st.sampled_from(APNS),
        "state": st.sampled_from(("SUSPENDED", "ACTIVE", "RETIRED")),
    },
)


@given(st.lists(st.tuples(st.sampled_from(NAMES), CHANGES), max_size=12))
def test_no_address_is_ever_held_twice(changes: list[tuple[str, dict[str, Any]]]) -> None:
    nodes = [
        node(name, apn="a.example", ipAddress=address)
        for name, address in zip(NAMES, (*ADDRESSES, "10.0.0.3"), strict=True)
    ]
    nodes = [
        Node(n.dn, n.attributes, {"operational": dict(n.attributes)}, NOW, "grid", id=place)
        for place, n in enumerate(nodes)
    ]
    operations = [MergeObject(dn(name), news, create_missing=False, bad_op="") for name, news in changes]
    looked_up = wanted(operations, {n.dn: n for n in nodes})
    holders: dict[Held, list[Holder]] = {}
    for n in nodes:
        held = held_by(n.attributes)
        if held is not None and held.address in looked_up:
            holders.setdefault(held, []).append(Holder(n.dn, leaving=False))
    tree = Tree(GRID, nodes, None, Addresses(holders))
    for operation in operations:
        try:
            tree.apply(operation, STEP)
        except Refused:
            continue
    holding = [
        (held, n.dn)
        for n in tree.nodes.values()
        for held in {held_by(n.attributes), held_by(n.observed["operational"])} - {None}
    ]
    assert len({held for held, _ in holding}) == len(holding)
