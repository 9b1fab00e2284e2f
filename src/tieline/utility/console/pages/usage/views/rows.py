"""Subscriptions by what they used, and what stands out."""

from collections.abc import Mapping, Sequence

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
from tieline.console.components.work import Confirm
from tieline.platform.paging import Page as Rows
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.console import words as common
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.pages.usage import words
from tieline.utility.console.pages.usage.views.plans import HOME, plan_href
from tieline.utility.usage import Finding, Period, sentence
from tieline.utility.usage import Row as Used


def table(found: Rows[Used], paging: Paging | None, *, narrowed: bool) -> Table:
    """Subscriptions, what used most first."""
    columns = (
        Column("name", "Subscription", fixed=True, narrow=True),
        Column("used", "Used", numeric=True, narrow=True),
        Column("last", "Last used"),
        Column("plan", "Plan"),
        Column("state", "State", narrow=True),
        Column("site", "Site"),
    )
    rows = [
        Row(
            one.ref,
            {
                "name": one.ref,
                "used": words.volume(one.octets),
                "last": words.day(one.last_used) or "never",
                "plan": Link(one.plan, plan_href(one.operator, one.plan)) if one.plan else None,
                "state": common.state_badge(one.state) if one.state else Badge("Not in the inventory", Tone.BAD),
                "site": Link(one.site_name or "", f"/sites/{one.site_id}") if one.site_id else None,
            },
            f"/subscriptions/{one.subscription_id}" if one.subscription_id else "",
            sheet=True,
            tone="" if one.subscription_id else "bad",
        )
        for one in found.items
    ]
    empty = (
        Empty("No subscription matches", "Nothing was used there, or its records are not here yet.", icon="search")
        if narrowed
        else Empty("No records yet", "They come in by themselves over TMF635, or as a file.", icon="chart-column")
    )
    return Table("usage-rows", "Subscriptions by what they used", columns, rows, paging, empty=empty)


def filters(
    url: str,
    chosen: Mapping[str, str],
    operators: Mapping[str, str],
    *,
    plans: Sequence[str],
    periods: Sequence[Period],
) -> FilterBar:
    """Which operator, plan and period; one of each."""

    def options(key: str, known: Mapping[str, str]) -> tuple[Option, ...]:
        return tuple(Option(value, word, chosen=chosen.get(key) == value) for value, word in known.items())

    return FilterBar(
        url,
        (
            Filter("operator", "Operator", FilterKind.CHOICE, options("operator", operators), pinned=True),
            Filter("plan", "Plan", FilterKind.CHOICE, options("plan", {one: one for one in plans}), pinned=True),
            Filter(
                "day",
                "Period",
                FilterKind.CHOICE,
                options("day", {one.first.isoformat(): words.span(one) for one in periods}),
                pinned=True,
            ),
        ),
    )


# ── findings ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def findings_head(counts: Mapping[str, int]) -> PageHead:
    """Head of the list of findings."""
    total = sum(counts.values())
    state = "What stands out of usage and cost, and what would be cheaper."
    return PageHead("Findings", state, tabs=words.tabs("findings", total or None))


def finding_filters(url: str, operators: Mapping[str, str], counts: Mapping[str, int]) -> FilterBar:
    """Which findings."""
    pairs = pairs_of(url.partition("?")[2])
    kinds = tuple(
        Option(kind.value, badge.word, counts.get(kind.value), chosen=("kind", kind.value) in pairs)
        for kind, badge in words.FINDINGS.items()
    )
    codes = tuple(Option(code, name, chosen=("operator", code) in pairs) for code, name in operators.items())
    return FilterBar(
        url,
        (
            Filter("kind", "Kind", FilterKind.CHOICE, kinds, pinned=True),
            Filter("operator", "Operator", FilterKind.CHOICE, codes, pinned=True),
            Filter("all", "Those seen to or over, too", FilterKind.FLAG, value="1" if ("all", "1") in pairs else ""),
        ),
    )


def findings(found: Rows[Finding], paging: Paging, *, filtered: bool) -> Table:
    """What stands out, the latest first."""
    unit = words.one_currency(one.currency for one in found.items)
    columns = (
        Column("what", "What stands out", fixed=True, narrow=True, wrap=True),
        Column("kind", "Kind", narrow=True),
        Column("site", "Site"),
        Column("cost", "Costs", numeric=True, unit=unit),
        Column("first", "Since"),
        Column("state", "State"),
        Column("operator", "Operator", hidden=True),
        Column("subscription", "Subscription", hidden=True),
    )
    rows = [_finding(one, unit) for one in found.items]
    empty = (
        Empty("No finding matches", "Take a filter away to see more.", icon="search")
        if filtered
        else Empty(
            "Nothing stands out",
            "Once records and contracts are here, what is far from usual is listed: too much, nothing at all, "
            "what should not be, pools that run over.",
            icon="circle-check",
        )
    )
    return Table("usage-findings", "Findings", columns, rows, paging, empty=empty)


def _finding(one: Finding, unit: str) -> Row:
    where = f"/subscriptions/{one.subscription_id}"
    cells: dict[str, object] = {
        "what": sentence(one),
        "kind": words.FINDINGS[one.kind],
        "operator": Link(f"Operator {one.operator}", f"/operators/{one.operator}"),
        "subscription": Link(one.ref, where, sheet=True) if one.subscription_id else one.ref or None,
        "site": Link(one.site_name or "", f"/sites/{one.site_id}") if one.site_id else None,
        "cost": words.money(one.cost, "" if unit else one.currency or "") if one.cost is not None else None,
        "first": Age(one.first_at),
        "state": _state(one),
    }
    return Row(str(one.id), cells, f"/usage/findings/{one.id}", muted=one.gone_at is not None)


def _state(one: Finding) -> Badge:
    if one.gone_at is not None:
        return Badge("Over", Tone.OFF)
    if one.acknowledged_at is not None:
        return Badge("Seen to", Tone.BUSY, tip=f"By {named(one.acknowledged_by)}.")
    return Badge("Open", Tone.WARN)


def finding_head(one: Finding, scope: Scope) -> PageHead:
    """Head of a finding's page."""
    actions: list[Action] = []
    if one.acknowledged_at is None and one.gone_at is None:
        unless = "" if scope.may(Permission.USAGE_WRITE) else "Your role may not see to findings."
        actions.append(Action("I see to it", icon="check", kind="primary", dialog="acknowledge", unless=unless))
    crumbs = (HOME, Crumb("Findings", "/usage/findings"))
    return PageHead(words.FINDINGS[one.kind].word, sentence(one), crumbs, tuple(actions))


def finding_facts(one: Finding) -> tuple[tuple[str, object], ...]:
    """Everything that is known of a finding."""
    where = f"/subscriptions/{one.subscription_id}"
    pairs: list[tuple[str, object]] = [
        ("State", _state(one)),
        ("Operator", Link(f"Operator {one.operator}", f"/operators/{one.operator}")),
        ("Plan", Link(one.plan, plan_href(one.operator, one.plan)) if one.plan else None),
        ("Subscription", Link(one.ref, where) if one.subscription_id else one.ref or None),
        ("Site", Link(one.site_name or "", f"/sites/{one.site_id}") if one.site_id else None),
        ("Costs", words.money(one.cost, one.currency or "") if one.cost is not None else None),
        ("Found", Age(one.first_at)),
        ("Last found so", Age(one.seen_at)),
        ("Over since", Age(one.gone_at) if one.gone_at else None),
        ("Seen to by", named(one.acknowledged_by) if one.acknowledged_by else None),
        ("Words", one.words or None),
    ]
    return tuple((name, value) for name, value in pairs if value is not None)


def question(one: Finding, csrf: str) -> Confirm:
    """Asks for words before a finding is taken."""
    return Confirm(
        "acknowledge",
        "You see to this",
        "It leaves the list of open findings, and colleagues see who has it. Once it is no longer so, it is over.",
        f"/usage/findings/{one.id}/acknowledge",
        "I see to it",
        csrf,
        undo="Nothing is changed at the operator.",
        reason_label="What will you do?",
    )
