"""A link as a card: what it hangs on, whether the operator has what is desired, and what carries it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tieline.console.components.values import Age, Badge, Ident, IdentKind, Link, Observed, Several, Tone
from tieline.console.components.work import Evidence
from tieline.utility.console import words
from tieline.utility.console.filters import href
from tieline.utility.inventory import FIELDS, FleetRow


@dataclass(frozen=True, slots=True)
class Against:
    """A field: what is desired, what the operator reported, and whether they differ (None: nothing reported yet)."""

    name: str
    desired: object
    reported: object
    differs: bool | None


@dataclass(frozen=True, slots=True)
class LinkCard:
    """A link of a site. ``notes`` are sentences about what is not as it should be, with their tone."""

    title: str
    href: str
    state: Badge
    serving: Observed
    facts: tuple[tuple[str, object], ...]
    fields: tuple[Against, ...]
    reported: Age
    notes: tuple[tuple[Tone, str], ...] = ()

    @property
    def differing(self) -> int:
        """In how many fields the operator reports something else."""
        return sum(1 for one in self.fields if one.differs)


def against(row: FleetRow) -> tuple[Against, ...]:
    """Every field of a subscription, desired and reported."""
    differing = words.drift(row)
    desired, reported = row.desired, row.operational
    return tuple(
        Against(
            words.FIELD_WORDS[name],
            words.field_value(name, desired[name]),
            words.field_value(name, reported[name]),
            name in differing if row.reported_at else None,
        )
        for name in FIELDS
    )


def link_card(row: FleetRow) -> LinkCard:
    """A live link with everything that it is made of."""
    role = (row.role or "").capitalize()
    return LinkCard(
        f"{role} link, operator {row.operator_code}" if role else f"Operator {row.operator_code}",
        f"/subscriptions/{row.subscription_id}",
        words.state_badge(row.op_state or row.state) or Badge("Unknown"),
        words.serving_cell(row),
        tuple(facts(row)),
        against(row),
        words.report_age(row.reported_at, row.operator_code),
        tuple(notes(row)),
    )


def facts(row: FleetRow) -> Iterable[tuple[str, object]]:
    """What carries a link: subscription, card, device, cell."""
    yield "Subscription", Link(row.msisdn or row.operator_ref, f"/subscriptions/{row.subscription_id}")
    if row.iccid:
        yield "Card", Ident(row.iccid, IdentKind.ICCID, f"/cards/{row.card_id}")
    if row.device_external_id:
        slot = f"modem {row.modem_slot}" if row.modems and row.modems > 1 else ""
        yield "Device", Link(row.device_external_id, f"/devices/{row.device_id}", hint=slot)
    if row.cell_key:
        yield "Cell", Link(row.cell_key, f"/cells/{row.operator_code}/{row.cell_key}")
    yield "On the network", attached(row)


def attached(row: FleetRow) -> object:
    """Whether the network has it attached, and when it was last seen."""
    if row.attached is None:
        return Several((Badge("Never reported", Tone.UNKNOWN),))
    badge = Badge("Attached", Tone.OK, "signal") if row.attached else Badge("Not attached", Tone.WARN, "wifi-off")
    return Several((badge, words.cell_age(row.last_seen, row.operator_code)))


def notes(row: FleetRow) -> Iterable[tuple[Tone, str]]:
    """What is not as it should be about a link, in sentences."""
    differing = words.drift(row)
    if differing:
        named = words.listed(words.FIELD_WORDS[name] for name in differing)
        yield Tone.WARN, f"Operator {row.operator_code} reports another value than is desired: {named}."
    if row.reported_at is None:
        yield Tone.UNKNOWN, f"Operator {row.operator_code} has not reported this subscription yet."
    if row.imei and row.imei_seen and row.imei != row.imei_seen:
        yield Tone.WARN, f"The network sees IMEI {row.imei_seen}; the device in the inventory has {row.imei}."
    if row.rat and row.device_generations and words.technology(row.rat) not in row.device_generations:
        yield Tone.WARN, f"It hangs on {words.technology(row.rat)}, which its device is not said to be able to do."


def shared_masts(rows: Sequence[FleetRow]) -> bool:
    """Whether a site with several links has all of them on one mast."""
    masts = {row.mast_id for row in rows}
    return len(rows) > 1 and len(masts) == 1 and None not in masts


def standing(rows: Sequence[FleetRow]) -> tuple[Badge, str]:
    """What a site's links amount to: a state and one sentence."""
    if not rows:
        return Badge("No link", Tone.BAD), "Nothing connects this site: no link is fitted."
    technologies = sorted({words.technology(row.rat) for row in rows if row.rat})
    only = (
        f" It hangs on {technologies[0]} alone." if len(technologies) == 1 and technologies[0] in {"2G", "3G"} else ""
    )
    if len(rows) == 1:
        return Badge("Without reserve", Tone.WARN), f"One link, of operator {rows[0].operator_code}; no reserve.{only}"
    if shared_masts(rows):
        return Badge("Shared mast", Tone.WARN), f"{len(rows)} links, no independent path.{only}"
    return Badge(f"{len(rows)} links", Tone.OK), f"{len(rows)} links on different masts.{only}"


def siblings(path: str, row: FleetRow) -> tuple[tuple[str, object], ...]:
    """Where a thing stands: its site, region and what depends on it, each a way on."""
    if row.site_id is None:
        return (("Site", "fitted nowhere"),)
    found: list[tuple[str, object]] = [("Site", Link(row.site_name or "", f"/sites/{row.site_id}"))]
    if row.region:
        found.append(("Region", Link(row.region, href(path, region=row.region))))
    if row.site_kind:
        found.append(("Kind", words.SITE_KINDS.get(row.site_kind, row.site_kind)))
    found.append(("Criticality", words.criticality_badge(row.criticality) or "normal"))
    found.append(("Customers", row.customers))
    return tuple(found)


def note(tone: Tone, sentence: str) -> Evidence:
    """A sentence about what is not as it should be, as a card of its own."""
    return Evidence(sentence, tone=tone)
