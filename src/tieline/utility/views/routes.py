"""REST of saved views, under ``/api/v1``."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.views import service
from tieline.utility.views.model import LONGEST_PATH, NewView, SavedView, ViewEdit
from tieline.utility.views.schemas import ChoiceBody, OrderBody, ViewBody, ViewEditBody

router = APIRouter(tags=["views"])
Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]


def shown(view: SavedView) -> dict[str, Any]:
    """A view as REST shows it; ``href`` is where the console opens it."""
    return {**msgspec.to_builtins(view), "href": view.href}


@router.get("/views")
async def list_views(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    path: Annotated[str | None, Query(alias="list", max_length=LONGEST_PATH)] = None,
) -> Response:
    """Your views and those that others share, in your order; of one ``list`` when its path is given."""
    async with runtime.db.snapshot() as tx:
        found = await service.mine(tx, scope, path=path)
    return fast({"items": [shown(one) for one in found]})


@router.post("/views", status_code=201)
async def save_view(body: ViewBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Keep a list's filters, order and columns under a name."""
    hidden = None if body.hidden is None else tuple(body.hidden)
    wanted = NewView(body.path, body.name, body.query, hidden, body.shared)
    async with runtime.db.transaction() as tx:
        made = await service.save(tx, scope, wanted)
    return fast(shown(made), status=201, headers={"Location": f"/api/v1/views/{made.id}"})


@router.put("/views/order")
async def order_views(body: OrderBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Put your views in order; nobody else's order changes."""
    async with runtime.db.transaction() as tx:
        found = await service.order(tx, scope, body.ids)
    return fast({"items": [shown(one) for one in found]})


@router.get("/views/{view_id}")
async def show_view(view_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """One view."""
    async with runtime.db.snapshot() as tx:
        return fast(shown(await service.one(tx, scope, view_id)))


@router.patch("/views/{view_id}")
async def edit_view(view_id: Identity, body: ViewEditBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Rename a view, keep other filters in it, share it or share it no more."""
    wanted = ViewEdit(body.name, body.query, None if body.hidden is None else tuple(body.hidden), body.shared)
    async with runtime.db.transaction() as tx:
        return fast(shown(await service.edit(tx, scope, view_id, wanted)))


@router.put("/views/{view_id}/choice")
async def choose_view(view_id: Identity, body: ChoiceBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Open a view at first on its list, or pin it; for yourself alone."""
    async with runtime.db.transaction() as tx:
        found = await service.choose(tx, scope, view_id, is_default=body.is_default, pin=body.pin)
    return fast(shown(found))


@router.delete("/views/{view_id}", status_code=204)
async def delete_view(view_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> None:
    """Take a view away, for everybody who has it."""
    async with runtime.db.transaction() as tx:
        await service.delete(tx, scope, view_id)
