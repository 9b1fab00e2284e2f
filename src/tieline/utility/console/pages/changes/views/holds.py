"""Holds: freezes, storms and vetoes as a list, one by one, and as what holds a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from starlette.datastructures import FormData

from tieline.console.components import formats
from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import (
    Column,
    Empty,
    Filter,
    FilterBar,
    FilterKind,
    Option,
    Paging,
    Row,
    Table,
)
from tieline.console.components.values import Age, Badge, Link, Tone
from tieline.console.components.work import Confirm, Evidence
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.console.pages.changes.views import words
from tieline.utility.console.pages.changes.views.places import HOME, tabs
from tieline.utility.console.pages.parts import lists

Hold = Mapping[str, Any]
Wrong = Mapping[str, str]
"""What is wrong with fields, by name."""
KINDS: Mapping[str, Badge] = {
    "freeze": Badge("Freeze", Tone.BUSY, "calendar-clock"),
    "storm": Badge("Storm mode", Tone.WARN, "zap"),
    "veto": Badge("Veto", Tone.HELD, "ban"),
}
HOLDS = Crumb("Holds", "/changes/holds")
MAY_STORM = (Permission.CHANGE_RUN, Permission.CHANGE_VETO)


def head(scope: Scope) -> PageHead:
    """Head of the list."""
    storm = any(scope.may(one) for one in MAY_STORM)
    freeze = scope.may(Permission.CHANGE_RUN)
    actions = (
        Action("Storm mode", "/changes/holds/storm", "zap", "danger", unless="" if storm else _NOT_YOURS),
        Action("Plan a freeze", "/changes/holds/freeze", "plus", "primary", unless="" if freeze else _NOT_YOURS),
    )
    state = "What holds changes back: planned freezes, storm mode, the control room's vetoes."
    return PageHead("Holds", state, (HOME,), actions, tabs("holds"))


_NOT_YOURS = "Your role may not do this."


def filters(url: str, kinds: Sequence[str], *, live: bool) -> FilterBar:
    """The filter bar."""
    options = tuple(Option(key, badge.word, chosen=key in kinds) for key, badge in KINDS.items())
    return FilterBar(
        url,
        (
            Filter("kind", "Kind", FilterKind.CHOICE, options, pinned=True),
            Filter("live", "Holds now or will", FilterKind.FLAG, value="1" if live else "", pinned=True),
        ),
    )


def table(rows: Sequence[Hold], paging: Paging, zone: tzinfo, *, filtered: bool) -> Table:
    """The list, the newest first."""
    columns = (
        Column("reason", "Why", fixed=True, narrow=True, wrap=True),
        Column("state", "State", narrow=True),
        Column("kind", "Kind"),
        Column("what", "What it holds", wrap=True),
        Column("starts", "From"),
        Column("ends", "Until", narrow=True),
        Column("who", "By"),
        Column("id", "Number", numeric=True, hidden=True),
    )
    empty = (
        lists.no_match("No hold matches", "/changes/holds")
        if filtered
        else Empty(
            "Nothing is held",
            "A freeze holds changes back over a time planned beforehand, storm mode from one moment to the next, and a "
            "veto of the control room holds one change.",
            icon="calendar-clock",
        )
    )
    return Table("holds", "Holds", columns, [_row(one, zone) for one in rows], paging, empty=empty)


def _row(one: Hold, zone: tzinfo) -> Row:
    cells: dict[str, object] = {
        "reason": one["reason"],
        "state": state(one),
        "kind": KINDS[one["kind"]],
        "what": what(one),
        "starts": formats.local_time(one["starts_at"], zone),
        "ends": until(one, zone),
        "who": named(one["created_by"]),
        "id": one["id"],
    }
    return Row(str(one["id"]), cells, f"/changes/holds/{one['id']}", muted=bool(one["over"]))


def state(one: Hold) -> Badge:
    """Whether it holds."""
    if one["lifted_at"] is not None:
        return Badge("Lifted", Tone.OFF, "circle-slash")
    if one["over"]:
        return Badge("Over", Tone.OFF, "circle-check")
    if not one["live"]:
        return Badge("To come", Tone.BUSY, "hourglass")
    if one["kind"] == "veto" and one["change_type"] == "emergency" and not one["emergency_too"]:
        return Badge("Does not hold yet", Tone.WARN, tip="An emergency change is held by a second act alone.")
    return Badge("Holds", Tone.HELD, "circle-pause")


def what(one: Hold) -> str:
    """What it holds, in words."""
    where = _part(one)
    if one["kind"] == "veto":
        return f"Change {one['change_id']}{f', its part {where}' if where else ''}"
    spared = "; what crews released goes on" if one["spares_released"] else ""
    return f"All but emergency changes {where or 'everywhere'}{spared}"


def until(one: Hold, zone: tzinfo) -> str:
    """When it ends."""
    if one["ends_at"] is None:
        return "until it is lifted"
    end = formats.local_time(one["ends_at"], zone)
    return f"{end}, every year" if one["yearly_zone"] else end


def facts(one: Hold, zone: tzinfo) -> tuple[tuple[str, object], ...]:
    """Everything about one."""
    pairs: tuple[tuple[str, object], ...] = (
        ("State", state(one)),
        ("Kind", KINDS[one["kind"]]),
        ("Why", one["reason"]),
        ("What it holds", what(one)),
        ("Change", Link(one["change_title"], f"/changes/{one['change_id']}") if one["change_id"] else None),
        ("From", one["starts_at"]),
        ("Until", until(one, zone)),
        ("By", named(one["created_by"])),
        ("Made", Age(one["created_at"])),
        ("Insisted on by", named(one["insisted_by"]) if one["insisted_by"] else None),
        ("Why it holds an emergency", one["insisted_why"] or None),
        ("Lifted by", named(one["lifted_by"]) if one["lifted_by"] else None),
        ("Lifted", Age(one["lifted_at"]) if one["lifted_at"] else None),
        ("Why it was lifted", one["lifted_why"] or None),
    )
    return tuple((name, value) for name, value in pairs if value is not None)


def one_head(one: Hold, *, lift: bool, insist: bool) -> PageHead:
    """Head of one hold."""
    actions = []
    if insist:
        actions.append(Action("Hold the emergency change, too", icon="ban", kind="danger", dialog="insist"))
    if not one["over"]:
        unless = "" if lift else "Vetoes are lifted by the control room, other holds by those who may run changes."
        actions.append(Action("Lift it", icon="play", kind="primary", dialog="lift", unless=unless))
    title = f"{KINDS[one['kind']].word}: {one['reason']}"
    return PageHead(title[:120], f"{what(one)}.", (HOME, HOLDS), tuple(actions))


def dialogs(one: Hold, csrf: str) -> tuple[Confirm, ...]:
    """The dialogs that ask first."""
    storm = one["kind"] == "storm"
    return (
        Confirm(
            "lift",
            "End storm mode",
            "It ends in all its regions. What it held back may go out from now on, as far as nothing else holds it.",
            f"/changes/storms/{one['group_id']}/end",
            "End it",
            csrf,
            undo="Begin storm mode again; what was sent meanwhile stays sent.",
            reason_label="Why?",
        )
        if storm
        else Confirm(
            "lift",
            "Lift this hold",
            "What it held back may go out from now on, as far as nothing else holds it.",
            f"/changes/holds/{one['id']}/lift",
            "Lift it",
            csrf,
            facts=(("It holds", what(one)),),
            undo="Make a new hold; what was sent meanwhile stays sent.",
            reason_label="Why?",
        ),
        Confirm(
            "insist",
            "Hold an emergency change",
            "Somebody has declared an emergency and wants to act at once. Held, nothing more of it is sent until the "
            "veto is lifted.",
            f"/changes/holds/{one['id']}/insist",
            "Hold it all the same",
            csrf,
            facts=(("It holds", what(one)),),
            undo="Lift the veto at any moment.",
            danger=True,
            reason_label="Why may an emergency change be held?",
        ),
    )


def held_now(rows: Sequence[Hold]) -> Table:
    """The changes that a hold would hold if it began now."""
    columns = (
        Column("title", "Change", fixed=True, narrow=True, wrap=True),
        Column("state", "State", narrow=True),
        Column("items", "Still to be sent", numeric=True, narrow=True),
    )
    shown = [
        Row(
            str(one["id"]),
            {"title": one["title"], "state": words.badge(words.STATES, one["state"]), "items": one["items"]},
            f"/changes/{one['id']}",
        )
        for one in rows
    ]
    told = "No change that waits or runs has anything to send there. Those that come later will wait."
    empty = Empty("It would hold nothing now", told, icon="circle-check")
    return Table("held-now", "What it would hold if it began now", columns, shown, chooser=False, empty=empty)


def evidence(rows: Sequence[Hold], zone: tzinfo) -> tuple[Evidence, ...]:
    """What holds a change, for its own page."""
    return tuple(_evidence(one, zone) for one in rows)


def _evidence(one: Hold, zone: tzinfo) -> Evidence:
    who, why = named(one["created_by"]), one["reason"]
    waits = one["kind"] == "veto" and one["change_type"] == "emergency" and not one["emergency_too"]
    part = f" {_part(one)}" if _part(one) else ""
    told = {
        "veto": f"{who} asks from the control room that this emergency change be held{part}: {why} It is not held yet."
        if waits
        else f"Held{part} by the control room ({who}): {why}",
        "storm": f"Storm mode{part} since {formats.local_time(one['starts_at'], zone)}: {why}",
        "freeze": f"Frozen{part} until {until(one, zone)}: {why}"
        if one["ends_at"]
        else f"Frozen{part} until it is lifted: {why}",
    }[one["kind"]]
    facts: tuple[tuple[str, object], ...] = (
        ("Hold", Link(f"Number {one['id']}", f"/changes/holds/{one['id']}")),
        ("By", who),
        ("Since", Age(one["starts_at"])),
        ("Until", until(one, zone)),
    )
    return Evidence(told, facts, tone="warn" if waits else "held")


def _part(one: Hold) -> str:
    place = [f"in {one['region']}"] if one["region"] else []
    at = [f"at operator {one['operator']}"] if one["operator"] else []
    return " ".join((*place, *at))


# ── forms ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed into a form, and what is wrong with it; makes the fields anew."""

    typed: FormData
    wrong: Wrong

    def field(
        self, name: str, label: str, hint: str = "", kind: str = "text", *, required: bool = True, maxlength: int = 200
    ) -> Field:
        """A question with one line, or several, to answer it."""
        value = str(self.typed.get(name, ""))[:maxlength]
        return Field(name, label, kind, value, hint, self.wrong.get(name, ""), required=required, maxlength=maxlength)

    def choice(
        self, name: str, label: str, options: Mapping[str, str], hint: str = "", *, required: bool = False
    ) -> Field:
        """A question with some answers."""
        chosen = str(self.typed.get(name, ""))
        made = tuple(Option(key, word, chosen=key == chosen) for key, word in options.items())
        return Field(name, label, "select", chosen, hint, self.wrong.get(name, ""), options=made, required=required)

    def check(self, name: str, label: str, hint: str = "") -> Field:
        """Yes or no."""
        return Field(name, label, "check", "1" if self.typed.get(name) else "", hint, self.wrong.get(name, ""))


def freeze_form(asked: Asked, regions: Sequence[str], operators: Mapping[str, str], csrf: str) -> Form:
    """The form of a planned freeze."""
    fields = (
        asked.field("reason", "Why", "Everybody whose change it holds reads this.", maxlength=500),
        asked.field("starts_at", "From", "Empty: from now on.", "datetime-local", required=False),
        asked.field("ends_at", "Until", "Empty: until it is lifted.", "datetime-local", required=False),
        asked.check(
            "yearly", "It returns every year at the same local times", "For example over Christmas. It needs an end."
        ),
        asked.choice("operator", "Operator", {"": "Every operator", **operators}),
        asked.choice("region", "Region", {"": "Every region", **{name: name for name in regions}}),
    )
    return Form("/changes/holds/freeze", fields, csrf, "Freeze", "/changes/holds", danger=True)


def storm_form(asked: Asked, regions: Sequence[str], csrf: str) -> Form:
    """The form of storm mode: one act."""
    chosen = set(asked.typed.getlist("region"))
    told = "It stands on every page while the storm lasts."
    by_hand = "Empty: it is ended by hand."
    fields = (
        asked.field("reason", "What is going on", told, maxlength=500),
        Field(
            "region",
            "Regions",
            "checks",
            hint="None ticked: everywhere.",
            error=asked.wrong.get("region", ""),
            options=tuple(Option(name, name, chosen=name in chosen) for name in regions),
            required=False,
        ),
        asked.check(
            "spare_crews",
            "What crews release at their sites goes on",
            "Cut-overs of visits that are under way are finished; nothing else is sent.",
        ),
        asked.field("ends_at", "Ends by itself", by_hand, "datetime-local", required=False),
    )
    return Form("/changes/holds/storm", fields, csrf, "Begin storm mode", "/changes/holds", danger=True)


def veto_form(asked: Asked, change_id: int, regions: Sequence[str], csrf: str) -> Form:
    """The form of a veto."""
    fields = (
        asked.field("reason", "Why", "Whoever planned the change sees who holds it, and why.", maxlength=500),
        asked.choice("region", "Which part", {"": "The whole change", **{name: f"In {name}" for name in regions}}),
    )
    return Form(f"/changes/{change_id}/veto", fields, csrf, "Hold this change", f"/changes/{change_id}")


def moment(typed: FormData, name: str, zone: tzinfo) -> datetime | None:
    """A day and a time of the utility's own zone; raises ``Invalid``."""
    text = str(typed.get(name, "")).strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError as error:
        problem = Problem(name, "date", "A day and a time.", text[:40])
        raise Invalid("A day and a time cannot be read.", [problem]) from error
