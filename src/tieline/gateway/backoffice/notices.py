"""Notices to utilities, as the operator's staff write, publish, revise and withdraw them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from tieline.gateway.backoffice import announcing, terms
from tieline.gateway.backoffice.access import CurrentParts, authenticated
from tieline.gateway.backoffice.schemas import NoticeBody
from tieline.gateway.desk import service, store
from tieline.gateway.desk.model import Notice

router = APIRouter(prefix="/backoffice/v1", tags=["notices"], dependencies=[Depends(authenticated)])
Ref = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="The operator's own reference.")]
_LINE = r"^[^\x00-\x1f\x7f]+$"
_TEXT = r"^[^\x00]*$"
LARGEST = 8 * 1024 * 1024


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Step(_Strict):
    """Who publishes or withdraws a notice, and why: utilities read the reason."""

    by: str = Field(min_length=1, max_length=100, pattern=_LINE)
    reason: str = Field("", max_length=400, pattern=_TEXT)


class Shown(BaseModel):
    """A notice: ``published`` is what utilities see, ``draft`` what was written since."""

    ref: str
    kind: str
    state: str
    approval: bool
    utilities: list[str] | None
    revision: int
    published: dict[str, Any] | None
    draft: dict[str, Any] | None
    reason: str
    published_at: datetime | None
    updated_at: datetime
    updated_by: str
    answers: list[dict[str, Any]] = []


class Notices(BaseModel):
    """A page of notices; ``next`` goes into ``after``."""

    items: list[Shown]
    next: str | None


class Revision(BaseModel):
    """One published revision."""

    revision: int
    content: dict[str, Any]
    reason: str
    at: datetime
    by: str


class Hit(BaseModel):
    """Whom a phase hits; null where the network cannot tell for such an area."""

    phase: str
    subscriptions: dict[str, int] | None


@router.get("/notices")
async def list_notices(
    parts: CurrentParts,
    after: Annotated[str, Query(max_length=64, pattern=_TEXT)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Notices:
    """Notices by reference."""
    async with parts.db.snapshot() as tx:
        found = await store.listed(tx, after=after, limit=limit + 1)
    items = [_shown(one) for one in found[:limit]]
    return Notices(items=items, next=items[-1].ref if len(found) > limit else None)


@router.get("/notices/{ref}")
async def show_notice(ref: Ref, parts: CurrentParts) -> Shown:
    """A notice, and what utilities answered."""
    async with parts.db.snapshot() as tx:
        found = await service.one(tx, ref)
        return _shown(found, await store.answers(tx, found.id))


@router.put("/notices/{ref}", max_body_size=LARGEST)
async def write_notice(ref: Ref, body: NoticeBody, parts: CurrentParts) -> Shown:
    """Write a notice, or what its next revision is to be; utilities see it once it is published."""
    async with parts.db.transaction() as tx:
        return _shown(await announcing.write(tx, terms.staff(body.by), ref, body, parts.clock.now()))


@router.post("/notices/{ref}/publish")
async def publish_notice(ref: Ref, body: Step, parts: CurrentParts) -> Shown:
    """Publish what is written as the next revision, and tell utilities; what is published already is not told again."""
    async with parts.db.transaction() as tx:
        found = await announcing.publish(tx, terms.staff(body.by), parts, ref, body.reason)
    parts.signals.hub.set()
    return _shown(found)


@router.post("/notices/{ref}/withdraw")
async def withdraw_notice(ref: Ref, body: Step, parts: CurrentParts) -> Shown:
    """Take a published notice back, and tell utilities."""
    async with parts.db.transaction() as tx:
        found = await announcing.withdraw(tx, terms.staff(body.by), parts, ref, body.reason)
    parts.signals.hub.set()
    return _shown(found)


@router.delete("/notices/{ref}/draft", status_code=204)
async def discard_draft(ref: Ref, parts: CurrentParts) -> Response:
    """Drop what was written since the last revision; a notice that was never published goes as a whole."""
    async with parts.db.transaction() as tx:
        await announcing.discard(tx, terms.staff("back office"), ref)
    return Response(status_code=204)


@router.get("/notices/{ref}/hits")
async def whom_it_hits(ref: Ref, parts: CurrentParts) -> list[Hit]:
    """How many subscriptions of each utility are served within each phase now."""
    async with parts.db.snapshot() as tx:
        found = await service.one(tx, ref)
        said = found.draft or found.content or {}
        hits = await announcing.hits(tx, parts.radio, said)
    return [
        Hit(phase=phase["id"], subscriptions=None if hit is None else dict(hit))
        for phase, hit in zip(said.get("phases", []), hits, strict=True)
    ]


@router.get("/notices/{ref}/revisions")
async def list_revisions(ref: Ref, parts: CurrentParts) -> list[Revision]:
    """Every revision that was published, the latest first."""
    async with parts.db.snapshot() as tx:
        found = await service.one(tx, ref)
        return [Revision(**row) for row in await store.revisions(tx, found.id)]


def _shown(notice: Notice, answers: list[dict[str, Any]] | None = None) -> Shown:
    return Shown(
        ref=notice.ref,
        kind=notice.kind,
        state=notice.state,
        approval=notice.approval,
        utilities=None if notice.audience is None else list(notice.audience),
        revision=notice.revision,
        published=None if notice.content is None else dict(notice.content),
        draft=None if notice.draft is None else dict(notice.draft),
        reason=notice.reason,
        published_at=notice.published_at,
        updated_at=notice.updated_at,
        updated_by=notice.updated_by,
        answers=answers or [],
    )
