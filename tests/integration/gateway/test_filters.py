"""A filter in SQL picks the very objects that it picks in memory."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tieline.gateway.model import Consumer
from tieline.gateway.objects.model import Node
from tieline.gateway.objects.policy import document
from tieline.gateway.objects.store import reading
from tieline.gateway.objects.store.filters import compile_condition
from tieline.gateway.utilities import store as utilities
from tieline.standards.mns import jex
from tieline.standards.mns.resource import represent
from tieline.standards.mns.scope import BASE_ALL

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Rig

pytestmark = pytest.mark.anyio

LINES: list[dict[str, Any]] = [
    {"id": "7", "state": "INVENTORY", "apn": "a.example", "generation": "4G", "card": "89440000000000000002"},
    {"id": "true", "state": "ACTIVE", "apn": "a.example", "dataPlan": "M", "ratRestriction": ["GERAN"]},
    {"id": "é", "state": "ACTIVE", "ratRestriction": ["GERAN", "UTRA"], "userLabel": "Zürich"},
    {"id": "null", "state": "RETIRED", "userLabel": "a\"b'c\\d"},
    {"id": "SubNetwork", "state": "SUSPENDED", "apn": "A.example", "dataPlan": "m"},
]
SEEN = [
    {
        "subscription": "7",
        "attached": True,
        "servingCell": {"cellId": "1", "ratType": "NR", "band": "n78", "plmn": "00101"},
    },
    {"subscription": "é", "attached": False, "imei": "490154203237518"},
]

_PATHS = st.sampled_from(
    [
        "id",
        "objectClass",
        "objectInstance",
        "attributes",
        "attributes/state",
        "attributes/apn",
        "attributes/dataPlan",
        "attributes/userLabel",
        "attributes/ratRestriction",
        "attributes/ratRestriction[1]",
        "attributes/attached",
        "attributes/servingCell",
        "attributes/servingCell/band",
        "attributes/operational/state",
        "attributes/operational",
        "attributes/lastModifiedBy",
        "attributes/lastModifiedAt",
        "attributes/lastPlan",
        "attributes/nothing",
        "attributes/*",
        "nothing",
        ".",
        "UtilitySubscription",
        "UtilitySubscription/attributes/state",
        "UtilitySubscription/id",
        "/SubNetwork/UtilitySubscription/attributes/apn",
        '/SubNetwork[id="U1"]/UtilitySubscription',
        '/SubNetwork[id="U2"]/UtilitySubscription/id',
        "/SubNetwork",
        "*/UtilityCard",
        'UtilitySubscription[attributes/state = "ACTIVE"]',
    ]
)
_VALUES = st.sampled_from(
    [
        '"ACTIVE"',
        '"INVENTORY"',
        '"7"',
        "7",
        "7.0",
        "0",
        "1e300",
        "true",
        "false",
        "null",
        '""',
        '"a.example"',
        '"A"',
        '"é"',
        '"Zür"',
        '"a\\"b"',
        '"\\u0000"',
        '"staff:load"',
        '"2026"',
        '"UtilitySubscription"',
        '"%"',
        '"_"',
    ]
)
_OPERANDS = _PATHS | _VALUES
_ATOMS = st.one_of(
    st.builds(lambda a, o, b: f"{a} {o} {b}", _OPERANDS, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), _OPERANDS),
    st.builds(lambda f, a, b: f"{f}({a}, {b})", st.sampled_from(["contains", "starts-with"]), _PATHS, _VALUES),
    _PATHS,
    st.sampled_from(["true", "false"]),
)
_CONDITIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"({a}) and ({b})", inner, inner),
        st.builds(lambda a, b: f"({a}) or ({b})", inner, inner),
        st.builds(lambda a: f"not({a})", inner),
    ),
    max_leaves=5,
)


async def _filled(rig: "Rig") -> Consumer:
    await rig.utility("U1")
    content = b"\n".join(json.dumps(line).encode() for line in LINES)
    answer = await rig.office.post("/backoffice/v1/utilities/U1/subscriptions", content=content)
    assert answer.status_code == 201, answer.text
    content = b"\n".join(json.dumps(line).encode() for line in SEEN)
    assert (await rig.office.post("/simulation/v1/attachments", content=content)).status_code == 200
    async with rig.parts.db.snapshot() as tx:
        consumer = await utilities.by_code(tx, "U1")
    assert consumer is not None
    return consumer


async def _picked(rig: "Rig", consumer: Consumer, condition: jex.Condition | None) -> list[Node]:
    compiled = compile_condition(condition)
    async with rig.parts.db.snapshot() as tx:
        ids = await reading.within(tx, consumer.id, consumer.root, BASE_ALL, compiled)
        nodes = await reading.contents(tx, ids)
    return [node for node in nodes if compiled.rest is None or _holds(compiled.rest, node)]


def _holds(condition: jex.Condition, node: Node) -> bool:
    return jex.evaluate(condition, represent(node.dn, document(node)), node.dn)


@settings(
    max_examples=400,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example('id = "7" or id = "é"')
@example("not(attributes/apn = attributes/dataPlan) and attributes/state")
@example('not(not(attributes/dataPlan != "M"))')
@given(_CONDITIONS)
async def test_sql_and_memory_agree(rig: "Rig", text: str) -> None:
    consumer = getattr(rig, "consumer", None) or await _filled(rig)
    rig.consumer = consumer  # type: ignore[attr-defined] # filled once for all the examples
    condition = jex.for_resource(jex.parse(text))
    everything = await _picked(rig, consumer, None)
    expected = [str(node.dn) for node in everything if _holds(condition, node)]
    assert [str(node.dn) for node in await _picked(rig, consumer, condition)] == expected


@pytest.mark.parametrize(
    "name",
    ["x'; DROP TABLE managed_object; --", 'x" OR 1=1', "%s", "%(f0)s", "a')::jsonb --", "{}", "\\"],
)
async def test_what_is_written_in_a_filter_never_becomes_sql(rig: "Rig", name: str) -> None:
    consumer = await _filled(rig)
    value = json.dumps(name)
    for text in (f"id = {value}", f"attributes/apn = {value}", f"contains(attributes/apn, {value})", f"id < {value}"):
        condition = jex.for_resource(jex.parse(text))
        expected = [node for node in await _picked(rig, consumer, None) if _holds(condition, node)]
        assert await _picked(rig, consumer, condition) == expected


async def test_the_common_filters_use_their_index(rig: "Rig") -> None:
    consumer = await _filled(rig)
    for text, index in (
        ('attributes/lastPlan = "aj-1"', "managed_object_plan"),
        ('objectClass = "UtilitySubscription" and attributes/state = "RETIRED"', "managed_object_state"),
        ('id = "7" or id = "8"', "managed_object_name"),
    ):
        compiled = compile_condition(jex.for_resource(jex.parse(text)))
        assert compiled.rest is None
        async with rig.parts.db.transaction() as tx:
            await tx.execute("SET LOCAL enable_seqscan = off")
            query = f"EXPLAIN SELECT id FROM managed_object m WHERE utility_id = %(u)s AND {compiled.sql}"
            cursor = await tx.execute(query.encode(), {"u": consumer.id, **compiled.params})
            shown = "\n".join(next(iter(row.values())) for row in await cursor.fetchall())
        assert index in shown, shown
