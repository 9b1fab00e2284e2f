"""Messages of the northbound APIs, made and read by us, against the published schemas; and the traps of these."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tieline.standards.northbound import (
    AaaUsage,
    AppDescriptor,
    EventReport,
    EventSubscription,
    Group,
    GroupChanges,
    GroupParameters,
    GroupPatch,
    Notification,
    Provisioning,
    SessionType,
    Snssai,
    StaticAddress,
    gpsi_of_id,
    ip_addr,
    read_event_subscription,
    read_group,
    read_group_patch,
    read_notification,
    read_provisioning,
)

if TYPE_CHECKING:
    from tests.contract.conftest import OfficialSchemas

GROUPS = "TS29522_5GLANParameterProvision.yaml#/components/schemas/"
ADDRESSES = "TS29522_AddressingParamProvision.yaml#/components/schemas/"
EVENTS = "TS29122_MonitoringEvent.yaml#/components/schemas/"

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
snssais = st.builds(Snssai, st.integers(0, 255), st.none() | st.from_regex(r"[0-9a-f]{6}", fullmatch=True))
gpsis = st.one_of(st.builds(gpsi_of_id, names, names), st.from_regex(r"msisdn-[0-9]{5,15}", fullmatch=True))
dnns = st.lists(labels, min_size=1, max_size=3).map(".".join)
descriptors = st.uuids().map(lambda one: {str(one): AppDescriptor(str(one), {"1": "scada"})})
groups = st.builds(
    GroupParameters,
    exter_group_id=st.builds("{}@{}".format, names, names),
    gpsis=st.lists(gpsis, min_size=1, max_size=5, unique=True).map(
        lambda some: {str(n): one for n, one in enumerate(some)}
    ),
    dnn=dnns,
    snssai=snssais,
    session_type=st.sampled_from(SessionType),
    app_desps=descriptors,
    aaa_ipv4_addr=st.ip_addresses(v=4).map(str),
    aaa_ipv6_addr=st.none() | st.ip_addresses(v=6).map(str),
    aaa_usgs=st.none() | st.lists(st.sampled_from(AaaUsage), min_size=1, max_size=2).map(tuple),
)
static = st.builds(
    StaticAddress,
    dnn=dnns,
    snssai=snssais,
    gpsi=gpsis,
    static_ip_addresses=st.ip_addresses().map(lambda one: (ip_addr(str(one)),)),
)
YEARS = (datetime(1000, 1, 2), datetime(9998, 12, 30))  # noqa: DTZ001 - the bounds are taken without a time zone
often = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


def wire(message: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(message))


@often
@given(group=st.builds(Group, params=groups, supp_feat=st.just("0")))
def test_groups_both_ways(northbound_schemas: "OfficialSchemas", group: Group) -> None:
    message = wire(group)
    assert northbound_schemas.errors(f"{GROUPS}5GLanParametersProvision", message) == []
    assert read_group(message) == group


@often
@given(changes=st.dictionaries(names, st.none() | gpsis, min_size=1, max_size=5))
def test_patches_both_ways(northbound_schemas: "OfficialSchemas", changes: dict[str, str | None]) -> None:
    patch = GroupPatch(changes=GroupChanges(gpsis=changes))
    message = wire(patch)
    assert northbound_schemas.errors(f"{GROUPS}5GLanParametersProvisionPatch", message) == []
    assert read_group_patch(msgspec.json.encode(message)) == patch


@often
@given(addresses=st.lists(static, min_size=1, max_size=4).map(tuple))
def test_addresses_both_ways(northbound_schemas: "OfficialSchemas", addresses: tuple[StaticAddress, ...]) -> None:
    provisioning = Provisioning(af_id="DSO", addresses=addresses)
    message = wire(provisioning)
    assert northbound_schemas.errors(f"{ADDRESSES}AddrPpData", message) == []
    assert read_provisioning(message) == provisioning


@often
@given(
    about=st.sampled_from(["external_id", "msisdn", "external_group_id"]),
    times=st.none() | st.integers(1, 1000),
    until=st.datetimes(*YEARS, timezones=st.timezones()),
)
def test_event_subscriptions_both_ways(
    northbound_schemas: "OfficialSchemas", about: str, times: int | None, until: Any
) -> None:
    if until.utcoffset().seconds % 60:
        return
    wanted = EventSubscription(
        notification_destination="https://utility.example/events",
        monitoring_type="CHANGE_OF_IMSI_IMEI_ASSOCIATION",
        maximum_number_of_reports=times,
        monitor_expire_time=until,
        external_id="a@b" if about == "external_id" else None,
        external_group_id="a@b" if about == "external_group_id" else None,
        msisdn="4912345678" if about == "msisdn" else None,
    )
    message = wire(wanted)
    assert northbound_schemas.errors(f"{EVENTS}MonitoringEventSubscription", message) == []
    read = read_event_subscription(message).monitor_expire_time
    # In UTC: a time within the hour that a zone repeats in autumn equals none in another zone.
    assert read is not None
    assert read.astimezone(UTC) == until.astimezone(UTC)


def test_reports_both_ways(northbound_schemas: "OfficialSchemas") -> None:
    report = EventReport(
        monitoring_type="CHANGE_OF_IMSI_IMEI_ASSOCIATION", external_id="a@b", pei="imei-490154203237518"
    )
    notification = Notification(subscription="https://operator.example/1", monitoring_event_reports=(report,))
    message = wire(notification)
    assert northbound_schemas.errors(f"{EVENTS}MonitoringNotification", message) == []
    assert read_notification(message) == notification


# ── traps of the published files: each test fails when a later edition mends it ──────────────────────────────────────


def test_a_gpsi_may_be_anything(northbound_schemas: "OfficialSchemas") -> None:
    """The last alternative of the pattern takes any text, so that the first two mean nothing to a validator."""
    assert northbound_schemas.errors("TS29571_CommonData.yaml#/components/schemas/Gpsi", "nobody") == []


def test_an_application_cannot_be_taken_out_by_the_letter(northbound_schemas: "OfficialSchemas") -> None:
    """``AppDescriptorRm`` says that it is nullable and is not; ``GpsiRm`` is."""
    patch = {"5gLanParamsPatch": {"appDesps": {"os": None}}}
    assert northbound_schemas.errors(f"{GROUPS}5GLanParametersProvisionPatch", patch) != []
    patch = {"5gLanParamsPatch": {"gpsis": {"one": None}}}
    assert northbound_schemas.errors(f"{GROUPS}5GLanParametersProvisionPatch", patch) == []


def test_a_patch_with_a_data_network_passes_the_schema(northbound_schemas: "OfficialSchemas") -> None:
    """Nothing is forbidden that is not named, so that what may not change has to be refused in code."""
    patch = {"5gLanParamsPatch": {"dnn": "other.example"}}
    assert northbound_schemas.errors(f"{GROUPS}5GLanParametersProvisionPatch", patch) == []


def test_a_report_does_not_say_which_device(northbound_schemas: "OfficialSchemas") -> None:
    """``pei`` came with Release 19; Release 17 only knows that the association changed."""
    report = northbound_schemas.document("TS29122_MonitoringEvent.yaml")["components"]["schemas"]
    assert "pei" not in report["MonitoringEventReport"]["properties"]


@pytest.mark.parametrize("kind", ["TS29571_CommonData.yaml#/components/schemas/PduSessionType", f"{GROUPS}AaaUsage"])
def test_enumerations_are_open(northbound_schemas: "OfficialSchemas", kind: str) -> None:
    """Each is an enumeration or any text; we take the words that are listed."""
    assert northbound_schemas.errors(kind, "SOMETHING_ELSE") == []
