"""Operators: how each is doing, what it grants, how it is reached, and its addresses."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import quote

from tieline.console.components import formats
from tieline.console.components.forms import Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Badge, Count, Link, Share, Tone
from tieline.platform.pki.expiry import SOON, VERY_SOON, Expiry
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.console import words
from tieline.utility.console.filters import href
from tieline.utility.console.pages.changes.views.holds import Asked
from tieline.utility.console.status import feed
from tieline.utility.inventory import Contract, Operator

_FULL = 0.9
_COUNTABLE = 10**9
NO_OPERATORS = Empty(
    "No operator yet",
    "Make one: tieline operator put CODE, or PUT /api/v1/operators/{code}; then bring in its subscriptions.",
    icon="network",
)


def table(
    operators: Sequence[Operator], counts: Mapping[str, int] | None, health: Mapping[str, Mapping[str, Any]]
) -> Table:
    """The operators, how many subscriptions each has (None: not counted), and how fresh what it reports is."""
    columns = (
        Column("name", "Operator", narrow=True, fixed=True),
        Column("code", "Code"),
        Column("networks", "Networks"),
        Column("subscriptions", "Fitted subscriptions", numeric=True, narrow=True),
        Column("feed", "Connection", narrow=True),
        Column("heard", "Last heard"),
    )
    rows = [
        Row(
            one.code,
            {
                "name": one.name,
                "code": one.code,
                "networks": ", ".join(one.plmns) or None,
                "subscriptions": Count(
                    None if counts is None else counts.get(one.code, 0),
                    href("/subscriptions", operator=one.code, linked=True),
                ),
                **_heard(health.get(one.code)),
            },
            f"/operators/{one.code}",
        )
        for one in operators
    ]
    return Table("operators", "Operators", columns, rows, empty=NO_OPERATORS, chooser=False)


def _heard(row: Mapping[str, Any] | None) -> dict[str, object]:
    if row is None:
        return {"feed": Badge("Not connected", Tone.OFF, "plug"), "heard": None}
    it = feed(row)
    return {"feed": Badge(it.word.capitalize(), it.tone), "heard": Age(it.at, it.name, it.stale_after)}


def head(one: Operator, scope: Scope) -> PageHead:
    """An operator's page header."""
    networks = (
        f"Network{'s' if len(one.plmns) > 1 else ''} {words.listed(one.plmns)}."
        if one.plmns
        else "No network code is known."
    )
    unless = "" if scope.may(Permission.OPERATOR_WRITE) else "Your role may not do this."
    action = Action("Set windows", f"{_path(one.code)}/windows", "calendar-clock", unless=unless)
    return PageHead(one.name, f"Code {one.code}. {networks}", (_OPERATORS,), (action,))


_OPERATORS = Crumb("Operators", "/operators")


def _path(code: str) -> str:
    return f"/operators/{quote(code, safe='')}"


def windows(row: Mapping[str, Any], now: datetime, zone: tzinfo) -> tuple[tuple[str, object], ...]:
    """When the operator's contract permits changes to be sent, and when that is next."""
    opens, closes = row["opens_at"], row["closes_at"]
    when = "They open no more within two years."
    if opens is not None and opens <= now < closes:
        when = f"Open until {formats.local_time(closes, zone)}"
    elif opens is not None and opens > now:
        when = f"They open {formats.local_time(opens, zone)}"
    return (
        ("Changes are sent", "; or ".join(row["words"])),
        ("Now", when),
        ("Where it stands", row["terms"] or None),
        ("Set by", named(row["updated_by"])),
        ("Set", Age(row["updated_at"])),
    )


def windows_head(one: Operator) -> PageHead:
    """Head of the form."""
    state = "Outside of them nothing but emergency changes is sent to this operator. What stood before is kept."
    return PageHead(f"Windows of {one.name}", state, (_OPERATORS, Crumb(one.name, _path(one.code))))


def windows_form(asked: Asked, code: str, csrf: str) -> Form:
    """The form of an operator's windows."""
    hint = "One window a line, in words: Mon-Thu 22:00-05:00 Europe/London. Empty: at any time."
    fields = (
        asked.field("windows", "The contract permits changes", hint, "textarea", required=False, maxlength=5000),
        asked.field("terms", "Where that stands", "For example Schedule 4, clause 2.", required=False, maxlength=500),
    )
    return Form(f"{_path(code)}/windows", fields, csrf, "Set them", _path(code))


def credentials(
    row: Mapping[str, Any] | None, own: Mapping[str, Expiry], now: datetime
) -> tuple[tuple[str, object], ...]:
    """What we come in with at an operator, and how long our certificate has to go."""
    if row is None:
        return ()
    token = f"yes, as client {row['client_id']}" if row["uses_tokens"] else "not asked for"
    certificate = own.get(row["certificate"])
    found: list[tuple[str, object]] = [("Certificate", row["certificate"] or None)]
    if certificate is not None:
        left = certificate.left(now)
        tone = Tone.BAD if left < VERY_SOON else Tone.WARN if left < SOON else Tone.OK
        found.append(("Certificate's time to go", Badge(certificate.words(now), tone)))
    found.append(("Access token", token))
    if row["has_secret"]:
        found.append(("Secret", "kept encrypted"))
    return tuple(found)


def connection(row: Mapping[str, Any] | None) -> tuple[tuple[str, object], ...]:
    """How an operator's line and feed are doing."""
    if row is None:
        return (("State", Badge("Not connected", Tone.OFF, "plug")),)
    it = feed(row)
    return (
        ("State", Badge(it.word.capitalize(), it.tone)),
        ("Answered", Age(row["last_ok_at"], it.name)),
        ("Notified", Age(row["heard_at"], it.name, it.stale_after)),
        ("Gaps in notifications", row["gaps"]),
        ("Calls", row["calls"]),
        ("Failed calls", row["failures"]),
        ("Slowed down by the operator", row["throttled"]),
        ("Last error", row["last_error"] or None),
    )


def contracts(found: Sequence[Contract]) -> Table:
    """What the operator's contracts grant."""
    columns = (
        Column("name", "Contract", narrow=True, fixed=True),
        Column("rate", "Permitted rate", numeric=True, unit="calls/s", narrow=True),
        Column("batch", "Largest batch", numeric=True, narrow=True),
        Column("apns", "APNs", wrap=True),
        Column("plans", "Data plans", wrap=True),
        Column("groups", "Groups", wrap=True),
    )
    rows = [
        Row(
            str(one.id),
            {
                "name": one.name,
                "rate": one.calls_per_second if one.calls_per_second is not None else "no limit",
                "batch": one.max_batch if one.max_batch is not None else "no limit",
                "apns": ", ".join(one.apns) or "any",
                "plans": ", ".join(one.data_plans) or "any",
                "groups": ", ".join(one.subscription_groups) or "any",
            },
        )
        for one in found
    ]
    empty = Empty(
        "No contract yet",
        "Without one, nothing is known of what this operator permits. Contracts are kept through the REST interface.",
        icon="scroll-text",
    )
    return Table("contracts", "Contracts", columns, rows, empty=empty, chooser=False)


def pools(found: Sequence[Mapping[str, Any]]) -> Table:
    """The operator's address pools and how full they are."""
    columns = (
        Column("name", "Pool", narrow=True, fixed=True),
        Column("apn", "APN", narrow=True),
        Column("cidr", "Block"),
        Column("used", "In use", numeric=True, narrow=True),
        Column("usable", "Addresses", numeric=True),
        Column("share", "Full", numeric=True),
    )
    rows = [_pool(one) for one in found]
    empty = Empty("No address pool yet", "Fixed addresses are taken from pools; bring them in as a file.", icon="list")
    return Table("pools", "Address pools", columns, rows, empty=empty, chooser=False)


def _pool(one: Mapping[str, Any]) -> Row:
    share = one["used"] / one["usable"] if one["usable"] else None
    return Row(
        str(one["id"]),
        {
            "name": one["name"],
            "apn": Link(one["apn"], href("/subscriptions", operator=one["operator"], apn=one["apn"])),
            "cidr": str(one["cidr"]),
            "used": one["used"],
            "usable": one["usable"] if one["usable"] < _COUNTABLE else "more than can be used",
            "share": Share(share, Tone.BAD if share and share >= _FULL else Tone.OK),
        },
    )
