"""5G LAN groups: ``5GLANParameterProvision`` of TS 29.522 (clauses 4.4.15 and 5.9 of V17).

A group is one subscription resource: its external name, its members (a map of any key to a GPSI), the data network and
slice that its sessions go to, and the AAA server of the utility that authenticates them or gives them addresses. DNN,
slice and name of a group never change; members do, by a merge patch of the map in which null takes a member out.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from tieline.standards.northbound.common import (
    Cause,
    Gpsi,
    InvalidParam,
    NorthboundError,
    Snssai,
    SupportedFeatures,
    Text,
    check_dnn,
    check_group_id,
    read,
    wrong,
)

_UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_IPV4 = r"^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$"
_PATCHABLE = frozenset({"gpsis", "appDesps"})


class SessionType(StrEnum):
    """``PduSessionType`` of TS 29.571."""

    IPV4 = "IPV4"
    IPV6 = "IPV6"
    IPV4V6 = "IPV4V6"
    UNSTRUCTURED = "UNSTRUCTURED"
    ETHERNET = "ETHERNET"


class AaaUsage(StrEnum):
    """What the utility's AAA server (DN-AAA) is asked for."""

    AUTH = "AUTH"
    IP_ALLOC = "IP_ALLOC"


Members = Annotated[dict[str, Gpsi], msgspec.Meta(min_length=1)]
AppIds = Annotated[dict[str, Text], msgspec.Meta(min_length=1)]


class AppDescriptor(msgspec.Struct, frozen=True, rename="camel"):
    """An operating system of the devices, by its UUID, and the applications there that use the group."""

    os_id: Annotated[str, msgspec.Meta(pattern=_UUID)]
    app_ids: AppIds


class AppDescriptorPatch(msgspec.Struct, frozen=True, rename="camel"):
    """Applications that come (a name) or go (null)."""

    app_ids: dict[str, Text | None]


class GroupParameters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``5GLanParameters``: the group itself."""

    exter_group_id: str
    gpsis: Members
    dnn: str
    snssai: Snssai
    session_type: SessionType
    app_desps: Annotated[dict[str, AppDescriptor], msgspec.Meta(min_length=1)]
    session_types: Annotated[tuple[SessionType, ...], msgspec.Meta(min_length=1)] | None = None
    aaa_ipv4_addr: Annotated[str, msgspec.Meta(pattern=_IPV4)] | None = None
    aaa_ipv6_addr: str | None = None
    aaa_usgs: Annotated[tuple[AaaUsage, ...], msgspec.Meta(min_length=1)] | None = None
    mtc_provider_id: Text | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``5GLanParametersProvision``: a group as a resource."""

    params: GroupParameters = msgspec.field(name="5gLanParams")
    supp_feat: SupportedFeatures = msgspec.field(name="suppFeat")
    self_link: str | None = msgspec.field(name="self", default=None)


class GroupChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``5GLanParametersPatch``: members and applications that come or go."""

    gpsis: Annotated[dict[str, Gpsi | None], msgspec.Meta(min_length=1)] | None = None
    app_desps: Annotated[dict[str, AppDescriptorPatch | None], msgspec.Meta(min_length=1)] | None = None


class GroupPatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``5GLanParametersProvisionPatch``."""

    changes: GroupChanges | None = msgspec.field(name="5gLanParamsPatch", default=None)

    def applied(self, group: GroupParameters) -> GroupParameters:
        """Give the group as the patch leaves it.

        Raises:
            NorthboundError: 403 when no member or no application would be left; then DELETE is meant. 400 when somebody
                would be a member twice.

        """
        changes = self.changes or GroupChanges()
        members = _merged(group.gpsis, changes.gpsis or {})
        _check_once(members, "/5gLanParamsPatch/gpsis")
        apps = dict(group.app_desps)
        for key, change in (changes.app_desps or {}).items():
            had = apps.pop(key, None)
            if change is None:
                continue
            if had is None:
                raise wrong(f"/5gLanParamsPatch/appDesps/{key}", "names an operating system that the group has not")
            left = _merged(had.app_ids, change.app_ids)
            if left:
                apps[key] = AppDescriptor(had.os_id, left)
        if not members or not apps:
            what = "gpsis" if not members else "appDesps"
            raise NorthboundError(
                f"A group cannot be without {what}; to end it, delete it.",
                status=403,
                cause=Cause.MODIFICATION_NOT_ALLOWED,
                params=[InvalidParam(f"/5gLanParamsPatch/{what}", "cannot become empty")],
            )
        return msgspec.structs.replace(group, gpsis=members, app_desps=apps)


def read_group(body: bytes | Any) -> Group:
    """Read the body of a POST or PUT. Raises ``NorthboundError`` (400) naming what is wrong."""
    group = read(body, Group)
    params = group.params
    check_group_id(params.exter_group_id, "/5gLanParams/exterGroupId")
    check_dnn(params.dnn, "/5gLanParams/dnn")
    for key, descriptor in params.app_desps.items():
        if key != descriptor.os_id:
            raise wrong(f"/5gLanParams/appDesps/{key}", "has its osId as its key")
    if params.aaa_usgs and params.aaa_ipv4_addr is None and params.aaa_ipv6_addr is None:
        raise wrong("/5gLanParams/aaaUsgs", "needs the address of the server", cause=Cause.OPTIONAL_IE_INCORRECT)
    _check_once(params.gpsis, "/5gLanParams/gpsis")
    return group


def read_group_patch(body: bytes | Any) -> GroupPatch:
    """Read the body of a PATCH.

    Raises:
        NorthboundError: 400 for what cannot be read, 403 for an attribute that a patch may not change (DNN, S-NSSAI).

    """
    raw = read(body, dict[str, Any]).get("5gLanParamsPatch")
    fixed = sorted(_known() & (raw.keys() - _PATCHABLE)) if isinstance(raw, Mapping) else []
    if fixed:
        raise _fixed(fixed, "/5gLanParamsPatch")
    return read(body, GroupPatch)


def fixed_differences(before: GroupParameters, after: GroupParameters) -> None:
    """Hold a replacement to the group that it replaces: name, data network and slice stay.

    Raises:
        NorthboundError: 403, naming what may not change.

    """
    same = {
        "exterGroupId": before.exter_group_id == after.exter_group_id,
        "dnn": before.dnn == after.dnn,
        "snssai": str(before.snssai) == str(after.snssai),
    }
    changed = [name for name, equal in same.items() if not equal]
    if changed:
        raise _fixed(changed, "/5gLanParams")


def _fixed(names: list[str], where: str) -> NorthboundError:
    return NorthboundError(
        f"{', '.join(names)} of a group cannot be changed.",
        status=403,
        cause=Cause.MODIFICATION_NOT_ALLOWED,
        params=[InvalidParam(f"{where}/{name}", "cannot be changed") for name in names],
    )


def _known() -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(GroupParameters))


def _merged(kept: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Merge as RFC 7396 does: null takes out."""
    return {key: value for key, value in {**kept, **changes}.items() if value is not None}


def _check_once(members: Mapping[str, str], where: str) -> None:
    """Hold a group to name each member once."""
    if len(set(members.values())) == len(members):
        return
    seen: set[str] = set()
    for key, gpsi in members.items():
        if gpsi in seen:
            raise wrong(f"{where}/{key}", "names a member twice")
        seen.add(gpsi)
