"""The gateway's words as staff read them: states as badges, who did something, names of objects as links."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from tieline.console.components.values import Age, Badge, Ident, IdentKind, Link, Tone
from tieline.gateway.model import TokenScope
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import DnError
from tieline.standards.mns.profile import CARD_CLASS, SUBSCRIPTION_CLASS

STATES: Mapping[str, tuple[str, Tone, str]] = {
    "INVENTORY": ("In stock", Tone.OFF, "inbox"),
    "TEST_READY": ("Test ready", Tone.BUSY, "circle-dashed"),
    "ACTIVE": ("Active", Tone.OK, ""),
    "SUSPENDED": ("Suspended", Tone.HELD, ""),
    "RETIRED": ("Retired", Tone.OFF, "circle-slash"),
}
JOBS: Mapping[str, tuple[str, Tone, str]] = {
    "NOT_STARTED": ("Waits for its trigger", Tone.HELD, "clock"),
    "QUEUED": ("Queued", Tone.BUSY, "hourglass"),
    "RUNNING": ("Running", Tone.BUSY, "loader"),
    "CANCELLING": ("Being cancelled", Tone.HELD, ""),
    "CANCELLED": ("Cancelled", Tone.OFF, "ban"),
    "COMPLETED": ("Done", Tone.OK, ""),
    "FAILED": ("Could not be carried out", Tone.BAD, ""),
}
PARTIES: Mapping[str, str] = {"utility": "utility", "staff": "our staff", "network": "network"}
OPERATIONS: Mapping[str, str] = {"created": "made", "changed": "changed", "deleted": "removed"}
SCOPES: Mapping[TokenScope, tuple[str, str]] = {
    TokenScope.READ: ("Read", "Subscriptions, cards, plans and their outcome (TS 28.532)."),
    TokenScope.WRITE: ("Write", "Change single objects (TS 28.532 PATCH)."),
    TokenScope.PLANS: ("Plans", "Change many at once, and take that back (TS 28.572)."),
    TokenScope.NOTICES: ("Notices", "Read notices and answer them (TMF655)."),
    TokenScope.GROUPS: ("Groups and addresses", "5G LAN groups, static addresses (TS 29.522)."),
    TokenScope.EVENTS: ("Events", "Be told of what devices do (TS 29.122)."),
    TokenScope.USAGE: ("Usage", "Read what was used, and what it costs (TMF635)."),
}
ATTRIBUTES: Mapping[str, str] = {
    "state": "State",
    "apn": "APN",
    "ipAddress": "IP address",
    "subscriptionGroup": "Group",
    "dataPlan": "Data plan",
    "ratRestriction": "Barred",
    "imeiLock": "IMEI lock",
    "userLabel": "Label of the utility",
    "imsi": "IMSI",
    "msisdn": "MSISDN",
    "card": "Card",
    "imei": "Device last seen",
    "generation": "Made for",
    "lanGroups": "5G LAN groups",
    "stockState": "Stock",
    "attached": "Attached",
    "lastSeen": "Last seen",
    "servingCell": "Serving cell",
}
TECHNOLOGIES: Mapping[str, str] = {"GERAN": "2G", "UTRA": "3G", "EUTRA": "4G", "NR": "5G"}
IDENTS: Mapping[str, IdentKind] = {
    "imsi": IdentKind.IMSI,
    "msisdn": IdentKind.MSISDN,
    "card": IdentKind.ICCID,
    "imei": IdentKind.IMEI,
    "imeiLock": IdentKind.IMEI,
    "eid": IdentKind.EID,
}
SOON = timedelta(days=30)


def state_badge(state: object) -> Badge | None:
    """A subscription's state."""
    if not isinstance(state, str):
        return None
    word, tone, icon = STATES.get(state, (state, Tone.UNKNOWN, ""))
    return Badge(word, tone, icon)


def job_badge(state: str, failed: int = 0) -> Badge:
    """How a plan's job stands; one that is done with failures says so."""
    if state == "COMPLETED" and failed:
        return Badge("Done with failures", Tone.WARN)
    word, tone, icon = JOBS.get(state, (state, Tone.UNKNOWN, ""))
    return Badge(word, tone, icon)


def attribute(name: str) -> str:
    """What people call an attribute; one that has no word keeps its name."""
    return ATTRIBUTES.get(name, name)


def shown(name: str, value: Any) -> object:
    """An attribute's value as it is shown."""
    if name == "state":
        return state_badge(value)
    if name in IDENTS and value is not None:
        return Ident(str(value), IDENTS[name])
    if name == "ratRestriction" and isinstance(value, list):
        return ", ".join(TECHNOLOGIES.get(str(one), str(one)) for one in value) or None
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    if isinstance(value, dict):
        return ", ".join(f"{attribute(key)} {one}" for key, one in value.items())
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def moment(text: object) -> datetime | None:
    """A moment as it stands in an attribute."""
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def object_href(dn: str) -> str:
    """The page of an object by its name; empty for what has none."""
    try:
        parsed = Dn.parse(dn)
    except DnError:
        return ""
    if len(parsed) != 2:  # noqa: PLR2004 - the utility, and what is its
        return f"/utilities/{quote(parsed[0].id)}" if len(parsed) == 1 else ""
    place = {SUBSCRIPTION_CLASS: "objects", CARD_CLASS: "cards"}.get(parsed.class_name)
    return f"/{place}/{quote(parsed[0].id)}/{quote(parsed.id, safe='')}" if place else ""


def quoted(text: str) -> str:
    """A name as it stands in an address."""
    return quote(text, safe="")


def object_link(dn: str) -> object:
    """An object by the last part of its name, leading to its page."""
    name = dn.rpartition("=")[2]
    href = object_href(dn)
    return Link(name, href) if href else dn


def until(moment_: datetime | None, now: datetime) -> object:
    """When a certificate is over: a badge where that is soon."""
    if moment_ is None:
        return "not known yet"
    if moment_ <= now:
        return Badge(f"over since {moment_:%Y-%m-%d}", Tone.BAD)
    if moment_ - now < SOON:
        return Badge(f"{moment_:%Y-%m-%d}: in {(moment_ - now).days} days", Tone.WARN)
    return f"{moment_:%Y-%m-%d}"


def told(row: Mapping[str, Any]) -> Badge:
    """Whether an address is reached."""
    if row["last_error"]:
        return Badge("Not reached", Tone.BAD, tip=str(row["last_error"]))
    if row["waiting"]:
        return Badge("Behind", Tone.BUSY)
    return Badge("Reached", Tone.OK) if row["delivered"] else Badge("Nothing sent yet", Tone.UNKNOWN)


def seen(at: datetime | None) -> Age:
    """When somebody came in last."""
    return Age(at, "calls of the standard interfaces")
