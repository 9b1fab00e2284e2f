"""The list of programmes, and the list of the sites of one."""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.console.components.formats import number, plural
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
    Selection,
    Table,
)
from tieline.console.components.values import Age, Badge, Count, Link, Share, Tone
from tieline.platform.scope import Permission, Scope
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.http import Page
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.pages.programmes import asked, words
from tieline.utility.console.words import criticality_badge
from tieline.utility.programmes import Programme, ProgrammeState, SiteFilter, SiteState

HOME = Crumb("Programmes", "/programmes")
_NO_PLANS = "Your role may not plan programmes."


def head(found: Sequence[Programme], scope: Scope) -> PageHead:
    """What runs, in one line."""
    running = [one for one in found if one.state is ProgrammeState.RUNNING]
    left = sum(one.sites - one.field_done for one in running)
    state = f"{plural(len(running), 'programme')} running, {plural(left, 'site')} to visit." if running else ""
    unless = "" if scope.may(Permission.PROGRAMME_WRITE) else _NO_PLANS
    action = Action("Open a programme", "/programmes/new", "plus", "primary", unless=unless)
    return PageHead("Programmes", state or "Nothing runs at the moment.", actions=(action,))


def programmes(found: Sequence[Programme], paging: Paging | None, scope: Scope) -> Table:
    """The list, the newest first."""
    columns = (
        Column("title", "Programme", fixed=True, narrow=True, wrap=True),
        Column("state", "State", narrow=True),
        Column("share", "Done in the field", numeric=True, narrow=True),
        Column("sites", "Sites", numeric=True),
        Column("field", "In the field", numeric=True, hidden=True),
        Column("done", "Old ones retired", numeric=True),
        Column("technology", "What ends"),
        Column("started", "Started"),
        Column("opened", "Opened", hidden=True),
        Column("id", "Number", numeric=True, hidden=True),
    )
    may = scope.may(Permission.PROGRAMME_WRITE)
    empty = Empty(
        "No programme yet",
        "A programme answers a technology that ends: new cards and routers at every site that hangs on it, visit by "
        "visit, until the last old subscription is retired. It is opened from the operators' notices.",
        (
            Action("Read the notices", "/notices?kind=phase-out&open=1", "calendar-clock", "primary"),
            *([Action("Open one without a notice", "/programmes/new", "plus")] if may else []),
        ),
        "list-checks",
    )
    rows = [_programme(one) for one in found]
    return Table("programmes", "Programmes, the newest first", columns, rows, paging, empty=empty)


def _programme(one: Programme) -> Row:
    cells: dict[str, object] = {
        "title": one.title,
        "state": words.STATES[one.state],
        "share": Share(one.field_done / one.sites if one.sites else None),
        "sites": Count(one.sites, asked.sites_href(one.id)),
        "field": Count(one.field_done, asked.sites_href(one.id, state=[state.value for state in words.FIELD_DONE])),
        "done": Count(one.done, asked.sites_href(one.id, state=SiteState.DONE.value)),
        "technology": one.technology,
        "started": Age(one.started_at) if one.started_at else None,
        "opened": Age(one.created_at),
        "id": one.id,
    }
    return Row(str(one.id), cells, f"/programmes/{one.id}", muted=one.state is ProgrammeState.CLOSED)


# ── the sites of one ──────────────────────────────────────────────────────────────────────────────────────────────────


def sites_head(programme: Programme, matching: int, wanted: SiteFilter) -> PageHead:
    """What the list shows, and the way back."""
    narrowed = wanted != SiteFilter()
    state = (
        f"{plural(matching, 'site')} {'match' if narrowed and matching != 1 else 'matches' if narrowed else 'in it'}."
    )
    return PageHead("Sites of the programme", state, (HOME, Crumb(programme.title, f"/programmes/{programme.id}")))


def filters(url: str, wanted: SiteFilter, regions: Sequence[str], phases: Sequence[str]) -> FilterBar:
    """The filters; all of their state is in the URL."""

    def choice(key: str, label: str, options: Mapping[str, str], chosen: Sequence[str]) -> Filter:
        shown = tuple(Option(name, text, chosen=name in chosen) for name, text in options.items())
        return Filter(key, label, FilterKind.CHOICE, shown, pinned=True)

    states = {state.value: badge.word for state, badge in words.SITES.items()}
    named = {name or words.NO_PHASE: words.phase(name) for name in phases}
    chosen = [name or words.NO_PHASE for name in wanted.phases]
    return FilterBar(
        url,
        (
            choice("state", "State", states, wanted.states),
            choice("region", "Region", {name: name or "none" for name in regions}, wanted.regions),
            choice("phase", "Phase", named, chosen),
            Filter("late", "Late", FilterKind.FLAG, value="1" if wanted.late else "", pinned=True),
            Filter(
                "will_be_late", "Will be late", FilterKind.FLAG, value="1" if wanted.will_be_late else "", pinned=True
            ),
            Filter("q", "Name or number", FilterKind.TEXT, value=wanted.text, pinned=True),
        ),
    )


def sites(
    page: Page,
    programme: Programme,
    rows: Sequence[Mapping[str, Any]],
    paging: Paging,
    selection: Selection | None,
    *,
    narrowed: bool,
) -> Table:
    """Sites with where they stand and why."""
    columns = (
        Column("name", "Site", fixed=True, narrow=True),
        Column("state", "State", narrow=True),
        *([Column("why", "Why", wrap=True)] if any(one["why"] for one in rows) else []),
        Column("due", "Due"),
        Column("phase", "Phase"),
        Column("region", "Region"),
        Column("attempts", "Visits", numeric=True),
        Column("since", "Since", hidden=True),
        Column("visit", "Last visit", hidden=True),
        Column("criticality", "Importance", hidden=True),
        Column("postcode", "Postcode", hidden=True),
        Column("external", "Number", hidden=True),
    )
    query = page.request.url.query
    href = f"/programmes/{programme.id}/sites.csv"
    found = [_site(programme.id, one) for one in rows]
    empty = (
        lists.no_match("No site matches these filters", page.request.url.path)
        if narrowed
        else Empty("No site", "This programme has no site in your regions.")
    )
    return Table(
        "programme-sites",
        f"Sites of {programme.title}",
        columns,
        found,
        paging,
        selection,
        f"{href}?{query}" if query else href,
        empty,
    )


def _site(programme_id: int, one: Mapping[str, Any]) -> Row:
    state = SiteState(one["state"])
    cells: dict[str, object] = {
        "name": one["name"],
        "state": words.SITES[state],
        "why": one["why"] or None,
        "due": Badge(words.day(one["due_at"]) or "", Tone.WARN, "clock-alert", "It is past due.")
        if one["late"]
        else words.day(one["due_at"]),
        "phase": words.phase(one["phase"]),
        "region": one["region"] or None,
        "visit": Link(f"Visit {one['visit_id']}", f"/fieldwork/visits/{one['visit_id']}") if one["visit_id"] else None,
        "attempts": one["attempts"],
        "since": Age(one["changed_at"]),
        "criticality": criticality_badge(one["criticality"]),
        "postcode": one["postcode"],
        "external": one["external_id"],
    }
    tone = "bad" if state is SiteState.BLOCKED else "warn" if state is SiteState.AGAIN or one["late"] else ""
    href = f"/programmes/{programme_id}/sites/{one['site_id']}"
    return Row(str(one["site_id"]), cells, href, sheet=True, tone=tone, muted=state is SiteState.LEFT_OUT)


def selection(page: Page, programme: Programme, matching: int) -> Selection | None:
    """What can be done with chosen sites."""
    if not page.scope.may(Permission.PROGRAMME_WRITE) or programme.state is ProgrammeState.CLOSED or not matching:
        return None
    base = f"/programmes/{programme.id}"
    acts = (
        Action("Leave out", f"{base}/leave-out", "circle-slash", method="post"),
        Action("Take in again", f"{base}/take-in", "plus", method="post"),
    )
    query = "&".join(part for part in page.request.url.query.split("&") if part.partition("=")[0] in asked.KEYS)
    return Selection(matching, acts, query, page.csrf_token, "site")


def shown(count: int, matching: int) -> str:
    """How much of how many is shown."""
    return plural(count, "site") if count == matching else f"{number(count)} of {plural(matching, 'site')}"


def keys_in(url: str) -> bool:
    """Whether a URL narrows the list."""
    return any(key in asked.KEYS for key, _ in pairs_of(url.partition("?")[2]))
