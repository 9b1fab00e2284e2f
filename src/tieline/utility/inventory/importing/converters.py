"""From text to values: each converter takes a text that is not empty and returns a value or raises ``Bad``."""

import ipaddress
import math
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

from tieline.standards import numbering
from tieline.utility.inventory.importing.problems import Bad
from tieline.utility.inventory.policy.addresses import plain

Converter = Callable[[str], Any]

# Controls but the tab, line separators, overrides of writing direction, lone surrogates: nothing that a name needs, and
# much that misleads the eye or a program.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_YES = frozenset({"1", "true", "yes", "y", "t", "on"})
_NO = frozenset({"0", "false", "no", "n", "f", "off"})
_LIST = re.compile(r"[\s,;/|]+")
_CODE = re.compile(r"[\x21-\x7e]+")
_RULES: Mapping[str, str] = {"digits": "format", "mod97": "check_digits", "operator": "plmn"}
_MAX_DIGITS = 40


def text(most: int) -> Converter:
    """Any text of at most ``most`` characters, kept as it is."""

    def convert(raw: str) -> str:
        if len(raw) > most:
            raise Bad("length", f"at most {most} characters are taken, these are {len(raw)}")
        if not raw.isprintable() and _CONTROL.search(raw):
            raise Bad("control_character", "it has characters that cannot be seen")
        return raw

    return convert


def code(most: int) -> Converter:
    """An identifier: visible ASCII characters and blanks within."""
    plain = text(most)

    def convert(raw: str) -> str:
        plain(raw)
        if not all(map(_CODE.fullmatch, raw.split(" "))):
            raise Bad("format", "an identifier has letters, digits and punctuation only")
        return raw

    return convert


def number(least: float, most: float, unit: str = "") -> Converter:
    """A decimal number within bounds."""

    def convert(raw: str) -> float:
        value = _float(raw)
        if not least <= value <= most:
            raise Bad("range", f"it must be from {least:g} to {most:g}{unit}")
        return value

    return convert


def integer(least: int, most: int) -> Converter:
    """A whole number within bounds; ``12.0`` is whole, as spreadsheets write it."""

    def convert(raw: str) -> int:
        value = _float(raw)
        if not value.is_integer():
            raise Bad("format", "a whole number is needed")
        if not least <= value <= most:
            raise Bad("range", f"it must be from {least} to {most}")
        return int(value)

    return convert


def _float(raw: str) -> float:
    try:
        value = float(raw) if len(raw) <= _MAX_DIGITS and "_" not in raw else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Bad("format", "a number is needed")
    return value


def choice(words: Collection[str], also: Mapping[str, str] | None = None) -> Converter:
    """One of some words, in any case; ``also`` gives further spellings of them."""
    known = {word.casefold(): str(word) for word in words} | {
        key.casefold(): str(word) for key, word in (also or {}).items()
    }
    said = ", ".join(words)

    def convert(raw: str) -> str:
        word = known.get(raw.casefold())
        if word is None:
            raise Bad("choice", f"it must be one of {said}")
        return word

    return convert


def choices(words: Collection[str], also: Mapping[str, str] | None = None) -> Converter:
    """Several of some words, separated by blanks, commas or semicolons."""
    one = choice(words, also)

    def convert(raw: str) -> list[str]:
        return sorted({one(part) for part in _LIST.split(raw) if part})

    return convert


def codes(most: int) -> Converter:
    """Several short identifiers, separated by blanks, commas or semicolons, in the order given."""
    one = code(most)

    def convert(raw: str) -> list[str]:
        return list(dict.fromkeys(one(part) for part in _LIST.split(raw) if part))

    return convert


def boolean(raw: str) -> bool:
    """Yes or no, in the usual ways of writing them."""
    word = raw.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Bad("choice", "it must be true or false")


def day(raw: str) -> date:
    """A date as ISO 8601 writes it; a time behind it is left out."""
    before, _, _ = raw.replace("T", " ", 1).partition(" ")
    try:
        return date.fromisoformat(before)
    except ValueError as error:
        raise Bad("format", "a date like 2026-01-31 is needed") from error


def address(raw: str) -> str:
    """An IP address."""
    try:
        return plain(raw)
    except ValueError as error:
        raise Bad("format", "that is not an IP address") from error


def network(raw: str) -> str:
    """An address block in CIDR notation, its host part zero."""
    try:
        return str(ipaddress.ip_network(_zoneless(raw)))
    except ValueError as error:
        raise Bad("format", "a block like 10.0.0.0/24 is needed, with nothing behind the prefix") from error


def _zoneless(raw: str) -> str:
    if "%" in raw:
        raise ValueError(raw)
    return raw


def checked(check: Callable[[str], numbering.Checked]) -> Converter:
    """A number of the mobile world, by the check of its standard."""

    def convert(raw: str) -> str:
        outcome = check(raw)
        if outcome.rule:
            raise Bad(_RULES.get(outcome.rule, outcome.rule), outcome.message)
        return outcome.value

    return convert
