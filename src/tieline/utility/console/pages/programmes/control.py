"""A programme as mission control: where it stands, by when it will end, what waits for whom, the next step."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.console.components.figures import Figure
from tieline.console.components.formats import duration, number, pace, plural
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Several, Tone
from tieline.console.components.work import Confirm
from tieline.platform.scope import Permission, Scope
from tieline.utility.console.pages.changes.views.words import STATES as CHANGE_STATES
from tieline.utility.console.pages.changes.views.words import badge
from tieline.utility.console.pages.programmes import words
from tieline.utility.console.pages.programmes.asked import sites_href
from tieline.utility.console.pages.programmes.listing import HOME
from tieline.utility.programmes import Detail, Part, Programme, ProgrammeState, SiteState

_S = SiteState
TO_DO = (_S.SELECTED, _S.PREPARING, _S.READY, _S.SCHEDULED, _S.ON_SITE, _S.AGAIN, _S.BLOCKED)
NEEDS_SOMEBODY = (_S.AGAIN, _S.BLOCKED)
GROUPS: Sequence[tuple[str, Tone | str, tuple[SiteState, ...]]] = (
    ("Done in the field", Tone.OK, words.FIELD_DONE),
    ("Crew planned or there", Tone.BUSY, (_S.SCHEDULED, _S.ON_SITE)),
    ("Ready for a visit", "ramp2", (_S.READY,)),
    ("Needs a person or another visit", Tone.WARN, NEEDS_SOMEBODY),
    ("Not prepared", Tone.UNKNOWN, (_S.SELECTED, _S.PREPARING)),
)
"""The states of sites as bars show them, in the order in which a site goes through them, from its end."""


def of(part: Part, *states: SiteState) -> int:
    """How many sites of a part stand in any of some states."""
    return sum(part.states.get(state, 0) for state in states)


def late_of(part: Part) -> int | None:
    """How many sites will be late at the pace of late; None before the first is done, unless some are overdue."""
    expected = part.forecast
    if expected is None:
        return 0
    begun = part.field_done or expected.a_day > 0 or expected.needed_a_day == float("inf")
    return expected.late if begun else None


def head(found: Detail, scope: Scope) -> PageHead:
    """The title, where it stands in a sentence, and the next step as a button."""
    programme = found.programme
    base = f"/programmes/{programme.id}"
    unless = "" if scope.may(Permission.PROGRAMME_WRITE) else "Your role may not plan programmes."
    step = _next_step(found)
    actions: list[Action] = []
    if "start" in found.acts:
        actions.append(Action("Start", icon="play", dialog="start", kind=_kind(step, "start")))
    if "prepare" in found.acts and of(found.whole, _S.SELECTED, _S.BLOCKED):
        actions.append(Action("Prepare", f"{base}/prepare", "id-card", _kind(step, "prepare")))
    if "schedule" in found.acts:
        none = "" if of(found.whole, _S.READY, _S.AGAIN) else "No site is ready for a visit."
        actions.append(Action("Schedule visits", f"{base}/schedule", "truck", _kind(step, "schedule"), unless=none))
    if "approve" in found.acts:
        actions.append(Action("Approve", icon="circle-check", dialog="approve"))
    for act, label, icon, kind in (
        ("pause", "Pause", "pause", "plain"),
        ("resume", "Resume", "play", "primary"),
        ("close", "Close", "circle-slash", "danger"),
    ):
        if act in found.acts:
            actions.append(Action(label, icon=icon, dialog=act, kind=kind))
    if unless:
        actions.append(Action("Schedule visits", icon="truck", unless=unless))
    return PageHead(programme.title, sentence(found), (HOME,), tuple(actions))


def _next_step(found: Detail) -> str:
    """The act that brings the programme on most."""
    if of(found.whole, _S.READY, _S.AGAIN):
        return "schedule" if found.programme.state is ProgrammeState.RUNNING else "start"
    if of(found.whole, _S.SELECTED):
        return "prepare"
    return "start"


def _kind(step: str, act: str) -> str:
    return "primary" if step == act else "plain"


def sentence(found: Detail) -> str:
    """Where the programme stands, in one or two sentences."""
    programme, whole, expected = found.programme, found.whole, found.whole.forecast
    done = f"{number(whole.field_done)} of {plural(whole.sites, 'site')} done in the field"
    state = words.STATES[programme.state].word
    why = f" ({programme.state_why})" if programme.state_why else ""
    if expected is None or not expected.left:
        return f"{state}{why}: {done}."
    if expected.ends_at is None:
        said = "so nothing can be said of its end" if late_of(whole) is None else "and at that pace it does not end"
        return f"{state}{why}: {done}. No site was done {'lately' if whole.field_done else 'yet'}, {said}."
    late = f"{plural(expected.late, 'site')} will be late" if expected.late else "all of them in time"
    ends = f"At the present pace, {pace(expected.a_day)} a day, the last is done on {words.day(expected.ends_at)}"
    return f"{state}{why}: {done}. {ends}; {late}."


def figures(found: Detail) -> tuple[Figure, ...]:
    """The four figures that matter, each leading to the sites behind it."""
    whole, expected, identity = found.whole, found.whole.forecast, found.programme.id
    late = late_of(whole)
    needed = expected.needed_a_day if expected else 0.0
    stuck, there = of(whole, *NEEDS_SOMEBODY), of(whole, _S.ON_SITE)
    catch_up = _needed(needed, expected.left if expected else 0)
    if expected and expected.ends_at is None:
        catch_up += f"; none was done {'yet' if late is None else 'lately'}"
    return (
        Figure(
            "Done in the field",
            whole.field_done,
            sites_href(identity, state=words.FIELD_DONE),
            of=whole.sites,
            tone="ok" if whole.field_done else "",
            note=f"{number(of(whole, _S.DONE))} of them with the old subscriptions retired",
        ),
        Figure(
            "Will be late",
            late,
            "" if late is None else sites_href(identity, will_be_late=True),
            tone="warn" if late else "" if late is None else "ok",
            note="at the present pace, all are in time" if late == 0 else catch_up,
        ),
        Figure(
            "Need a person",
            stuck,
            sites_href(identity, state=NEEDS_SOMEBODY),
            tone="warn" if stuck else "ok",
            note=f"{number(of(whole, _S.BLOCKED))} blocked, {number(of(whole, _S.AGAIN))} need another visit"
            if stuck
            else "nothing is stuck",
        ),
        Figure(
            "Crews on site now",
            there,
            sites_href(identity, state=_S.ON_SITE.value),
            tone="busy" if there else "",
            note=f"{plural(of(whole, _S.SCHEDULED), 'visit')} planned",
        ),
    )


def _needed(a_day: float, left: int) -> str:
    """The pace that is needed; one that would do everything within a day is none that people can keep."""
    if a_day == float("inf"):
        return "some are overdue already"
    return "some are due within a day" if a_day > left else f"{pace(a_day)} a day are needed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a phase's bar: its place in per cent."""

    label: str
    tone: str
    count: int
    href: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class PhaseBar:
    """A phase: its sites by where they stand, and how much of its time is over (``now``, in per cent of the bar)."""

    name: str
    href: str
    pieces: Sequence[Piece]
    now: float | None
    words: str
    due: str
    state: Badge


def phases(found: Detail) -> list[PhaseBar]:
    """The operators' phases in the order in which they are due.

    Where the bar lags behind the hairline by a whole site, the phase is behind its time.
    """
    programme = found.programme
    began = programme.started_at or programme.created_at
    return [_phase(programme, part, began, found.now) for part in found.phases if part.sites]


def _phase(programme: Programme, part: Part, began: datetime, now: datetime) -> PhaseBar:
    pieces, at = [], 0.0
    for label, tone, states in GROUPS:
        count = of(part, *states)
        if count:
            width = 100 * count / part.sites
            href = sites_href(programme.id, phase=part.name, state=[one.value for one in states])
            pieces.append(Piece(label, str(tone), count, href, round(at, 2), round(width, 2)))
            at += width
    passed = None
    if part.due_at is not None and part.due_at > began:
        passed = round(min(100.0, max(0.0, 100 * ((now - began) / (part.due_at - began)))), 2)
    due = "no due time" if part.due_at is None else f"due {words.day(part.due_at)}"
    done = f"{number(part.field_done)} of {number(part.sites)}"
    return PhaseBar(
        words.phase(part.name),
        sites_href(programme.id, phase=part.name),
        pieces,
        passed,
        done,
        due,
        phase_state(part, passed, now),
    )


def phase_state(part: Part, passed: float | None, now: datetime) -> Badge:
    """How a phase stands beside its time, of which ``passed`` per cent are over (None: it has none)."""
    left = part.sites - part.field_done
    if not left:
        return Badge("Done", Tone.OK)
    if part.due_at is not None and part.due_at <= now:
        return Badge("Over, not done", Tone.BAD, "clock-alert")
    if passed is not None and part.field_done < math.floor(part.sites * passed / 100):
        return Badge("Behind its time", Tone.WARN, "clock-alert")
    return Badge("In time", Tone.OK, "clock") if passed is not None else Badge("Open", Tone.OFF)


def legend(found: Detail) -> list[tuple[str, str, int, str]]:
    """The kinds of the bars: word, tone, sites, and the list behind."""
    return [
        (label, str(tone), of(found.whole, *states), sites_href(found.programme.id, state=[s.value for s in states]))
        for label, tone, states in GROUPS
    ]


def regions(found: Detail) -> Table:
    """The regions, each with its forecast at its own pace."""
    columns = (
        Column("region", "Region", fixed=True, narrow=True),
        Column("sites", "Sites", numeric=True),
        Column("done", "Done", numeric=True),
        Column("left", "Left", numeric=True, narrow=True),
        Column("stuck", "Need a person", numeric=True),
        Column("pace", "A day lately", numeric=True),
        Column("needed", "Needed a day", numeric=True),
        Column("ends", "Will end", narrow=True),
        Column("late", "Will be late", numeric=True, narrow=True),
    )
    rows = [_region(found.programme.id, part) for part in found.regions]
    return Table("programme-regions", "Regions, each with its forecast", columns, rows, chooser=False)


def _region(identity: int, part: Part) -> Row:
    expected = part.forecast
    left, late = expected.left if expected else 0, late_of(part)
    never = "not known yet" if late is None else "not at this pace"
    ends: object = words.day(expected.ends_at) if expected and expected.ends_at and left else never
    needed = expected.needed_a_day if expected else 0.0
    cells: dict[str, object] = {
        "region": part.name or "none",
        "sites": Count(part.sites, sites_href(identity, region=part.name)),
        "done": Count(part.field_done, sites_href(identity, region=part.name, state=words.FIELD_DONE)),
        "left": Count(left, sites_href(identity, region=part.name, state=TO_DO)),
        "stuck": Count(of(part, *NEEDS_SOMEBODY), sites_href(identity, region=part.name, state=NEEDS_SOMEBODY)),
        "pace": pace(expected.a_day) if expected else None,
        "needed": _needed_word(needed, left) if left else None,
        "ends": ends if left else "done",
        "late": None if late is None else Count(late, sites_href(identity, region=part.name, will_be_late=True)),
    }
    return Row(part.name or "none", cells, sites_href(identity, region=part.name), tone="warn" if late else "")


def _needed_word(a_day: float, left: int) -> str:
    return "overdue" if a_day == float("inf") else "due at once" if a_day > left else pace(a_day)


# ── what waits, and what was done ─────────────────────────────────────────────────────────────────────────────────────

_WAITS: Mapping[tuple[str, str], str] = {
    ("prepare", "planned"): "Read its plan and submit it.",
    ("prepare", "approved"): "Start it.",
}


_STEPS: Sequence[tuple[SiteState, str]] = (
    (_S.BLOCKED, "Find out why, and put it right or leave it out."),
    (_S.AGAIN, words.NEXT[_S.AGAIN]),
    (_S.READY, "Schedule visits."),
    (_S.SELECTED, "Prepare new subscriptions for them."),
)
"""What somebody has to do for sites in a state, the most pressing first."""


def waiting(found: Detail) -> Table:
    """What somebody has to do now: changes first, then sites, then the programme itself."""
    columns = (
        Column("what", "What", fixed=True, narrow=True, wrap=True),
        Column("state", "State", narrow=True),
        Column("step", "Next", wrap=True),
    )
    rows = [row for one in found.changes if (row := _decision(one)) is not None]
    for state, step in _STEPS:
        count = of(found.whole, state)
        if count and found.programme.state is not ProgrammeState.CLOSED:
            href = sites_href(found.programme.id, state=state.value)
            cells = {"what": plural(count, "site"), "state": words.SITES[state], "step": step}
            rows.append(Row(state.value, cells, href))
    rows += _of_itself(found.programme)
    empty = Empty("Nothing to do now", "Crews and changes go on by themselves.", icon="circle-check")
    return Table("programme-waiting", "What to do next", columns, rows, empty=empty, chooser=False)


def _of_itself(programme: Programme) -> list[Row]:
    """What waits of the programme as a whole: that a second person approves it, and that it is started."""
    rows = []
    open_still = programme.state in {ProgrammeState.DRAFT, ProgrammeState.RUNNING}
    if open_still and programme.terms.cutover_policy is None:
        step = "Somebody else presses Approve, once for all of them; else each change asks for it."
        cells = {"what": "Cut-overs and retirements", "state": Badge("Not approved", Tone.HELD), "step": step}
        rows.append(Row("approval", cells))
    if programme.state is ProgrammeState.DRAFT:
        cells = {
            "what": "The programme",
            "state": words.STATES[programme.state],
            "step": "Start it; visits can be scheduled then.",
        }
        rows.append(Row("start", cells))
    return rows


def _decision(one: Mapping[str, Any]) -> Row | None:
    state, part = one["state"], one["part"]
    step = _WAITS.get((part, state), "")
    if state == "submitted":
        step = "Somebody other than who asked for it approves or rejects it."
    elif state == "paused":
        step = "Look at why it is paused; resume or stop it."
    if not step:
        return None
    cells = {"what": one["title"], "state": badge(CHANGE_STATES, state), "step": step}
    return Row(f"change-{one['change_id']}", cells, f"/changes/{one['change_id']}", tone="warn")


def changes(found: Detail) -> Table:
    """The changes that the programme made."""
    columns = (
        Column("what", "Change", fixed=True, narrow=True, wrap=True),
        Column("part", "Part"),
        Column("state", "State", narrow=True),
        Column("how", "Begins"),
        Column("at", "Made"),
    )
    rows = [
        Row(
            str(one["change_id"]),
            {
                "what": one["title"],
                "part": words.PARTS.get(one["part"], one["part"]),
                "state": badge(CHANGE_STATES, one["state"]),
                "how": "is over"
                if one["state"] in {"completed", "stopped"}
                else "by itself, approved beforehand"
                if one["type"] == "standard"
                else "when somebody starts it"
                if one["part"] == "prepare"
                else "by itself, once approved",
                "at": Age(one["at"]),
            },
            f"/changes/{one['change_id']}",
        )
        for one in found.changes[:50]
    ]
    empty = Empty("No change yet", "Preparing its sites makes the first one.", icon="git-pull-request-arrow")
    return Table("programme-changes", "Changes of the programme", columns, rows, empty=empty, chooser=False)


def log(found: Detail) -> list[tuple[str, str, datetime, str]]:
    """What happened to the programme, the newest first: who, what, when, and where to read more."""
    return [
        (
            words.who(one),
            words.said(one),
            one["at"],
            f"/changes/{one['detail']['change']}" if one["detail"].get("change") else "",
        )
        for one in found.events[:50]
    ]


def terms(
    programme: Programme, policies: Mapping[int, str], titles: Mapping[int, str]
) -> tuple[tuple[str, object], ...]:
    """How it is carried out, in plain words; with the names of policies, and the titles of notices."""
    it = programme.terms

    def approval(policy: int | None) -> str:
        if policy is None:
            return "a second person, each time"
        return f"beforehand, by the policy {policies.get(policy, policy)}"

    notices = tuple(Link(titles.get(one, f"Notice {one}"), f"/notices/{one}") for one in programme.notice_ids)
    return (
        ("Answers", Several(notices) if notices else "no notice"),
        ("What ends", programme.technology),
        ("New subscriptions", f"at least {it.generation}"),
        ("APN", it.apn or "as before"),
        ("Data plan", it.data_plan or "as before"),
        ("A visit takes", duration(it.minutes_a_visit * 60)),
        ("A test takes at most", duration(it.test_seconds)),
        ("The application has to answer", "yes" if it.ask_application else "no"),
        (
            "Watched before the old ones are retired",
            duration(it.dwell_hours * 3600) if it.dwell_hours else "not at all",
        ),
        ("Cut-overs are approved by", approval(it.cutover_policy)),
        ("Retirements are approved by", approval(it.retire_policy)),
        ("Cards and routers that it needs", Link("in the forecast of stock", "/stock/forecast")),
    )


def visits_href(programme: Programme) -> str:
    """The programme's visits, in field work."""
    return f"/fieldwork/visits?origin=programme%3A{programme.id}"


def questions(found: Detail, csrf: str, extent: tuple[int, int] | None = None) -> list[Confirm]:
    """The dialogs that ask before something is done; ``extent``: how many links and critical sites are approved."""
    whole, action = found.whole, f"/programmes/{found.programme.id}/act"
    planned = plural(of(whole, _S.SCHEDULED), "planned visit")
    every = {
        "start": Confirm(
            "start",
            "Start the programme",
            "Visits can be scheduled from now on. Nothing is sent to an operator, and no crew goes, before that.",
            action,
            "Start",
            csrf,
            facts=(("Sites", whole.sites),),
            undo="Pause it, at any time.",
            fields={"act": "start"},
        ),
        "pause": Confirm(
            "pause",
            "Pause the programme",
            "Nothing new is scheduled or retired. Visits that are planned, and changes that run, go on: they are "
            "paused where they are shown.",
            action,
            "Pause",
            csrf,
            facts=(("Visits that go on", planned),),
            undo="Resume it, at any time.",
            fields={"act": "pause"},
            reason_label="Why?",
        ),
        "resume": Confirm(
            "resume",
            "Resume the programme",
            "Visits can be scheduled again, and what was watched long enough is retired.",
            action,
            "Resume",
            csrf,
            undo="Pause it, at any time.",
            fields={"act": "resume"},
        ),
        "close": Confirm(
            "close",
            "Close the programme",
            "Nothing more is done, whatever is left. Visits that are planned are cancelled, and the links of their "
            "cut-overs stay as they are.",
            action,
            "Close it for good",
            csrf,
            count=of(whole, *TO_DO),
            noun="site that is not done",
            facts=(("Sites that are not done", of(whole, *TO_DO)), ("Cancelled", planned)),
            undo="A closed programme stays closed; open another one for the sites that are left.",
            danger=True,
            fields={"act": "close"},
            reason_label="Why?",
        ),
    }
    asked = [every[act] for act in every if act in found.acts]
    return asked if extent is None else [*asked, _approval(found, csrf, *extent)]


def _approval(found: Detail, csrf: str, links: int, critical: int) -> Confirm:
    return Confirm(
        "approve",
        "Approve the programme",
        "Its cut-overs and retirements are standard changes from then on: approved beforehand, for the sites of this "
        "programme and within its terms. Whatever goes beyond that is asked anew. New subscriptions are still approved "
        "each time.",
        f"/programmes/{found.programme.id}/approve",
        "Approve",
        csrf,
        facts=(("Sites", found.whole.sites), ("Links", links), ("Critical sites among them", critical)),
        undo="Retire its policies in the list of policies, at any time: each change is then asked anew.",
    )
