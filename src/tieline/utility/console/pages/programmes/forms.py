"""Forms of programmes: opening one, preparing, scheduling, the words of an act; and what was typed in them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from starlette.datastructures import FormData

from tieline.console.components.forms import Field, Form
from tieline.console.components.tables import Option
from tieline.platform.errors import Invalid, Problem
from tieline.utility.console.pages.programmes.asked import number, numbers
from tieline.utility.fieldwork import Crew
from tieline.utility.notices import Notice
from tieline.utility.programmes import Crews, Opening, Programme, Terms

BY_A_PERSON = "a second person: with the programme, or each time"
_LONGEST = 2000
Typed = Mapping[str, Any]


def typed_in(form: FormData) -> dict[str, Any]:
    """What was typed: texts by name, lists where several can be chosen."""
    lists = {"notice", "region", "crew"}
    found: dict[str, Any] = {name: [str(one)[:_LONGEST] for one in form.getlist(name)] for name in lists}
    for name in form:
        if name not in lists:
            found[name] = str(form.get(name, "")).strip()[:_LONGEST].replace("\0", "")
    return found


def errors_of(error: Invalid) -> dict[str, str]:
    """What is wrong, by field; fields of the terms by their own names."""
    own = {"terms.dwell_hours": "dwell_days", "terms.test_seconds": "test_seconds",
           "terms.minutes_a_visit": "minutes_a_visit", "crew_ids": "crew"}  # fmt: skip
    return {own.get(one.field, one.field): one.message for one in error.problems}


# ── opening one ───────────────────────────────────────────────────────────────────────────────────────────────────────


def opening_form(
    typed: Typed,
    errors: Mapping[str, str],
    csrf: str,
    *,
    notices: Sequence[Notice],
    regions: Sequence[str],
    policies: Mapping[str, Mapping[int, str]],
) -> Form:
    """Asks what a new programme is."""
    chosen = set(typed.get("notice", ()))
    places = set(typed.get("region", ()))
    told = tuple(
        Option(str(one.id), one.title, chosen=str(one.id) in chosen, hint=one.operator_name) for one in notices
    )
    fields = [
        _field("title", "Title", typed, errors, maxlength=200),
        _field("technology", "What ends", typed, errors, "select", options=(Option("3G", "3G"), Option("2G", "2G"))),
        Field("notice", "Notices that it answers", "checks", options=told, required=False,
              hint="The phase that strikes a site first says by when it has to be done."),
        Field("region", "Regions", "checks", required=False, hint="None ticked: all of them.",
              options=tuple(Option(name, name, chosen=name in places) for name in regions)),
        _field("generation", "New subscriptions are at least", typed, errors, "select",
               options=(Option("4G", "4G"), Option("5G", "5G"))),
        _field("apn", "APN", typed, errors, required=False, hint="Empty: as at present."),
        _field("data_plan", "Data plan", typed, errors, required=False, hint="Empty: as at present."),
        _field("minutes_a_visit", "A visit takes", typed, errors, "number", unit="minutes"),
        _field("test_seconds", "An acceptance test takes at most", typed, errors, "number", unit="seconds"),
        Field("ask_application", "The application at the site has to answer (IEC 60870-5-104)", "check",
              typed.get("ask_application", ""), required=False),
        _field("dwell_days", "New links are watched before the old subscriptions are retired", typed, errors, "number",
               unit="days"),
        _policy("cutover_policy", "Cut-overs are approved by", typed, policies.get("subscription.cutover", {})),
        _policy("retire_policy", "Retirements are approved by", typed, policies.get("subscription.configure", {})),
    ]  # fmt: skip
    return Form("/programmes/new", tuple(fields), csrf, "Open the programme", "/programmes")


def _field(name: str, label: str, typed: Typed, errors: Mapping[str, str], kind: str = "text", **more: Any) -> Field:
    steps = {"attributes": {"min": "0", "step": "any"}} if kind == "number" else {}
    return Field(name, label, kind, str(typed.get(name, "")), error=errors.get(name, ""), **{**steps, **more})


def _policy(name: str, label: str, typed: Typed, known: Mapping[int, str]) -> Field:
    options = (Option("", BY_A_PERSON), *(Option(str(key), f"beforehand, by {word}") for key, word in known.items()))
    hint = "" if known else "There is no policy in force for such changes."
    return Field(name, label, "select", str(typed.get(name, "")), options=options, hint=hint, required=False)


def usual(title: str, technology: str, notices: Sequence[int]) -> dict[str, Any]:
    """What the form holds before anything is typed."""
    it = Terms()
    return {
        "title": title,
        "technology": technology,
        "notice": [str(one) for one in notices],
        "region": [],
        "generation": it.generation,
        "minutes_a_visit": str(it.minutes_a_visit),
        "test_seconds": f"{it.test_seconds:g}",
        "ask_application": "1",
        "dwell_days": f"{it.dwell_hours / 24:g}",
    }


def opening_of(typed: Typed) -> Opening:
    """A programme as it was typed; raises ``Invalid`` for what is no number."""
    figures = _figures(typed, {"minutes_a_visit": 1440, "test_seconds": 86_400, "dwell_days": 365})
    terms = Terms(
        generation="5G" if typed.get("generation") == "5G" else "4G",
        dwell_hours=figures["dwell_days"] * 24,
        test_seconds=figures["test_seconds"],
        ask_application=typed.get("ask_application") == "1",
        minutes_a_visit=round(figures["minutes_a_visit"]),
        apn=typed.get("apn") or None,
        data_plan=typed.get("data_plan") or None,
        cutover_policy=number(typed.get("cutover_policy")),
        retire_policy=number(typed.get("retire_policy")),
    )
    return Opening(
        title=str(typed.get("title", "")),
        technology="2G" if typed.get("technology") == "2G" else "3G",
        notice_ids=numbers(typed.get("notice", ())),
        regions=tuple(typed.get("region", ())),
        terms=terms,
    )


def _figures(typed: Typed, most: Mapping[str, float]) -> dict[str, float]:
    found, problems = {}, []
    for name, limit in most.items():
        try:
            found[name] = float(str(typed.get(name, "")))
        except ValueError:
            found[name] = -1.0
        if not 0 <= found[name] <= limit:
            problems.append(Problem(name, "range", f"A number from 0 to {limit:,.0f}."))
    if problems and "title" in typed and not str(typed["title"]).strip():
        problems.insert(0, Problem("title", "required", "Say what people will call it."))
    if problems:
        raise Invalid("These figures cannot be used.", problems)
    return found


# ── preparing and scheduling ──────────────────────────────────────────────────────────────────────────────────────────


def prepare_form(
    programme: Programme, typed: Typed, errors: Mapping[str, str], csrf: str, *, counts: Mapping[str, int]
) -> Form:
    """Asks for which regions new subscriptions are prepared; ``counts`` are sites that have none, by region."""
    places = set(typed.get("region", ()))
    options = tuple(
        Option(name, f"{name or 'no region'}: {count:,}", chosen=name in places)
        for name, count in counts.items()
        if count
    )
    fields = (
        Field("region", "Regions", "checks", options=options, required=False, hint="None ticked: all of them."),
        _field("limit", "At most", typed, errors, "number", unit="sites"),
    )
    base = f"/programmes/{programme.id}"
    return Form(f"{base}/prepare", fields, csrf, "Make the change", base)


def schedule_form(
    programme: Programme,
    typed: Typed,
    errors: Mapping[str, str],
    csrf: str,
    *,
    crews: Sequence[Crew],
    counts: Mapping[str, int],
) -> Form:
    """Asks who goes, from which day on; ``counts`` are sites that are ready, by region."""
    places, going = set(typed.get("region", ())), set(typed.get("crew", ()))
    regions = tuple(
        Option(name, f"{name or 'no region'}: {count:,} ready", chosen=name in places)
        for name, count in counts.items()
        if count
    )
    people = tuple(
        Option(str(one.id), one.name, chosen=str(one.id) in going, hint=one.region or "every region")
        for one in crews
        if one.active
    )
    fields = (
        Field("region", "Regions", "checks", options=regions, required=False, hint="None ticked: all of them."),
        Field(
            "crew", "Crews", "checks", options=people, error=errors.get("crew", ""), hint="Each has one order a day."
        ),
        _field("first_day", "First day", typed, errors, "date", hint="Saturdays and Sundays are left free."),
        _field("limit", "At most", typed, errors, "number", unit="sites, the most urgent first"),
        _field("hours_a_day", "Working hours a day", typed, errors, "number", unit="hours"),
        _field("speed_km_h", "Speed between visits", typed, errors, "number", unit="km/h as the crow flies"),
    )
    base = f"/programmes/{programme.id}"
    return Form(f"{base}/schedule", fields, csrf, "Schedule the visits", base)


def crews_of(typed: Typed) -> Crews:
    """Who goes when, as it was typed; raises ``Invalid``."""
    problems = []
    bounds = {"limit": (1, 5000), "hours_a_day": (1, 16), "speed_km_h": (5, 130)}
    found = {}
    for name, (low, high) in bounds.items():
        try:
            found[name] = float(str(typed.get(name, "")))
        except ValueError:
            found[name] = -1.0
        if not low <= found[name] <= high:
            problems.append(Problem(name, "range", f"A number from {low} to {high:,}."))
    first = day(str(typed.get("first_day", "")))
    if first is None:
        problems.append(Problem("first_day", "day", "A day."))
    crews = numbers(typed.get("crew", ()))
    if not crews:
        problems.append(Problem("crew", "required", "Tick at least one."))
    if problems or first is None:
        raise Invalid("The visits cannot be scheduled so.", problems)
    return Crews(
        crew_ids=crews,
        first_day=first,
        regions=tuple(typed.get("region", ())),
        limit=round(found["limit"]),
        hours_a_day=found["hours_a_day"],
        speed_km_h=found["speed_km_h"],
    )


def day(text: str) -> date | None:
    """A day as a date field sends it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
