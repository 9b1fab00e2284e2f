"""The kind of change that puts foreign changes right: what it plans, and why not."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tieline.platform.errors import Invalid
from tieline.utility.changes import Materials
from tieline.utility.changes.policy.compatibility import OperatorFacts
from tieline.utility.connectors import Capabilities, Field
from tieline.utility.incidents.kinds import Parameters, Revert
from tieline.utility.inventory import FleetRow, LanGroup

NOTHING: dict[str, Any] = dict.fromkeys(FleetRow.__dataclass_fields__)
VALUES = {"state": "ACTIVE", "apn": "scada.dso", "ip_address": "10.0.0.7", "subscription_group": "substations",
          "data_plan": "m2m-100", "rat_restriction": ["GERAN"], "imei_lock": None}  # fmt: skip
ROW = FleetRow(
    **NOTHING
    | VALUES
    | {f"op_{name}": value for name, value in VALUES.items()}
    | {"subscription_id": 7, "version": 3, "operator_id": 1, "operator_code": "A", "operator_ref": "A7",
       "reported_at": "then"}
)  # fmt: skip
FACTS = OperatorFacts(1, "A", Capabilities(writable=frozenset(Field)), apns=frozenset({"another.dso"}))
NORTH = LanGroup(
    id=1, operator_id=1, operator_code="A", name="north@grid.example", title="", dnn="grid.north", sst=1, sd=None,
    session_type="IPV4", aaa_address=None, aaa_usages=[], change_id=None, created_by="user:fred",
    created_at=datetime(2026, 1, 1, tzinfo=UTC), members=1, settled=1,
)  # fmt: skip
GROUPED = replace(ROW, lan_groups=["north@grid.example"])
KIND = Revert()


def plan(row: FleetRow, **parameters: Any) -> Any:
    materials = Materials(
        5,
        {1: FACTS},
        busy=parameters.pop("busy", {}),
        groups={(1, one.name): one for one in parameters.pop("groups", ())},
    )
    given = {"incident_id": 1, "fields": ("apn", "rat_restriction"), **parameters}
    (item,) = KIND.plan([row], Parameters(**given), materials)
    return item


def test_our_values_are_written_where_the_operator_has_others_and_only_there() -> None:
    item = plan(replace(ROW, op_apn="evil.apn", op_data_plan="gold"))
    assert (item.before, item.desired) == ({"apn": "evil.apn"}, {"apn": "scada.dso"})
    assert item.blocked is None
    assert (item.subscription_id, item.ref, item.version) == (7, "A7", 3)


def test_what_was_told_counts_before_the_network_shows_it() -> None:
    item = plan(ROW, told={"7": {"apn": "evil.apn"}})
    assert (item.before, item.desired) == ({"apn": "evil.apn"}, {"apn": "scada.dso"})


def test_a_list_that_is_unset_at_the_operator_is_empty_in_the_before_image() -> None:
    item = plan(replace(ROW, op_rat_restriction=None))
    assert item.before == {"rat_restriction": []}


def test_what_is_right_again_is_left_alone_and_so_is_what_another_change_has() -> None:
    assert plan(ROW).blocked.code == "nothing-to-do"
    assert plan(replace(ROW, op_apn="evil.apn"), busy={7: 3}).blocked.code == "in-another-change"


def test_a_state_that_cannot_be_left_blocks_it() -> None:
    gone = replace(ROW, op_state="RETIRED")
    assert plan(gone, fields=("state",)).blocked.code == "retired"


def test_a_group_that_is_not_known_here_cannot_be_left() -> None:
    in_two = replace(GROUPED, op_lan_groups=["north@grid.example", "theirs@grid.example"])
    item = plan(in_two, fields=("lan_groups",), groups=[NORTH])
    assert item.blocked.code == "no-such-group"
    assert "theirs@grid.example" in item.blocked.text
    item = plan(replace(GROUPED, op_lan_groups=None), fields=("lan_groups",), groups=[NORTH])
    assert (item.before, item.desired) == ({"lan_groups": []}, {"lan_groups": ["north@grid.example"]})
    assert item.blocked is None


def test_groups_are_put_right_alone() -> None:
    KIND.check(Parameters(1, ("lan_groups",)))
    with pytest.raises(Invalid, match="a change of their own"):
        KIND.check(Parameters(1, ("apn", "lan_groups")))


def test_the_fields_are_those_of_a_subscription() -> None:
    KIND.check(Parameters(1, ("apn",)))
    for fields in ((), ("colour",)):
        with pytest.raises(Invalid):
            KIND.check(Parameters(1, fields))
