"""An order as a file: CSV for a spreadsheet, GeoJSON (RFC 7946) for a map or a satnav."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tieline.utility.fieldwork.model import Order, Visit, VisitState
from tieline.utility.fieldwork.policy.routing import distance_km
from tieline.utility.inventory import csv_row

COLUMNS = (
    "position", "visit", "site", "name", "postcode", "region", "lat", "lon", "km_from_last", "minutes", "due_at",
    "title", "state", "outcome", "attempt", "cards",
)  # fmt: skip


def csv_of(visits: Sequence[Visit]) -> str:
    """Visits in their sequence, a row each; texts cannot be taken for formulas."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    before: Visit | None = None
    for one in driven(visits):
        writer.writerow(csv_row(_row(before, one)))
        before = one
    return text.getvalue()


def driven(visits: Sequence[Visit]) -> list[Visit]:
    """The visits that are driven to."""
    return [one for one in visits if one.state is not VisitState.CANCELLED]


def _row(before: Visit | None, one: Visit) -> tuple[Any, ...]:
    return (
        one.position, one.id, one.site_code, one.site_name, one.postcode, one.region, one.lat, one.lon,
        _km(before, one), one.minutes, one.due_at, one.title, one.state.value,
        one.outcome.value if one.outcome else None, one.attempt,
        [step.new_iccid for step in one.steps if step.new_iccid],
    )  # fmt: skip


def _km(before: Visit | None, one: Visit) -> float | None:
    ends = [(each.lat, each.lon) for each in (before, one) if each and each.lat is not None and each.lon is not None]
    if len(ends) < 2:  # noqa: PLR2004 - a way has two ends
        return None
    (lat1, lon1), (lat2, lon2) = ends
    return round(distance_km((lat1 or 0, lon1 or 0), (lat2 or 0, lon2 or 0)), 2)


def geojson_of(order: Order, visits: Sequence[Visit], made_at: datetime) -> dict[str, Any]:
    """A FeatureCollection: the way as a LineString, then a Point for each visit in its sequence.

    Positions are longitude before latitude (RFC 7946, 3.1.1). A site without a place has no point (geometry null, 3.2);
    with fewer than two places there is no way (3.1.4).
    """
    stops = driven(visits)
    line = [[one.lon, one.lat] for one in stops if one.lon is not None and one.lat is not None]
    way = {
        "type": "Feature",
        "id": f"order-{order.id}",
        "geometry": {"type": "LineString", "coordinates": line} if len(line) > 1 else None,
        "properties": {
            "order": order.id,
            "crew": order.crew,
            "day": order.day.isoformat(),
            "km": round(order.km, 2),
            "minutes": round(order.minutes),
            "made_at": made_at.isoformat(),
        },
    }
    return {"type": "FeatureCollection", "features": [way, *(_point(one) for one in stops)]}


def _point(one: Visit) -> dict[str, Any]:
    placed = one.lon is not None and one.lat is not None
    return {
        "type": "Feature",
        "id": f"visit-{one.id}",
        "geometry": {"type": "Point", "coordinates": [one.lon, one.lat]} if placed else None,
        "properties": {
            "position": one.position,
            "visit": one.id,
            "site": one.site_code,
            "name": one.site_name,
            "postcode": one.postcode,
            "title": one.title,
            "minutes": one.minutes,
            "due_at": one.due_at.isoformat() if one.due_at else None,
            "state": one.state.value,
        },
    }
