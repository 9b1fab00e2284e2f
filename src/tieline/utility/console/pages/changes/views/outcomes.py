"""What came of changes: as a report, as a list, and beside the plan of one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from tieline.console.components import formats
from tieline.console.components.figures import Figure
from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import PageHead
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
from tieline.console.components.values import Age, Badge, Count, Share, Tone
from tieline.platform.scope import named
from tieline.utility.console.pages.changes.views import words
from tieline.utility.console.pages.changes.views.places import HOME, tabs
from tieline.utility.console.pages.parts import lists

Outcome = Mapping[str, Any]
BY: Mapping[str, str] = {"kind": "Kind", "operator": "Operator", "month": "Month", "type": "Type"}
WORKED: Mapping[str, Badge] = {
    "yes": Badge("As planned", Tone.OK),
    "partly": Badge("Partly", Tone.WARN),
    "no": Badge("Not as planned", Tone.BAD),
}
_SLACK, _SECONDS = 1.05, 5.0


def head() -> PageHead:
    """Head of the page."""
    state = "What was planned beside what came of it: success, times, sites that lost a link, and what was learnt."
    return PageHead("Outcomes", state, (HOME,), (), tabs("outcomes"))


def filters(url: str, by: str, kinds: Sequence[str], known: Mapping[str, str], *, due: bool) -> FilterBar:
    """The filter bar."""
    return FilterBar(
        url,
        (
            Filter(
                "kind",
                "Kind",
                FilterKind.CHOICE,
                tuple(Option(name, title, chosen=name in kinds) for name, title in known.items()),
                pinned=True,
            ),
            Filter("due", "Review is due", FilterKind.FLAG, value="1" if due else "", pinned=True),
        ),
        keep={"by": by} if by != "kind" else {},
    )


def report(rows: Sequence[Outcome], by: str, known: Mapping[str, str]) -> Table:
    """How changes did, in groups."""
    columns = (
        Column("key", BY[by], fixed=True, narrow=True),
        Column("changes", "Changes", numeric=True, narrow=True),
        Column("success", "Verified", numeric=True, narrow=True),
        Column("whole", "Without a gap", numeric=True),
        Column("in_time", "In the time expected", numeric=True),
        Column("of", "Of the longest estimate", numeric=True, hidden=True),
        Column("hurt", "Sites that lost a link", numeric=True),
        Column("worked", "Reviewed as planned", numeric=True),
    )
    empty = Empty("Nothing has ended yet", "Once a change has run, what came of it is counted here.", icon="history")
    return Table("outcome-report", "Outcomes in groups", columns, [_group(one, by, known) for one in rows], empty=empty)


def _group(one: Outcome, by: str, known: Mapping[str, str]) -> Row:
    key = str(one["key"])
    word = {"kind": known.get(key, key), "operator": f"Operator {key}", "type": words.TYPES.get(key, key)}.get(by, key)
    cells: dict[str, object] = {
        "key": word,
        "changes": one["changes"],
        "success": Share(one["verified"] / one["planned"]) if one["planned"] else None,
        "whole": f"{one['whole']} of {one['changes']}",
        "in_time": f"{one['in_time']} of {one['estimated']}" if one["estimated"] else None,
        "of": f"{one['of_estimate']:.0%}" if one["of_estimate"] is not None else None,
        "hurt": one["sites_hurt"],
        "worked": f"{one['worked']} of {one['reviewed']}" if one["reviewed"] else None,
    }
    return Row(key, cells)


def table(rows: Sequence[Outcome], known: Mapping[str, str], paging: Paging, *, filtered: bool) -> Table:
    """What came of each change, the latest end first."""
    columns = (
        Column("title", "Change", fixed=True, narrow=True, wrap=True),
        Column("success", "Verified", numeric=True, narrow=True),
        Column("failed", "Failed", numeric=True),
        Column("conflict", "Conflicts", numeric=True),
        Column("took", "Took"),
        Column("expected", "Expected", hidden=True),
        Column("hurt", "Sites that lost a link", numeric=True),
        Column("worked", "Review", narrow=True),
        Column("ended", "Ended"),
        Column("kind", "Kind", hidden=True),
    )
    empty = (
        lists.no_match("No outcome matches", "/changes/outcomes")
        if filtered
        else Empty("Nothing has ended yet", "Once a change has run, what came of it stands here.", icon="history")
    )
    found = [_row(one, known) for one in rows]
    return Table("outcomes", "Outcomes", columns, found, paging, csv_href="/changes/outcomes.csv", empty=empty)


def _row(one: Outcome, known: Mapping[str, str]) -> Row:
    number = one["change_id"]
    cells: dict[str, object] = {
        "title": one["title"],
        "success": Share(one["verified"] / one["planned"]) if one["planned"] else None,
        "failed": Count(one["failed"], f"/changes/{number}/items?state=failed"),
        "conflict": Count(one["conflict"], f"/changes/{number}/items?state=conflict"),
        "took": took(one),
        "expected": expected(one),
        "hurt": one["sites_hurt"],
        "worked": _review(one),
        "ended": Age(one["ended_at"]),
        "kind": known.get(one["kind"], one["kind"]),
    }
    return Row(str(number), cells, f"/changes/{number}", tone="warn" if one["review_due"] else "")


def _review(one: Outcome) -> object:
    if one["worked"]:
        return WORKED[one["worked"]]
    return Badge("Review is due", Tone.WARN, "hourglass") if one["review_due"] else None


def took(one: Outcome) -> object:
    """How long it took, and whether that was expected."""
    lasted = formats.duration(one["seconds"])
    late = one["most_seconds"] is not None and one["seconds"] > one["most_seconds"] * _SLACK + _SECONDS
    return Badge(f"{lasted}, longer than expected", Tone.WARN) if late else lasted


def expected(one: Outcome) -> str | None:
    """How long it was expected to take, its windows and holds counted in."""
    if one["least_seconds"] is None or one["most_seconds"] is None:
        return None
    return formats.duration_range(one["least_seconds"], one["most_seconds"])


def beside(one: Outcome) -> tuple[Figure, ...]:
    """The plan of one change beside what came of it."""
    number, planned = one["change_id"], one["planned"]
    missed = planned - one["verified"]
    return (
        Figure("Verified", one["verified"], f"/changes/{number}/items?state=verified", of=planned,
               tone="ok" if not missed else "warn", note="all of the plan" if not missed else f"{missed:,} were not"),
        Figure("Failed", one["failed"], f"/changes/{number}/items?state=failed", tone="bad" if one["failed"] else ""),
        Figure("Changed by somebody else", one["conflict"], f"/changes/{number}/items?state=conflict"),
        Figure("Sites that lost a link", one["sites_hurt"], of=one["sites_expected"] or None,
               tone="warn" if one["sites_hurt"] else "ok",
               note="of those whose link was touched, by what is known of them"),
    )  # fmt: skip


def facts(one: Outcome) -> tuple[tuple[str, object], ...]:
    """Times, and why items were not done."""
    reasons = [f"{words.field_name(code.replace('-', ' '))}: {count:,}" for code, count in one["reasons"].items()]
    pairs: tuple[tuple[str, object], ...] = (
        ("Expected to take", expected(one)),
        ("Took", took(one)),
        ("Why items were not done", "; ".join(reasons) or None),
    )
    return tuple((name, value) for name, value in pairs if value is not None)


def reviews(rows: Sequence[Outcome], zone: tzinfo) -> tuple[tuple[Badge, str, str], ...]:
    """Reviews: verdict, who and when, words."""
    return tuple(
        (WORKED[one["worked"]], f"{named(one['actor'])}, {formats.local_time(one['at'], zone)}", one["note"])
        for one in rows
    )


def review_form(change_id: int, csrf: str) -> Form:
    """The form of a review."""
    options = tuple(Option(key, badge.word) for key, badge in WORKED.items())
    hint = "What happened, what was different, what is to be learnt."
    return Form(
        f"/changes/{change_id}/review",
        (
            Field("worked", "Did it work as planned?", "radio", options=options),
            Field("note", "In words", "textarea", hint=hint, maxlength=4000),
        ),
        csrf,
        "Save the review",
    )


def countdown(due: datetime | None, now: datetime) -> Badge | None:
    """How long an emergency change may still wait for its approval."""
    if due is None:
        return None
    left = (due - now).total_seconds()
    if left <= 0:
        return Badge(f"Approval overdue by {formats.duration(-left)}", Tone.BAD, "siren")
    return Badge(f"Approve within {formats.duration(left)}", Tone.WARN, "hourglass")
