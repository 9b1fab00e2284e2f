"""What each operator's network will report of its subscriptions: attached or not, by which cell, how fast."""

from collections.abc import Sequence

from tieline.lab.world.chance import Chance
from tieline.lab.world.model import Attachment, Device, Operator, Rat, Site, Subscription, Terrain
from tieline.lab.world.oddities import Marks
from tieline.lab.world.radio import Network, Serving

_RATS = {"2G": Rat.GERAN, "3G": Rat.UTRA, "4G": Rat.EUTRA, "5G": Rat.NR}
_LATENCY_MS = {Rat.GERAN: 550, Rat.UTRA: 120, Rat.EUTRA: 45, Rat.NR: 25}
_LATENCY_SPREAD = 0.3
_MS_PER_KM = 2.0
_PERIODIC_UPDATE_S = 3240
"""Default of the periodic tracking or routing area update timer (3GPP TS 24.008 T3312, TS 24.301 T3412): 54 minutes."""

_DAYS_AGO = (3, 300)


def attach(
    terrain: Terrain,
    operator: Operator,
    *,
    subscriptions: Sequence[Subscription],
    devices: Sequence[Device],
    network: Network,
    marks: Marks,
    chance: Chance,
) -> tuple[Attachment, ...]:
    """The report of each subscription in the field, in the order of the sites; stock is not reported."""
    reports = []
    for site, subscription, device in zip(terrain.sites, subscriptions, devices, strict=True):
        serving = None
        if subscription.state == "ACTIVE" and marks.of(site, operator) != "radio_shadow":
            serving = network.serving(site.id, site.point, _best_first(device))
        reports.append(_report(operator, site, subscription, device=device, serving=serving, chance=chance))
    return tuple(reports)


def _best_first(device: Device) -> list[Rat]:
    """A router's technologies, newest first."""
    return [_RATS[generation] for generation in reversed(device.generations.split())]


def _report(
    operator: Operator,
    site: Site,
    subscription: Subscription,
    *,
    device: Device,
    serving: Serving | None,
    chance: Chance,
) -> Attachment:
    what = (operator.code, site.id)
    low, high = (days * 86_400 for days in _DAYS_AGO)
    return Attachment(
        subscription=subscription.ref,
        iccid=subscription.iccid,
        imsi=subscription.imsi,
        attached=serving is not None,
        imei=device.imei,
        cell=serving.cell if serving else None,
        plmn=operator.plmn,
        distance_m=round(serving.km * 1000) if serving else 0,
        latency_ms=_latency(serving, chance, *what) if serving else 0,
        seen_seconds_ago=(
            chance.between(0, _PERIODIC_UPDATE_S, "seen", *what)
            if serving
            else chance.between(low, high, "seen", *what)
        ),
        point=site.point,
        device=device,
    )


def _latency(serving: Serving, chance: Chance, *what: object) -> int:
    """Round trip in milliseconds: typical of the technology, spread, and longer at the edge of a cell."""
    spread = 1 + _LATENCY_SPREAD * min(2.0, abs(chance.bell("latency", *what)))
    return round(_LATENCY_MS[serving.cell.rat] * spread + _MS_PER_KM * serving.km)
