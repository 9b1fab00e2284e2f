"""Contracts and plans: what they say, the forms, and what they said before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData

from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Option, Row, Table
from tieline.console.components.values import Age, Badge, Link, Tone
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.console import words as common
from tieline.utility.console.pages.changes.views.holds import Asked
from tieline.utility.console.pages.usage import words
from tieline.utility.console.pages.usage.views.plans import HOME, plan_href
from tieline.utility.inventory import Operator
from tieline.utility.usage import Contract, Tariff

CONTRACTS = Crumb("Contracts", "/usage/contracts")
NO_OPERATOR = Empty("No operator yet", "Contracts are with operators; make one first.", icon="network")
_NOT_YOURS = "Your role may not edit contracts."
_MEGABYTES = {"1000000": "1 000 000 octets", "1048576": "1 048 576 octets (1024 × 1024)"}


@dataclass(frozen=True, slots=True)
class Section:
    """An operator's contract as it is shown."""

    title: str
    facts: Sequence[tuple[str, object]]
    table: Table
    actions: Sequence[Action]


def head() -> PageHead:
    """Head of the page."""
    state = "What operators charge by contract: what usage is rated by, and bills are checked against."
    return PageHead("Contracts", state, tabs=words.tabs("terms"))


def section(operator: Operator, held: Contract | None, tariffs: Sequence[Tariff], scope: Scope) -> Section:
    """A contract with its plans."""
    unless = "" if scope.may(Permission.OPERATOR_WRITE) else _NOT_YOURS
    path = f"/usage/contracts/{quote(operator.code, safe='')}"
    actions = [Action("Change" if held else "Enter the contract", path, "pencil", unless=unless)]
    if held:
        actions.append(Action("New plan", f"{path}/plan", "plus", unless=unless))
    return Section(operator.name, _facts(held), _plans(operator.code, held, tariffs, path), actions)


def _facts(held: Contract | None) -> tuple[tuple[str, object], ...]:
    if held is None:
        return (("Contract", "Nothing is entered yet, so nothing can be rated or checked."),)
    states = common.listed(common.STATE_WORDS.get(one, one).lower() for one in held.billed_states)
    return (
        ("Number", held.reference or None),
        ("Currency", held.currency),
        ("A period begins", f"on day {held.billing_day} of the month"),
        ("A megabyte has", _MEGABYTES[str(held.octets_per_mb)]),
        ("A subscription costs its fee", f"while it is {states}"),
        ("Minimum term", f"{held.minimum_months} months" if held.minimum_months else "none"),
        ("Paid and not used", f"after {held.silent_days} days without any usage"),
        ("Set by", named(held.updated_by)),
        ("Set", Age(held.updated_at)),
    )


def _plans(code: str, held: Contract | None, tariffs: Sequence[Tariff], path: str) -> Table:
    currency = held.currency if held else ""
    columns = (
        Column("plan", "Plan", fixed=True, narrow=True),
        Column("from", "From", narrow=True),
        Column("to", "To"),
        Column("fee", "Monthly fee", numeric=True, unit=currency, narrow=True),
        Column("included", "Included", numeric=True, unit="MB"),
        Column("shared", "Volume is"),
        Column("over", "Beyond, a MB", numeric=True, unit=currency),
        Column("usual", "Usual, at most", numeric=True, unit="MB", hidden=True),
        Column("change", "Change"),
    )
    rows = [
        Row(
            f"{one.plan}-{one.valid_from}",
            {
                "plan": Link(one.plan, plan_href(code, one.plan)),
                "from": words.day(one.valid_from),
                "to": words.day(one.valid_to) or "no end",
                "fee": words.price(one.monthly_fee),
                "included": one.included_mb,
                "shared": Badge("Pooled", Tone.BUSY, "layers") if one.pooled else Badge("Single", Tone.OFF, "square"),
                "over": words.price(one.overage_per_mb),
                "usual": one.usual_mb,
                "change": Link("Change", f"{path}/plan?{urlencode({'plan': one.plan})}"),
            },
            muted=one.valid_to is not None,
        )
        for one in tariffs
    ]
    empty = Empty("No plan yet", "Enter what each data plan costs; subscriptions are on their data plan.")
    return Table(f"usage-tariffs-{code}", f"Plans of {code}", columns, rows, chooser=False, empty=empty)


def history(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Table:
    """What was set lately, and what stood before."""
    columns = (
        Column("what", "What", fixed=True, narrow=True),
        Column("change", "Before → after", wrap=True, narrow=True),
        Column("who", "By"),
        Column("at", "When", narrow=True),
    )
    ordered = sorted(rows, key=lambda pair: pair[1]["at"], reverse=True)
    found = [
        Row(
            str(row["id"]),
            {
                "what": f"{row['plan']}, {code}" if row["plan"] else f"Contract, {code}",
                "change": _difference(row),
                "who": named(row["actor"]),
                "at": Age(row["at"]),
            },
        )
        for code, row in ordered[:40]
    ]
    empty = Empty("Nothing was changed yet", "What contracts say, and said before, is listed here.", icon="history")
    return Table("usage-terms-history", "What was changed", columns, found, chooser=False, empty=empty)


_QUIET = frozenset({"id", "operator_id", "version", "updated_at", "updated_by"})


def _difference(row: Mapping[str, Any]) -> str:
    before, after = row["before"], row["after"]
    if before is None:
        return "Entered"
    if after is None:
        return "Taken back"
    changed = [name for name in after if name not in _QUIET and before.get(name) != after[name]]
    told = [f"{name.replace('_', ' ')}: {_shown(before.get(name))} → {_shown(after[name])}" for name in changed]
    return "; ".join(told) or "Entered again, the same"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)


# ── forms ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def contract_head(name: str) -> PageHead:
    """Head of the form of a contract."""
    state = "It holds for all plans of the operator. What stood before is kept; periods are rated anew."
    return PageHead(f"Contract with {name}", state, (HOME, CONTRACTS))


def contract_typed(held: Contract | None) -> FormData:
    """The form as it is filled in at first."""
    if held is None:
        start = [("currency", "GBP"), ("billing_day", "1"), ("octets_per_mb", "1000000"), ("minimum_months", "0")]
        return FormData([*start, ("silent_days", "30"), ("billed_states", "ACTIVE"), ("billed_states", "SUSPENDED")])
    names = ("reference", "currency", "billing_day", "octets_per_mb", "minimum_months", "silent_days", "version")
    return FormData(
        [*((name, str(getattr(held, name))) for name in names), *(("billed_states", one) for one in held.billed_states)]
    )


def contract_form(asked: Asked, code: str, csrf: str) -> Form:
    """The form of a contract."""
    states = set(map(str, asked.typed.getlist("billed_states")))
    options = tuple(Option(key, word, chosen=key in states) for key, word in common.STATE_WORDS.items())
    version = str(asked.typed.get("version", ""))
    fields = [
        asked.field("reference", "Number of the contract", required=False, maxlength=100),
        asked.field("currency", "Currency", "Three letters, like GBP.", maxlength=3),
        asked.field("billing_day", "Day of the month on which a period begins", "From 1 to 28.", maxlength=2),
        asked.choice("octets_per_mb", "A megabyte has", _MEGABYTES, "Contracts differ in this; bills then do, too."),
        Field("billed_states", "A subscription costs its fee while it is", "checks", options=options,
              error=asked.wrong.get("billed_states", "")),
        asked.field("minimum_months", "Minimum term of a subscription, in months", maxlength=3),
        asked.field("silent_days", "Days without any usage after which it stands out", maxlength=3),
    ]  # fmt: skip
    if version:
        fields.append(Field("version", "Version that you read", "readonly", version))
    path = f"/usage/contracts/{quote(code, safe='')}"
    return Form(path, tuple(fields), csrf, "Set it", "/usage/contracts")


def tariff_head(name: str, plan: str) -> PageHead:
    """Head of the form of a plan."""
    state = "It holds from its first day on; what held until then stays for the periods before."
    return PageHead(f"{plan or 'New plan'}, {name}", state, (HOME, CONTRACTS))


def tariff_typed(known: Sequence[Tariff], asked: Mapping[str, str], today: date) -> FormData:
    """The form as it is filled in at first: as the plan is now, from the day that this one began."""
    if not known:
        start = {"plan": asked.get("plan", ""), "valid_from": today.replace(day=1).isoformat(), "step_octets": "1000"}
        return FormData({**start, "prorated": "1"})
    one = known[-1]
    values = {
        "plan": one.plan,
        "valid_from": one.valid_from.isoformat(),
        "valid_to": one.valid_to.isoformat() if one.valid_to else "",
        "monthly_fee": words.price(one.monthly_fee),
        "included_mb": str(one.included_mb),
        "overage_per_mb": words.price(one.overage_per_mb),
        "step_octets": str(one.step_octets),
        "usual_mb": str(one.usual_mb or ""),
        "apns": ", ".join(one.apns),
        "groups": ", ".join(one.groups),
    }
    ticked = {name: "1" for name, on in (("pooled", one.pooled), ("prorated", one.prorated)) if on}
    return FormData({**values, **ticked})


def tariff_form(asked: Asked, code: str, currency: str, csrf: str) -> Form:
    """The form of a plan."""
    fields = (
        asked.field("plan", "Data plan", "As it is called at the operator, and in the inventory.", maxlength=100),
        asked.field("valid_from", "From", "The first day of a period, as a rule.", "date"),
        asked.field("valid_to", "To", "Empty: until another tariff of it begins.", "date", required=False),
        asked.field("monthly_fee", f"Fee of a subscription and period, in {currency}", maxlength=20),
        asked.field("included_mb", "Included for each subscription and period, in MB", maxlength=12),
        asked.check("pooled", "All subscriptions of the plan share what is included"),
        asked.check("prorated", "Fee and volume are for the days of the period on which it was on the plan"),
        asked.field("overage_per_mb", f"Price of a MB beyond, in {currency}", "Up to six decimals.", maxlength=20),
        asked.field("step_octets", "Volume beyond counts in steps of so many octets", maxlength=12),
        asked.field("usual_mb", "A subscription stands out above so many MB", "Empty: five times what is included.",
                    required=False, maxlength=12),
        asked.field("apns", "Also subscriptions without a data plan in these APNs", "Separated by commas.",
                    required=False, maxlength=2000),
        asked.field("groups", "Also subscriptions without a data plan in these groups", "Separated by commas.",
                    required=False, maxlength=2000),
    )  # fmt: skip
    return Form(f"/usage/contracts/{quote(code, safe='')}/plan", fields, csrf, "Set it", "/usage/contracts")
