"""What deviates, what explains it, how bad it is, how it is said: without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.utility.changes import Trace
from tieline.utility.incidents.model import Cause, Expected, Severity
from tieline.utility.incidents.policy import severity, words
from tieline.utility.incidents.policy.deviations import Known, judge, same, signature
from tieline.utility.incidents.policy.expecting import covers, expected
from tieline.utility.incidents.policy.severity import Touched
from tieline.utility.inventory import FleetRow, Sighting

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
NOTHING: dict[str, Any] = dict.fromkeys(FleetRow.__dataclass_fields__)
VALUES: dict[str, Any] = {"state": "ACTIVE", "apn": "scada.dso", "ip_address": "10.0.0.7",
          "subscription_group": "substations",
          "data_plan": "m2m-100", "rat_restriction": [], "imei_lock": None}  # fmt: skip
ROW = FleetRow(
    **NOTHING
    | VALUES
    | {f"op_{name}": value for name, value in VALUES.items()}
    | {
        "subscription_id": 7, "version": 3, "operator_id": 1, "operator_code": "A", "operator_ref": "A7",
        "reported_at": NOW - timedelta(hours=1), "link_id": 70, "role": "primary", "imei": "490154203237518",
        "iccid": "8944", "site_id": 77, "site_external_id": "S77", "site_name": "West Moor", "region": "North",
        "criticality": "normal",
    }
)  # fmt: skip


def sighting(**values: Any) -> Sighting:
    plain = Sighting(operator="A", ref="A7", subscription_id=7, told={}, iccid=None, imsi=None, imei=None,
                     modified_by="staff:bob", modified_at=None, plan="", absent_at=None, first_at=NOW,
                     seen_at=NOW)  # fmt: skip
    return replace(plain, **values)


def trace(state: str, *, ago: float = 0, **values: Any) -> Trace:
    at = NOW - timedelta(seconds=ago)
    plain = Trace(subscription_id=7, change_id=12, title="New APN", kind="subscription.configure", going_on=True,
                  state=state, before={"apn": "scada.dso"}, desired={"apn": "new.dso"},
                  accepted_at=at if state in {"accepted", "verified"} else None,
                  ended_at=at if state in {"verified", "failed"} else None, reference="job-1")  # fmt: skip
    return replace(plain, **values)


def test_what_is_as_it_should_be_deviates_in_nothing() -> None:
    assert judge(Known(ROW, sighting(told=dict(VALUES), imei=ROW.imei, iccid="8944")), NOW) == []
    assert judge(Known(replace(ROW, reported_at=None, op_apn=None)), NOW) == []


def test_the_told_value_comes_before_what_the_network_does() -> None:
    row = replace(ROW, op_apn="slow.apn")
    (found,) = judge(Known(row, sighting(told={"apn": "evil.apn"})), NOW)
    assert found.differences["apn"].theirs == "evil.apn"
    assert (found.cause, found.by, found.explained) == (Cause.STAFF, "staff:bob", "")


def test_what_the_network_alone_does_otherwise_was_not_carried_out() -> None:
    (found,) = judge(Known(replace(ROW, op_apn="old.apn")), NOW)
    assert found.cause is Cause.NOT_DONE
    assert words.title(found.kind, found, 1) == "Operator A has not applied our APN: West Moor, primary"


@pytest.mark.parametrize(
    ("item", "explained"),
    [
        (trace("queued"), True),
        (trace("sent"), True),
        (trace("accepted"), True),
        (trace("accepted", ago=300), True),
        (trace("accepted", ago=300, before={"apn": "x"}), False),
        (trace("verified", ago=5), True),
        (trace("verified", ago=300), False),
        (trace("failed", ago=300), True),
        (trace("failed", ago=300, going_on=False), False),
        (trace("failed", ago=5, going_on=False), True),
        (trace("planned"), False),
    ],
)
def test_a_change_of_ours_explains_its_own_values_while_it_may(item: Trace, *, explained: bool) -> None:
    row = replace(ROW, apn="new.dso", op_apn="scada.dso")
    (found,) = judge(Known(row, None, [item]), NOW)
    assert bool(found.explained) is explained


def test_a_value_that_is_neither_before_nor_after_is_not_explained_by_an_accepted_item() -> None:
    row = replace(ROW, apn="new.dso", op_apn="evil.apn")
    (found,) = judge(Known(row, None, [trace("accepted", ago=60)]), NOW)
    assert found.explained == ""


def test_a_plan_of_ours_that_the_operator_names_explains_what_it_set() -> None:
    seen = sighting(told={"apn": "new.dso"}, plan="job-1", modified_by="utility:grid")
    late = trace("failed", ago=600, going_on=False)
    (found,) = judge(Known(ROW, seen, [late]), NOW)
    assert found.explained == "Change 12: New APN"
    (found,) = judge(Known(ROW, replace(seen, told={"apn": "evil.apn"}), [late]), NOW)
    assert found.explained == ""


def test_what_was_shown_before_we_told_the_operator_something_counts_no_more() -> None:
    seen = sighting(told={"apn": "evil.apn"}, seen_at=NOW - timedelta(minutes=10))
    put_right = trace("verified", ago=60, before={"apn": "evil.apn"}, desired={"apn": "scada.dso"})
    assert judge(Known(ROW, seen, [put_right]), NOW) == []


def test_the_device_the_card_and_absence() -> None:
    (device,) = judge(Known(ROW, sighting(imei="356938035643809")), NOW)
    (card,) = judge(Known(ROW, sighting(iccid="8999")), NOW)
    (gone,) = judge(Known(ROW, sighting(absent_at=NOW)), NOW)
    assert [device.kind, card.kind, gone.kind] == ["wrong-device", "wrong-card", "missing"]
    assert judge(Known(replace(ROW, state="RETIRED"), sighting(absent_at=NOW)), NOW) == []
    assert judge(Known(replace(ROW, link_id=None), sighting(imei="356938035643809")), NOW) == []
    (locked,) = judge(Known(replace(ROW, link_id=None, imei_lock="1", op_imei_lock="1"), sighting(imei="2")), NOW)
    assert "imei_lock" in locked.differences


def test_equal_slips_have_one_signature_and_own_values_are_equal_by_field() -> None:
    one, other = (judge(Known(replace(ROW, ip_address=ip), sighting(told={"ip_address": told})), NOW)[0]
                  for ip, told in (("10.0.0.1", "10.9.0.1"), ("10.0.0.2", "10.9.0.2")))  # fmt: skip
    assert signature(one) == signature(other)
    (first,) = judge(Known(ROW, sighting(told={"apn": "a"})), NOW)
    (second,) = judge(Known(ROW, sighting(told={"apn": "b"})), NOW)
    assert signature(first) != signature(second)


@given(st.lists(st.sampled_from(["GERAN", "UTRA", "EUTRA", "NR"]), unique=True), st.randoms())
def test_lists_have_no_order_and_unset_is_unset_however_it_is_written(values: list[str], random: Any) -> None:
    mixed = list(values)
    random.shuffle(mixed)
    assert same(values, mixed)
    assert same(None, []) and same(None, "") and not same(None, ["NR"])  # noqa: PT018 - one thing in three words


@pytest.mark.parametrize(
    ("kind", "members", "both", "worst"),
    [
        ("configuration", [Touched(None, "normal", frozenset({"apn"}))], 0, Severity.WARNING),
        ("configuration", [Touched(1, "normal", frozenset({"data_plan"}))], 0, Severity.MINOR),
        ("configuration", [Touched(1, "critical", frozenset({"data_plan"}))], 0, Severity.MINOR),
        ("configuration", [Touched(1, "normal", frozenset({"apn"}))], 0, Severity.MAJOR),
        ("configuration", [Touched(1, "critical", frozenset({"apn"}))], 0, Severity.CRITICAL),
        ("configuration", [Touched(1, "normal", frozenset({"apn"}))], 1, Severity.CRITICAL),
        ("configuration", [Touched(n, "normal", frozenset({"apn"})) for n in range(1000)], 0, Severity.CRITICAL),
        ("configuration", [Touched(n, "normal", frozenset({"data_plan"})) for n in range(100)], 0, Severity.MAJOR),
        ("wrong-device", [Touched(1, "normal", frozenset({"imei"}))], 0, Severity.MAJOR),
        ("unknown", [Touched(None, "normal", frozenset({"unknown"}))] * 100, 0, Severity.MINOR),
    ],
)
def test_how_bad_it_is_follows_from_what_depends_on_it(
    kind: str, members: list[Touched], both: int, worst: Severity
) -> None:
    assert severity.of(kind, members, both) is worst


def test_an_expectation_covers_what_it_speaks_of_while_it_lasts() -> None:
    (found,) = judge(Known(ROW, sighting(told={"apn": "evil.apn"})), NOW)
    plain = Expected(id=1, origin="x", site_ids=[77], subscription_ids=[], operator=None, region=None, fields=None,
                     starts_at=NOW, ends_at=NOW + timedelta(hours=1), why="Works", made_by="user:a", made_at=NOW,
                     ended_at=None)  # fmt: skip
    assert covers(plain, found, NOW)
    for other in ({"site_ids": [78]}, {"operator": "B"}, {"region": "South"}, {"fields": ["imei"]}, {"ended_at": NOW},
                  {"ends_at": NOW}, {"starts_at": NOW + timedelta(seconds=1)}):  # fmt: skip
        assert not covers(replace(plain, **other), found, NOW), other
    assert covers(replace(plain, site_ids=[], subscription_ids=[7]), found, NOW)
    assert covers(replace(plain, site_ids=[], operator="A"), found, NOW)
    longer = replace(plain, id=2, ends_at=NOW + timedelta(hours=2))
    assert expected(found, [plain, longer], NOW) == longer


def test_words_are_sentences() -> None:
    (found,) = judge(Known(ROW, sighting(told={"apn": "evil.apn", "data_plan": None})), NOW)
    assert words.title(found.kind, found, 5000) == "APN and data plan changed at operator A: 5,000 subscriptions"
    assert words.sentence(found.kind, found, 1) == (
        "Operator A's staff (bob) changed the primary link of West Moor: APN evil.apn, where we want scada.dso; data "
        "plan not set, where we want m2m-100. No change of ours explains it."
    )
    (found,) = judge(Known(ROW, sighting(told={"data_plan": None})), NOW)
    assert words.sentence(found.kind, found, 1).startswith(
        "Operator A's staff (bob) took the data plan of the primary link of West Moor away; we want m2m-100."
    )
    assert words.means({"imei"}).startswith("The SIM may have been taken")
