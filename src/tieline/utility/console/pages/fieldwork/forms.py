"""Forms of field work: orders to make, visits to move, orders to hand over, crews; what was typed in them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from starlette.datastructures import FormData

from tieline.console.components.forms import Field, Form
from tieline.console.components.tables import Option
from tieline.platform.errors import Invalid, Problem
from tieline.utility.fieldwork import Crew, CrewDraft, Outcome, Target, VisitFilter, VisitState, Working, today

_MOST_DIGITS = 18
_LONGEST = 200


def text(typed: FormData | Mapping[str, str], name: str, default: str = "") -> str:
    """What was typed in a field."""
    value = typed.get(name)
    return value.strip()[: 10 * _LONGEST] if isinstance(value, str) else default


def number(value: object) -> int | None:
    """A whole number that may be an id; None for anything else."""
    written = value if isinstance(value, str) else ""
    fits = written.isascii() and written.isdigit() and len(written) <= _MOST_DIGITS
    return int(written) if fits else None


def numbers(values: Sequence[object]) -> list[int]:
    """The whole numbers among some values."""
    return [found for value in values if (found := number(value)) is not None]


def day(value: str) -> date | None:
    """A day as a date field sends it."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def visit_filter(chosen: Mapping[str, Sequence[str]]) -> VisitFilter:
    """The filter that a list's URL holds; what nothing has matches nothing."""
    first = {key: next(iter(values), "") for key, values in chosen.items()}
    return VisitFilter(
        tuple(VisitState(one) for one in chosen.get("state", ()) if one in set(VisitState)),
        tuple(Outcome(one) for one in chosen.get("outcome", ()) if one in set(Outcome)),
        origin=first.get("origin") or None,
        region=first.get("region") or None,
        order_id=number(first.get("order")),
        crew_id=number(first.get("crew")),
        site_id=number(first.get("site")),
        day=day(first.get("day", "")),
        unassigned=first.get("unassigned") == "1",
        late=first.get("late") == "1",
        troubled=first.get("troubled") == "1",
        attention=first.get("attention") == "1",
        text=first.get("q", "").replace("\0", ""),
    )


def errors_of(problems: Sequence[Problem]) -> dict[str, str]:
    """What is wrong, by field."""
    return {problem.field: problem.message for problem in problems}


def make_form(
    typed: Mapping[str, Any], crews: Sequence[Crew], regions: Mapping[str, int], csrf: str, errors: Mapping[str, str]
) -> Form:
    """Asks how visits that wait are put into orders; ``regions`` have so many of them."""
    options = tuple(Option(name, f"{name}: {count} in no order") for name, count in regions.items())
    working = Working()
    return Form(
        "/fieldwork/orders",
        (
            Field(
                "region", "Region", "select", typed.get("region", ""), error=errors.get("region", ""), options=options
            ),
            Field(
                "crew_ids",
                "Crews",
                "checks",
                hint="Each has one order a day.",
                error=errors.get("crew_ids", ""),
                options=_crews(crews, typed.get("crew_ids", ())),
            ),
            Field("first_day", "First day", "date", typed.get("first_day", ""), error=errors.get("first_day", "")),
            _figure("hours_per_day", "Working hours a day", typed, working.hours, errors=errors, unit="hours"),
            _figure(
                "home_minutes",
                "Of which for driving out and home",
                typed,
                working.home_minutes,
                errors=errors,
                unit="minutes",
            ),
            _figure(
                "speed_kmh",
                "Speed between visits",
                typed,
                working.speed_kmh,
                errors=errors,
                unit="km/h over the great circle",
            ),
            Field("weekends", "Work on Saturdays and Sundays, too", "check", typed.get("weekends", ""), required=False),
        ),
        csrf,
        "Make the orders",
        "/fieldwork",
    )


def _figure(
    name: str, label: str, typed: Mapping[str, Any], usual: float, *, errors: Mapping[str, str], unit: str
) -> Field:
    return Field(
        name,
        label,
        "number",
        typed.get(name, f"{usual:g}"),
        error=errors.get(name, ""),
        unit=unit,
        attributes={"min": "0", "step": "any"},
    )


def _crews(crews: Sequence[Crew], chosen: Sequence[str]) -> tuple[Option, ...]:
    return tuple(
        Option(str(one.id), one.name, chosen=str(one.id) in chosen, hint=one.region or "every region")
        for one in crews
        if one.active
    )


def working_of(typed: FormData) -> Working:
    """How crews work, as it was typed; raises ``Invalid``."""
    bounds = {"hours_per_day": (1, 16), "speed_kmh": (5, 130), "home_minutes": (0, 600)}
    found, problems = {}, []
    for name, (low, high) in bounds.items():
        try:
            found[name] = float(text(typed, name))
        except ValueError:
            found[name] = -1
        if not low <= found[name] <= high:
            problems.append(Problem(name, "range", f"A number from {low} to {high}."))
    if problems:
        raise Invalid("These orders cannot be made.", problems)
    return Working(found["hours_per_day"], found["speed_kmh"], found["home_minutes"], bool(text(typed, "weekends")))


def move_form(
    action: str,
    typed: Mapping[str, str],
    crews: Sequence[Crew],
    csrf: str,
    now: datetime,
    *,
    errors: Mapping[str, str],
    submit: str,
    cancel: str,
) -> Form:
    """Asks for a crew and a day."""
    options = tuple(Option(str(one.id), one.name) for one in crews if one.active)
    return Form(
        action,
        (
            Field(
                "crew_id", "Crew", "select", typed.get("crew_id", ""), error=errors.get("crew_id", ""), options=options
            ),
            Field("day", "Day", "date", typed.get("day", today(now).isoformat()), error=errors.get("day", "")),
        ),
        csrf,
        submit,
        cancel,
    )


def target_of(typed: FormData) -> Target:
    """Where to, as it was typed; raises ``Invalid``."""
    crew, when = number(typed.get("crew_id")), day(text(typed, "day"))
    problems = [Problem("day", "day", "A day.")] if when is None else []
    problems += [Problem("crew_id", "empty", "Choose a crew.")] if crew is None else []
    if problems:
        raise Invalid("Say to whom and when.", problems)
    return Target(crew_id=crew, day=when)


def crew_form(
    action: str,
    typed: Mapping[str, Any],
    candidates: Sequence[str],
    regions: Sequence[str],
    csrf: str,
    *,
    errors: Mapping[str, str],
    new: bool,
) -> Form:
    """Asks for a crew."""
    members = tuple(typed.get("members", ()))
    people = tuple(Option(name, name, chosen=name in members) for name in dict.fromkeys((*members, *candidates)))
    everywhere = Option("", "everywhere")
    places = (
        everywhere,
        *(Option(name, name) for name in dict.fromkeys((*regions, *filter(None, [typed.get("region")])))),
    )
    fields = [
        Field("name", "Name", value=typed.get("name", ""), error=errors.get("name", ""), maxlength=100),
        Field("region", "Region", "select", typed.get("region") or "", error=errors.get("region", ""), options=places),
        Field(
            "members",
            "Members",
            "checks",
            hint="People with the role “crew” that belong to no other crew. Each reports on a phone of their own.",
            error=errors.get("members", ""),
            options=people,
            required=False,
        ),
    ]
    if new:
        hint = "Letters, digits, - and _. It cannot be changed later."
        fields.insert(
            0,
            Field(
                "code",
                "Code",
                value=typed.get("code", ""),
                hint=hint,
                error=errors.get("code", ""),
                maxlength=32,
                autofocus=True,
            ),
        )
    else:
        fields.append(Field("active", "The crew works", "check", "1" if typed.get("active") else "", required=False))
    return Form(action, tuple(fields), csrf, "Make the crew" if new else "Save", "/fieldwork/crews")


def crew_draft(typed: FormData, *, new: bool) -> CrewDraft:
    """A crew as it was typed; raises ``Invalid``."""
    code, name = text(typed, "code"), text(typed, "name")
    problems = []
    plain = code.replace("-", "").replace("_", "")
    if new and not (0 < len(code) <= 32 and plain.isascii() and plain.isalnum()):  # noqa: PLR2004 - as the database has it
        problems.append(Problem("code", "form", "Letters, digits, - and _, at most 32."))
    if not 0 < len(name) <= 100:  # noqa: PLR2004
        problems.append(Problem("name", "length", "1 to 100 characters."))
    if problems:
        raise Invalid("The crew cannot be written so.", problems)
    members = tuple(value for value in typed.getlist("members") if isinstance(value, str))
    return CrewDraft(code, name, text(typed, "region") or None, members, new or bool(text(typed, "active")))
