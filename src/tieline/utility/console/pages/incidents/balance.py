"""How full reads compared with what we have, and what is expected."""

from collections.abc import Sequence

from tieline.console.components.formats import plural
from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action
from tieline.console.components.tables import Column, Empty, Option, Row, Table
from tieline.console.components.values import Age, Count
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.console.filters import href
from tieline.utility.console.pages.incidents.asked import HOME
from tieline.utility.incidents import Expected, Reconciliation, fields_word
from tieline.utility.inventory import Operator

HOURS = {"1": "1 hour", "4": "4 hours", "12": "12 hours", "24": "a day", "168": "a week"}


def balances(found: Sequence[Reconciliation], *, caption: str, identity: str) -> Table:
    """Reads with their balance; each number leads to the list behind it."""
    columns = (
        Column("operator", "Operator", fixed=True, narrow=True),
        Column("at", "Read", narrow=True),
        Column("read", "Subscriptions", numeric=True),
        Column("equal", "Equal", numeric=True),
        Column("differing", "Differing", numeric=True, narrow=True),
        Column("explained", "Explained by changes", numeric=True),
        Column("missing", "Missing there", numeric=True, narrow=True),
        Column("unknown", "Unknown to us", numeric=True, narrow=True),
        Column("fields", "Fields", wrap=True),
    )
    empty = Empty(
        "No operator was read as a whole yet",
        "Each operator is read once a day, and whenever its notifications had a gap. An operator's page has the button "
        "that reads it now.",
        (Action("Operators", "/operators", "network"),),
        "list-checks",
    )
    return Table(identity, caption, columns, [_balance(one) for one in found], empty=empty)


def _balance(one: Reconciliation) -> Row:
    code = one.operator
    cells: dict[str, object] = {
        "operator": code,
        "at": Age(one.at),
        "read": Count(one.read, href("/subscriptions", operator=code)),
        "equal": Count(one.equal, href("/subscriptions", operator=code, drift=False)),
        "differing": Count(one.differing, href("/subscriptions", operator=code, drift=True)),
        "explained": one.explained,
        "missing": Count(one.missing, f"{HOME}?kind=missing&operator={code}"),
        "unknown": Count(one.unknown, f"{HOME}?kind=unknown&operator={code}"),
        "fields": "; ".join(f"{fields_word([name])} {count:,}" for name, count in one.fields.items()) or None,
    }
    worse = one.differing > one.explained or one.missing or one.unknown
    return Row(str(one.id), cells, f"/operators/{code}", tone="warn" if worse else "")


def expectations(found: Sequence[Expected], scope: Scope) -> Table:
    """What is expected now or soon."""
    columns = (
        Column("why", "Why", fixed=True, narrow=True, wrap=True),
        Column("of", "Of what", narrow=True, wrap=True),
        Column("fields", "Fields", wrap=True),
        Column("from", "From"),
        Column("to", "Until", narrow=True),
        Column("who", "Recorded by"),
    )
    unless = "" if scope.may(Permission.INCIDENT_WRITE) else "Your role may not."
    empty = Empty(
        "Nothing is expected",
        "Record known work here, an operator's maintenance say: what deviates meanwhile is shown as expected, and "
        f"is an incident only if it is so still afterwards. {unless}",
        icon="hourglass",
    )
    return Table("expected", "What is expected to deviate", columns, [_expected(one) for one in found], empty=empty)


def _expected(one: Expected) -> Row:
    of = [f"operator {one.operator}"] if one.operator else []
    of += [f"region {one.region}"] if one.region else []
    of += [plural(len(one.site_ids), "site")] if one.site_ids else []
    of += [plural(len(one.subscription_ids), "subscription")] if one.subscription_ids else []
    cells: dict[str, object] = {
        "why": one.why,
        "of": ", ".join(of),
        "fields": fields_word(one.fields) if one.fields else "any",
        "from": one.starts_at,
        "to": one.ends_at,
        "who": named(one.made_by),
    }
    return Row(str(one.id), cells)


def ending(found: Sequence[Expected], csrf: str) -> Form:
    """Where known work ends before its time."""
    options = tuple(Option(str(one.id), f"{one.why[:80]} (until {one.ends_at:%d %b %H:%M} UTC)") for one in found)
    return Form(f"{HOME}/expected/end", (Field("id", "Which", "select", options=options),), csrf, "End it now")


def form(operators: Sequence[Operator], csrf: str) -> Form:
    """Where known work is recorded."""
    return Form(
        f"{HOME}/expected",
        (
            Field("why", "What is going on", hint="Operator A moves its core network, say."),
            Field("operator", "Operator", "select", required=False,
                  options=(Option("", "Any"), *(Option(one.code, one.name) for one in operators))),
            Field("region", "Region", required=False, hint="As your sites have it; empty: all."),
            Field("hours", "For", "select", value="4",
                  options=tuple(Option(key, text) for key, text in HOURS.items())),
        ),
        csrf,
        "Expect it",
    )  # fmt: skip
