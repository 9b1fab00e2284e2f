"""The faults file: what goes wrong, for whom, and when. Pure; the format is in docs/reference/world.md."""

import hashlib
from typing import Any

import msgspec

from tieline.platform.errors import Invalid, Problem
from tieline.standards.numbering import check_imei, luhn_digit

KINDS = (
    "reject",
    "timeout",
    "slow",
    "accept_not_apply",
    "duplicate_notification",
    "drop_notification",
    "late_notification",
    "out_of_band_change",
    "foreign_device",
    "down",
)
_TAKES: dict[str, frozenset[str]] = {
    "reject": frozenset({"reason"}),
    "timeout": frozenset({"delay_s", "applied"}),
    "slow": frozenset({"delay_s", "jitter_s"}),
    "accept_not_apply": frozenset(),
    "duplicate_notification": frozenset({"times"}),
    "drop_notification": frozenset(),
    "late_notification": frozenset({"delay_s"}),
    "out_of_band_change": frozenset({"attribute", "value", "reason"}),
    "foreign_device": frozenset({"value", "reason"}),
    "down": frozenset(),
}
_CHOICES = ("share", "count", "ids")
_NEEDS: dict[str, str] = {"slow": "delay_s", "late_notification": "delay_s", "out_of_band_change": "attribute"}
MAX_RULES = 100
_TEST_TAC = "00440299"
_WHOLE = float(2**64)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault: which operator's, what, for which subscriptions, and between which seconds."""

    operator: str
    fault: str
    share: float | None = None
    count: int | None = None
    ids: frozenset[str] | None = None
    from_s: float = 0.0
    to_s: float | None = None
    reason: str | None = None
    delay_s: float | None = None
    jitter_s: float | None = None
    applied: bool | None = None
    times: int | None = None
    attribute: str | None = None
    value: Any = None

    def open_at(self, seconds: float) -> bool:
        """Tell whether the rule holds so long after the first change."""
        return self.from_s <= seconds and (self.to_s is None or seconds < self.to_s)


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A faults file."""

    rules: tuple[Rule, ...] = ()
    name: str = ""
    seed: int = 1


_decoder = msgspec.json.Decoder(Faults)
NONE = Faults()


def read_faults(body: bytes) -> Faults:
    """Read a faults file.

    Raises:
        Invalid: naming the rule and the member that is wrong.

    """
    try:
        faults = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("The faults cannot be read.", [Problem("faults", "format", str(error))]) from error
    problems = [problem for place, rule in enumerate(faults.rules) for problem in _problems(place, rule)]
    if len(faults.rules) > MAX_RULES:
        problems.append(Problem("rules", "many", f"There are at most {MAX_RULES} rules."))
    if problems:
        raise Invalid("The faults break a rule of their format.", problems)
    return faults


def draw(seed: int, rule: int, subscription: str) -> float:
    """Give the number in [0, 1) that decides whether a share of subscriptions has this one."""
    digest = hashlib.sha256(f"{seed}:{rule}:{subscription}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _WHOLE


def foreign_imei(seed: int, rule: int, subscription: str) -> str:
    """Give the IMEI of the device that a card turns up in; of a type allocation code kept for tests, and nobody's."""
    serial = int(draw(seed, rule, f"{subscription}/device") * 1_000_000)
    digits = f"{_TEST_TAC}{serial:06}"
    return digits + luhn_digit(digits)


def _is_imei(value: Any) -> bool:
    return isinstance(value, str) and check_imei(value).value == value and check_imei(value).ok


def _problems(place: int, rule: Rule) -> list[Problem]:
    where = f"rules/{place}"
    if rule.fault not in KINDS:
        return [Problem(f"{where}/fault", "choice", f"A fault is one of {', '.join(KINDS)}.", rule.fault[:40])]
    found = [
        Problem(f"{where}/{name}", "unknown", f"{rule.fault} takes no {name}.")
        for name in ("reason", "delay_s", "jitter_s", "applied", "times", "attribute", "value")
        if getattr(rule, name) is not None and name not in _TAKES[rule.fault]
    ]
    chosen = [name for name in _CHOICES if getattr(rule, name) is not None]
    if len(chosen) > 1 or (chosen and rule.fault == "down"):
        found.append(Problem(f"{where}/{chosen[0]}", "choice", "At most one of share, count, ids; none with down."))
    needed = _NEEDS.get(rule.fault)
    if needed is not None and getattr(rule, needed) is None:
        found.append(Problem(f"{where}/{needed}", "missing", f"{rule.fault} needs {needed}."))
    if rule.fault == "foreign_device" and rule.value is not None and not _is_imei(rule.value):
        found.append(Problem(f"{where}/value", "imei", "The foreign device is named by its IMEI, 15 digits."))
    if rule.share is not None and not 0 <= rule.share <= 1:
        found.append(Problem(f"{where}/share", "range", "A share is between 0 and 1."))
    if min(rule.from_s, rule.delay_s or 0, rule.jitter_s or 0, rule.count or 0, rule.times or 0) < 0:
        found.append(Problem(where, "range", "No number is negative."))
    return found
