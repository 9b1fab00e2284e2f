"""The form of a notice with its phases: what it asks, and what was typed as the back office takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

import msgspec
from pydantic import ValidationError
from starlette.datastructures import ImmutableMultiDict

from tieline.console.components.forms import Field, Form, typed_text
from tieline.console.components.tables import Option
from tieline.gateway.backoffice.schemas import NoticeBody
from tieline.gateway.desk.model import Notice
from tieline.platform.errors import Invalid, Problem
from tieline.standards.tmf.announcements import (
    Area,
    Cells,
    GeoJsonPolygon,
    Phase,
    PostcodeAreas,
    Regions,
    WholeNetwork,
)

Typed = ImmutableMultiDict[Any, Any]
AREAS = (
    ("WholeNetwork", "The whole network"),
    ("Regions", "Regions"),
    ("PostcodeAreas", "Beginnings of postcodes"),
    ("Cells", "Cells"),
    ("GeoJsonPolygon", "A polygon"),
)
_MEMBERS = {"Regions": "region", "PostcodeAreas": "postcodeArea", "Cells": "cell"}
_MOST_PHASES = 100
_FEW = 3
"""Names of a place that are told."""
_TECHNOLOGIES = (*(Option(one, one) for one in ("2G", "3G", "4G", "5G")), Option("", "All of them (planned work)"))
_RULES = {
    "title": "Say what it is about, in at most 200 characters.",
    "description": "At most 4,000 characters.",
    "technology": "A phase-out names its technology.",
    "utilities": "Choose those that it is for.",
    "phases": "A notice has one phase at least, and 100 at most.",
}


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase as it stands in the form."""

    id: str = ""
    name: str = ""
    starts: str = ""
    ends: str = ""
    kind: str = "WholeNetwork"
    names: str = ""
    error: str = ""


def usual(now: datetime) -> Typed:
    """What the form holds before anything is typed: one phase, half a year from now."""
    begin = datetime.combine((now + timedelta(days=182)).date().replace(day=1), time())
    end = begin + timedelta(days=183)
    pairs = [("kind", "phase-out"), ("technology", "3G"), ("priority", "medium")]
    pairs += [("phase_id", ""), ("phase_name", ""), ("phase_kind", "WholeNetwork"), ("phase_names", "")]
    pairs += [("phase_from", f"{begin:%Y-%m-%dT%H:%M}"), ("phase_to", f"{end:%Y-%m-%dT%H:%M}")]
    return ImmutableMultiDict(pairs)


def answers_of(found: Notice, zone: tzinfo) -> Typed:
    """The form's answers as they stand for a notice."""
    said = found.draft or found.content or {}
    pairs = [
        ("ref", found.ref),
        ("kind", found.kind.value),
        ("title", said.get("title", "")),
        ("description", said.get("description", "")),
        ("technology", said.get("technology") or ""),
        ("priority", said.get("priority", "medium")),
        ("approval", "1" if found.approval else ""),
        *(("utility", code) for code in found.audience or ()),
    ]
    for phase in read(said):
        kind, names = _kept(phase.area)
        pairs += [("phase_id", phase.id), ("phase_name", phase.name), ("phase_kind", kind), ("phase_names", names)]
        pairs.append(("phase_from", f"{phase.period.start_date_time.astimezone(zone):%Y-%m-%dT%H:%M}"))
        pairs.append(("phase_to", f"{phase.period.end_date_time.astimezone(zone):%Y-%m-%dT%H:%M}"))
    return ImmutableMultiDict(pairs)


def read(said: Mapping[str, Any]) -> list[Phase]:
    """The phases of what a notice says."""
    return msgspec.convert(said.get("phases", []), list[Phase])


def area_words(area: Area) -> str:
    """Where a phase is, in a few words."""
    match area:
        case WholeNetwork():
            return "everywhere"
        case Regions(region=names):
            return _few("region", names)
        case PostcodeAreas(postcode_area=names):
            return _few("postcode area", names)
        case Cells(cell=names):
            return _few("cell", names)
        case GeoJsonPolygon():
            return "within a polygon"


def _few(noun: str, names: Sequence[str]) -> str:
    shown = ", ".join(names[:_FEW])
    more = f" and {len(names) - _FEW:,} more" if len(names) > _FEW else ""
    return f"{noun}{'s' if len(names) > 1 else ''} {shown}{more}"


def _kept(area: Area) -> tuple[str, str]:
    """An area as the form has it: its kind, and names or outline."""
    kept = msgspec.to_builtins(area)
    kind = kept["@type"]
    if kind == "GeoJsonPolygon":
        return kind, msgspec.json.encode(kept["geoJson"]["coordinates"][0]).decode()
    return kind, ", ".join(kept.get(_MEMBERS.get(kind, ""), ()))


def notice_of(typed: Any, zone: tzinfo, by: str, *, known: Notice | None) -> tuple[str, NoticeBody]:
    """A notice as it was typed; raises ``Invalid`` naming what is wrong."""
    problems: list[Problem] = []
    phases = []
    for number, row in enumerate(_rows(typed)):
        try:
            phases.append(_phase(row, number, zone))
        except ValueError as error:
            problems.append(Problem(f"phase[{number}]", "phase", str(error)))
    ref = known.ref if known else typed_text(typed, "ref")
    if not (0 < len(ref) <= 64 and all(sign.isascii() and (sign.isalnum() or sign in "._-") for sign in ref)):  # noqa: PLR2004
        problems.append(Problem("ref", "letters", "Letters, digits, dot, dash and underscore, at most 64 of them."))
    fixed = known is not None and known.revision > 0
    chosen = [str(one) for one in typed.getlist("utility")]
    wanted = {
        "kind": known.kind.value if fixed and known else typed_text(typed, "kind"),
        "title": typed_text(typed, "title"),
        "description": typed_text(typed, "description"),
        "technology": typed_text(typed, "technology") or None,
        "priority": typed_text(typed, "priority") or "medium",
        "approval": known.approval if fixed and known else typed_text(typed, "approval") == "1",
        "utilities": list(known.audience) if fixed and known and known.audience else None if fixed else chosen or None,
        "phases": phases,
        "by": by or "console",
    }
    if wanted["kind"] == "phase-out" and wanted["technology"] is None:
        problems.append(Problem("technology", "required", _RULES["technology"]))
    try:
        body = NoticeBody(**wanted)
    except ValidationError as error:
        names = {str(one["loc"][0]) for one in error.errors() if not (problems and one["loc"][0] == "phases")}
        problems += [Problem(name, "rule", _RULES.get(name, "This cannot be used.")) for name in sorted(names)]
        raise Invalid("The notice cannot be kept like this.", problems) from error
    if problems:
        raise Invalid("The notice cannot be kept like this.", problems)
    return ref, body


def _rows(typed: Any) -> list[PhaseRow]:
    columns = [typed.getlist(f"phase_{name}") for name in ("id", "name", "from", "to", "kind", "names")]
    rows = [PhaseRow(*(str(cell).replace("\0", "").strip() for cell in row)) for row in zip(*columns, strict=False)]
    return [row for row in rows[:_MOST_PHASES] if row.name or row.names]


def _phase(row: PhaseRow, number: int, zone: tzinfo) -> dict[str, Any]:
    """A phase in the form of the wire; raises ``ValueError`` in words for a person."""
    if not row.name:
        raise ValueError("Give the phase a name.")
    starts, ends = _moment(row.starts, zone), _moment(row.ends, zone)
    if ends <= starts:
        raise ValueError("The phase is over before it begins.")
    return {
        "id": row.id or f"p{number + 1}",
        "name": row.name,
        "period": {"startDateTime": starts.isoformat(), "endDateTime": ends.isoformat()},
        "area": _area(row),
    }


def _moment(text: str, zone: tzinfo) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("Say when it begins and by when it is over.") from None


def _area(row: PhaseRow) -> dict[str, Any]:
    if row.kind == "GeoJsonPolygon":
        try:
            ring = msgspec.json.decode(row.names.encode())
        except msgspec.DecodeError:
            raise ValueError("A polygon is a list of [longitude, latitude], the last the first.") from None
        return {"@type": row.kind, "geoJson": {"type": "Polygon", "coordinates": [ring]}}
    member = _MEMBERS.get(row.kind)
    if member is None:
        return {"@type": "WholeNetwork"}
    names = [name.strip() for name in row.names.replace("\n", ",").split(",") if name.strip()]
    if not names:
        raise ValueError("Name where, with commas between.")
    return {"@type": row.kind, member: names}


def phase_rows(typed: Any, problems: Sequence[Problem], *, more: bool) -> list[PhaseRow]:
    """The phases as the form shows them again; one more where it was asked for, or none is there."""
    wrong = {problem.field: problem.message for problem in problems}
    general = next((problem.message for problem in problems if problem.field.startswith("phases")), "")
    rows = [
        PhaseRow(row.id, row.name, row.starts, row.ends, row.kind, row.names, wrong.get(f"phase[{number}]", ""))
        for number, row in enumerate(_rows(typed))
    ]
    if more or not rows:
        last = rows[-1] if rows else None
        starts, ends = (last.ends, "") if last else (typed_text(typed, "phase_from"), typed_text(typed, "phase_to"))
        rows.append(PhaseRow(starts=starts, ends=ends, error="" if rows else general))
    return rows


def form(typed: Any, codes: Mapping[str, str], csrf: str, problems: Sequence[Problem], *, known: Notice | None) -> Form:
    """The form without its phases."""
    wrong = {problem.field: problem.message for problem in problems}
    fixed = known is not None and known.revision > 0
    chosen = {str(one) for one in typed.getlist("utility")}
    served = tuple(Option(code, name, chosen=code in chosen) for code, name in codes.items())
    fields = [
        Field("title", "Title", value=typed_text(typed, "title"), error=wrong.get("title", ""),
              autofocus=known is not None),
        Field("technology", "Technology", "select", typed_text(typed, "technology"), error=wrong.get("technology", ""),
              options=_TECHNOLOGIES, required=False),
        Field("description", "In words, for utilities to read", "textarea", typed_text(typed, "description"),
              error=wrong.get("description", ""), required=False, maxlength=4000),
        Field("priority", "Priority", "select", typed_text(typed, "priority") or "medium",
              options=tuple(Option(one, one.capitalize()) for one in ("low", "medium", "high"))),
    ]  # fmt: skip
    if not fixed:
        fields = [
            *((Field("ref", "Reference", value=typed_text(typed, "ref"), error=wrong.get("ref", ""), maxlength=64,
                     autofocus=True,
                     hint="Your own name for it. Utilities read it, and it never changes."),) if known is None else ()),
            Field("kind", "Kind", "select", typed_text(typed, "kind"),
                  options=(Option("phase-out", "A technology ends"), Option("planned-work", "Planned work"))),
            *fields,
            Field("approval", "Ask utilities to accept it", "check", typed_text(typed, "approval"), required=False),
            Field("utility", "For", "checks", hint="None ticked: every utility.", error=wrong.get("utilities", ""),
                  required=False, options=served),
        ]  # fmt: skip
    action = "/notices" if known is None else f"/notices/{known.ref}/edit"
    back = "/notices" if known is None else f"/notices/{known.ref}"
    return Form(action, tuple(fields), csrf, "Save the draft", back)
