"""Orders, deliveries, and what is needed when."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from tieline.platform.scope import Permission
from tieline.platform.web import MEGABYTE, CurrentRuntime, CurrentScope, fast
from tieline.utility.logistics import schemas
from tieline.utility.logistics.model import Demand, Goods, NewOrder
from tieline.utility.logistics.receiving import take_note
from tieline.utility.logistics.routes.common import Cursor, Identity, Limit, Texts, order_shown
from tieline.utility.logistics.service import forecasting, ordering

router = APIRouter(prefix="/stock", tags=["stock"])
_MOST = 64 * MEGABYTE
"""A delivery note of 50,000 rows has three."""
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "warehouse_id": {"type": "string", "description": "Where the goods are now."},
                        "note": {"type": "string", "maxLength": 200, "description": "Number of the delivery note."},
                        "dry_run": {"type": "string", "enum": ["true", "false"]},
                    },
                    "required": ["file", "warehouse_id"],
                }
            }
        },
    }
}


@router.post("/orders", status_code=201)
async def make_order(body: schemas.OrderBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Enter an order."""
    async with runtime.db.transaction() as tx:
        made = await ordering.make(tx, scope, NewOrder(**body.model_dump()))
    return fast(order_shown(made), status=201, headers={"Location": f"/api/v1/stock/orders/{made.id}"})


@router.get("/orders")
async def list_orders(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    state: Texts = [],  # noqa: B006 - FastAPI copies it
    goods: Annotated[list[Goods], Query()] = [],  # noqa: B006
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Orders, the newest first, each with what is still to come."""
    async with runtime.db.snapshot() as tx:
        page = await ordering.page(tx, scope, states=state, goods=goods, cursor=cursor, limit=limit)
    return fast({"items": [order_shown(one) for one in page.items], "next": page.next})


@router.get("/orders/{order_id}")
async def show_order(order_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """An order."""
    async with runtime.db.snapshot() as tx:
        return fast(order_shown(await ordering.one(tx, scope, order_id)))


@router.post("/orders/{order_id}/close")
async def close_order(
    order_id: Identity, body: schemas.WhyBody, runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """Close an order of which nothing more will come."""
    async with runtime.db.transaction() as tx:
        return fast(order_shown(await ordering.close(tx, scope, order_id, why=body.why)))


@router.post("/orders/{order_id}/deliveries", status_code=201, max_body_size=_MOST, openapi_extra=_FILE)
async def deliver(order_id: Identity, request: Request, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take a delivery note in: CSV, XLSX or JSON lines. Bad rows are named by line, field and rule; good ones count."""
    scope.require(Permission.STOCK_WRITE)
    async with runtime.db.snapshot() as tx:
        goods = (await ordering.one(tx, scope, order_id)).goods
    async with request.form(max_files=1, max_fields=10) as form:
        dry_run = form.get("dry_run") in {"true", "on", "1"}
        delivered = await take_note(runtime, scope, order_id, goods, form, dry_run=dry_run)
    return fast(delivered, status=200 if delivered.delivery_id is None or delivered.repeated else 201)


@router.get("/deliveries")
async def list_deliveries(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    order: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Deliveries, the newest first."""
    async with runtime.db.snapshot() as tx:
        page = await ordering.deliveries(tx, scope, order_id=order, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.get("/deliveries/{delivery_id}")
async def show_delivery(delivery_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A delivery."""
    async with runtime.db.snapshot() as tx:
        return fast(await ordering.delivery(tx, scope, delivery_id))


@router.get("/deliveries/{delivery_id}/problems")
async def delivery_problems(
    delivery_id: Identity, runtime: CurrentRuntime, scope: CurrentScope, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """What was wrong with a delivery note, line by line."""
    async with runtime.db.snapshot() as tx:
        page = await ordering.delivery_problems(tx, scope, delivery_id, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.get("/forecast")
async def forecast(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Whether stock and open orders last for what is needed, and on which day they first do not."""
    async with runtime.db.snapshot() as tx:
        found = await forecasting.needs(tx, scope, today=runtime.calendar.now().date())
        return fast({"items": found, "origins": await forecasting.origins(tx, scope)})


@router.put("/needs/{origin}", status_code=204)
async def put_needs(
    origin: Annotated[str, Path(max_length=100, pattern=r"^[^\x00/]+$")],
    body: schemas.NeedsBody,
    runtime: CurrentRuntime,
    scope: CurrentScope,
) -> Response:
    """Say what an origin needs, instead of what it said before; an empty list takes it back."""
    demands = [msgspec.convert(one.model_dump(), Demand) for one in body.demands]
    async with runtime.db.transaction() as tx:
        await forecasting.put(tx, scope, origin, demands)
    return Response(status_code=204)
