"""The gateway's words as staff read them: states as badges, who did something, names of objects as links."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import quote

from tieline.console.components.formats import local_date, plural, utc_time
from tieline.console.components.frame import Action
from tieline.console.components.tables import Empty
from tieline.console.components.values import Age, Badge, Ident, IdentKind, Link, Tone
from tieline.gateway.model import TokenScope
from tieline.gateway.plans.model import VALIDATION
from tieline.platform.scope import named
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
    "NOT_STARTED": ("Waits to begin", Tone.HELD, "clock"),
    "QUEUED": ("Queued", Tone.BUSY, "hourglass"),
    "RUNNING": ("Running", Tone.BUSY, "loader"),
    "CANCELLING": ("Being cancelled", Tone.HELD, ""),
    "CANCELLED": ("Cancelled", Tone.OFF, "ban"),
    "COMPLETED": ("Done", Tone.OK, ""),
    "PARTLY": ("Done in part", Tone.WARN, ""),
    "FAILED": ("Failed", Tone.BAD, ""),
}
PARTIES: Mapping[str, str] = {"utility": "utility", "staff": "our staff", "network": "network"}
OPERATIONS: Mapping[str, str] = {"created": "made", "changed": "changed", "deleted": "removed"}
KINDS: Mapping[str, str] = {SUBSCRIPTION_CLASS: "Subscription", CARD_CLASS: "Card", "LanGroup": "5G LAN group"}
_SOURCES: Mapping[str, str] = {"network": "the network", "staff:load": "bulk load"}
_WHEN = frozenset({"since", "reportedAt", "lastSeen"})
"""Members of what the network tells that only say when."""
SCOPES: Mapping[TokenScope, tuple[str, str]] = {
    TokenScope.READ: ("Read", "Subscriptions, cards, plans and what came of them."),
    TokenScope.WRITE: ("Write", "Change subscriptions one by one."),
    TokenScope.PLANS: ("Plans", "Change many at once, and take that back."),
    TokenScope.NOTICES: ("Notices", "Read notices and answer them."),
    TokenScope.GROUPS: ("Groups and addresses", "Make 5G LAN groups, ask for fixed addresses."),
    TokenScope.EVENTS: ("Events", "Be told of what devices do."),
    TokenScope.USAGE: ("Usage", "Read what was used, and what it costs."),
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
    "since": "So since",
    "reportedAt": "Reported",
    "servingCell": "Serving cell",
    "operational": "In the network",
    "cellId": "Cell",
    "ratType": "Technology",
    "band": "Band",
    "plmn": "Network code",
    "exterGroupId": "Name",
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


def job_badge(job: Mapping[str, Any]) -> Badge:
    """How a plan's job stands, from its row; one of which some or all changes failed says so."""
    state = job["state"]
    if state in {"COMPLETED", "FAILED"} and (job["failed"] or state == "FAILED"):
        state = "PARTLY" if job["position"] > job["failed"] + job["rolled_back"] else "FAILED"
        if state == "PARTLY" and job["kind"] == "validation":
            return Badge("Failed in part", Tone.WARN)
    word, tone, icon = JOBS.get(state, (state, Tone.UNKNOWN, ""))
    return Badge(word, tone, icon)


def attribute(name: str) -> str:
    """What people call an attribute; one that has no word keeps its name."""
    return ATTRIBUTES.get(name, name)


def who(source: str | None) -> str:
    """Who did something, as the change log and plans have it: a name alone, or a part of the operator's works."""
    return _SOURCES.get(source or "", "") or named(source)


def sources(name: str) -> tuple[str, ...]:
    """Who may be meant by a name, as the change log has it; one written in full is meant alone."""
    known = tuple(source for source, word in _SOURCES.items() if word == name)
    return known or ((name,) if ":" in name or name in _SOURCES else (f"staff:{name}", f"utility:{name}"))


def job_name(public_id: str) -> str:
    """What a plan's job is called that has no name of its own: "Plan 3"."""
    kind, _, number = public_id.partition("-")
    return f"{'Dry run' if kind == VALIDATION else 'Plan'} {number}"


@dataclass(frozen=True, slots=True)
class Became:
    """A fact that differs: what people call it, its name, what it was and what it is."""

    word: str
    name: str
    before: Any
    after: Any


def became(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Became]:
    """What differs, fact by fact; what the network does is taken apart. When it was seen is no fact beside others."""
    found: list[Became] = []
    for name in dict.fromkeys([*after, *before]):
        was, is_ = before.get(name), after.get(name)
        if name == "operational":
            inside = became(was if isinstance(was, dict) else {}, is_ if isinstance(is_, dict) else {})
            found += [replace(one, word=f"{one.word} in the network") for one in inside]
        elif was != is_:
            found.append(Became(attribute(name), name, was, is_))
    return [one for one in found if one.name not in _WHEN] or found


def brief(name: str, value: Any) -> str | None:
    """An attribute's value within a sentence; None for none."""
    value = value.get("cellId") if name == "servingCell" and isinstance(value, dict) else value
    if value is None or value == []:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    said = shown(name, value)
    if isinstance(said, datetime):
        return utc_time(said)
    return said.word if isinstance(said, Badge) else said.value if isinstance(said, Ident) else str(said)


def shown(name: str, value: Any) -> object:
    """An attribute's value as it is shown."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list):
        known = TECHNOLOGIES if name == "ratRestriction" else {}
        return ", ".join(known.get(str(one), str(one)) for one in value) or None
    if isinstance(value, dict):
        said = ((attribute(key), brief(key, one)) for key, one in value.items() if key not in _WHEN)
        return ", ".join(f"{key} {one}" for key, one in said if one is not None) or None
    return _shown_text(name, str(value))


def _shown_text(name: str, text: str) -> object:
    if name == "state":
        return state_badge(text)
    if name in IDENTS:
        return Ident(text, IDENTS[name])
    if name in _WHEN:
        return moment(text) or text
    return TECHNOLOGIES.get(text, text) if name == "ratType" else text


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
        return Badge("Not known", Tone.UNKNOWN, tip=_NOT_KNOWN)
    day = local_date(moment_, UTC)
    if moment_ <= now:
        return Badge(f"Over since {day}", Tone.BAD)
    if moment_ - now < SOON:
        return Badge(f"{day}: in {plural((moment_ - now).days, 'day')}", Tone.WARN)
    return day


_NOT_KNOWN = "Only its fingerprint was given here. Add the certificate itself, and this is known."


def day(moment_: datetime, zone: tzinfo) -> object:
    """A day where something begins or ends with one, as plans of many months do; else the moment."""
    for one in (zone, UTC):
        if moment_.astimezone(one).time() == time():
            return local_date(moment_, one)
    return moment_


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


def no_match(noun: str, path: str) -> Empty:
    """A list whose filters hid everything, and the way to all of it."""
    text = "Take a filter away to see more."
    return Empty(f"No {noun} matches these filters", text, (Action("Clear filters", path, "x"),), "search")
