"""Subscriptions as rows and as pages."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Row
from tieline.console.components.values import Badge, Ident, IdentKind, Link, Several, Tone
from tieline.platform.scope import Permission
from tieline.utility.console import words
from tieline.utility.console.http import Page
from tieline.utility.console.pages.parts import links
from tieline.utility.console.pages.parts.lists import PLAN_HREF
from tieline.utility.inventory import FleetRow

_NAMES = tuple(one.name for one in fields(FleetRow))
FILTERS = (
    "operator", "technology", "state", "region", "band", "role", "criticality", "kind", "generation", "apn",
    "lan_group", "stale", "drift", "linked", "attached", "hanging_on", "shared_mast", "stock", "device_can", "cell",
    "q",
)  # fmt: skip
PINNED = ("operator", "technology", "state", "region")
COLUMNS = (
    Column("name", "Subscription", narrow=True, fixed=True),
    Column("operator", "Operator"),
    Column("state", "State", narrow=True),
    Column("serving", "Serving cell"),
    Column("site", "Site", narrow=True),
    Column("role", "Role"),
    Column("apn", "APN"),
    Column("address", "IP address"),
    Column("plan", "Data plan", hidden=True),
    Column("group", "Group", hidden=True),
    Column("lan_groups", "5G LAN groups", hidden=True),
    Column("generation", "May use", hidden=True),
    Column("reported", "State read back", hidden=True),
    Column("iccid", "ICCID", hidden=True),
    Column("imsi", "IMSI", hidden=True),
    Column("device", "Device", hidden=True),
    Column("region", "Region", hidden=True),
)


def rows(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows of the list."""
    return [_row(fleet_row(one)) for one in found]


def fleet_row(one: Mapping[str, Any]) -> FleetRow:
    """A row of the list as the inventory's own value."""
    return FleetRow(**{name: one[name] for name in _NAMES})


def _row(one: FleetRow) -> Row:
    return Row(
        str(one.subscription_id),
        {
            "name": one.msisdn or one.operator_ref,
            "operator": one.operator_code,
            "state": state(one),
            "serving": words.serving_cell(one),
            "site": Link(one.site_name or "", f"/sites/{one.site_id}") if one.site_id else None,
            "role": one.role,
            "apn": one.apn,
            "address": one.ip_address,
            "plan": one.data_plan,
            "group": one.subscription_group,
            "lan_groups": ", ".join(one.lan_groups) or None,
            "generation": one.generation,
            "reported": words.report_age(one.reported_at, one.operator_code),
            "iccid": Ident(one.iccid, IdentKind.ICCID, f"/cards/{one.card_id}") if one.iccid else None,
            "imsi": Ident(one.imsi, IdentKind.IMSI) if one.imsi else None,
            "device": Link(one.device_external_id, f"/devices/{one.device_id}") if one.device_external_id else None,
            "region": one.region,
        },
        f"/subscriptions/{one.subscription_id}",
        sheet=True,
        muted=one.state == "RETIRED",
    )


def state(one: FleetRow) -> object:
    """The desired state, and a mark when the operator reports anything else than is desired."""
    badge = words.state_badge(one.state)
    differing = words.drift(one)
    if not differing:
        return badge
    first, more = words.FIELD_WORDS[differing[0]], len(differing) - 1
    named = words.listed(words.FIELD_WORDS[name] for name in differing)
    word = f"{first} and {more} more differ" if more else f"{first} differs"
    return Several((badge, Badge(word, Tone.WARN, tip=f"The operator reports another value: {named}.")))


def head(page: Page, one: FleetRow) -> PageHead:
    """Title, state in one sentence, and what can be done."""
    where = f"at {one.site_name}" if one.site_name else "fitted nowhere"
    reported = words.STATE_WORDS.get(one.op_state or "", "")
    says = f"the operator reports {reported.lower()}" if reported else "the operator has reported nothing yet"
    state_words = words.STATE_WORDS.get(one.state, one.state)
    differing = words.listed(words.FIELD_WORDS[name] for name in words.drift(one) if name != "state")
    but = f", and another value of {differing}" if differing else ""
    actions: tuple[Action, ...] = ()
    if page.scope.may(Permission.CHANGE_PLAN):
        href = f"{PLAN_HREF}?id={one.subscription_id}"
        actions = (Action("Plan a change", href, "git-pull-request-arrow", "primary"),)
    return PageHead(
        one.msisdn or one.operator_ref,
        f"Operator {one.operator_code}, {where}. Desired {state_words.lower()}; {says}{but}.",
        (
            Crumb("SIMs", "/subscriptions"),
            Crumb(f"Operator {one.operator_code}", f"/subscriptions?operator={one.operator_code}"),
        ),
        actions,
    )


def identity(one: FleetRow) -> tuple[tuple[str, object], ...]:
    """What names the subscription and its card."""
    card = Ident(one.iccid, IdentKind.ICCID, f"/cards/{one.card_id}") if one.iccid else None
    return (
        ("Operator's reference", Ident(one.operator_ref)),
        ("IMSI", Ident(one.imsi, IdentKind.IMSI) if one.imsi else None),
        ("MSISDN", Ident(one.msisdn, IdentKind.MSISDN) if one.msisdn else None),
        ("Card", card),
        ("Card is", words.CARD_KINDS.get(one.card_kind or "", one.card_kind)),
        ("EID", Ident(one.eid, IdentKind.EID) if one.eid else None),
        ("May use", f"up to {one.generation}" if one.generation else None),
        ("Version", one.version),
    )


def network(one: FleetRow) -> tuple[tuple[str, object], ...]:
    """What the network sees."""
    cell = f"/cells/{one.operator_code}/{one.cell_key}"
    return (
        ("Serving cell", words.serving_cell(one)),
        ("Cell", Link(one.cell_key, cell) if one.cell_key else None),
        ("On the network", links.attached(one)),
        ("IMEI seen", Ident(one.imei_seen, IdentKind.IMEI) if one.imei_seen else None),
        ("IMEI of the device", Ident(one.imei, IdentKind.IMEI) if one.imei else None),
    )


def place(one: FleetRow) -> tuple[tuple[str, object], ...]:
    """Where it is fitted."""
    device = Link(one.device_external_id, f"/devices/{one.device_id}") if one.device_external_id else None
    role = f"{one.role}, modem {one.modem_slot}" if one.role else None
    return (*links.siblings("/subscriptions", one), ("Device", device), ("Role", role))
