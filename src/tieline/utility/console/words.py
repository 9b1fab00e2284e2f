"""The inventory's words as people read them: states as badges, technologies, ages, kinds of site."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from tieline.console.components import formats
from tieline.console.components.values import Age, Badge, Observed, Tone
from tieline.platform.words import band_word
from tieline.utility.inventory import FIELDS, TECHNOLOGIES, Field, FleetRow

CELL_STALE = timedelta(hours=24)
"""A serving cell reported longer ago than this may no longer hold."""
REPORT_STALE = timedelta(hours=24)
"""An operational state read back longer ago than this is marked."""

TECHNOLOGY_OF: Mapping[str, str] = {rat: name for name, rat in TECHNOLOGIES.items()}
TECHNOLOGY_TONES: Mapping[str, str] = {
    "2G": "ramp1", "3G": "ramp2", "4G": "ramp3", "5G": "ramp5", "none": "unknown",
}  # fmt: skip
NEVER_REPORTED = "never reported"
listed = formats.listed

_STATES: Mapping[str, tuple[str, Tone, str]] = {
    "INVENTORY": ("In stock", Tone.OFF, "inbox"),
    "TEST_READY": ("Test ready", Tone.BUSY, "circle-dashed"),
    "ACTIVE": ("Active", Tone.OK, ""),
    "SUSPENDED": ("Suspended", Tone.HELD, ""),
    "RETIRED": ("Retired", Tone.OFF, "circle-slash"),
}
_STOCK: Mapping[str, tuple[str, Tone, str]] = {
    "in_stock": ("In stock", Tone.OFF, "inbox"),
    "reserved": ("Reserved", Tone.BUSY, "lock"),
    "issued": ("Issued", Tone.BUSY, "user"),
    "fitted": ("Fitted", Tone.OK, ""),
    "returned": ("Returned", Tone.HELD, "rotate-ccw"),
    "lost": ("Lost", Tone.BAD, ""),
    "blocked": ("Blocked", Tone.BAD, "ban"),
}
SITE_KINDS: Mapping[str, str] = {
    "grid_supply_point": "Grid supply point",
    "bulk_supply_point": "Bulk supply point",
    "primary": "Primary substation",
    "secondary": "Secondary substation",
    "other": "Other",
}
CRITICALITIES: Mapping[str, str] = {"normal": "normal", "high": "high", "critical": "critical"}
ROLES: Mapping[str, str] = {"primary": "primary", "backup": "backup"}
CARD_KINDS: Mapping[str, str] = {"plastic": "Plastic", "euicc": "eUICC"}
FIELD_WORDS: Mapping[Field, str] = {
    "state": "State",
    "apn": "APN",
    "ip_address": "IP address",
    "subscription_group": "Group",
    "data_plan": "Data plan",
    "rat_restriction": "Barred",
    "imei_lock": "IMEI lock",
    "lan_groups": "5G LAN groups",
}
STATE_WORDS: Mapping[str, str] = {state: word for state, (word, _, _) in _STATES.items()}
STOCK_WORDS: Mapping[str, str] = {state: word for state, (word, _, _) in _STOCK.items()}


def state_badge(state: str | None) -> Badge | None:
    """A subscription's state, desired or operational."""
    if state is None:
        return None
    word, tone, icon = _STATES.get(state, (state, Tone.UNKNOWN, ""))
    return Badge(word, tone, icon)


def stock_badge(state: str | None) -> Badge | None:
    """Where a card is."""
    if state is None:
        return None
    word, tone, icon = _STOCK.get(state, (state, Tone.UNKNOWN, ""))
    return Badge(word, tone, icon)


def criticality_badge(criticality: str | None) -> Badge | None:
    """How much depends on a site; an ordinary one has no mark. Not a state, so it has no state's colour."""
    if criticality in (None, "normal"):
        return None
    return Badge(CRITICALITIES.get(criticality, criticality).capitalize(), Tone.OFF, "zap")


def technology(rat: str | None) -> str:
    """What people call a radio access technology."""
    return TECHNOLOGY_OF.get(rat, rat) if rat else "unknown"


def serving(rat: str | None, band: str | None) -> str:
    """Technology and band in one: "4G, band 20" (bands of NR keep their n: "5G, n78")."""
    if not rat:
        return "unknown"
    if not band:
        return technology(rat)
    return f"{technology(rat)}, {band_word(band)}"


def serving_cell(row: FleetRow) -> Observed:
    """What the operator reported of a subscription's serving cell, with its age."""
    return Observed(serving(row.rat, row.band), cell_age(row.cell_at, row.operator_code))


def cell_age(at: datetime | None, operator_code: str) -> Age:
    """The age of a serving cell."""
    return Age(at, f"operator {operator_code}, serving cell", CELL_STALE)


def report_age(at: datetime | None, operator_code: str) -> Age:
    """The age of what an operator reported of a subscription."""
    return Age(at, f"operator {operator_code}, operational state", REPORT_STALE)


def field_value(field: str, value: object) -> object:
    """A field's value as it is shown: a state as its badge, a list in words."""
    if field == "state" and isinstance(value, str):
        return state_badge(value)
    if field == "rat_restriction":
        return listed(technology(str(one)) for one in value) if isinstance(value, Sequence) and value else None
    if field == "lan_groups":
        return ", ".join(map(str, value)) if isinstance(value, Sequence) and value else None
    return value


def drift(row: FleetRow) -> tuple[Field, ...]:
    """The fields in which the operator reports something else than is desired; none before the first report."""
    if row.reported_at is None:
        return ()
    desired, reported = row.desired, row.operational
    if row.op_lan_groups is None:  # not every platform has groups
        reported["lan_groups"] = row.lan_groups
    return tuple(field for field in FIELDS if (desired[field] or None) != (reported[field] or None))
