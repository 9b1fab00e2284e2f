"""Lists, details, histories and exports: the same routes for every kind of thing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from tieline.platform.web import CurrentRuntime, CurrentScope, Moment, fast, files
from tieline.utility.inventory.model import Kind
from tieline.utility.inventory.routes.filters import Cursor, Limit, Wanted
from tieline.utility.inventory.schemas import things as schemas
from tieline.utility.inventory.schemas.common import Count, PageOf
from tieline.utility.inventory.service import export as exports
from tieline.utility.inventory.service import things
from tieline.utility.inventory.service.export import ExportForm

Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class _Served:
    """A kind under its path, with the models that describe it."""

    kind: Kind
    path: str
    row: type[BaseModel]
    detail: type[BaseModel]


_SERVED = (
    _Served(Kind.SITE, "sites", schemas.Site, schemas.SiteDetail),
    _Served(Kind.DEVICE, "devices", schemas.Device, schemas.DeviceDetail),
    _Served(Kind.CARD, "cards", schemas.Card, schemas.CardDetail),
    _Served(Kind.SUBSCRIPTION, "subscriptions", schemas.ListedSubscription, schemas.SubscriptionDetail),
    _Served(Kind.LINK, "links", schemas.ListedSubscription, schemas.LinkDetail),
    _Served(Kind.CELL, "cells", schemas.Cell, schemas.CellDetail),
    _Served(Kind.ADDRESS_POOL, "address-pools", schemas.AddressPool, schemas.AddressPoolDetail),
)


def _router(served: _Served) -> APIRouter:
    router = APIRouter(prefix=f"/{served.path}", tags=[served.path])
    _add_lists(router, served)
    _add_details(router, served)
    return router


def _add_lists(router: APIRouter, served: _Served) -> None:
    kind = served.kind
    sorts = ", ".join(things.sorts(kind))

    @router.get("", response_model=PageOf[served.row])  # type: ignore[name-defined]
    async def page(
        *,
        runtime: CurrentRuntime,
        scope: CurrentScope,
        wanted: Wanted,
        sort: Annotated[str | None, Query(max_length=40, description=f"{sorts}; - before it: descending.")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        """List what fits the filter, a page at a time."""
        async with runtime.db.snapshot() as tx:
            return fast(await things.page(tx, scope, kind, wanted, sort=sort, cursor=cursor, limit=limit))

    @router.get("/count", response_model=Count)
    async def count(runtime: CurrentRuntime, scope: CurrentScope, wanted: Wanted) -> Response:
        """Count what fits the filter."""
        async with runtime.db.snapshot() as tx:
            return fast({"count": await things.count(tx, scope, kind, wanted)})

    @router.get("/export", **files(*(form.media_type for form in ExportForm)))
    async def export(
        runtime: CurrentRuntime, scope: CurrentScope, wanted: Wanted, form: ExportForm = ExportForm.CSV
    ) -> StreamingResponse:
        """Get all that fits the filter as a file, as of one moment."""
        pieces = exports.export(runtime.db, scope, kind, wanted, form)
        first = await anext(pieces)  # whatever may be refused is refused now, while an error can still be answered
        headers = {"Content-Disposition": f'attachment; filename="{served.path}.{form}"', "Cache-Control": "no-store"}
        return StreamingResponse(_chained(first, pieces), 200, headers, form.media_type)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _add_details(router: APIRouter, served: _Served) -> None:
    kind = served.kind

    @router.get("/{identity}", response_model=served.detail)
    async def detail(runtime: CurrentRuntime, scope: CurrentScope, identity: Identity) -> Response:
        """Get one with all that belongs to it."""
        async with runtime.db.snapshot() as tx:
            return fast(await things.detail(tx, scope, kind, identity))

    @router.get("/{identity}/history", response_model=PageOf[schemas.History])
    async def history(
        *,
        runtime: CurrentRuntime,
        scope: CurrentScope,
        identity: Identity,
        cursor: Cursor = None,
        limit: Limit = 50,
        whole: Annotated[bool, Query(description="Also of what belongs to it.")] = False,
    ) -> Response:
        """List the changes of its configuration, the newest first, with the values before and after."""
        async with runtime.db.snapshot() as tx:
            return fast(await things.history(tx, scope, kind, identity, cursor=cursor, limit=limit, whole=whole))

    @router.get("/{identity}/timeline", response_model=schemas.Events)
    async def timeline(
        runtime: CurrentRuntime,
        scope: CurrentScope,
        identity: Identity,
        before: Moment | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        """List everything that happened to it before a moment, the newest first."""
        moment = before or runtime.clock.now()
        async with runtime.db.snapshot() as tx:
            events: Any = await things.timeline(tx, scope, kind, identity, before=moment, limit=limit)
        return fast({"items": events})


router = APIRouter()
for _served in _SERVED:
    router.include_router(_router(_served))
