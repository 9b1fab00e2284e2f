"""Places, items, movements, losses, the balance."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.logistics import schemas
from tieline.utility.logistics.model import Goods, Move, PlaceKind
from tieline.utility.logistics.routes.common import Cursor, Identity, Limit, Text, Texts, item_shown
from tieline.utility.logistics.service import balancing, carrying, looking, losing, moving, placing
from tieline.utility.logistics.store.lists import ItemFilter

router = APIRouter(prefix="/stock", tags=["stock"])
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]


@router.get("/places")
async def list_places(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    kind: Annotated[list[PlaceKind], Query()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Places: suppliers, warehouses, crews, repair, scrap, lost; sites if asked for."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await placing.listed(tx, scope, kind or placing.ANCHORED)})


@router.put("/warehouses/{code}")
async def put_warehouse(
    code: Code, body: schemas.WarehouseBody, runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """Make a warehouse, or give one another name."""
    async with runtime.db.transaction() as tx:
        return fast(await placing.put_warehouse(tx, scope, code=code, name=body.name, region=body.region))


@router.put("/crews/{crew_id}")
async def put_crew(crew_id: Identity, body: schemas.CrewBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Make a place for what a crew carries."""
    async with runtime.db.transaction() as tx:
        return fast(await placing.crew_place(tx, scope, crew_id=crew_id, name=body.name, region=body.region))


@router.get("/totals")
async def totals(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """How many items of each sort are in each place."""
    async with runtime.db.snapshot() as tx:
        return fast({"items": await balancing.place_totals(tx, scope)})


@router.get("/items")
async def list_items(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    goods: Annotated[list[Goods], Query()] = [],  # noqa: B006 - FastAPI copies it
    kind: Annotated[list[PlaceKind], Query(description="Sort of place.")] = [],  # noqa: B006
    place: Annotated[list[int], Query(max_length=100)] = [],  # noqa: B006
    operator: Texts = [],  # noqa: B006
    variety: Texts = [],  # noqa: B006
    generation: Texts = [],  # noqa: B006
    used: bool | None = None,
    irregular: bool | None = None,
    delivery: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    q: Text = "",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Items: where each is, and since when."""
    wanted = ItemFilter(
        goods=tuple(goods),
        kinds=tuple(kind),
        place_ids=tuple(one for one in place if 0 < one < 2**63),
        operators=tuple(operator),
        varieties=tuple(variety),
        generations=tuple(generation),
        used=used,
        irregular=irregular,
        delivery_id=delivery,
        q=q,
    )
    async with runtime.db.snapshot() as tx:
        page = await looking.page(tx, scope, wanted, cursor=cursor, limit=limit)
    return fast({"items": [item_shown(one) for one in page.items], "next": page.next})


@router.get("/items/{item_id}")
async def show_item(item_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """An item, with every movement it made."""
    async with runtime.db.snapshot() as tx:
        item = await looking.one(tx, scope, item_id)
        life = await looking.life(tx, scope, item_id)
    return fast({**item_shown(item), "life": life})


@router.get("/where/{goods}")
async def where(
    goods: Goods,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    serial: Annotated[list[schemas.Serial], Query(min_length=1, max_length=1000)],
) -> Response:
    """Where some items are; those that the ledger does not have are named."""
    async with runtime.db.snapshot() as tx:
        found = await moving.where(tx, scope, goods, serial)
    return fast({"items": list(found.values()), "unknown": [one for one in serial if one not in found]})


@router.post("/moves")
async def move(body: schemas.MoveBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Move items; each that cannot be moved is named with the reason, the others are moved."""
    moves = [Move(body.goods, one, body.to_place, body.reason, body.from_place) for one in body.serials]
    async with runtime.db.transaction() as tx:
        moved = await moving.move(tx, scope, moves, key=body.key, reason=body.reason, reference=body.reference)
    return fast(moving.answer(moved))


@router.post("/issues")
async def issue(body: schemas.IssueBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Hand items of a warehouse to a crew."""
    goods = [(body.goods, one) for one in body.serials]
    async with runtime.db.transaction() as tx:
        moved = await moving.issue(
            tx,
            scope,
            goods,
            warehouse_id=body.warehouse_id,
            to_place=body.to_place,
            key=body.key,
            reason=body.reason,
            reference=body.reference,
        )
    return fast(moving.answer(moved))


@router.post("/fittings")
async def fit(body: schemas.FitBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A crew fitted items at a site."""
    goods = [(body.goods, one) for one in body.serials]
    async with runtime.db.transaction() as tx:
        moved = await carrying.fit(
            tx,
            scope,
            site_id=body.site_id,
            crew_id=body.crew_id,
            goods=goods,
            key=body.key,
            force=body.force,
            reference=body.reference,
        )
    return fast(moving.answer(moved))


@router.post("/removals")
async def bring_back(body: schemas.RemovalBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A crew took items away from a site."""
    goods = [(body.goods, one) for one in body.serials]
    async with runtime.db.transaction() as tx:
        moved = await carrying.bring_back(
            tx,
            scope,
            site_id=body.site_id,
            crew_id=body.crew_id,
            goods=goods,
            key=body.key,
            reference=body.reference,
        )
    return fast(moving.answer(moved))


@router.post("/losses/preview")
async def preview_loss(body: schemas.LossBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Say what reporting a loss would do, without doing it."""
    async with runtime.db.snapshot() as tx:
        seen = await losing.preview(tx, scope, [(body.goods, one) for one in body.serials], clock=runtime.clock)
    return fast(preview_shown(seen))


def preview_shown(seen: losing.Preview) -> dict[str, Any]:
    """What a loss would do, as REST shows it."""
    return {
        "items": [{"goods": one.goods, "serial": one.serial, "place": one.place.name} for one in seen.items],
        "cards": [
            {"iccid": one.iccid, "operator": one.operator, "state": one.subscription_state} for one in seen.cards
        ],
        "blocked": [one.iccid for one in seen.live],
        "unknown": list(seen.unknown),
        "change_type": seen.type if seen.live else None,
        "policy": seen.policy,
    }


@router.post("/losses", status_code=201)
async def lose(body: schemas.LossBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Report items as lost or stolen; the lines of their cards are suspended by a change."""
    async with runtime.db.transaction() as tx:
        lost = await losing.lose_many(
            tx,
            scope,
            [(body.goods, one) for one in body.serials],
            why=body.why,
            stolen=body.stolen,
            clock=runtime.clock,
        )
    return fast(lost, status=201)


@router.get("/losses")
async def list_losses(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    state: Texts = [],  # noqa: B006 - FastAPI copies it
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Losses, the newest first: what is being blocked, what is blocked, and what is stuck."""
    async with runtime.db.snapshot() as tx:
        page = await losing.page(tx, scope, states=state, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.post("/losses/{loss_id}/block")
async def block_again(loss_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Make a new change for a loss whose cards could not be blocked."""
    async with runtime.db.transaction() as tx:
        change_id = await losing.block_again(tx, scope, loss_id, clock=runtime.clock)
    return fast({"change_id": change_id})


@router.get("/balance")
async def balance(
    runtime: CurrentRuntime, scope: CurrentScope, listed: Annotated[int, Query(ge=0, le=10_000)] = 1000
) -> Response:
    """Whether the ledger balances; every difference names its item."""
    async with runtime.db.snapshot() as tx:
        return fast(await balancing.balance(tx, scope, listed=listed))


@router.post("/take-in")
async def take_in(body: schemas.TakeInBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take up everything that the inventory has and the ledger does not."""
    async with runtime.db.transaction() as tx:
        moved = await balancing.take_in(tx, scope, warehouse_id=body.warehouse_id, key=body.key)
    return fast(moving.answer(moved))
