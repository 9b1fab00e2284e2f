"""The answer of a read written piece by piece says what the whole one does."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tieline.gateway.model import path_of
from tieline.gateway.objects.model import Node
from tieline.gateway.objects.policy import document
from tieline.gateway.objects.reading import FlatWriter, TreeWriter
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.resource import ManagedObject, flat_tree, hierarchical_tree
from tieline.standards.mns.scope import Selection

BASE = Dn.of(("SubNetwork", "U"))
_IDS = st.sampled_from(["1", "10", "1!", "2", "a b", "x=y", "ä"])
_LEVEL = st.tuples(st.sampled_from(["UtilityCard", "UtilitySubscription", "A", "A-b"]), _IDS)
_NAMES = st.lists(st.lists(_LEVEL, max_size=3), max_size=12).map(
    lambda names: sorted({Dn((*BASE, *Dn.of(*name))) if name else BASE for name in names}, key=path_of)
)


def _nodes(names: list[Dn]) -> list[Node]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return [Node(name, {"n": number}, {}, now, "x", id=number) for number, name in enumerate(names)]


@given(_NAMES, st.integers(1, 5))
def test_the_hierarchical_form(names: list[Dn], size: int) -> None:
    nodes = _nodes(names)
    writer = TreeWriter(BASE, Selection())
    pieces = [b"".join(writer.write(nodes[at : at + size])) for at in range(0, len(nodes), size)]
    written = json.loads(b"".join([*pieces, *writer.end()]))
    whole = hierarchical_tree(BASE, [ManagedObject(node.dn, document(node)) for node in nodes])
    assert written == json.loads(json.dumps(whole))


@given(_NAMES)
def test_the_flat_form(names: list[Dn]) -> None:
    nodes = _nodes(names)
    selection = Selection(attributes=frozenset({"n"}))
    writer = FlatWriter(selection)
    written = json.loads(b"".join([*writer.write(nodes), *writer.end()]))
    assert written == flat_tree([ManagedObject(node.dn, document(node)) for node in nodes], selection)
