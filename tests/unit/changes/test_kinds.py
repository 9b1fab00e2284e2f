"""Kinds of change: what they plan for each row, and why not."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tieline.platform.errors import Invalid
from tieline.utility.changes.kinds import KINDS, Effect, Materials, parse
from tieline.utility.changes.kinds.base import want_key
from tieline.utility.changes.model import ItemState, PlannedItem
from tieline.utility.changes.policy.compatibility import OperatorFacts
from tieline.utility.connectors import Capabilities, Field
from tieline.utility.inventory import FleetRow, NoAddress, Reserved, StockCard

FACTS = OperatorFacts(1, "A", Capabilities(), apns=frozenset({"scada.dso", "new.dso"}))
NOTHING: dict[str, Any] = dict.fromkeys(FleetRow.__dataclass_fields__)
OLD = FleetRow(
    **NOTHING
    | {
        "subscription_id": 7,
        "version": 3,
        "operator_id": 1,
        "operator_code": "A",
        "operator_ref": "old-7",
        "generation": "3G",
        "state": "ACTIVE",
        "apn": "scada.dso",
        "ip_address": "10.0.0.7",
        "subscription_group": "substations",
        "data_plan": "m2m-100",
        "rat_restriction": [],
        "link_id": 70,
        "role": "primary",
        "device_id": 700,
        "device_generations": ["2G", "3G"],
        "imei": "490154203237518",
        "site_id": 77,
        "site_external_id": "S77",
        "region": "North",
        "criticality": "critical",
        "customers": 900,
    }
)
SPARE = FleetRow(
    **NOTHING
    | {
        "subscription_id": 8,
        "version": 1,
        "operator_id": 1,
        "operator_code": "A",
        "operator_ref": "new-8",
        "generation": "4G",
        "state": "INVENTORY",
        "subscription_group": "stock",
        "rat_restriction": [],
    }
)
KEY = want_key(5, 7)
FULL = Materials(
    change_id=5,
    operators={1: FACTS},
    stock={KEY: StockCard(KEY, 80, "8944", "plastic", 8, "new-8", "4G", 1)},
    spares={8: SPARE},
    addresses={KEY: Reserved(KEY, "10.0.9.9", 99)},
)
PREPARE, CONFIGURE, RESTORE = (KINDS.get(f"subscription.{name}") for name in ("preprovision", "configure", "restore"))


def prepared(row: FleetRow = OLD, materials: Materials = FULL, **parameters: Any) -> PlannedItem:
    (item,) = PREPARE.plan([row], parse(PREPARE, parameters), materials)
    return item


def configured(row: FleetRow = OLD, materials: Materials = FULL, **parameters: Any) -> PlannedItem:
    (item,) = CONFIGURE.plan([row], parse(CONFIGURE, parameters), materials)
    return item


def code(item: PlannedItem) -> str:
    return item.reason.code if item.reason else ""


def test_a_new_subscription_gets_what_the_old_one_has() -> None:
    item = prepared()
    assert item.state is ItemState.PLANNED
    assert (item.subscription_id, item.ref, item.version, item.source_id) == (8, "new-8", 1, 7)
    assert item.desired == {
        "state": "TEST_READY",
        "apn": "scada.dso",
        "subscription_group": "substations",
        "data_plan": "m2m-100",
        "ip_address": "10.0.9.9",
    }
    assert item.before == {
        "state": "INVENTORY",
        "apn": None,
        "subscription_group": "stock",
        "data_plan": None,
        "ip_address": None,
    }
    assert (item.site, item.criticality, item.link_id, item.reservation_id) == ("S77", "critical", 70, 99)
    assert [note.code for note in item.notes] == ["visit-needed"]
    assert not PREPARE.disruptive(parse(PREPARE, {}))


@pytest.mark.parametrize(
    ("row", "materials", "expected"),
    [
        (replace(OLD, link_id=None), FULL, "not-fitted"),
        (replace(OLD, state="RETIRED"), FULL, "retired"),
        (OLD, replace(FULL, stock={}), "no-stock"),
        (OLD, replace(FULL, addresses={}), "no-pool"),
        (OLD, replace(FULL, addresses={KEY: Reserved(KEY, None, None, NoAddress.EXHAUSTED)}), "no-address"),
        (OLD, replace(FULL, busy={8: 4}), "in-another-change"),
        (OLD, replace(FULL, prepared={7: 4}), "already-prepared"),
        (OLD, replace(FULL, operators={1: replace(FACTS, capabilities=None)}), "no-connection"),
        (replace(OLD, apn="scada.ds0"), FULL, "apn-not-in-contract"),
        (OLD, replace(FULL, spares={8: replace(SPARE, state="SUSPENDED")}), "illegal-transition"),
        (OLD, replace(FULL, spares={8: replace(SPARE, state="RETIRED")}), "retired"),
        (
            OLD,
            replace(FULL, operators={1: replace(FACTS, capabilities=Capabilities(writable=frozenset({Field.STATE})))}),
            "not-writable",
        ),
        (replace(OLD, ip_address=None), replace(FULL, addresses={}), ""),
    ],
)
def test_why_a_link_cannot_be_prepared_for(row: FleetRow, materials: Materials, expected: str) -> None:
    item = prepared(row, materials)
    assert code(item) == expected
    assert not expected or item.reason is not None
    assert item.state is (ItemState.BLOCKED if expected else ItemState.PLANNED)


def test_wants_cards_and_addresses_only_for_what_can_be_done() -> None:
    parameters = parse(PREPARE, {})
    rows = [OLD, replace(OLD, subscription_id=9, state="RETIRED"), replace(OLD, subscription_id=10, ip_address=None)]
    wants = PREPARE.stock_wants(rows, parameters, FULL)
    assert [want.key for want in wants["A"]] == [KEY, want_key(5, 10)]
    assert [want.key for want in PREPARE.address_wants(rows, parameters, FULL)] == [KEY]


def test_configure_sets_only_what_differs() -> None:
    item = configured(apn="new.dso", data_plan="m2m-100")
    assert item.desired == {"apn": "new.dso"}
    assert item.before == {"apn": "scada.dso"}
    assert (item.subscription_id, item.version) == (7, 3)
    assert CONFIGURE.disruptive(parse(CONFIGURE, {"apn": "new.dso"}))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"apn": "scada.dso"}, "nothing-to-do"),
        ({"state": "INVENTORY"}, "illegal-transition"),
        ({"apn": "elsewhere"}, "apn-not-in-contract"),
        ({"state": "SUSPENDED"}, ""),
        ({"apn": None}, ""),
        ({"imei_lock": "device"}, ""),
        ({"rat_restriction": ["NR", "EUTRA"]}, ""),
        ({"ip_address": "unset"}, ""),
    ],
)
def test_what_configure_can_and_cannot_do(parameters: dict[str, Any], expected: str) -> None:
    assert code(configured(**parameters)) == expected


def test_configure_locks_to_the_device_takes_addresses_and_sorts_technologies() -> None:
    item = configured(imei_lock="device", rat_restriction=["NR", "EUTRA", "NR"], ip_address="pool")
    assert item.desired == {
        "imei_lock": "490154203237518",
        "rat_restriction": ["EUTRA", "NR"],
        "ip_address": "10.0.9.9",
    }
    assert code(configured(replace(OLD, imei=None), imei_lock="device")) == "no-imei"
    assert code(configured(materials=replace(FULL, addresses={}), ip_address="pool")) == "no-pool"


@pytest.mark.parametrize(
    "parameters",
    [{}, {"imei_lock": "12"}, {"imei_lock": "x" * 15}, {"state": "LOST"}, {"apnn": "x"}, {"rat_restriction": ["6G"]}],
)
def test_configure_refuses_nonsense(parameters: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        parse(CONFIGURE, parameters)


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    with pytest.raises(Invalid) as caught:
        KINDS.get("subscription.delete")
    assert "subscription.configure" in caught.value.problems[0].message


def test_restore_sets_back_what_was_set_where_nobody_changed_it_since() -> None:
    effect = Effect(
        1, 5, 7, 8, {"state": "INVENTORY", "apn": None}, {"state": "TEST_READY", "apn": "scada.dso"},
        77, "S77", "Site", "North", "normal", 5, 70, "primary",
    )  # fmt: skip
    now = replace(SPARE, state="TEST_READY", apn="scada.dso", version=2)
    parameters = parse(RESTORE, {"change_id": 5, "disruptive": False})
    materials = replace(FULL, effects={8: effect})
    (item,) = RESTORE.plan([now], parameters, materials)
    assert item.state is ItemState.PLANNED
    assert item.desired == effect.before
    assert item.before == effect.desired
    assert (item.undoes_id, item.version, item.site) == (1, 2, "S77")
    (item,) = RESTORE.plan([replace(now, apn="else.dso")], parameters, materials)
    assert item.state is ItemState.CONFLICT
    assert "else.dso" in (item.reason.text if item.reason else "")
    assert not RESTORE.disruptive(parameters)


@pytest.mark.parametrize(
    ("apn", "state"),
    [
        ("scada.dso", ItemState.PLANNED),
        (None, ItemState.PLANNED),  # accepted and never applied: it is as it was before
        ("staff.dso", ItemState.CONFLICT),
    ],
)
def test_restore_leaves_alone_what_the_operator_reports_as_nobody_of_ours_set_it(
    apn: str | None, state: ItemState
) -> None:
    effect = Effect(
        1, 5, 7, 8, {"apn": None}, {"apn": "scada.dso"}, 77, "S77", "Site", "North", "normal", 5, 70, "primary"
    )
    materials = replace(FULL, effects={8: effect})
    parameters = parse(RESTORE, {"change_id": 5, "disruptive": False})
    now = replace(SPARE, apn="scada.dso", op_apn=apn, reported_at=datetime(2026, 3, 1, tzinfo=UTC))
    (item,) = RESTORE.plan([now], parameters, materials)
    assert item.state is state
    if state is ItemState.CONFLICT:
        assert item.reason is not None
        assert "reports the APN as staff.dso, not scada.dso" in item.reason.text
    (item,) = RESTORE.plan([replace(now, reported_at=None)], parameters, materials)
    assert item.state is ItemState.PLANNED, "before a first report the operator has said nothing"
