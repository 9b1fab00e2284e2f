"""REST of probing."""

import uuid
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import StringConstraints

from tieline.platform.errors import NotFound
from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.probing import service
from tieline.utility.probing.model import AnswerFilter, Probe, ProbeFilter, Why
from tieline.utility.probing.schemas import AskBody, Asked

router = APIRouter(tags=["probing"])
Name = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.post("/probes", status_code=202)
async def ask(body: AskBody, runtime: CurrentRuntime, scope: CurrentScope) -> Asked:
    """Have the applications at sites asked whether they answer; look for it in ``GET /probes``."""
    key = body.key or uuid.uuid4().hex
    async with runtime.db.transaction() as tx:
        asked = await service.ask_by_hand(tx, scope, body.subscription_ids, key=key, clock=runtime.clock)
    return Asked(asked=asked, origin=service.origin_of(scope), key=key)


@router.get("/probes")
async def list_probes(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    *,
    subscription_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    ok: bool | None = None,
    waiting: bool | None = None,
    why: Why | None = None,
    origin: Annotated[str | None, Query(max_length=200)] = None,
    key: Annotated[str | None, Query(max_length=200)] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Probes, the newest first."""
    wanted = ProbeFilter(subscription_id, ok, waiting, why, origin, key)
    async with runtime.db.snapshot() as tx:
        page = await service.probe_page(tx, scope, wanted, cursor=cursor, limit=limit)
    return fast({"items": [_shown(one) for one in page.items], "next": page.next})


@router.get("/probes/summary")
async def summarise(runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """How many wait, and how many came to which end within a day."""
    async with runtime.db.snapshot() as tx:
        return fast(await service.summary(tx, scope, runtime.clock))


@router.get("/probes/latest")
async def latest_answers(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    *,
    ok: bool | None = None,
    why: Annotated[list[Why], Query(max_length=len(Why))] = [],  # noqa: B006 - FastAPI copies it
    operator: Annotated[list[Name], Query(max_length=50)] = [],  # noqa: B006 - FastAPI copies it
    region: Annotated[list[Name], Query(max_length=50)] = [],  # noqa: B006 - FastAPI copies it
    site_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    older_than_hours: Annotated[float | None, Query(ge=0, le=87_600)] = None,
    waiting: bool | None = None,
    q: Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")] = "",
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """The last answer of each application that was ever asked, the newest first."""
    before = None if older_than_hours is None else runtime.clock.now() - timedelta(hours=older_than_hours)
    wanted = AnswerFilter(ok, why, operator, region, before, waiting, q.strip(), site_id)
    async with runtime.db.snapshot() as tx:
        page = await service.answer_page(tx, scope, wanted, cursor=cursor, limit=limit)
    return fast({"items": [{**_fields(one), "sentence": one.why.sentence} for one in page.items], "next": page.next})


@router.get("/subscriptions/{subscription_id}/probe")
async def last_answer(subscription_id: Id, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """The last answer of the application behind a subscription."""
    async with runtime.db.snapshot() as tx:
        found = (await service.latest(tx, scope, [subscription_id])).get(subscription_id)
    if found is None:
        raise NotFound("The application behind this subscription was never asked, or you may not see it.")
    return fast({**_fields(found), "sentence": found.why.sentence})


def _shown(one: Probe) -> dict[str, object]:
    return {**_fields(one), "sentence": one.why.sentence if one.why else "It is being asked."}


def _fields(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}  # type: ignore[attr-defined]
