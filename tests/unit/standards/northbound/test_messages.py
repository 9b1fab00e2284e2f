"""Rules of the northbound messages that no schema holds."""

from typing import Any

import pytest

from tieline.standards.northbound import (
    GroupChanges,
    GroupPatch,
    IpAddr,
    NorthboundError,
    Snssai,
    address_of,
    external_id_of,
    ip_addr,
    msisdn_of,
    read_event_subscription,
    read_group,
    read_group_patch,
    read_notification,
    read_provisioning,
)

OS = "97a498e3-fc92-5c94-8986-0333d06e4e47"


def group(**more: Any) -> dict[str, Any]:
    params = {
        "exterGroupId": "north@grid.example",
        "gpsis": {"a": "extid-S1@DSO", "b": "msisdn-4915112345678"},
        "dnn": "grid.example",
        "snssai": {"sst": 1},
        "sessionType": "ETHERNET",
        "appDesps": {OS: {"osId": OS, "appIds": {"1": "scada"}}},
        **more,
    }
    return {"5gLanParams": params, "suppFeat": "0"}


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"exterGroupId": "north"}, "/5gLanParams/exterGroupId"),
        ({"exterGroupId": "a@b@c"}, "/5gLanParams/exterGroupId"),
        ({"dnn": "-a.b"}, "/5gLanParams/dnn"),
        ({"dnn": "a" * 101}, "/5gLanParams/dnn"),
        ({"snssai": {"sst": 256}}, "/5gLanParams/snssai/sst"),
        ({"snssai": {"sst": 1, "sd": "xyz"}}, "/5gLanParams/snssai/sd"),
        ({"sessionType": "PIGEON"}, "/5gLanParams/sessionType"),
        ({"gpsis": {}}, "/5gLanParams/gpsis"),
        ({"gpsis": {"a": "extid-S1@DSO", "b": "extid-S1@DSO"}}, "/5gLanParams/gpsis/b"),
        ({"aaaUsgs": ["AUTH"]}, "/5gLanParams/aaaUsgs"),
        ({"appDesps": {"x": {"osId": OS, "appIds": {"1": "y"}}}}, "/5gLanParams/appDesps/x"),
    ],
)
def test_what_breaks_a_rule_is_named(more: dict[str, Any], param: str) -> None:
    with pytest.raises(NorthboundError) as raised:
        read_group(group(**more))
    assert raised.value.status == 400
    assert raised.value.params[0].param == param


def test_unknown_attributes_are_passed_over() -> None:
    assert read_group(group(vnGroupCommInd=True)) == read_group(group())


@pytest.mark.parametrize("name", ["dnn", "snssai", "exterGroupId", "sessionType", "aaaIpv4Addr"])
def test_a_patch_may_not_touch_what_is_fixed(name: str) -> None:
    with pytest.raises(NorthboundError) as raised:
        read_group_patch({"5gLanParamsPatch": {name: "x", "gpsis": {"a": None}}})
    assert (raised.value.status, raised.value.cause) == (403, "MODIFICATION_NOT_ALLOWED")
    assert [one.param for one in raised.value.params] == [f"/5gLanParamsPatch/{name}"]


def test_a_patch_takes_members_in_and_out() -> None:
    before = read_group(group()).params
    after = GroupPatch(changes=GroupChanges(gpsis={"a": None, "c": "extid-S3@DSO", "gone": None})).applied(before)
    assert after.gpsis == {"b": "msisdn-4915112345678", "c": "extid-S3@DSO"}
    assert after.app_desps == before.app_desps


def test_applications_come_and_go() -> None:
    before = read_group(group()).params
    patch = read_group_patch({"5gLanParamsPatch": {"appDesps": {OS: {"appIds": {"1": None, "2": "meter"}}}}})
    assert patch.applied(before).app_desps[OS].app_ids == {"2": "meter"}
    with pytest.raises(NorthboundError, match="without appDesps"):
        read_group_patch({"5gLanParamsPatch": {"appDesps": {OS: {"appIds": {"1": None}}}}}).applied(before)
    with pytest.raises(NorthboundError, match="the group has not"):
        read_group_patch({"5gLanParamsPatch": {"appDesps": {"x": {"appIds": {"1": "y"}}}}}).applied(before)


def test_a_slice_is_written_as_a_string() -> None:
    assert str(Snssai(1)) == "1"
    assert str(Snssai(128, "0A0B0C")) == "128-0a0b0c"


def test_subscribers_have_two_sorts_of_names() -> None:
    assert external_id_of("extid-S1@DSO") == ("S1", "DSO")
    assert external_id_of("msisdn-49151") is None
    assert msisdn_of("msisdn-49151") == "49151"
    assert msisdn_of("extid-S1@DSO") is None


def test_addresses_are_one_and_canonical() -> None:
    assert ip_addr("2001:DB8::1") == IpAddr(ipv6_addr="2001:db8::1")
    assert address_of(IpAddr(ipv6_addr="2001:0db8:0::1")) == "2001:db8::1"
    assert address_of(IpAddr(ipv4_addr="192.0.2.1")) == "192.0.2.1"
    for wrong in (
        IpAddr(),
        IpAddr(ipv6_prefix="2001:db8::/64"),
        IpAddr(ipv4_addr="192.0.2.1", ipv6_addr="2001:db8::1"),
        IpAddr(ipv4_addr="2001:db8::1"),
        IpAddr(ipv4_addr="192.0.2.300"),
        IpAddr(ipv6_addr="fe80::1%eth0"),
    ):
        assert address_of(wrong) is None


def test_wrong_addresses_are_named_by_place() -> None:
    one = {"dnn": "a", "snssai": {"sst": 1}, "gpsi": "extid-S1@DSO", "staticIpAddresses": [{"ipv4Addr": "192.0.2.1"}]}
    with pytest.raises(NorthboundError) as raised:
        read_provisioning({"afId": "DSO", "staticIpaddrParams": [one, {**one, "staticIpAddresses": [{}]}]})
    assert raised.value.params[0].param == "/staticIpaddrParams/1/staticIpAddresses"


def test_an_event_subscription_ends_some_day() -> None:
    body = {"notificationDestination": "https://u.example/", "monitoringType": "CHANGE_OF_IMSI_IMEI_ASSOCIATION"}
    for wrong in ({"externalId": "a@b"}, {"maximumNumberOfReports": 1}, {"monitorExpireTime": "2030-01-01T00:00:00"}):
        with pytest.raises(NorthboundError):
            read_event_subscription({**body, **wrong})
    found = read_event_subscription({**body, "externalId": "a@b", "maximumNumberOfReports": 2})
    assert (found.external_id, found.maximum_number_of_reports) == ("a@b", 2)


def test_an_event_subscription_ends_at_a_moment_that_can_be_kept() -> None:
    """Else every change of a device would fail at it."""
    body = {
        "notificationDestination": "https://u.example/",
        "monitoringType": "CHANGE_OF_IMSI_IMEI_ASSOCIATION",
        "externalId": "a@b",
    }
    with pytest.raises(NorthboundError) as raised:
        read_event_subscription({**body, "monitorExpireTime": "9999-12-31T23:59:59-01:00"})
    assert (raised.value.status, raised.value.params[0].param) == (400, "/monitorExpireTime")
    assert read_event_subscription({**body, "monitorExpireTime": "9999-12-31T23:59:59Z"}).monitor_expire_time


def test_a_report_without_a_time_zone_is_refused() -> None:
    report = {"monitoringType": "CHANGE_OF_IMSI_IMEI_ASSOCIATION", "eventTime": "2026-03-01T12:00:00"}
    with pytest.raises(NorthboundError) as raised:
        read_notification({"subscription": "https://o.example/1", "monitoringEventReports": [report]})
    assert raised.value.params[0].param == "/monitoringEventReports/0/eventTime"


def test_a_body_that_is_no_json_is_told() -> None:
    for body in (b"{", b"[]", b"\xff", b"null"):
        with pytest.raises(NorthboundError):
            read_group(body)
        with pytest.raises(NorthboundError):
            read_group_patch(body)
