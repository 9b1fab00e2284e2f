"""Bills: the list, one of them, its lines, and the form that takes one in."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tieline.console.components.figures import Figure
from tieline.console.components.formats import number, plural
from tieline.console.components.forms import Field, FileDrop
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
from tieline.console.components.values import Age, Badge, Count, Link, Tone
from tieline.console.components.work import Confirm
from tieline.platform.paging import Page as Rows
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.pages.usage import words
from tieline.utility.console.pages.usage.views.plans import HOME
from tieline.utility.usage import Bill, BillState, Period, Verdict

BILLS = Crumb("Bills", "/usage/bills")
LIMIT = 256 * 1_000_000
_OPEN = {BillState.RECEIVED, BillState.CHECKED}


def head(scope: Scope) -> PageHead:
    """Head of the list."""
    unless = "" if scope.may(Permission.USAGE_WRITE) else "Your role may not check bills."
    action = Action("Check a bill", "/usage/bills/new", "file-up", "primary", unless=unless)
    state = "What operators billed, line by line against own records, inventory and contract."
    return PageHead("Bills", state, actions=(action,), tabs=words.tabs("bills"))


def filters(url: str, operators: Mapping[str, str]) -> FilterBar:
    """Which bills."""
    pairs = pairs_of(url.partition("?")[2])
    states = tuple(
        Option(state.value, badge.word, chosen=("state", state.value) in pairs) for state, badge in words.BILLS.items()
    )
    codes = tuple(Option(code, name, chosen=("operator", code) in pairs) for code, name in operators.items())
    return FilterBar(
        url,
        (
            Filter("state", "State", FilterKind.CHOICE, states, pinned=True),
            Filter("operator", "Operator", FilterKind.CHOICE, codes, pinned=True),
        ),
    )


def table(found: Rows[Bill], paging: Paging, scope: Scope, *, filtered: bool) -> Table:
    """The list, the newest first."""
    columns = (
        Column("number", "Bill", fixed=True, narrow=True),
        Column("operator", "Operator"),
        Column("period", "Period", narrow=True),
        Column("state", "State", narrow=True),
        Column("lines", "Lines", numeric=True),
        Column("claimed", "Claimed", numeric=True),
        Column("expected", "Due", numeric=True),
        Column("difference", "Difference", numeric=True, narrow=True),
        Column("received", "Came in"),
    )
    rows = [
        Row(
            str(one.id),
            {
                "number": one.number,
                "operator": one.operator_name,
                "period": words.span(Period(one.first, one.last)),
                "state": words.BILLS[one.state],
                "lines": Count(one.lines, f"/usage/bills/{one.id}/lines"),
                "claimed": words.money(one.claimed, one.currency),
                "expected": words.money(one.expected, one.currency) if one.expected is not None else None,
                "difference": words.money(one.difference, one.currency) if one.difference is not None else None,
                "received": Age(one.received_at),
            },
            f"/usage/bills/{one.id}",
            tone="warn" if one.state is BillState.CHECKED else "",
        )
        for one in found.items
    ]
    actions = (
        (Action("Check a bill", "/usage/bills/new", "file-up", "primary"),) if scope.may(Permission.USAGE_WRITE) else ()
    )
    empty = (
        Empty("No bill matches", "Take a filter away to see more.", icon="search")
        if filtered
        else Empty("No bill yet", "Send the file that the operator sent: every line is held against what is due.",
                   actions, "receipt-text")
    )  # fmt: skip
    return Table("usage-bills", "Bills", columns, rows, paging, empty=empty)


def drop(error: str) -> FileDrop:
    """Where the file is dropped."""
    hint = "The columns are found by their names; what they may be called is in the reference of bill files."
    return FileDrop("file", "The operator's file", (".csv", ".xlsx", ".jsonl", ".gz", ".zip"), LIMIT, hint, error)


def operator_field(operators: Mapping[str, str], chosen: str) -> Field:
    """Whose bill it is."""
    options = tuple(Option(code, name, chosen=code == chosen) for code, name in operators.items())
    return Field("operator", "Operator", "select", chosen, options=options)


def new_head() -> PageHead:
    """Head of the form."""
    state = "Nothing is paid or answered by this: the bill is checked, and you decide."
    return PageHead("Check a bill", state, (HOME, BILLS))


# ── one bill ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def bill_head(one: Bill, scope: Scope) -> PageHead:
    """Head of a bill's page."""
    unless = "" if scope.may(Permission.USAGE_WRITE) else "Your role may not check bills."
    actions: list[Action] = []
    if one.state is not BillState.RECEIVED:
        actions.append(Action("Lines in dispute", f"/usage/bills/{one.id}/dispute.csv", "download"))
    if one.state in _OPEN:
        again = f"/usage/bills/{one.id}/check"
        actions.append(Action("Check again", again, "refresh-cw", method="post", unless=unless))
        actions.append(Action("Take away", icon="trash-2", kind="quiet", dialog="drop", unless=unless))
    if one.state is BillState.CHECKED:
        actions.append(Action("Dispute", icon="ban", kind="danger", dialog="dispute", unless=unless))
        kind = "plain" if one.difference else "primary"
        actions.append(Action("Accept", icon="check", kind=kind, dialog="accept", unless=unless))
    title = f"Bill {one.number}, {one.operator_name}"
    return PageHead(title, bill_sentence(one), (HOME, BILLS), tuple(actions))


def bill_sentence(one: Bill) -> str:
    """What came of the check, in a sentence."""
    period = words.span(Period(one.first, one.last))
    claimed = words.money(one.claimed, one.currency)
    if one.expected is None or one.difference is None:
        return f"{period}: {claimed} on {plural(one.lines, 'line')}. They are being checked; look again in a moment."
    if not one.difference and _wrong(one) == 0:
        return f"{period}: {claimed} on {plural(one.lines, 'line')}, and every one of them is explained."
    more = "more" if one.difference > 0 else "less"
    return (
        f"{period}: {claimed} are claimed, {words.money(one.expected, one.currency)} are due: "
        f"{words.money(abs(one.difference), one.currency)} {more}, on {plural(_wrong(one), 'line')} that differ."
    )


def _wrong(one: Bill) -> int:
    return sum(int(value[0]) for name, value in one.counts.items() if name != Verdict.EXPLAINED.value)


def figures(one: Bill) -> tuple[Figure, ...]:
    """What is claimed, what is due, and the lines behind the difference."""
    href = f"/usage/bills/{one.id}/lines"
    explained = int(one.counts.get(Verdict.EXPLAINED.value, [0])[0])
    wrong = "&".join(f"verdict={verdict.value}" for verdict in Verdict if verdict is not Verdict.EXPLAINED)
    difference = float(one.difference or 0)
    return (
        Figure("Claimed", float(one.claimed), href, one.currency, note=plural(one.lines, "line"), decimals=2),
        Figure("Due", float(one.expected or 0), href, one.currency, note="by our own records", decimals=2),
        Figure("Difference", difference, f"{href}?{wrong}", one.currency, "warn" if difference else "ok",
               "claimed less due", 2),
        Figure("Explained", explained, f"{href}?verdict=explained", of=one.lines,
               tone="ok" if explained == one.lines else "warn",
               note=f"{number(_wrong(one))} are not" if _wrong(one) else "all of them"),
    )  # fmt: skip


def verdicts(one: Bill) -> Table:
    """Lines by verdict, and what they come to."""
    columns = (
        Column("verdict", "Verdict", fixed=True, narrow=True),
        Column("lines", "Lines", numeric=True, narrow=True),
        Column("claimed", "Claimed", numeric=True),
        Column("due", "Due", numeric=True),
        Column("difference", "Difference", numeric=True, narrow=True),
    )
    rows = []
    for verdict, badge in words.VERDICTS.items():
        count, claimed, due = one.counts.get(verdict.value, (0, "0", "0"))
        if not count:
            continue
        difference = Decimal(claimed) - Decimal(due)
        cells: dict[str, object] = {
            "verdict": badge,
            "lines": Count(int(count), f"/usage/bills/{one.id}/lines?verdict={verdict.value}"),
            "claimed": words.money(Decimal(claimed), one.currency),
            "due": words.money(Decimal(due), one.currency),
            "difference": words.money(difference, one.currency),
        }
        rows.append(Row(verdict.value, cells, tone="" if verdict is Verdict.EXPLAINED else "warn"))
    empty = Empty("Not checked yet", "It is checked right after it came in; look again in a moment.", icon="loader")
    return Table("usage-verdicts", "Lines by verdict", columns, rows, chooser=False, empty=empty)


def facts(one: Bill) -> tuple[tuple[str, object], ...]:
    """Everything else about a bill."""
    pairs: tuple[tuple[str, object], ...] = (
        ("State", words.BILLS[one.state]),
        ("Operator", Link(one.operator_name, f"/operators/{one.operator}")),
        ("Period", words.span(Period(one.first, one.last))),
        ("File", one.file_name),
        ("Came in", Age(one.received_at)),
        ("Sent by", named(one.received_by)),
        ("Checked", Age(one.checked_at) if one.checked_at else None),
        ("Decided", Age(one.decided_at) if one.decided_at else None),
        ("Decided by", named(one.decided_by) if one.decided_by else None),
        ("Words", one.words or None),
    )
    return tuple((name, value) for name, value in pairs if value is not None)


def problems(one: Bill) -> Table:
    """Lines of the file that could not be read."""
    columns = (
        Column("line", "Line", numeric=True, narrow=True, fixed=True),
        Column("field", "Column"),
        Column("value", "Value", narrow=True),
        Column("message", "What is wrong", wrap=True, narrow=True),
    )
    rows = [
        Row(str(at), {name: each.get(name) or None for name in ("line", "field", "value", "message")})
        for at, each in enumerate(one.problems)
    ]
    return Table("usage-bill-problems", "Lines that could not be read", columns, rows, chooser=False)


def questions(one: Bill, csrf: str) -> tuple[Confirm, ...]:
    """What is asked before something is decided."""
    base = f"/usage/bills/{one.id}"
    told = (("Claimed", words.money(one.claimed, one.currency)), ("Due", words.money(one.expected, one.currency)))
    found: list[Confirm] = []
    if one.state in _OPEN:
        text = "The bill and its verdicts are forgotten; the trail keeps that it was here."
        found.append(Confirm("drop", "Take this bill away", text, f"{base}/drop", "Take it away", csrf, danger=True,
                             undo="Send the file again."))  # fmt: skip
    if one.state is BillState.CHECKED:
        text = "It is written down that you agree with what is claimed."
        found.append(Confirm("accept", "Accept this bill", text, f"{base}/accept", "Accept", csrf, facts=told))
        text = "It is written down that you do not agree. Send the operator the file of lines in dispute."
        found.append(Confirm("dispute", "Dispute this bill", text, f"{base}/dispute", "Dispute", csrf, facts=told,
                             danger=True, reason_label="What do you dispute?"))  # fmt: skip
    return tuple(found)


# ── its lines ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def lines_head(one: Bill) -> PageHead:
    """Head of the list of lines."""
    crumbs = (HOME, BILLS, Crumb(f"Bill {one.number}", f"/usage/bills/{one.id}"))
    return PageHead("Lines of the bill", bill_sentence(one), crumbs)


def line_filters(url: str, one: Bill) -> FilterBar:
    """Which lines."""
    pairs = pairs_of(url.partition("?")[2])
    options = tuple(
        Option(
            verdict.value,
            badge.word,
            int(one.counts.get(verdict.value, [0])[0]),
            chosen=("verdict", verdict.value) in pairs,
        )
        for verdict, badge in words.VERDICTS.items()
    )
    text = next((value for key, value in pairs if key == "q"), "")
    return FilterBar(
        url,
        (
            Filter("verdict", "Verdict", FilterKind.CHOICE, options, pinned=True),
            Filter("q", "Subscription, card or plan", FilterKind.TEXT, value=text, pinned=True),
        ),
    )


def lines(one: Bill, found: Rows[dict[str, Any]], paging: Paging, *, filtered: bool) -> Table:
    """Lines with their verdicts, in the order of the file."""
    columns = (
        Column("line", "Line", numeric=True),
        Column("what", "For", fixed=True, narrow=True),
        Column("charge", "Charge"),
        Column("plan", "Plan"),
        Column("days", "Days", numeric=True, hidden=True),
        Column("volume", "Volume", numeric=True, unit="MB", hidden=True),
        Column("rate", "Rate", numeric=True, hidden=True),
        Column("amount", "Claimed", numeric=True, unit=one.currency),
        Column("due", "Due", numeric=True, unit=one.currency),
        Column("difference", "Difference", numeric=True, unit=one.currency, narrow=True),
        Column("verdict", "Verdict", narrow=True),
        Column("why", "Why", wrap=True),
        Column("site", "Site", hidden=True),
    )
    rows = [_line(row) for row in found.items]
    empty = (
        Empty("No line matches", "Take a filter away to see more.", icon="search")
        if filtered
        else Empty("No line", "The bill is empty.")
    )
    return Table("usage-bill-lines", "Lines of the bill", columns, rows, paging, empty=empty)


def _line(row: Mapping[str, Any]) -> Row:
    verdict = Verdict(row["verdict"]) if row["verdict"] else None
    claimed, due = row["amount"], row["expected"]
    difference = None if due is None else (claimed or Decimal()) - due
    name = row["ref"] or row["iccid"] or row["msisdn"] or (f"pool of {row['plan']}" if row["plan"] else "nothing")
    cells: dict[str, object] = {
        "line": row["line"],
        "what": Link(name, f"/subscriptions/{row['subscription_id']}", sheet=True) if row["subscription_id"] else name,
        "charge": words.CHARGES[row["charge"]],
        "plan": row["plan"] or None,
        "days": row["days"],
        "volume": f"{row['volume_mb'].normalize():f}" if row["volume_mb"] is not None else None,
        "rate": words.price(row["rate"]) if row["rate"] is not None else None,
        "amount": words.money(claimed) if claimed is not None else None,
        "due": words.money(due) if due is not None else None,
        "difference": words.money(difference) if difference else None,
        "verdict": words.VERDICTS[verdict] if verdict else Badge("Being checked", Tone.BUSY, "loader"),
        "why": row["why"] or None,
        "site": Link(row["site_name"], f"/sites/{row['site_id']}") if row["site_id"] else None,
    }
    return Row(str(row["position"]), cells, tone="" if verdict in {None, Verdict.EXPLAINED} else "warn")


def texts(values: Sequence[str]) -> str:
    """Several messages as one."""
    return " ".join(filter(None, values))
