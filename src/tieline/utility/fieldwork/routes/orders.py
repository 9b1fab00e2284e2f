"""REST of work orders."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, Day, fast, files
from tieline.utility.fieldwork.model import Order
from tieline.utility.fieldwork.routes.crews import Identity
from tieline.utility.fieldwork.routes.visits import Cursor, Limit, Number, Word
from tieline.utility.fieldwork.schemas import HandOverBody, OrdersBody, WhyBody
from tieline.utility.fieldwork.service import exports, orders
from tieline.utility.fieldwork.store.orders import OrderFilter

router = APIRouter(prefix="/field", tags=["field work"])


@router.get("/orders")
async def list_orders(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    region: Word = None,
    crew: Number = None,
    first_day: Day | None = None,
    last_day: Day | None = None,
    open_only: Annotated[bool, Query(alias="open", description="Only those with visits that are not over.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Orders by day; a crew sees its own alone."""
    wanted = OrderFilter(region, crew, first_day, last_day, open_only)
    async with runtime.db.snapshot() as tx:
        page = await orders.page(tx, scope, wanted, cursor=cursor, limit=limit)
    return fast({"items": [shown(one) for one in page.items], "next": page.next})


def shown(order: Order) -> dict[str, object]:
    """An order as REST shows it."""
    plain: dict[str, object] = msgspec.to_builtins(order)
    return {**plain, "km_saved": order.km_saved}


@router.post("/orders", status_code=201)
async def make_orders(body: OrdersBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Put the visits of a region that are in no order into orders, a day and a crew each, in the best sequence."""
    async with runtime.db.transaction() as tx:
        made = await orders.make_orders(
            tx,
            scope,
            runtime.calendar,
            region=body.region,
            crew_ids=body.crew_ids,
            first_day=body.first_day,
            working=body.working,
            origin=body.origin,
            limit=body.limit,
        )
    return fast({**msgspec.to_builtins(made), "km_saved": made.km_saved}, status=201)


@router.get("/orders/{order_id}")
async def show_order(order_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """An order and its visits in the sequence in which they are driven to."""
    async with runtime.db.snapshot() as tx:
        order, visits = await orders.with_visits(tx, scope, order_id)
    return fast({**shown(order), "visits": visits})


@router.get("/orders/{order_id}/route.csv", **files("text/csv"))
async def export_csv(order_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """An order's visits in their sequence, for a spreadsheet."""
    async with runtime.db.snapshot() as tx:
        _, visits = await orders.with_visits(tx, scope, order_id)
    return Response(exports.csv_of(visits), headers=_named(order_id, "csv"), media_type="text/csv; charset=utf-8")


@router.get("/orders/{order_id}/route.geojson", **files("application/geo+json"))
async def export_geojson(order_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """An order's way and visits as GeoJSON (RFC 7946)."""
    async with runtime.db.snapshot() as tx:
        order, visits = await orders.with_visits(tx, scope, order_id)
    content = msgspec.json.encode(exports.geojson_of(order, visits, runtime.clock.now()))
    return Response(content, headers=_named(order_id, "geojson"), media_type="application/geo+json")


def _named(order_id: int, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="order-{order_id}.{ending}"', "Cache-Control": "no-store"}


@router.post("/orders/{order_id}/hand-over")
async def hand_over(order_id: Identity, body: HandOverBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Give an order to another crew, to another day, or both."""
    async with runtime.db.transaction() as tx:
        order = await orders.hand_over(tx, scope, runtime.calendar, order_id, crew_id=body.crew_id, day=body.day)
    return fast(shown(order))


@router.post("/orders/{order_id}/cancel")
async def cancel_order(order_id: Identity, body: WhyBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Cancel an order; its visits that are not over wait for another one."""
    async with runtime.db.transaction() as tx:
        return fast({"visits_freed": await orders.cancel_order(tx, scope, order_id, body.why)})
