"""The form of a new change: from what was typed to what the changes context takes, and back to fields with errors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from starlette.datastructures import ImmutableMultiDict

from tieline.console.components.forms import Field
from tieline.console.components.tables import Option
from tieline.platform.errors import Invalid, Problem
from tieline.utility.changes import read_windows
from tieline.utility.console.pages.changes.views import draft_groups
from tieline.utility.console.words import FIELD_WORDS, STATE_WORDS, TECHNOLOGY_OF
from tieline.utility.inventory import Field as FleetField

PREPROVISION, CONFIGURE, RESTORE = "subscription.preprovision", "subscription.configure", "subscription.restore"
CUTOVER = "subscription.cutover"
_COMMONEST = (PREPROVISION, CONFIGURE, CUTOVER)
_LONGEST_STEPS = 200


def place(kind: str) -> tuple[int, str]:
    """Where a kind stands among others to choose from: the commonest first, then those that belong together."""
    return (_COMMONEST.index(kind) if kind in _COMMONEST else len(_COMMONEST), kind)


Typed = ImmutableMultiDict[Any, Any]
"""What a form posted, or a query says."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the operators' contracts grant, for the selects; nothing listed means that anything may be typed."""

    apns: tuple[str, ...] = ()
    data_plans: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    lan_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed, read: ready for the changes context. ``problems`` are what could not even be read."""

    kind: str
    title: str
    type: str
    reason: str
    parameters: Mapping[str, Any]
    waves: Mapping[str, Any]
    thresholds: Mapping[str, Any]
    window: Mapping[str, Any]
    problems: tuple[Problem, ...] = field(default=())


def read(typed: Typed, zone: tzinfo) -> Draft:
    """Read a posted form; times are those of the utility's own zone."""
    problems: list[Problem] = []
    kind = _text(typed, "change_kind") or PREPROVISION
    return Draft(
        kind=kind,
        title=_text(typed, "title"),
        type=_text(typed, "type") or "normal",
        reason=_text(typed, "reason"),
        parameters=_parameters(kind, typed),
        waves=_waves(typed, problems),
        thresholds={
            "success": _share(typed, "success", 90, problems),
            "error": _share(typed, "error", 10, problems),
        },
        window={name: at for name in ("opens", "closes") if (at := _moment(typed, name, zone, problems))}
        | _recurring(typed, zone, problems),
        problems=tuple(problems),
    )


def _text(typed: Typed, name: str) -> str:
    value = typed.get(name, "")
    return value.strip() if isinstance(value, str) else ""


NEW, SET, OVER = "new.", "set.", "over."
"""What the names of a kind's questions begin with, so that no answer to one kind is taken for one to another."""


def _parameters(kind: str, typed: Typed) -> dict[str, Any]:
    if kind == PREPROVISION:
        found = {name: text for name in _PREPARED if (text := _text(typed, NEW + name))}
        return {**found, "fixed_address": _text(typed, f"{NEW}fixed_address") == "1"}
    if kind == CONFIGURE:
        return dict(_configured(typed))
    if kind == CUTOVER:
        release = "at_once" if _text(typed, f"{OVER}release") == "at_once" else "on_visit"
        return {"release": release, "activate": _text(typed, f"{OVER}activate") == "1"}
    return draft_groups.parameters(kind, typed)


_PREPARED = ("generation", "card_kind", "state", "apn", "data_plan", "subscription_group")
_UNSETTABLE: tuple[FleetField, ...] = ("apn", "data_plan", "subscription_group")


def _configured(typed: Typed) -> Iterator[tuple[str, Any]]:
    unset = set(typed.getlist(f"{SET}unset"))
    if state := _text(typed, f"{SET}state"):
        yield "state", state
    for name in _UNSETTABLE:
        if name in unset:
            yield name, None
        elif text := _text(typed, SET + name):
            yield name, text
    if _text(typed, f"{SET}barring") == "set":
        yield "rat_restriction", [rat for rat in TECHNOLOGY_OF if rat in typed.getlist(f"{SET}rat")]
    lock = _text(typed, f"{SET}imei_lock")
    if lock:
        yield "imei_lock", None if lock == "lift" else lock
    if (address := _text(typed, f"{SET}ip_address")) in {"pool", "unset"}:
        yield "ip_address", address


def _waves(typed: Typed, problems: list[Problem]) -> dict[str, Any]:
    by = _text(typed, "waves_by") or "once"
    found: dict[str, Any] = {"by": by, "canary": _whole(typed, "canary", problems)}
    if by in {"size", "percent"}:
        parts = _text(typed, "steps")[:_LONGEST_STEPS].replace(";", ",").replace("%", "").split(",")
        try:
            found["steps"] = [int(part) for part in parts if part.strip()]
        except ValueError:
            problems.append(Problem("waves.steps", "number", "Whole numbers with commas between: 5, 25, 70."))
    if by == "region":
        found["regions"] = [part.strip() for part in _text(typed, "wave_regions").split(",") if part.strip()]
    return found


def _whole(typed: Typed, name: str, problems: list[Problem]) -> int:
    text = _text(typed, name) or "0"
    if text.isascii() and text.isdigit() and len(text) <= 7:  # noqa: PLR2004 - no fleet has ten million sites
        return int(text)
    problems.append(Problem(f"waves.{name}", "number", "A whole number from 0.", text[:20]))
    return 0


def _share(typed: Typed, name: str, usual: float, problems: list[Problem]) -> float:
    text = _text(typed, name).replace(",", ".").removesuffix("%").strip() or str(usual)
    try:
        return float(text) / 100
    except ValueError:
        problems.append(Problem(f"thresholds.{name}", "number", "A percentage from 0 to 100.", text[:20]))
        return usual / 100


def _recurring(typed: Typed, zone: tzinfo, problems: list[Problem]) -> dict[str, Any]:
    """Windows in words, one a line."""
    lines = [line.strip() for line in _text(typed, "recurring").splitlines() if line.strip()]
    try:
        return {"rules": read_windows(lines, getattr(zone, "key", "UTC"))} if lines else {}
    except Invalid as error:
        problems.extend(Problem("window.recurring", one.rule, one.message, one.value) for one in error.problems)
        return {}


def _moment(typed: Typed, name: str, zone: tzinfo, problems: list[Problem]) -> datetime | None:
    text = _text(typed, name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        problems.append(Problem(f"window.{name}", "date", "A day and a time.", text[:40]))
        return None


@dataclass(frozen=True, slots=True)
class Section:
    """Some questions of the form under one heading."""

    title: str
    sentence: str
    fields: tuple[Field, ...]


def sections(
    typed: Typed, kind: str, choices: Choices, problems: Sequence[Problem] = (), *, may_emergency: bool = False
) -> tuple[Section, ...]:
    """The questions after which subscriptions and which kind; each keeps what was typed and tells what is wrong."""
    wrong = {one.field: one.message for one in problems}
    return (
        Section("What to set", "", tuple(_with_errors(_parameter_fields(typed, kind, choices), wrong, "parameters."))),
        Section(
            "In which steps",
            "A wave begins when the one before it did well enough; critical sites always come last.",
            tuple(_with_errors(_wave_fields(typed), wrong, "waves.")),
        ),
        Section(
            "When to go on, when to hold",
            "Of the subscriptions of a wave, for each operator by itself.",
            tuple(_with_errors(_threshold_fields(typed), wrong, "thresholds.", "window.")),
        ),
        Section(
            "What it is called",
            "",
            tuple(_with_errors(_name_fields(typed, may_emergency=may_emergency), wrong)),
        ),
    )


_ALIASES = {"waves_by": "by", "wave_regions": "regions"}
_WHOLE = {"closes": "window"}
"""Fields of the form at which a problem of several together is told."""


def _with_errors(fields: Iterator[Field], wrong: Mapping[str, str], *prefixes: str) -> Iterator[Field]:
    for one in fields:
        name = _ALIASES.get(one.name, one.name.removeprefix(NEW).removeprefix(SET).removeprefix(draft_groups.LAN))
        keys = (name, *(f"{prefix}{name}" for prefix in prefixes), _WHOLE.get(name, name))
        error = next((wrong[key] for key in keys if key in wrong), "")
        yield _replaced(one, error) if error else one


def _replaced(one: Field, error: str) -> Field:
    values = {name: getattr(one, name) for name in Field.__dataclass_fields__}
    return Field(**{**values, "error": error})


def _parameter_fields(typed: Typed, kind: str, choices: Choices) -> Iterator[Field]:
    if kind == PREPROVISION:
        yield from _preprovision_fields(typed, choices)
    elif kind == CONFIGURE:
        yield from _configure_fields(typed, choices)
    elif kind == CUTOVER:
        yield from _cutover_fields(typed)
    else:
        yield from draft_groups.fields(typed, kind, choices.lan_groups)


def _preprovision_fields(typed: Typed, choices: Choices) -> Iterator[Field]:
    present = "As the present subscription"
    yield _select(typed, f"{NEW}generation", "New subscription", (("4G", "4G or later"), ("5G", "5G")))
    yield _select(typed, f"{NEW}card_kind", "Card", (("", "Either"), ("plastic", "Plastic"), ("euicc", "eUICC")))
    hint = "Test ready: it works once a crew fits the card, and is billed from its first use."
    yield _select(typed, f"{NEW}state", "State", (("TEST_READY", "Test ready"), ("ACTIVE", "Active")), hint)
    yield _granted(typed, f"{NEW}apn", "APN", choices.apns, present)
    yield _granted(typed, f"{NEW}subscription_group", "Group", choices.groups, present)
    yield _granted(typed, f"{NEW}data_plan", "Data plan", choices.data_plans, present)
    asked = f"{NEW}generation" in typed
    fixed = _text(typed, f"{NEW}fixed_address") if asked else "1"
    hint = "From the address pool of the APN; reserved when the change is planned."
    yield Field(f"{NEW}fixed_address", "Reserve a fixed IP address where the present one has one", "check", fixed, hint)


def _cutover_fields(typed: Typed) -> Iterator[Field]:
    ways = (("on_visit", "When its crew has fitted the new card"), ("at_once", "At once: the cards are in place"))
    hint = "A link that waits is released by its visit, or by hand."
    yield _select(typed, f"{OVER}release", "Each link goes over", ways, hint)
    billed = _text(typed, f"{OVER}activate") if f"{OVER}release" in typed else "1"
    yield Field(f"{OVER}activate", "Make the new subscription active: it is billed from then on", "check", billed)


def _configure_fields(typed: Typed, choices: Choices) -> Iterator[Field]:
    leave = "Leave as it is"
    states = (("", leave), *STATE_WORDS.items())
    yield _select(typed, f"{SET}state", "State", states)
    yield _granted(typed, f"{SET}apn", "APN", choices.apns, leave)
    yield _granted(typed, f"{SET}subscription_group", "Group", choices.groups, leave)
    yield _granted(typed, f"{SET}data_plan", "Data plan", choices.data_plans, leave)
    yield _checks(typed, f"{SET}unset", "Unset", tuple((name, FIELD_WORDS[name]) for name in _UNSETTABLE))
    addresses = (("", leave), ("pool", "Take one from the pool of the APN"), ("unset", "Unset"))
    yield _select(typed, f"{SET}ip_address", "Fixed IP address", addresses)
    yield _select(typed, f"{SET}barring", "Technologies", (("", leave), ("set", "Bar those ticked, allow the others")))
    yield _checks(typed, f"{SET}rat", "Barred", tuple(TECHNOLOGY_OF.items()))
    locks = (("", leave), ("device", "Lock to the device it is fitted in"), ("lift", "Lift the lock"))
    yield _select(typed, f"{SET}imei_lock", "IMEI lock", locks)


def _wave_fields(typed: Typed) -> Iterator[Field]:
    ways = (
        ("once", "All at once"),
        ("percent", "Shares of the whole, in per cent"),
        ("size", "So many sites at a time"),
        ("region", "Region after region"),
    )
    yield _select(typed, "waves_by", "Waves", ways)
    hint = "For shares: 5, 25, 70. For sites: 100, 1000, where the last number is repeated."
    yield Field("steps", "Steps", value=_text(typed, "steps"), hint=hint, required=False, placeholder="5, 25, 70")
    hint = "The others follow in the order of their names."
    yield Field("wave_regions", "Regions first", value=_text(typed, "wave_regions"), hint=hint, required=False)
    hint = "So many sites go before everything else, none of them critical where that can be."
    yield Field("canary", "Canaries", "number", _text(typed, "canary") or "0", hint, unit="sites", required=False)


def _threshold_fields(typed: Typed) -> Iterator[Field]:
    hint = "The next wave begins when so many are verified."
    yield Field("success", "Go on at", "number", _text(typed, "success") or "90", hint, unit="% verified")
    hint = "The operator's part pauses at once, and waits for a person, when more fail."
    yield Field("error", "Hold above", "number", _text(typed, "error") or "10", hint, unit="% failed")
    hint = "Nothing is sent before; empty: from its start."
    yield Field("opens", "Not before", "datetime-local", _text(typed, "opens"), hint, required=False)
    hint = "Nothing new is sent after; what is under way is finished."
    yield Field("closes", "Not after", "datetime-local", _text(typed, "closes"), hint, required=False)
    hint = (
        "One window a line, in words: Mon-Thu 22:00-05:00, not the last working day of the month. Empty: at any time."
    )
    yield Field("recurring", "Only in these windows", "textarea", _text(typed, "recurring"), hint, required=False)


def _name_fields(typed: Typed, *, may_emergency: bool) -> Iterator[Field]:
    yield Field("title", "Title", value=_text(typed, "title"), hint="What people will call it.", maxlength=200)
    yield Field("reason", "Reason", "textarea", _text(typed, "reason"), required=False, maxlength=2000)
    hint = "Planned, approved by a second person where the policy asks for it, then run."
    types = [Option("normal", "Normal", hint=hint)]
    if may_emergency:
        hint = "One person and a reason; runs at once, and has to be approved within 24 hours."
        types.append(Option("emergency", "Emergency", hint=hint))
    yield Field("type", "How much has to be agreed", "radio", _text(typed, "type") or "normal", options=tuple(types))


def _select(typed: Typed, name: str, label: str, options: Sequence[tuple[str, str]], hint: str = "") -> Field:
    chosen = _text(typed, name)
    made = tuple(Option(value, word, chosen=value == chosen) for value, word in options)
    return Field(name, label, "select", chosen, hint, options=made)


def _granted(typed: Typed, name: str, label: str, granted: Sequence[str], otherwise: str) -> Field:
    """A value that a contract has to grant: a select where the contracts list them, else a text."""
    chosen = _text(typed, name)
    if not granted:
        return Field(name, label, value=chosen, required=False, placeholder=otherwise)
    listed = dict.fromkeys((*granted, *((chosen,) if chosen else ())))
    return _select(typed, name, label, (("", otherwise), *((value, value) for value in listed)))


def _checks(typed: Typed, name: str, label: str, options: Sequence[tuple[str, str]]) -> Field:
    chosen = set(typed.getlist(name))
    made = tuple(Option(value, word, chosen=value in chosen) for value, word in options)
    return Field(name, label, "checks", options=made, required=False)


def untold(made: Sequence[Section], problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The problems that no question of the form tells."""
    told = {one.error for section in made for one in section.fields}
    return tuple(one for one in problems if one.message not in told)
