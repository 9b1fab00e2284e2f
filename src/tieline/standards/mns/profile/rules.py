"""Which attribute of the extension classes has which type and bounds, and who may write it."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from tieline.standards.mns.profile.words import (
    CARD_CLASS,
    DEFAULT_TRANSITIONS,
    SUBSCRIPTION_CLASS,
    CardKind,
    Generation,
    RatType,
    State,
    StockState,
    Writer,
)
from tieline.standards.numbering import check_eid, check_iccid, check_imei, check_imsi, check_msisdn


class Problem(NamedTuple):
    """An attribute at fault, the rule that it breaks, and a sentence about it."""

    attribute: str
    rule: str
    message: str


class Attribute(NamedTuple):
    """An attribute of an extension class. ``check`` gives a rule and a message, or None for a good value."""

    name: str
    writer: Writer
    type: str
    check: Callable[[Any], tuple[str, str] | None]
    unsettable: bool = True


_TEXT = re.compile(r"[^\x00-\x1f\x7f]+\Z")
_TOKEN = re.compile(r"[\x21-\x7e]+\Z")
_APN_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)\Z")
_PLMN = re.compile(r"[0-9]{5,6}\Z")

MAX_APN = 100
"""Octets of an APN (3GPP TS 23.003 clause 9.1)."""


def _text(longest: int, pattern: re.Pattern[str] = _TEXT) -> Callable[[Any], tuple[str, str] | None]:
    def check(value: Any) -> tuple[str, str] | None:
        if not isinstance(value, str):
            return "type", "must be a string"
        if not 1 <= len(value) <= longest:
            return "length", f"has 1 to {longest} characters"
        return None if pattern.match(value) else ("characters", "has a character that is not allowed")

    return check


def _one_of(words: type[StrEnum]) -> Callable[[Any], tuple[str, str] | None]:
    allowed = frozenset(words)

    def check(value: Any) -> tuple[str, str] | None:
        if not isinstance(value, str):
            return "type", "must be a string"
        return None if value in allowed else ("enum", f"is one of {', '.join(words)}")

    return check


def _number(check_number: Callable[[str], Any]) -> Callable[[Any], tuple[str, str] | None]:
    def check(value: Any) -> tuple[str, str] | None:
        if not isinstance(value, str):
            return "type", "must be a string of digits"
        checked = check_number(value)
        if checked.ok and checked.value != value:
            return "digits", "is written without separators"
        return None if checked.ok else (checked.rule, checked.message)

    return check


def _apn(value: Any) -> tuple[str, str] | None:
    wrong = _text(MAX_APN)(value)
    if wrong:
        return wrong
    if not all(_APN_LABEL.match(label) for label in value.split(".")):
        return "apn", "is made of labels of letters, digits and hyphens, joined by dots"
    return None


def _ip_address(value: Any) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "type", "must be a string"
    try:
        plain = "%" not in value and str(ipaddress.ip_address(value)) == value
    except ValueError:
        return "ip", "is an IPv4 or IPv6 address"
    return None if plain else ("ip", "is written in its canonical form (RFC 5952)")


def _rats(value: Any) -> tuple[str, str] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return "type", "must be an array of strings"
    if not set(value) <= set(RatType):
        return "enum", f"holds some of {', '.join(RatType)}"
    if len(set(value)) != len(value):
        return "unique", "names a technology twice"
    return ("all", "would leave no technology") if len(value) == len(RatType) else None


def _boolean(value: Any) -> tuple[str, str] | None:
    return None if isinstance(value, bool) else ("type", "must be true or false")


def _moment(value: Any) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "type", "must be a date-time string"
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return "date-time", "is a date-time of RFC 3339"
    return None if moment.tzinfo else ("date-time", "needs a time zone")


def _object(*members: Attribute) -> Callable[[Any], tuple[str, str] | None]:
    known = {member.name: member for member in members}

    def check(value: Any) -> tuple[str, str] | None:
        if not isinstance(value, Mapping):
            return "type", "must be an object"
        for name, inner in value.items():
            if name not in known:
                return "unknown", f"has no member {name!r}"
            wrong = known[name].check(inner)
            if wrong:
                return wrong[0], f"{name} {wrong[1]}"
        return None

    return check


def _theirs(name: str, kind: str, check: Callable[[Any], tuple[str, str] | None]) -> Attribute:
    return Attribute(name, Writer.OPERATOR, kind, check)


def _groups(value: Any) -> tuple[str, str] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        return "type", "must be an array of strings"
    return None if value == sorted(set(value)) else ("order", "names each group once, in order")


_DESIRED = (
    Attribute("state", Writer.UTILITY, "State", _one_of(State), unsettable=False),
    Attribute("apn", Writer.UTILITY, f"string, 1 to {MAX_APN}", _apn),
    Attribute("ipAddress", Writer.UTILITY, "IPv4 or IPv6 address", _ip_address),
    Attribute("subscriptionGroup", Writer.UTILITY, "string, 1 to 64", _text(64)),
    Attribute("dataPlan", Writer.UTILITY, "string, 1 to 64", _text(64)),
    Attribute("ratRestriction", Writer.UTILITY, "array of RatType, barred", _rats),
    Attribute("imeiLock", Writer.UTILITY, "IMEI, 15 digits", _number(check_imei)),
)
_SERVING_CELL = (
    _theirs("cellId", "string, 1 to 64", _text(64, _TOKEN)),
    _theirs("ratType", "RatType", _one_of(RatType)),
    _theirs("band", "string, 1 to 8", _text(8, _TOKEN)),
    _theirs("plmn", "MCC and MNC, 5 or 6 digits", _text(6, _PLMN)),
    _theirs("reportedAt", "date-time", _moment),
)
_BOOKKEEPING = (
    _theirs("lastModifiedAt", "date-time", _moment),
    _theirs("lastModifiedBy", "string, 1 to 128", _text(128)),
    _theirs("lastPlan", "id of an activation job", _text(128, _TOKEN)),
)


def _table(*attributes: Attribute) -> Mapping[str, Attribute]:
    return MappingProxyType({attribute.name: attribute for attribute in attributes})


SUBSCRIPTION: Mapping[str, Attribute] = _table(
    *_DESIRED,
    Attribute("userLabel", Writer.UTILITY, "string, 1 to 128", _text(128)),
    _theirs("imsi", "IMSI, 6 to 15 digits", _number(check_imsi)),
    _theirs("msisdn", "MSISDN, 7 to 15 digits", _number(check_msisdn)),
    _theirs("generation", "Generation", _one_of(Generation)),
    _theirs("card", "ICCID of the UtilityCard that carries it", _number(check_iccid)),
    _theirs("imei", "IMEI last seen, 15 digits", _number(check_imei)),
    _theirs("attached", "boolean", _boolean),
    _theirs("lastSeen", "date-time", _moment),
    _theirs("servingCell", "object", _object(*_SERVING_CELL)),
    _theirs("lanGroups", "array of string", _groups),
    _theirs("operational", "object", _object(*_DESIRED, _theirs("since", "date-time", _moment))),
    *_BOOKKEEPING,
)
"""``UtilitySubscription``, attribute by attribute."""

CARD: Mapping[str, Attribute] = _table(
    Attribute("stockState", Writer.UTILITY, "StockState", _one_of(StockState), unsettable=False),
    _theirs("eid", "EID, 32 digits, of an eUICC", _number(check_eid)),
    _theirs("kind", "CardKind", _one_of(CardKind)),
    _theirs("carries", "id of the UtilitySubscription", _text(128)),
    *_BOOKKEEPING,
)
"""``UtilityCard``, attribute by attribute. Its identifier is the ICCID."""

CLASSES: Mapping[str, Mapping[str, Attribute]] = MappingProxyType({SUBSCRIPTION_CLASS: SUBSCRIPTION, CARD_CLASS: CARD})

DESIRED_NAMES = tuple(attribute.name for attribute in _DESIRED)
"""The attributes that have an operational twin."""


def validate(
    attributes: Mapping[str, Any],
    writer: Writer = Writer.UTILITY,
    class_name: str = SUBSCRIPTION_CLASS,
) -> list[Problem]:
    """Say what is wrong with attributes that ``writer`` wants to merge into an object; nothing wrong, no problems.

    Rules: ``unknown``, ``read-only`` (the other side's to write), ``required`` (cannot be unset), and the attribute's
    own (``type``, ``enum``, ``length``, ``luhn``, …).
    """
    table = CLASSES[class_name]
    problems: list[Problem] = []
    for name, value in attributes.items():
        attribute = table.get(name)
        if attribute is None:
            problems.append(Problem(name, "unknown", f"{class_name} has no attribute {name[:64]!r}"))
        elif attribute.writer is not writer:
            problems.append(Problem(name, "read-only", f"{name} is the {attribute.writer}'s to write"))
        elif value is None:
            if not attribute.unsettable:
                problems.append(Problem(name, "required", f"{name} cannot be unset"))
        elif wrong := attribute.check(value):
            problems.append(Problem(name, wrong[0], f"{name} {wrong[1]}"))
    return problems


def validate_transition(
    before: str, after: str, allowed: Mapping[State, frozenset[State]] = DEFAULT_TRANSITIONS
) -> Problem | None:
    """Say why a subscription may not go from one state to another; None if it may, or if nothing changes."""
    if before == after:
        return None
    targets = allowed.get(State(before), frozenset())
    if after in targets:
        return None
    possible = ", ".join(sorted(targets)) or "nothing: it is final"
    return Problem("state", "transition", f"{before} cannot become {after}; it may become {possible}")
