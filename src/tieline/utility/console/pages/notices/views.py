"""A notice: its sentence, its phases, whom they strike, how revisions differ, and what can be answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from tieline.console.components.figures import Figure, Lane, Mark, Timeline
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Paging, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Tone
from tieline.console.components.work import Confirm
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.console.pages.notices import words
from tieline.utility.console.words import CRITICALITIES
from tieline.utility.notices import (
    Affected,
    AnswerState,
    Kind,
    Notice,
    Phase,
    PhaseCount,
    Revision,
    day,
    place,
    sentence,
)

HOME = Crumb("Notices", "/notices")
MOST_LANES = 12
_ANSWERED = {
    AnswerState.PENDING: Badge("On its way", Tone.BUSY, "loader"),
    AnswerState.TAKEN: Badge("The operator has it", Tone.OK),
    AnswerState.REFUSED: Badge("The operator refused it", Tone.BAD),
}

_WHOSE_WORDS = {
    AnswerState.PENDING: "Tried last, without success",
    AnswerState.TAKEN: "The operator says",
    AnswerState.REFUSED: "The operator says",
}


def head(
    notice: Notice,
    counts: Sequence[PhaseCount],
    scope: Scope,
    now: datetime,
    together: Sequence[int],
    *,
    begun: bool,
) -> PageHead:
    """The page's head.

    ``together`` are the notices that a programme is to begin from, this one first; ``begun``: one goes by it already.
    """
    actions: list[Action] = []
    if notice.answerable:
        unless = "" if scope.may(Permission.NOTICE_WRITE) else "Your role may not answer operators' notices."
        actions += [
            Action("Accept", icon="check", kind="primary" if notice.waits else "plain", dialog="accept", unless=unless),
            Action("Decline", icon="x", kind="danger", dialog="decline", unless=unless),
        ]
    if notice.kind is Kind.PHASE_OUT and not notice.over:
        unless = "" if scope.may(Permission.PROGRAMME_WRITE) else "Your role may not plan programmes."
        where = f"/programmes/new?{urlencode([('notice', one) for one in together])}"
        kind = "plain" if notice.waits or begun else "primary"
        actions.append(
            Action("Open another programme" if begun else "Open a programme", where, "list-checks", kind, unless=unless)
        )
    return PageHead(notice.title, sentence(notice, counts, now), (HOME,), tuple(actions))


def questions(notice: Notice, csrf: str) -> tuple[Confirm, ...]:
    """The dialogs that ask before an answer is given."""
    if not notice.answerable:
        return ()
    facts = (("Operator", notice.operator_name), ("Revision", notice.revision))
    fields = {"revision": str(notice.revision)}
    back = "Answer again, until the operator withdraws or revises the notice."
    return (
        Confirm(
            "accept",
            "Accept this notice",
            "The operator is told that you agree with what it announces. Nothing is changed in your network.",
            f"/notices/{notice.id}/accept",
            "Accept",
            csrf,
            facts=facts,
            undo=back,
            fields=fields,
        ),
        Confirm(
            "decline",
            "Decline this notice",
            "The operator is told that you do not agree, and why. What it then does is its own decision.",
            f"/notices/{notice.id}/decline",
            "Decline",
            csrf,
            facts=facts,
            undo=back,
            fields=fields,
            danger=True,
            reason_label="Why? The operator reads this.",
        ),
    )


def figures(notice: Notice, counts: Sequence[PhaseCount]) -> tuple[Figure, ...]:
    """Whom the notice strikes, each number leading to the list behind it."""
    sites, links = sum(one.sites for one in counts), sum(one.links for one in counts)
    alone, critical = sum(one.alone for one in counts), sum(one.critical for one in counts)
    technology = notice.technology or "any technology"
    return (
        Figure(
            "Sites that it strikes",
            sites,
            _sites(notice),
            note=f"{links:,} links at {notice.operator_name} on {technology}",
        ),
        Figure(
            "Have nothing else",
            alone,
            _sites(notice, alone="1"),
            of=sites,
            tone="warn" if alone else "ok",
            note=f"all their links are on {technology}" if alone else "each has another technology, too",
        ),
        Figure(
            "Of high importance",
            critical,
            _sites(notice, critical="1"),
            of=sites,
            tone="warn" if critical else "ok",
            note="critical or high" if critical else "none is critical or high",
        ),
    )


def _sites(notice: Notice, **query: str) -> str:
    path = f"/notices/{notice.id}/sites"
    return f"{path}?{urlencode(query)}" if query else path


def timeline(notice: Notice, now: datetime) -> Timeline | None:
    """The phases over time, one lane each."""
    phases = sorted(notice.phases, key=lambda phase: (phase.starts_at, phase.ends_at))[:MOST_LANES]
    if not phases:
        return None
    start = min(now, *(phase.starts_at for phase in phases))
    end = max(now, *(phase.ends_at for phase in phases))
    margin = max((end - start) * 0.03, timedelta(hours=1))
    lanes = tuple(Lane(phase.title, (_span(phase, now),), "radio-tower") for phase in phases)
    return Timeline(f"Phases of {notice.title}", start - margin, end + margin, now, lanes)


def _span(phase: Phase, now: datetime) -> Mark:
    tone = "off" if phase.ends_at <= now else "warn" if phase.starts_at <= now else "busy"
    return Mark(
        phase.starts_at,
        phase.title,
        tone,
        until=phase.ends_at,
        detail=f"until {day(phase.ends_at)}, {place(phase.area)}",
    )


def phases(notice: Notice, counts: Sequence[PhaseCount]) -> Table:
    """The phases, and what each strikes, in the order in which they are over."""
    columns = (
        Column("title", "Phase", fixed=True, narrow=True, wrap=True),
        Column("starts", "Begins", narrow=True),
        Column("ends", "Over by", narrow=True),
        Column("area", "Where", wrap=True),
        Column("sites", "Sites", numeric=True, narrow=True),
        Column("alone", "Nothing else", numeric=True),
        Column("critical", "High importance", numeric=True),
    )
    rows = [_phase(notice, one) for one in counts]
    empty = Empty("No phases", "The operator gave no phases that are understood here; read its words.", icon="info")
    return Table("notice-phases", "Phases", columns, rows, empty=empty, chooser=False)


def _phase(notice: Notice, one: PhaseCount) -> Row:
    phase = one.phase
    cells: dict[str, object] = {
        "title": phase.title,
        "starts": short_day(phase.starts_at),
        "ends": short_day(phase.ends_at),
        "area": place(phase.area),
        "sites": Count(one.sites, _sites(notice, phase=phase.id)),
        "alone": Count(one.alone, _sites(notice, phase=phase.id, alone="1")),
        "critical": Count(one.critical, _sites(notice, phase=phase.id, critical="1")),
    }
    return Row(phase.id, cells)


def facts(notice: Notice, now: datetime) -> tuple[tuple[str, object], ...]:
    """Everything else about it."""
    return _said(
        ("State", words.state(notice, now)),
        (
            "Why",
            None if notice.status_reason.rstrip(".") == words.state(notice, now).word else notice.status_reason or None,
        ),
        ("Kind", words.KINDS[notice.kind]),
        ("Operator", Link(notice.operator_name, f"/operators/{notice.operator}")),
        ("Operator's reference", notice.ref),
        ("Revision", notice.revision),
        ("Came in", Age(notice.first_at, notice.operator_name)),
        ("Last changed by the operator", Age(notice.updated_at, notice.operator_name)),
        ("Not listed since", Age(notice.gone_at) if notice.gone_at else None),
        ("Last confirmed", Age(notice.seen_at, notice.operator_name, timedelta(minutes=30))),
    )


def answered(notice: Notice) -> tuple[tuple[str, object], ...]:
    """What was answered, and what came of it; empty when nothing was."""
    if notice.answer is None or notice.answer_state is None:
        return ()
    verdict = Badge("Accepted", Tone.OK) if notice.answer.value == "approved" else Badge("Declined", Tone.HELD)
    return _said(
        ("Answer", verdict),
        ("To revision", notice.answer_revision),
        ("By", named(notice.answer_by)),
        ("When", Age(notice.answer_at)),
        ("Words", notice.answer_words or None),
        ("Delivery", _ANSWERED[notice.answer_state]),
        (_WHOSE_WORDS[notice.answer_state], notice.answer_error or None),
    )


def _said(*pairs: tuple[str, object]) -> tuple[tuple[str, object], ...]:
    """Those of some facts that there is something to say of."""
    return tuple((name, value) for name, value in pairs if value is not None)


def short_day(moment: datetime) -> str:
    """A day for a table, in UTC as the operator gave it."""
    return f"{moment.day} {moment:%b %Y}"


def revisions(notice: Notice, found: Sequence[Revision]) -> Table:
    """Every revision, each leading to how the newest differs from it."""
    columns = (
        Column("revision", "Revision", narrow=True, fixed=True),
        Column("updated", "Operator's time", narrow=True),
        Column("received", "Came in"),
        Column("phases", "Phases", numeric=True),
        Column("compare", "Compare", narrow=True),
    )
    rows = [
        Row(
            str(one.id),
            {
                "revision": f"Revision {one.revision}",
                "updated": Age(one.updated_at, notice.operator_name),
                "received": Age(one.received_at),
                "phases": len(one.content.phases),
                "compare": _compare(notice, one),
            },
        )
        for one in found
    ]
    return Table("notice-revisions", "Revisions", columns, rows, chooser=False)


def _compare(notice: Notice, one: Revision) -> object:
    if one.revision >= notice.revision:
        return "the newest"
    query = urlencode({"earlier": one.revision, "later": notice.revision})
    return Link(f"with {notice.revision}", f"/notices/{notice.id}?{query}#revisions")


def sites(notice: Notice, rows: Sequence[Affected], paging: Paging, csv: str) -> Table:
    """The sites that a notice strikes."""
    columns = (
        Column("name", "Site", fixed=True, narrow=True),
        Column("phase", "Phase", narrow=True),
        Column("due", "Ready by", narrow=True),
        Column("region", "Region"),
        Column("postcode", "Postcode"),
        Column("criticality", "Importance"),
        Column("links", "Links", numeric=True),
        Column("alone", "Anything else"),
        Column("external", "Number", hidden=True),
    )
    technology = notice.technology or "this operator"
    found = [
        Row(
            str(one.site_id),
            {
                "name": one.name,
                "phase": one.phase_title,
                "due": short_day(one.due_at),
                "region": one.region,
                "postcode": one.postcode,
                "criticality": CRITICALITIES.get(one.criticality, one.criticality),
                "links": one.links,
                "alone": Badge("Nothing else", Tone.WARN) if one.alone else Badge("Yes", Tone.OK),
                "external": one.external_id,
            },
            f"/sites/{one.site_id}",
            sheet=True,
        )
        for one in rows
    ]
    empty = Empty("No site is struck", f"No site here has a live link on {technology} in this part.", icon="search")
    return Table("notice-sites", "Sites that the notice strikes", columns, found, paging, csv_href=csv, empty=empty)
