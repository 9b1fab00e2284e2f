"""The fleet as a whole: search, summary, stock, map."""

import asyncio
import hashlib
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, etag_of, fast, unchanged, validated
from tieline.utility.inventory.routes.filters import Wanted
from tieline.utility.inventory.schemas import fleet as schemas
from tieline.utility.inventory.service import finding, summary
from tieline.utility.inventory.service import map as maps
from tieline.utility.inventory.service import search as searching

router = APIRouter(tags=["fleet"])


@router.get("/search", response_model=schemas.SearchHits)
async def search(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    q: Annotated[str, Query(max_length=200)],
    limit: Annotated[int, Query(ge=1, le=searching.MAX_HITS)] = 20,
) -> Response:
    """Find anything by an identifier's beginning or end, a name's words, or a postcode; kinds mixed, best first."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await finding.find(tx, scope, q, limit=limit)})


@router.get("/fleet/summary", response_model=schemas.Summary)
async def fleet_summary(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    wanted: Wanted,
    by: Annotated[
        str, Query(max_length=200, description=f"Names separated by commas: {', '.join(summary.DIMENSIONS)}.")
    ] = ",".join(summary.DEFAULT_BY),
) -> Response:
    """Count sites and fitted subscriptions for each combination of what is asked for."""
    async with runtime.db.snapshot() as tx:
        return fast(await summary.fleet_summary(tx, scope, runtime.clock, wanted, by=by.split(",")))


@router.get("/cards/stock", response_model=schemas.Stock)
async def card_stock(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Count the cards that are fitted nowhere."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await summary.card_stock(tx, scope)})


@router.get("/sites/map", response_model=schemas.SiteMap)
async def site_map(request: Request, runtime: CurrentRuntime, scope: CurrentScope, wanted: Wanted) -> Response:
    """All sites that fit and have a position, in columns; answers 304 to who holds the same already."""
    async with runtime.db.snapshot() as tx:
        body = await maps.site_map(tx, scope, wanted)
    etag = etag_of((await asyncio.to_thread(hashlib.blake2b, body)).hexdigest())
    return unchanged(request, etag) or Response(body, 200, validated(etag), "application/json")
