"""REST of visits."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, Day, fast
from tieline.utility.fieldwork.model import Outcome, VisitState
from tieline.utility.fieldwork.routes.crews import Identity
from tieline.utility.fieldwork.schemas import CancelVisitsBody, MoveVisitsBody, VisitsBody
from tieline.utility.fieldwork.service import orders, visits
from tieline.utility.fieldwork.service.orders import Target
from tieline.utility.fieldwork.store.visits import VisitFilter

router = APIRouter(prefix="/field", tags=["field work"])
Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=400)]
Word = Annotated[str | None, Query(max_length=200)]
Number = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


def wanted(
    *,
    state: Annotated[list[VisitState], Query(max_length=10)] = [],  # noqa: B006 - FastAPI copies it
    outcome: Annotated[list[Outcome], Query(max_length=10)] = [],  # noqa: B006 - FastAPI copies it
    origin: Word = None,
    region: Word = None,
    order: Number = None,
    crew: Number = None,
    site: Number = None,
    day: Day | None = None,
    unassigned: bool = False,
    late: bool = False,
    troubled: bool = False,
    attention: bool = False,
    q: Annotated[str, Query(max_length=200)] = "",
) -> VisitFilter:
    """Which visits, as the query says."""
    return VisitFilter(
        tuple(state), tuple(outcome), origin, region, order, crew, site, day, unassigned, late, troubled, attention,
        q.replace("\0", ""),
    )  # fmt: skip


Wanted = Annotated[VisitFilter, Depends(wanted)]


@router.get("/visits")
async def list_visits(
    runtime: CurrentRuntime, scope: CurrentScope, chosen: Wanted, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """Visits, by number; a crew sees its own alone."""
    async with runtime.db.snapshot() as tx:
        page = await visits.page(tx, scope, runtime.calendar, chosen, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.get("/visits/count")
async def count_visits(runtime: CurrentRuntime, scope: CurrentScope, chosen: Wanted) -> Response:
    """How many visits fit."""
    async with runtime.db.snapshot() as tx:
        return fast({"count": await visits.count(tx, scope, runtime.calendar, chosen)})


@router.post("/visits", status_code=201)
async def plan_visits(body: VisitsBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Plan visits, in no order yet; those planned before stay as they are. All are planned, or none."""
    async with runtime.db.transaction() as tx:
        made = await visits.plan_visits(tx, scope, [one.visit() for one in body.visits], clock=runtime.clock)
    return fast({"visits": made}, status=201)


@router.post("/visits/cancel")
async def cancel_visits(body: CancelVisitsBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Cancel visits; those that are over stay as they are."""
    async with runtime.db.transaction() as tx:
        return fast({"cancelled": await visits.cancel_visits(tx, scope, body.ids, body.why)})


@router.post("/visits/move")
async def move_visits(body: MoveVisitsBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Move visits to another order, or to a crew's day; both orders are put into their best sequence again."""
    target = Target(body.order_id, body.crew_id, body.day)
    async with runtime.db.transaction() as tx:
        return fast(await orders.move_visits(tx, scope, runtime.calendar, body.ids, target))


@router.get("/visits/{visit_id}")
async def show_visit(visit_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A visit with its steps, what was reported from it, and its pictures."""
    async with runtime.db.snapshot() as tx:
        return fast(await visits.detail(tx, scope, visit_id))
