"""3GPP northbound APIs (TS 29.122, TS 29.522) as far as Tieline speaks them: bytes or dicts in, typed values out.

``groups``: 5G LAN groups (5GLANParameterProvision). ``addressing``: static addresses (AddressingParamProvision).
``monitoring``: the event that an IMSI is used with another IMEI (MonitoringEvent). ``common``: what they share, and the
errors, which carry an *integer* status, unlike those of the management services.

Attributes that are not known here are ignored, as TS 29.501 clause 5.2.2 asks of a receiver; they are not given back.
"""

from tieline.standards.northbound.addressing import (
    Provisioning,
    ProvisioningPatch,
    StaticAddress,
    read_provisioning,
    read_provisioning_patch,
)
from tieline.standards.northbound.common import (
    Cause,
    InvalidParam,
    IpAddr,
    NorthboundError,
    ProblemDetails,
    Snssai,
    address_of,
    external_id_of,
    gpsi_of_id,
    ip_addr,
    msisdn_of,
)
from tieline.standards.northbound.groups import (
    AaaUsage,
    AppDescriptor,
    AppDescriptorPatch,
    Group,
    GroupChanges,
    GroupParameters,
    GroupPatch,
    SessionType,
    fixed_differences,
    read_group,
    read_group_patch,
)
from tieline.standards.northbound.monitoring import (
    IMEI_CHANGE,
    AssociationType,
    EventReport,
    EventReports,
    EventSubscription,
    Notification,
    pei_of,
    read_event_subscription,
    read_notification,
)

__all__ = [
    "IMEI_CHANGE",
    "AaaUsage",
    "AppDescriptor",
    "AppDescriptorPatch",
    "AssociationType",
    "Cause",
    "EventReport",
    "EventReports",
    "EventSubscription",
    "Group",
    "GroupChanges",
    "GroupParameters",
    "GroupPatch",
    "InvalidParam",
    "IpAddr",
    "NorthboundError",
    "Notification",
    "ProblemDetails",
    "Provisioning",
    "ProvisioningPatch",
    "SessionType",
    "Snssai",
    "StaticAddress",
    "address_of",
    "external_id_of",
    "fixed_differences",
    "gpsi_of_id",
    "ip_addr",
    "msisdn_of",
    "pei_of",
    "read_event_subscription",
    "read_group",
    "read_group_patch",
    "read_notification",
    "read_provisioning",
    "read_provisioning_patch",
]
