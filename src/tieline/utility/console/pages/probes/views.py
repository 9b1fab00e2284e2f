"""Last answers of applications as rows, with their filters."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from tieline.console.components import formats
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.tables import (
    Column,
    Empty,
    Filter,
    FilterBar,
    FilterKind,
    Paging,
    Row,
    Selection,
    Table,
)
from tieline.console.components.values import Age, Badge, Ident, Link, Tone
from tieline.console.lists import choice
from tieline.platform.scope import Permission
from tieline.utility.console.filters import Facets, pairs_of
from tieline.utility.console.http import Page
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.subscriptions.application import OLD, verdict
from tieline.utility.probing import Answered, AnswerFilter, Why

KEYS = ("ok", "why", "operator", "region", "older", "waiting", "q", "site")
OLDER: Mapping[str, tuple[str, timedelta]] = {
    "1": ("an hour", timedelta(hours=1)),
    "24": ("a day", timedelta(days=1)),
    "168": ("a week", timedelta(days=7)),
    "720": ("30 days", timedelta(days=30)),
}
_COLUMNS = (
    Column("site", "Site", narrow=True, fixed=True),
    Column("application", "Application", narrow=True),
    Column("what", "What came of it", wrap=True),
    Column("at", "Asked", narrow=True),
    Column("rtt", "Round trip", numeric=True, unit="ms"),
    Column("operator", "Operator"),
    Column("subscription", "SIM"),
    Column("region", "Region", hidden=True),
    Column("address", "Address", hidden=True),
)
_MOST = 50_000


def head(counts: Mapping[str, int] | None) -> PageHead:
    """How the applications do, in one line."""
    if counts is None:
        return PageHead("Probes", "What the applications at the sites answered last.")
    good, asked = counts.get(Why.ANSWERED, 0), sum(n for why, n in counts.items() if why != "waiting")
    waiting = counts.get("waiting", 0)
    if not asked:
        state = "No application was asked yet."
    else:
        state = f"{formats.number(good)} of {formats.plural(asked, 'application')} answered when last asked."
    if waiting:
        state += f" {formats.number(waiting)} are being asked now."
    return PageHead("Probes", state)


def bar(page: Page, wanted: AnswerFilter, choices: Facets) -> FilterBar:
    """The filters; what the URL asks for that is not there is shown, too."""
    every = pairs_of(page.request.url.query)
    last = tuple(dict(every).items())  # these take one value
    whys = {why.value: why.sentence.rstrip(".") for why in Why}
    older = {hours: f"more than {words} ago" for hours, (words, _) in OLDER.items()}
    yes_no = {"1": "yes", "0": "no"}
    return FilterBar(
        page.url,
        (
            choice("ok", "In service", yes_no, last),
            choice("why", "What came of it", whys, every, pinned=False),
            choice("operator", "Operator", choices.of("operator"), every),
            choice("region", "Region", choices.of("region"), every, pinned=False),
            choice("older", "Asked", older, last),
            choice("waiting", "Being asked now", yes_no, last, pinned=False),
            Filter("q", "Site, SIM or address", FilterKind.TEXT, value=wanted.text),
        ),
    )


def table(page: Page, found: Sequence[Answered], paging: Paging, matching: int) -> Table:
    """The answers."""
    narrowed = any(key in KEYS for key in page.request.query_params)
    if narrowed:
        empty = lists.no_match("No answer matches these filters", "/probes")
    else:
        how = "Open a SIM and press Ask now, or ask many at once: tieline probe ask --where region=Wales."
        empty = Empty("No application was asked yet", how, (Action("SIMs", "/subscriptions", "credit-card"),), "plug")
    query = page.request.url.query
    return Table(
        "probes",
        "Last answers of applications",
        _COLUMNS,
        [_row(one) for one in found],
        paging,
        _selection(page, matching),
        csv_href=f"/probes.csv?{query}" if found else "",
        empty=empty,
    )


def _selection(page: Page, matching: int) -> Selection | None:
    if not page.scope.may(Permission.INCIDENT_WRITE):
        return None
    again = Action("Ask again", "/probes/ask", "plug-zap", "primary", method="post")
    return Selection(min(matching, _MOST), (again,), page.request.url.query, page.csrf_token, "application")


def _row(one: Answered) -> Row:
    word, tone = verdict(one.why)
    return Row(
        str(one.subscription_id),
        {
            "site": one.site_name or "fitted nowhere",
            "application": Badge("Being asked", Tone.BUSY) if one.waiting_since else Badge(word, tone),
            "what": one.why.sentence,
            "at": Age(one.at, "our own test frame", OLD),
            "rtt": None if one.rtt_ms is None else round(one.rtt_ms),
            "operator": one.operator,
            "subscription": Link(one.ref, f"/subscriptions/{one.subscription_id}", sheet=True),
            "region": one.region,
            "address": Ident(one.address) if one.address else None,
        },
        f"/sites/{one.site_id}" if one.site_id else f"/subscriptions/{one.subscription_id}",
        sheet=True,
        tone="" if one.ok else tone.value if tone is not Tone.OFF else "",
    )


CSV_COLUMNS = (
    "site", "region", "operator", "subscription", "address", "in service", "what", "round trip ms", "asked at",
)  # fmt: skip


def csv_cells(one: Answered) -> tuple[object, ...]:
    """An answer as a line of a file; times are UTC."""
    return (
        one.site_name, one.region, one.operator, one.ref, one.address, "yes" if one.ok else "no", one.why.sentence,
        one.rtt_ms, formats.iso(one.at),
    )  # fmt: skip
