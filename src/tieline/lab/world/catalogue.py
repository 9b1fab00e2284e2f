"""What can be ordered in the simulated world: routers, APNs, subscription groups, data plans. All names are made up."""

from dataclasses import dataclass

from tieline.lab.world.model import Site


@dataclass(frozen=True, slots=True)
class Model:
    """A router model. Its TAC is one of those kept for test devices (first two digits 00), so it is nobody's."""

    make: str
    name: str
    tac: str
    generations: str
    bands: str
    modems: int
    firmware: tuple[str, ...]


OLD_MODELS = (
    Model("Brackwater", "BW-210", "00101021", "2G 3G", "B1 B8", 1, ("2.4.1", "2.6.0")),
    Model("Brackwater", "BW-220", "00101022", "3G", "B1 B8", 1, ("2.6.0", "2.6.3")),
    Model("Norrvik", "NV3 Duo", "00101031", "2G 3G", "B1 B8", 2, ("1.18", "1.20")),
    Model("Oskell", "Gridlink H", "00101041", "3G", "B1 B8", 1, ("5.0.11",)),
)
"""Routers that know nothing newer than 3G."""

MODERN_MODELS = (
    Model("Brackwater", "BW-410", "00101024", "3G 4G", "B1 B3 B7 B8 B20 B28", 2, ("4.2.0", "4.2.1")),
    Model("Norrvik", "NV5 Duo", "00101035", "4G 5G", "B1 B3 B7 B8 B20 B28 n28 n78", 2, ("3.1", "3.2")),
)
"""Routers that know 4G, some also 5G."""

APN_CONTROL = "control.dso"
APN_SCADA = "scada.dso"
APN_SCADA6 = "scada6.dso"
APN_LEGACY = "legacy.dso"
APN_WRONG = "scada.ds0"
"""A misspelt APN, for subscriptions that were set up wrongly: it has no address pool."""

APNS = (APN_CONTROL, APN_SCADA, APN_SCADA6, APN_LEGACY)

IPV6_SHARE = 0.01
"""Share of Operator A's subscriptions at normal sites that have an IPv6 address."""

EUICC_SHARE = 0.1
"""Share of the new cards that are eUICCs."""

NR_SHARE = 0.25
"""Share of the new subscriptions that include 5G; the others are 4G."""

PRIMARY_SHARE = 2 / 3
"""Share of the sites whose primary link is Operator A's."""

_PLANS = {
    "A": {"critical": "M2M 1 GB", "high": "M2M 250 MB", "normal": "M2M 50 MB"},
    "B": {"critical": "IOT-L", "high": "IOT-M", "normal": "IOT-S"},
}
_GROUPS = {"critical": "GRID-CRITICAL", "high": "GRID-PRIMARY", "normal": "GRID-SECONDARY"}


def apn_of(site: Site, *, ipv6: bool) -> str:
    """The APN for a site: one for what is critical or high, one for the rest."""
    if site.criticality != "normal":
        return APN_CONTROL
    return APN_SCADA6 if ipv6 else APN_SCADA


def group_of(site: Site) -> str:
    """The subscription group for a site, the same name at both operators."""
    return _GROUPS[site.criticality]


def plan_of(site: Site, operator: str) -> str:
    """The data plan for a site, in the operator's words."""
    return _PLANS[operator][site.criticality]
