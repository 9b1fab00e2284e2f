"""What the northbound APIs share: names of subscribers, slices, addresses, and ``ProblemDetails``."""

import ipaddress
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec

_T = TypeVar("_T")

MAX_NAME = 255
"""Characters of an external identifier or of a group's (a bound of ours)."""
MAX_DNN = 100
"""Octets of a DNN (TS 23.003 clause 9.1)."""

_LOCAL_AT_DOMAIN = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+\Z")
_DNN_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)\Z")
_POINTER = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`")

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME, pattern=r"^[^\x00-\x1f\x7f]+$")]
SupportedFeatures = Annotated[str, msgspec.Meta(pattern=r"^[A-Fa-f0-9]*$", max_length=64)]
"""Bit mask of optional features in hexadecimal (TS 29.500 clause 6.6); Tieline uses none of them."""
Gpsi = Annotated[str, msgspec.Meta(pattern=r"^(msisdn-[0-9]{5,15}|extid-[^@]+@[^@]+)$", max_length=MAX_NAME)]
"""A subscriber (TS 29.571). The schema takes any string besides; we take the two forms that mean something."""


class Cause(StrEnum):
    """Why a request was refused, for programs: as TS 29.500 and TS 29.122 name them."""

    INVALID_MSG_FORMAT = "INVALID_MSG_FORMAT"
    MANDATORY_IE_INCORRECT = "MANDATORY_IE_INCORRECT"
    MANDATORY_IE_MISSING = "MANDATORY_IE_MISSING"
    OPTIONAL_IE_INCORRECT = "OPTIONAL_IE_INCORRECT"
    MODIFICATION_NOT_ALLOWED = "MODIFICATION_NOT_ALLOWED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    EVENT_NOT_SUPPORTED = "EVENT_NOT_SUPPORTED"
    USER_NOT_FOUND = "USER_NOT_FOUND"
    SUBSCRIPTION_NOT_FOUND = "SUBSCRIPTION_NOT_FOUND"
    RESOURCE_URI_STRUCTURE_NOT_FOUND = "RESOURCE_URI_STRUCTURE_NOT_FOUND"
    DUPLICATE_REQUEST = "DUPLICATE_REQUEST"
    UNAUTHORIZED_AF = "UNAUTHORIZED_AF"
    NF_CONGESTION = "NF_CONGESTION"
    SYSTEM_FAILURE = "SYSTEM_FAILURE"


class InvalidParam(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter at fault: its JSON Pointer, and why."""

    param: str
    reason: str | None = None


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``ProblemDetails`` of TS 29.122 clause 5.2.1.2.12 (RFC 9457); ``status`` is a number."""

    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None
    instance: str | None = None
    cause: str | None = None
    invalid_params: tuple[InvalidParam, ...] = ()


class NorthboundError(Exception):
    """A request that is refused, with its HTTP status and cause."""

    def __init__(self, detail: str, *, status: int = 400, cause: Cause, params: Iterable[InvalidParam] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.cause = cause
        self.params = tuple(params)

    def problem(self) -> ProblemDetails:
        """The error as it is sent."""
        return ProblemDetails(
            title=self.cause.replace("_", " ").capitalize(),
            status=self.status,
            detail=self.detail,
            cause=self.cause,
            invalid_params=self.params,
        )


class Snssai(msgspec.Struct, frozen=True, omit_defaults=True):
    """A network slice (TS 29.571 ``Snssai``): service type, and differentiator in six hexadecimal digits."""

    sst: Annotated[int, msgspec.Meta(ge=0, le=255)]
    sd: Annotated[str, msgspec.Meta(pattern=r"^[A-Fa-f0-9]{6}$")] | None = None

    def __str__(self) -> str:
        """Write it as TS 29.571 does where a string is needed: ``1`` or ``1-0a0b0c``."""
        return f"{self.sst}-{self.sd.lower()}" if self.sd else str(self.sst)


class IpAddr(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """``IpAddr`` of TS 29.571: exactly one of the three."""

    ipv4_addr: str | None = None
    ipv6_addr: str | None = None
    ipv6_prefix: str | None = None


def ip_addr(address: str) -> IpAddr:
    """Give an address in the form of TS 29.571. Raises ``ValueError`` for what is none."""
    read = ipaddress.ip_address(address)
    return IpAddr(ipv4_addr=str(read)) if read.version == 4 else IpAddr(ipv6_addr=str(read))  # noqa: PLR2004 - IPv4


def address_of(given: IpAddr) -> str | None:
    """Give the one address that is meant, in canonical form; None for a prefix, none, two, or something else.

    One with a zone (RFC 4007) is something else: it means something on one machine only.
    """
    found = [value for value in (given.ipv4_addr, given.ipv6_addr, given.ipv6_prefix) if value is not None]
    if len(found) != 1 or given.ipv6_prefix is not None or "%" in found[0]:
        return None
    try:
        read = ipaddress.ip_address(found[0])
    except ValueError:
        return None
    expected = 4 if given.ipv4_addr is not None else 6
    return str(read) if read.version == expected else None


def gpsi_of_id(identifier: str, domain: str) -> str:
    """Name a subscriber by an external identifier (TS 23.003 clause 19.7.2)."""
    return f"extid-{identifier}@{domain}"


def external_id_of(gpsi: str) -> tuple[str, str] | None:
    """Give local part and domain of a GPSI that is an external identifier."""
    if not gpsi.startswith("extid-"):
        return None
    local, _, domain = gpsi.removeprefix("extid-").partition("@")
    return local, domain


def msisdn_of(gpsi: str) -> str | None:
    """Give the number of a GPSI that is one."""
    return gpsi.removeprefix("msisdn-") if gpsi.startswith("msisdn-") else None


def check_group_id(name: str, where: str) -> None:
    """Hold a group's external name to ``local@domain`` (TS 23.682 clause 4.6.2)."""
    if len(name) > MAX_NAME or not _LOCAL_AT_DOMAIN.match(name):
        raise wrong(where, "is a local name, @ and a domain")


def check_dnn(dnn: str, where: str) -> None:
    """Hold a DNN to its labels (TS 23.003 clause 9.1)."""
    if not 1 <= len(dnn) <= MAX_DNN or not all(_DNN_LABEL.match(label) for label in dnn.split(".")):
        raise wrong(where, "is made of labels of letters, digits and hyphens, joined by dots")


def wrong(where: str, rule: str, *, cause: Cause = Cause.MANDATORY_IE_INCORRECT) -> NorthboundError:
    """Make the error for an attribute that breaks a rule."""
    return NorthboundError(f"{where.rpartition('/')[2]} {rule}.", cause=cause, params=[InvalidParam(where, rule)])


def read(body: bytes | Any, kind: type[_T]) -> _T:
    """Read a body, bytes or JSON values.

    Raises:
        NorthboundError: 400, with the attribute at fault where it is known.

    """
    try:
        return msgspec.json.decode(body, type=kind) if isinstance(body, bytes) else msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise _unfit(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NorthboundError(f"The body cannot be read: {error}", cause=Cause.INVALID_MSG_FORMAT) from error


def _unfit(message: str) -> NorthboundError:
    found = _POINTER.search(message)
    reason = message[: found.start()] if found else message
    path = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", found["path"]) if found else ""
    missing = re.fullmatch(r"Object missing required field `([^`]+)`", reason)
    pointer = path.replace(".....", "....").replace(".", "/") + (f"/{missing[1]}" if missing else "")
    cause = Cause.MANDATORY_IE_MISSING if missing else Cause.MANDATORY_IE_INCORRECT
    return NorthboundError(f"{reason}.", cause=cause, params=[InvalidParam(pointer or "/", reason)])
