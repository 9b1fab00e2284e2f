"""Plans in periods: figures, tables, the chart of days, months side by side."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from urllib.parse import quote, urlencode

from tieline.console.components.figures import Chart, Figure, Series
from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Filter, FilterBar, FilterKind, Option, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Share, Tone
from tieline.platform.scope import Permission, Scope
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.pages.usage import words
from tieline.utility.usage import Bill, Feed, Period, Statement, Tariff

HOME = Crumb("Usage and cost", "/usage")
_GIGA, _MEGA = 10**9, 10**6
_LATE = timedelta(hours=3)
_TONES = ("busy", "held", "ok", "warn")


def plan_href(operator: str, plan: str, day: date | None = None) -> str:
    """The page of a plan, in the period of a day."""
    path = f"/usage/plans/{quote(operator, safe='')}/{quote(plan, safe='')}"
    return f"{path}?{urlencode({'day': day.isoformat()})}" if day else path


def rows_href(operator: str, plan: str = "", day: date | None = None) -> str:
    """The list of subscriptions behind a volume."""
    query = {"operator": operator, **({"plan": plan} if plan else {}), **({"day": day.isoformat()} if day else {})}
    return f"/usage/subscriptions?{urlencode(query)}"


def head(shown: Sequence[Statement], findings: int, scope: Scope) -> PageHead:
    """Head of the overview."""
    period = f"{words.span(shown[0].period)}." if shown else ""
    unless = "" if scope.may(Permission.USAGE_WRITE) else "Your role may not check bills."
    action = Action("Check a bill", "/usage/bills/new", "file-up", "primary", unless=unless)
    return PageHead("Usage and cost", period, actions=(action,), tabs=words.tabs("overview", findings or None))


def filters(url: str, periods: Sequence[Period], operators: Mapping[str, str]) -> FilterBar:
    """The filter bar: which period, which operators."""
    pairs = pairs_of(url.partition("?")[2])
    days = tuple(
        Option(one.first.isoformat(), words.span(one), chosen=("period", one.first.isoformat()) in pairs)
        for one in periods
    )
    known = tuple(Option(code, name, chosen=("operator", code) in pairs) for code, name in operators.items())
    return FilterBar(
        url,
        (
            Filter("period", "Period", FilterKind.CHOICE, days, pinned=True),
            Filter("operator", "Operator", FilterKind.CHOICE, known, pinned=True),
        ),
    )


def figures(shown: Sequence[Statement], findings: int, undecided: int) -> tuple[Figure, ...]:
    """What matters of a period: what it comes to, how much of it is beyond the fees, what waits for somebody."""
    by_currency: dict[str, list[Statement]] = defaultdict(list)
    for one in shown:
        by_currency[one.currency].append(one)
    found = [_expected(currency, those) for currency, those in sorted(by_currency.items())]
    beyond = [_beyond(currency, those) for currency, those in sorted(by_currency.items())]
    return (
        *found,
        *beyond,
        Figure("Findings", findings, "/usage/findings", tone="warn" if findings else "ok",
               note="wait for somebody" if findings else "nothing stands out"),
        Figure("Bills to decide on", undecided, "/usage/bills?state=checked", tone="warn" if undecided else "ok",
               note="checked, not yet accepted or disputed" if undecided else "none waits"),
    )  # fmt: skip


def _expected(currency: str, those: Sequence[Statement]) -> Figure:
    total = sum((one.forecast_total for one in those), Decimal())
    so_far = sum((one.total for one in those), Decimal())
    ahead = any(one.forecast_octets is not None for one in those)
    note = f"{words.money(so_far, currency)} so far" if ahead else "all of it is known"
    label = "Expected for the period" if ahead else "Cost of the period"
    return Figure(label, float(total), "#plans", currency, note=note)


def _beyond(currency: str, those: Sequence[Statement]) -> Figure:
    over = sum((one.forecast_total - one.fee for one in those), Decimal())
    fees = sum((one.fee for one in those), Decimal())
    running = [one for one in those if words.lasts(one).tone is not Tone.OK]
    note = f"{plural(len(running), 'plan')} of {len(those)} run over" if running else "what is included lasts"
    told = f"{note}; fees {words.money(fees)}"
    return Figure("Beyond the fees", float(over), "#plans", currency, "warn" if over else "ok", told)


def table(shown: Sequence[Statement], *, filtered: bool, scope: Scope) -> Table:
    """Plans of a period. Where all are paid in one currency, it stands in the header alone."""
    unit = words.one_currency(one.currency for one in shown)
    columns = (
        Column("plan", "Plan", fixed=True, narrow=True),
        Column("operator", "Operator"),
        Column("members", "Subscriptions", numeric=True),
        Column("used", "Used", numeric=True),
        Column("included", "Included", numeric=True),
        Column("share", "Of it used", numeric=True),
        Column("lasts", "Lasts", narrow=True),
        Column("fee", "Fees", numeric=True, unit=unit),
        Column("overage", "Beyond so far", numeric=True, unit=unit, hidden=True),
        Column("expected", "Beyond", numeric=True, unit=unit),
        Column("total", "Expected in all", numeric=True, unit=unit, narrow=True),
        Column("rated", "Worked out", hidden=True),
    )
    rows = [_row(one, unit) for one in shown]
    return Table("usage-plans", "Plans", columns, rows, empty=_empty(filtered=filtered, scope=scope))


def _row(one: Statement, unit: str) -> Row:
    currency = "" if unit else one.currency
    share = one.octets / one.allowance if one.allowance else None
    lasts = words.lasts(one)
    cells: dict[str, object] = {
        "plan": one.plan,
        "operator": Link(one.operator_name, f"/operators/{one.operator}"),
        "members": Count(one.members, rows_href(one.operator, one.plan, one.first)),
        "used": words.volume(one.octets),
        "included": words.volume(one.allowance),
        "share": Share(share, lasts.tone, bar=False),
        "lasts": lasts,
        "fee": words.money(one.fee, currency),
        "overage": words.money(one.overage, currency),
        "expected": words.money(one.forecast_total - one.fee, currency),
        "total": words.money(one.forecast_total, currency),
        "rated": Age(one.rated_at),
    }
    tone = {Tone.BAD: "bad", Tone.WARN: "warn"}.get(lasts.tone, "")
    return Row(f"{one.operator}-{one.plan}", cells, plan_href(one.operator, one.plan, one.first), tone=tone)


def _empty(*, filtered: bool, scope: Scope) -> Empty:
    if filtered:
        return Empty("No plan matches", "Take a filter away to see more.", icon="search")
    actions = (Action("Enter a contract", "/usage/contracts", "plus", "primary"),)
    return Empty(
        "Nothing was rated yet",
        "It takes the records of an operator, which come in by themselves over TMF635 or as a file, and what its "
        "contract says of each plan.",
        actions if scope.may(Permission.OPERATOR_WRITE) else (),
        "chart-column",
    )


def chart(every: Sequence[Statement], label: str = "Used by day") -> Chart | None:
    """Volume by day of each operator, over the periods that are known."""
    by_operator: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for one in every:
        for at, octets in enumerate(one.daily):
            by_operator[one.operator_name][one.first + timedelta(days=at)] += octets
    days = sorted({day for known in by_operator.values() for day in known})
    if not days:
        return None
    times = [int(datetime.combine(day, time(12), UTC).timestamp()) for day in days]
    series = tuple(
        Series(name, [round(known[day] / _GIGA, 3) if day in known else None for day in days], _TONES[at % len(_TONES)])
        for at, (name, known) in enumerate(sorted(by_operator.items()))
    )
    return Chart(label, times, series, unit="GB")


def months(every: Sequence[Statement], bills: Sequence[Bill]) -> Table:
    """Periods side by side: what each operator comes to, and what it billed."""
    unit = words.one_currency([*(one.currency for one in every), *(one.currency for one in bills)])
    columns = (
        Column("period", "Period", fixed=True, narrow=True),
        Column("operator", "Operator", narrow=True),
        Column("used", "Used", numeric=True),
        Column("fee", "Fees", numeric=True, unit=unit),
        Column("overage", "Beyond", numeric=True, unit=unit),
        Column("total", "Due", numeric=True, unit=unit, narrow=True),
        Column("claimed", "Billed", numeric=True, unit=unit),
        Column("difference", "Difference", numeric=True, unit=unit),
        Column("state", "Bill", narrow=True),
    )
    sums: dict[tuple[date, str], list[Statement]] = defaultdict(list)
    for one in every:
        sums[one.first, one.operator].append(one)
    by_period = {(one.first, one.operator): one for one in reversed(bills)}
    rows = [
        _month(those, by_period.get(key), unit)
        for key, those in sorted(sums.items(), key=lambda pair: pair[0], reverse=True)
    ]
    return Table("usage-months", "Periods", columns, rows, chooser=False, empty=Empty("No period is known yet"))


def _month(those: Sequence[Statement], bill: Bill | None, unit: str) -> Row:
    first = those[0]
    currency = "" if unit else first.currency
    ahead = any(one.forecast_octets is not None for one in those)
    total = sum((one.forecast_total for one in those), Decimal())
    query = urlencode({"period": first.first.isoformat(), "operator": first.operator})
    cells: dict[str, object] = {
        "period": words.span(first.period),
        "operator": first.operator_name,
        "used": words.volume(sum(one.octets for one in those)),
        "fee": words.money(sum((one.fee for one in those), Decimal()), currency),
        "overage": words.money(sum((one.forecast_total - one.fee for one in those), Decimal()), currency),
        "total": f"{'about ' if ahead else ''}{words.money(total, currency)}",
        "claimed": words.money(bill.claimed, "" if unit else bill.currency) if bill else None,
        "difference": words.money(bill.difference, "" if unit else bill.currency) if bill else None,
        "state": Link(words.BILLS[bill.state].word, f"/usage/bills/{bill.id}") if bill else None,
    }
    return Row(f"{first.first}-{first.operator}", cells, f"/usage?{query}")


def feeds(found: Sequence[Feed], now: datetime) -> Table:
    """How operators' records come in."""
    columns = (
        Column("operator", "Operator", fixed=True, narrow=True),
        Column("state", "Records", narrow=True),
        Column("first", "Since"),
        Column("last", "Until", narrow=True),
        Column("read", "Read"),
        Column("missing", "Days missing between", wrap=True),
        Column("error", "What went wrong", wrap=True),
    )
    rows = [
        Row(
            one.operator,
            {
                "operator": one.operator_name,
                "state": _feed(one, now),
                "first": words.day(one.first_day),
                "last": words.day(one.last_day),
                "read": Age(one.read_at, one.operator_name, _LATE) if one.read_at else None,
                "missing": _missing(one),
                "error": one.error or None,
            },
            f"/operators/{one.operator}",
        )
        for one in found
    ]
    empty = Empty("No operator yet", "Records are read from operators that a connection is set up to.", icon="network")
    return Table("usage-feeds", "Records", columns, rows, chooser=False, empty=empty)


def _feed(one: Feed, now: datetime) -> Badge:
    if one.error:
        return Badge("Cannot be read", Tone.BAD)
    if one.last_day is None:
        return Badge("None yet", Tone.OFF)
    late = (now.date() - one.last_day).days > 2  # noqa: PLR2004 - yesterday comes in early today
    return Badge("Late", Tone.WARN) if late or one.missing else Badge("Up to date", Tone.OK)


def _missing(one: Feed) -> str | None:
    if not one.missing:
        return None
    shown = ", ".join(str(words.day(day)) for day in one.missing[:5])
    return shown if len(one.missing) <= 5 else f"{shown} and {len(one.missing) - 5} more"  # noqa: PLR2004 - what fits


# ── one plan ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def plan_head(one: Statement, scope: Scope) -> PageHead:
    """Head of a plan's page."""
    crumbs = (HOME, Crumb(words.span(one.period), f"/usage?{urlencode({'period': one.first.isoformat()})}"))
    unless = "" if scope.may(Permission.OPERATOR_WRITE) else "Your role may not edit contracts."
    change = f"/usage/contracts/{quote(one.operator, safe='')}/plan?{urlencode({'plan': one.plan})}"
    actions = (
        Action("Its subscriptions", rows_href(one.operator, one.plan, one.first), "list"),
        Action("Change what it costs", change, "pencil", unless=unless),
    )
    return PageHead(f"{one.plan}, {one.operator_name}", plan_sentence(one), crumbs, actions)


def plan_sentence(one: Statement) -> str:
    """How the plan stands in a sentence."""
    used = f"{plural(one.members, 'subscription')} used {words.volume(one.octets)} of {words.volume(one.allowance)}"
    until = f" until {words.day(one.known_until)}" if one.known_until and one.known_until < one.last else ""
    if one.beyond:
        return f"{used}{until}: that is more than is included, and costs {words.money(one.overage, one.currency)}."
    if one.runs_over_on is not None:
        cost = words.money(one.forecast_overage, one.currency)
        return f"{used}{until}; going on like that it is used up on {words.day(one.runs_over_on)}, and costs {cost}."
    return f"{used}{until}."


def plan_figures(one: Statement) -> tuple[Figure, ...]:
    """The figures of a plan in a period."""
    ahead = one.forecast_octets is not None
    href = rows_href(one.operator, one.plan, one.first)
    used, allowance = one.octets / _MEGA, one.allowance / _MEGA
    tone = {Tone.BAD: "bad", Tone.WARN: "warn"}.get(words.lasts(one).tone, "ok")
    expected = (one.forecast_octets or one.octets) / _MEGA
    return (
        Figure("Used", used, href, "MB", tone, f"{words.volume(one.allowance)} included", of=allowance),
        Figure("Expected at the end" if ahead else "Used in all", expected, href, "MB", note=words.lasts(one).word),
        Figure("Fees", float(one.fee), href, one.currency, note=plural(one.members, "subscription"), decimals=2),
        Figure(
            "Beyond the fees",
            float(one.forecast_total - one.fee),
            href,
            one.currency,
            "warn" if one.forecast_total > one.fee else "ok",
            "to be expected" if ahead else "due",
            2,
        ),
    )


def plan_chart(one: Statement) -> Chart | None:
    """What was used in the period so far, day after day on top of one another, against what is included."""
    if not one.daily:
        return None
    total, sums = 0, []
    for octets in one.daily:
        total += octets
        sums.append(round(total / _GIGA, 3))
    start = datetime.combine(one.first, time(12), UTC)
    known = len(sums)
    times = [int((start + timedelta(days=at)).timestamp()) for at in range(one.period.days)]
    values: list[float | None] = [*sums, *([None] * (one.period.days - known))]
    series = [Series("Used so far", values, "busy")]
    if one.forecast_octets is not None and known < one.period.days:
        left = one.period.days - known
        step = (one.forecast_octets / _GIGA - sums[-1]) / left
        ahead: list[float | None] = [None] * (known - 1)
        ahead += [round(sums[-1] + step * at, 3) for at in range(left + 1)]
        series.append(Series("Going on like that", ahead, "held"))
    limit = one.allowance / _GIGA
    return Chart("Used in the period", times, tuple(series), unit="GB", limit=limit, limit_label="included")


def tariff(one: Tariff | None, currency: str, octets_per_mb: int) -> tuple[tuple[str, object], ...]:
    """What a plan costs."""
    if one is None:
        return (("Tariff", "Nothing is known of what this plan costs."),)
    shared = "shared by all subscriptions of the plan" if one.pooled else "for each subscription by itself"
    days = "for the days of the period" if one.prorated else "whole, on however few days"
    return (
        ("Monthly fee", f"{words.price(one.monthly_fee)} {currency}, {days}"),
        ("Included", f"{one.included_mb:,} MB a subscription, {shared}"),
        ("Beyond", f"{words.price(one.overage_per_mb)} {currency} a MB, in steps of {words.volume(one.step_octets)}"),
        ("A megabyte has", f"{octets_per_mb:,} octets"),
        (
            "Stands out above",
            f"{one.usual_mb:,} MB" if one.usual_mb else f"{one.included_mb * 5:,} MB, five times it",
        ),
        ("Valid", f"from {words.day(one.valid_from)}" + (f" to {words.day(one.valid_to)}" if one.valid_to else "")),
        ("Also for APNs", ", ".join(one.apns) or None),
        ("Also for groups", ", ".join(one.groups) or None),
    )
