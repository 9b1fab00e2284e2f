"""From the operator profile's words to ours and back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tieline.standards.mns.profile import ServingCell as WireCell
from tieline.standards.mns.profile import Settings, SubscriptionAttributes, SubscriptionReport
from tieline.utility.connectors.model import Desired, Field, Report, ServingCell, Value

NAMES: Mapping[Field, str] = {
    Field.STATE: "state",
    Field.APN: "apn",
    Field.IP_ADDRESS: "ipAddress",
    Field.SUBSCRIPTION_GROUP: "subscriptionGroup",
    Field.DATA_PLAN: "dataPlan",
    Field.RAT_RESTRICTION: "ratRestriction",
    Field.IMEI_LOCK: "imeiLock",
}


def attributes_of(desired: Desired) -> dict[str, Any]:
    """What a merge has to carry: null unsets; no barred technology is an attribute that is not set."""
    return {NAMES[field]: _wire(value) for field, value in desired.items()}


def _wire(value: Value) -> str | list[str] | None:
    if isinstance(value, tuple):
        return list(value) or None
    return value


def settings_of(settings: Settings) -> dict[Field, Value]:
    """Every field of what is desired, or of what is operational; in the profile, absent means unset."""
    return {
        Field.STATE: settings.state,
        Field.APN: settings.apn,
        Field.IP_ADDRESS: settings.ip_address,
        Field.SUBSCRIPTION_GROUP: settings.subscription_group,
        Field.DATA_PLAN: settings.data_plan,
        Field.RAT_RESTRICTION: tuple(sorted(settings.rat_restriction or ())),
        Field.IMEI_LOCK: settings.imei_lock,
    }


def report_of(read: SubscriptionReport, observed_at: datetime) -> Report:
    """A whole subscription as it was read."""
    groups = read.attributes.lan_groups or []
    return report_from(read.id, read.attributes, settings_of(read.attributes), observed_at, lan_groups=groups)


def report_from(
    ref: str,
    attributes: SubscriptionAttributes,
    desired: Desired,
    observed_at: datetime,
    *,
    lan_groups: Sequence[str] | None,
) -> Report:
    """A subscription from its attributes, of which a notification has only some; None: nothing is said of groups."""
    operational: dict[Field, Value] = {} if attributes.operational is None else settings_of(attributes.operational)
    if lan_groups is not None:
        operational[Field.LAN_GROUPS] = tuple(sorted(lan_groups))
    return Report(
        ref=ref,
        observed_at=observed_at,
        desired=desired,
        operational=operational,
        since=attributes.operational.since if attributes.operational else None,
        cell=_cell(attributes.serving_cell),
        iccid=attributes.card,
        imsi=attributes.imsi,
        msisdn=attributes.msisdn,
        generation=attributes.generation,
        imei=attributes.imei,
        attached=attributes.attached,
        last_seen=attributes.last_seen,
        modified_at=attributes.last_modified_at,
        modified_by=attributes.last_modified_by or "",
        plan=attributes.last_plan or "",
    )


def _cell(cell: WireCell | None) -> ServingCell | None:
    if cell is None or cell.cell_id is None or cell.rat_type is None:
        return None
    return ServingCell(cell.cell_id, cell.rat_type, cell.band or "", cell.plmn or "", cell.reported_at)
