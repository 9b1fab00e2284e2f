"""Incidents in sentences: what is wrong, who did it, what it means. British English, no codes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from tieline.platform.words import plural
from tieline.utility.incidents.model import Cause, Deviation, Difference, Expected, Kind, Place
from tieline.utility.incidents.policy.deviations import NETWORK, is_staff

FIELD_WORDS: Mapping[str, str] = {
    "state": "state",
    "apn": "APN",
    "ip_address": "IP address",
    "subscription_group": "group",
    "data_plan": "data plan",
    "rat_restriction": "barred technologies",
    "imei_lock": "IMEI lock",
    "lan_groups": "5G LAN groups",
    "imei": "IMEI",
    "card": "card",
    "missing": "presence",
    "unknown": "presence",
}
KIND_WORDS: Mapping[str, str] = {
    Kind.CONFIGURATION.value: "Foreign change",
    Kind.DEVICE.value: "SIM in a foreign device",
    Kind.CARD.value: "Another card",
    Kind.MISSING.value: "Gone at the operator",
    Kind.UNKNOWN.value: "Not known to us",
}
_MEANS: Mapping[str, str] = {
    "state": "In another state the link may not register, or one that should be silent may carry traffic.",
    "apn": "With another APN the router's traffic ends in another network, or nowhere: the site may be out of reach.",
    "ip_address": "The control centre calls the site at its own address; at another nobody answers.",
    "subscription_group": "In another group the operator applies other terms and reaches other addresses.",
    "data_plan": "Another plan may throttle, block or cost more; the link works meanwhile.",
    "rat_restriction": "The link may lose the technologies that it hangs on.",
    "imei_lock": "The SIM is not bound to our router: it could be taken out and used elsewhere.",
    "lan_groups": "In another group the device reaches other devices, or none of its own group.",
    "imei": "The SIM may have been taken out of our router and be used in another device.",
    "card": "Another card answers for this subscription: the one at the site may be dead.",
    "missing": "The link cannot work: its operator has no subscription for it any more.",
    "unknown": "Something is billed, or can use our network, that no change of ours ordered.",
}


_UNSET: Sequence[Any] = (None, "", [], ())


def fields_word(names: Collection[str]) -> str:
    """Fields in a sentence: "APN and data plan"."""
    words = [FIELD_WORDS.get(name, name) for name in sorted(names)]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "configuration"


def value_word(value: Any, field: str = "") -> str:
    """A value of a field in a sentence."""
    if value in _UNSET:
        return "not set"
    if field in {"state", "missing", "unknown"}:
        return "in stock" if value == "INVENTORY" else str(value).replace("_", " ").lower()
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def means(names: Collection[str]) -> str:
    """What it means that these fields deviate."""
    return " ".join(_MEANS[name] for name in sorted(names) if name in _MEANS)


def begun(words: str) -> str:
    """Words at the beginning of a sentence; what is written large within stays so."""
    return words[:1].upper() + words[1:]


def title(kind: str, first: Deviation, count: int) -> str:
    """What a list shows: what, where, on how many."""
    where = _where(first) if count == 1 else f"{count:,} subscriptions"
    operator = f"operator {first.operator}"
    if kind == Kind.CONFIGURATION.value:
        fields = fields_word(first.differences)
        if first.cause is Cause.NOT_DONE:
            return f"Operator {first.operator} has not applied our {fields}: {where}"
        return f"{begun(fields)} changed at {operator}: {where}"
    if kind == Kind.DEVICE.value:
        what = "SIM used outside the device it is locked to" if "imei_lock" in first.differences else KIND_WORDS[kind]
        return f"{what}: {where}"
    if kind == Kind.UNKNOWN.value:
        return f"{plural(count, 'subscription')} at {operator} that we do not know"
    if kind == Kind.MISSING.value:
        return f"Gone at {operator}: {where}"
    return f"Another card at {operator}: {where}"


def _where(one: Deviation) -> str:
    place = one.place
    name = place.site_name or place.site
    return (f"{name}, {place.role}" if place.role else name) if name else f"subscription {one.ref}"


def sentence(kind: str, first: Deviation, count: int) -> str:
    """The story in a sentence or two, of one or of many alike."""
    subject = f"the {_link(first)}" if count == 1 else f"{count:,} subscriptions"
    if kind == Kind.CONFIGURATION.value and first.cause is not Cause.NOT_DONE:
        return f"{begun(who(first))} {_changed(subject, first)} No change of ours explains it."
    told = [_difference(name, one, subject, first) for name, one in sorted(first.differences.items())]
    unexplained = "" if kind in {Kind.DEVICE.value, Kind.CARD.value} else " No change of ours explains it."
    return f"{' '.join(told)}{unexplained}"


def _link(one: Deviation) -> str:
    place = one.place
    if not place.site:
        return f"subscription {one.ref}"
    return f"{place.role or 'only'} link of {place.site_name or place.site}"


def _difference(name: str, one: Difference, subject: str, first: Deviation) -> str:
    operator, theirs, ours = f"operator {first.operator}", value_word(one.theirs, name), value_word(one.ours, name)
    if name == "missing":
        return f"{begun(operator)} no longer shows {subject}; we have it as {ours.lower()}."
    if name == "unknown":
        return f"{begun(operator)} shows {subject} as {theirs}, which our inventory does not have."
    if name == "card":
        return f"{begun(operator)} shows card {theirs} for {subject}; ours is {ours}."
    if first.kind == Kind.DEVICE.value:
        what = "it is locked to" if name == "imei_lock" else "our device there has"
        return f"The network saw {subject} in a device with IMEI {theirs}; {what} {ours}."
    field = FIELD_WORDS.get(name, name)
    if first.cause is Cause.NOT_DONE:
        return f"{begun(operator)} took our {field} {ours} for {subject}, but its network still has {theirs}."
    return f"{begun(operator)} has {theirs} as {field} of {subject}; we want {ours}."


def _changed(subject: str, first: Deviation) -> str:
    """What somebody did to one field or several, after who it was."""
    every = sorted(first.differences.items())
    if len(every) == 1:
        name, one = every[0]
        field, ours = FIELD_WORDS.get(name, name), value_word(one.ours, name)
        if one.theirs in _UNSET:
            return f"took the {field} of {subject} away; we want {ours}."
        return f"set the {field} of {subject} to {value_word(one.theirs, name)}; we want {ours}."
    parts = (
        f"{FIELD_WORDS.get(name, name)} {value_word(one.theirs, name)}, where we want {value_word(one.ours, name)}"
        for name, one in every
    )
    return f"changed {subject}: {'; '.join(parts)}."


def who(one: Deviation) -> str:
    """Who did it, as far as the operator says."""
    if one.cause is Cause.LATE_PLAN:
        return f"an earlier order of ours at operator {one.operator} ({one.plan})"
    if is_staff(one.by):
        kind, _, name = one.by.partition(":")
        return f"operator {one.operator}'s {kind} ({name})" if name else f"operator {one.operator} ({kind})"
    return f"somebody at operator {one.operator}"


def quiet(one: Expected) -> str:
    """Why an incident calls nobody, and until when."""
    return f"Expected until {one.ends_at:%d %b %H:%M} UTC: {one.why}"


def record_of(one: Deviation) -> dict[str, Any]:
    """The evidence as it is kept: values with their times and sources, who, which plan."""
    return {
        "operator": one.operator,
        "ref": one.ref,
        "cause": one.cause.value,
        "by": one.by,
        "plan": one.plan,
        "since": one.since,
        "differences": {name: _plain(difference) for name, difference in one.differences.items()},
    }


def _plain(one: Difference) -> dict[str, Any]:
    return {"ours": one.ours, "theirs": one.theirs, "at": one.at, "source": one.source}


def deviation_of(member: Mapping[str, Any]) -> Deviation:
    """The deviation that a member was made of, from what was kept."""
    record = member["record"]
    return Deviation(
        kind=member["kind"],
        subject=member["subject"],
        operator=member["operator"],
        ref=member["ref"],
        since=member["since"],
        subscription_id=member["subscription_id"],
        cause=Cause(record.get("cause", Cause.SOMEBODY.value)),
        by=record.get("by", ""),
        plan=record.get("plan", ""),
        place=Place(
            site_id=member["site_id"],
            site=member["site"],
            site_name=member["site_name"],
            region=member["region"],
            criticality=member["criticality"],
            role=member["role"],
        ),
        differences={name: difference_of(one) for name, one in member["fields"].items()},
    )


def difference_of(kept: Mapping[str, Any]) -> Difference:
    """A difference as it was kept."""
    at = kept.get("at")
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return Difference(kept.get("ours"), kept.get("theirs"), moment, kept.get("source", NETWORK))


def names_of(members: Sequence[Mapping[str, Any]]) -> set[str]:
    """Every field that deviates on some members."""
    return {name for member in members for name in member["fields"]}
