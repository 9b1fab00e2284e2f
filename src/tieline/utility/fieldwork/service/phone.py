"""What a crew's phone holds: its orders of today and what is left of earlier days, and nothing of anybody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.scope import Permission, Scope
from tieline.utility import changes
from tieline.utility.fieldwork.model import Order, Step, Visit
from tieline.utility.fieldwork.policy.routing import distance_km
from tieline.utility.fieldwork.service.visits import today
from tieline.utility.fieldwork.store import crews, orders, reports, visits

DAYS_AHEAD = timedelta(days=1)
"""How far ahead a phone sees, to load the van in the evening."""


@dataclass(frozen=True, slots=True)
class Mine:
    """A crew's orders as its phones keep them, and the storms that last."""

    crew: str | None
    today: str
    orders: Sequence[Mapping[str, Any]]
    storms: Sequence[Mapping[str, Any]]


async def mine(tx: Tx, scope: Scope, clock: Clock, calendar: Clock) -> Mine:
    """The orders of the asker's own crew, by the day of ``calendar``. Needs ``FIELD_REPORT``."""
    scope.require(Permission.FIELD_REPORT)
    day = today(calendar.now())
    storms = [_storm(row) for row in await changes.storms(tx, clock)]
    crew = await crews.crew_of(tx, scope.user_id) if scope.user_id is not None else None
    if crew is None:
        return Mine(None, day.isoformat(), (), storms)
    found = await orders.of_crew(tx, crew.id, today=day, last=day + DAYS_AHEAD)
    stops = await visits.of_orders(tx, scope, [one.id for one in found])
    ids = [one.id for one in stops]
    away = await visits.taken_away(tx, ids)
    refused: dict[int, list[Mapping[str, Any]]] = {}
    for row in await reports.refused_of(tx, crew.id, ids):
        refused.setdefault(row.pop("visit_id"), []).append(row)
    return Mine(crew.name, day.isoformat(), [_order(one, stops, away, refused) for one in found], storms)


def _storm(row: Mapping[str, Any]) -> dict[str, Any]:
    """Storm mode as a phone tells of it. ``spares_crews``: what crews fit goes over all the same."""
    return {
        "regions": row["regions"],
        "reason": row["reason"],
        "ends_at": row["ends_at"],
        "spares_crews": row["spares_released"],
    }


def _order(
    order: Order,
    stops: Sequence[Visit],
    away: Mapping[int, Mapping[str, Any]],
    refused: Mapping[int, Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    own = [one for one in stops if one.order_id == order.id]
    before = [None, *own]
    return {
        "id": order.id,
        "day": order.day.isoformat(),
        "region": order.region,
        "km": round(order.km, 1),
        "minutes": round(order.minutes),
        "visits": [
            {**_visit(one, _km(last, one)), "take_away": away.get(one.id), "refused": refused.get(one.id, ())}
            for last, one in zip(before, own, strict=False)
        ],
    }


def _km(last: Visit | None, one: Visit) -> float | None:
    """How far it is from the visit before."""
    if last is None or last.lat is None or last.lon is None or one.lat is None or one.lon is None:
        return None
    return round(distance_km((last.lat, last.lon), (one.lat, one.lon)), 1)


def _visit(visit: Visit, km: float | None) -> dict[str, Any]:
    return {
        "id": visit.id,
        "site": {
            "code": visit.site_code,
            "name": visit.site_name,
            "postcode": visit.postcode,
            "lat": visit.lat,
            "lon": visit.lon,
        },
        "km": km,
        "title": visit.title,
        "minutes": visit.minutes,
        "attempt": visit.attempt,
        "state": visit.state,
        "state_why": visit.state_why,
        "outcome": visit.outcome,
        "router": visit.router,
        "steps": [_step(step) for step in visit.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "key": step.key,
        "position": step.position,
        "role": step.link_role,
        "operator": step.operator,
        "iccid": step.new_iccid,
        "words": step.words,
        "state": step.state,
        "fitted": step.iccid,
        "checks": step.checks,
        "said": step.said,
        "asked_at": step.asked_at,
    }
