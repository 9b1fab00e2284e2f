"""How changes are spoken of: states as badges, fields in plain words, a kind and its parameters as sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from tieline.console.components.values import Badge, Tone
from tieline.utility.console import words as inventory_words
from tieline.utility.console.words import FIELD_WORDS, listed

STATES: Mapping[str, Badge] = {
    "draft": Badge("Draft", Tone.OFF, "pencil"),
    "planning": Badge("Being planned", Tone.BUSY, "loader"),
    "planned": Badge("Planned", Tone.OFF, "list-checks"),
    "submitted": Badge("Waits for approval", Tone.WARN, "hourglass"),
    "approved": Badge("Approved", Tone.BUSY, "shield-check"),
    "rejected": Badge("Rejected", Tone.BAD, "circle-x"),
    "running": Badge("Running", Tone.BUSY, "loader"),
    "paused": Badge("Paused", Tone.HELD, "circle-pause"),
    "completed": Badge("Completed", Tone.OK, "circle-check"),
    "stopped": Badge("Stopped", Tone.OFF, "octagon-x"),
}
ITEM_STATES: Mapping[str, Badge] = {
    "blocked": Badge("Left out", Tone.HELD, "skip-forward"),
    "waiting": Badge("Waits for its crew", Tone.OFF, "hourglass", "Nothing is sent before the card is fitted."),
    "planned": Badge("Waiting", Tone.OFF, "hourglass"),
    "queued": Badge("Being sent", Tone.BUSY, "arrow-right"),
    "sent": Badge("At the operator", Tone.BUSY, "arrow-right"),
    "accepted": Badge("Accepted, not read back yet", Tone.BUSY, "circle-dot"),
    "verified": Badge("Verified", Tone.OK, "circle-check"),
    "failed": Badge("Failed", Tone.BAD, "octagon-alert"),
    "conflict": Badge("Changed by somebody else", Tone.WARN, "triangle-alert"),
    "cancelled": Badge("Not done", Tone.OFF, "circle-slash"),
}
LANE_STATES: Mapping[str, Badge] = {
    "waiting": Badge("Waits its turn", Tone.OFF, "hourglass"),
    "running": Badge("Running", Tone.BUSY, "loader"),
    "paused": Badge("Paused", Tone.HELD, "circle-pause"),
    "done": Badge("Done", Tone.OK, "circle-check"),
}
GRADES: Mapping[str, Badge] = {
    "none": Badge("Nothing yet", Tone.OFF, "circle-dashed"),
    "accepted": Badge("Accepted", Tone.BUSY, "circle-dot", "The operator took the call."),
    "operational": Badge("Operational", Tone.OK, "circle-check", "Read back from the operator's operational state."),
    "seen": Badge("Seen", Tone.OK, "signal", "Seen in a live session."),
    "in_service": Badge("In service", Tone.OK, "plug-zap", "The application answered."),
}
TYPES: Mapping[str, str] = {"normal": "Normal", "standard": "Standard", "emergency": "Emergency"}


def badge(table: Mapping[str, Badge], word: str) -> Badge:
    """The badge of a state; one that is not known is shown as it is."""
    return table.get(word) or Badge(word.replace("_", " ").replace("-", " ").capitalize(), Tone.UNKNOWN)


def field_name(name: str) -> str:
    """What people call a field."""
    return {str(known): word for known, word in FIELD_WORDS.items()}.get(name, name.replace("_", " ").capitalize())


def field_value(name: str, value: Any) -> object:
    """A field's value as a page shows it; ``None`` when it is not set."""
    shown = None if value in ("", [], ()) else inventory_words.field_value(name, value)
    return ", ".join(map(str, shown)) if isinstance(shown, list | tuple) else shown


def value_words(name: str, value: Any) -> str:
    """The same in plain text, for sentences."""
    shown = field_value(name, value)
    if shown is None:
        return "nothing"
    return shown.word.lower() if isinstance(shown, Badge) else str(shown)


def what_happens(kind: str, sentence: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """What a change does, in sentences; a kind of another context speaks for itself by its own ``sentence``."""
    tell = _TELLERS.get(kind)
    if tell is None:
        return (sentence, *(f"{field_name(name)}: {value_words(name, value)}." for name, value in parameters.items()))
    return tuple(tell(parameters))


def _preprovision(parameters: Mapping[str, Any]) -> Iterator[str]:
    card = {"plastic": "plastic card", "euicc": "eUICC"}.get(str(parameters.get("card_kind")), "card")
    generation = parameters.get("generation", "4G")
    yield f"For each selected link a {card} with a {generation} subscription is taken from its operator's stock."
    given = [
        f"the {word} {parameters[name]}"
        for name, word in (("apn", "APN"), ("subscription_group", "group"), ("data_plan", "data plan"))
        if parameters.get(name)
    ]
    taken = [
        word
        for name, word in (("apn", "APN"), ("subscription_group", "group"), ("data_plan", "data plan"))
        if not parameters.get(name)
    ]
    state = value_words("state", parameters.get("state", "TEST_READY"))
    gets = [*given, *([f"the {listed(taken)} of the present one"] if taken else [])]
    yield f"The new subscription becomes {state} and gets {listed(gets)}."
    if parameters.get("fixed_address", True):
        yield "Where the present one has a fixed IP address, the new one gets one reserved from the pool of its APN."
    yield "The present subscriptions are not touched: no link is interrupted."


def _configure(parameters: Mapping[str, Any]) -> Iterator[str]:
    told = [
        f"{field_name(name)} becomes {value_words(name, parameters[name])}"
        if parameters[name] not in (None, "", [], ())
        else f"{field_name(name)} is unset"
        for name in FIELD_WORDS
        if name in parameters and name not in {"ip_address", "imei_lock", "rat_restriction"}
    ]
    if "rat_restriction" in parameters:
        barred = list(parameters["rat_restriction"] or ())
        words = value_words("rat_restriction", barred)
        told.append(f"{words} {'is' if len(barred) == 1 else 'are'} barred" if barred else "no technology is barred")
    if parameters.get("imei_lock") == "device":
        told.append("each line is locked to the IMEI of its device")
    elif "imei_lock" in parameters:
        lock = parameters["imei_lock"]
        told.append(f"each line is locked to IMEI {lock}" if lock else "the IMEI lock is lifted")
    told += {"pool": ["each gets a fixed address from its APN's pool"], "unset": ["the fixed address is unset"]}.get(
        str(parameters.get("ip_address", "keep")), []
    )
    yield f"On each selected subscription: {listed(told)}." if told else "Nothing is set."
    yield "A line may drop for a moment while it is set; never are both links of a site under way at once."


def _restore(parameters: Mapping[str, Any]) -> Iterator[str]:
    where = [
        *([f"in {listed(list(parameters['regions']))}"] if parameters.get("regions") else []),
        *([f"at operator {listed(list(parameters['operators']))}"] if parameters.get("operators") else []),
        *([f"of wave {listed([str(one) for one in parameters['waves']])}"] if parameters.get("waves") else []),
        *([f"for {len(parameters['item_ids'])} items chosen one by one"] if parameters.get("item_ids") else []),
    ]
    part = f", {' '.join(where)}," if where else ""
    yield f"What change {parameters.get('change_id')} set{part} is set back to what it was before."
    yield "Where somebody changed a value since, it is a conflict: it is shown, and left alone."


def _group_create(parameters: Mapping[str, Any]) -> Iterator[str]:
    sd = f"-{parameters['sd']}" if parameters.get("sd") else ""
    yield (
        f"The selected subscriptions become the group {parameters['group']}, a network of their own at their operator:"
        f" data network {parameters['dnn']}, slice {parameters.get('sst', 1)}{sd}."
    )
    if parameters.get("aaa_address"):
        uses = {"AUTH": "admits devices", "IP_ALLOC": "gives them addresses"}
        told = listed([uses[one] for one in parameters.get("aaa_usages") or ()]) or "is not used yet"
        yield f"Our server at {parameters['aaa_address']} {told}."
    yield "None of this can be changed later; who is in it can. No link is interrupted."


def _group_members(parameters: Mapping[str, Any]) -> Iterator[str]:
    where = "out of" if parameters.get("act") == "remove" else "into"
    yield f"Each selected subscription is taken {where} the group {parameters['group']}. No link is interrupted."


def _group_remove(parameters: Mapping[str, Any]) -> Iterator[str]:
    yield f"Each selected member leaves the group {parameters['group']}; it ends when its last member has left."
    yield "Devices of the group no longer reach one another through it; their links stay."


def _cutover(parameters: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "For each selected link the present subscription gives up its fixed address; once the operator shows that, the"
        " subscription prepared for the link takes it."
    )
    if parameters.get("activate", True):
        yield "The new subscription becomes active, and is billed from then on; the old one stays as it is."
    if parameters.get("release", "on_visit") == "on_visit":
        yield "Nothing is sent for a link before its crew has fitted the new card: until then the link waits."
    yield "A link is down between the two steps; never are both links of a site at once."


def _addresses(parameters: Mapping[str, Any]) -> Iterator[str]:
    yield "Each selected subscription gets a fixed address from the pool of its APN, reserved when this is planned."
    if parameters.get("renew"):
        yield "Those that have a fixed address already get another one."
    yield "A line may drop for a moment while its session begins anew; never are both links of a site at once."


_TELLERS = {
    "group.create": _group_create,
    "group.members": _group_members,
    "group.remove": _group_remove,
    "address.provision": _addresses,
    "subscription.cutover": _cutover,
    "subscription.preprovision": _preprovision,
    "subscription.configure": _configure,
    "subscription.restore": _restore,
}
