"""Notices to utilities, as the operator's staff write, publish, revise and withdraw them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from tieline.gateway.backoffice.access import CurrentParts, authenticated
from tieline.gateway.desk import service, store
from tieline.gateway.desk.model import Notice
from tieline.gateway.parts import Parts
from tieline.platform.errors import Invalid, Problem
from tieline.standards.tmf.change import BASE_PATH

router = APIRouter(prefix="/backoffice/v1", tags=["notices"], dependencies=[Depends(authenticated)])
Ref = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="The operator's own reference.")]
_LINE = r"^[^\x00-\x1f\x7f]+$"
_TEXT = r"^[^\x00]*$"
LARGEST = 8 * 1024 * 1024


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoticeBody(_Strict):
    """What a notice says. Phases are those of the operator profile: ``id``, ``name``, ``period``, ``area``."""

    kind: Literal["phase-out", "planned-work"]
    title: str = Field(min_length=1, max_length=200, pattern=_LINE)
    description: str = Field("", max_length=4000, pattern=_TEXT)
    technology: Literal["2G", "3G", "4G", "5G"] | None = Field(None, description="Which one; of planned work: or all.")
    priority: Literal["low", "medium", "high"] = "medium"
    approval: bool = Field(default=False, description="Whether utilities are asked to accept it.")
    utilities: list[str] | None = Field(None, min_length=1, max_length=1000, description="For whom; absent: all.")
    phases: list[dict[str, Any]] = Field(min_length=1, max_length=100)
    by: str = Field(min_length=1, max_length=100, pattern=_LINE)


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
    if body.kind == "phase-out" and body.technology is None:
        raise Invalid("A phase-out names its technology.", [Problem("technology", "required", "2G, 3G, 4G or 5G.")])
    draft = body.model_dump(include={"title", "description", "technology", "priority", "phases"})
    audience = None if body.utilities is None else sorted(set(body.utilities))
    wanted = {
        "kind": body.kind,
        "approval": body.approval,
        "audience": audience,
        "draft": draft,
        "by": f"staff:{body.by}",
    }
    async with parts.db.transaction() as tx:
        return _shown(await service.write(tx, ref, wanted, parts.clock.now()))


@router.post("/notices/{ref}/publish")
async def publish_notice(ref: Ref, body: Step, parts: CurrentParts) -> Shown:
    """Publish what is written as the next revision, and tell utilities; what is published already is not told again."""
    async with parts.db.transaction() as tx:
        found = await service.publish(
            tx, ref, by=f"staff:{body.by}", reason=body.reason, base_url=_root(parts), now=parts.clock.now()
        )
    parts.signals.hub.set()
    return _shown(found)


@router.post("/notices/{ref}/withdraw")
async def withdraw_notice(ref: Ref, body: Step, parts: CurrentParts) -> Shown:
    """Take a published notice back, and tell utilities."""
    async with parts.db.transaction() as tx:
        found = await service.withdraw(
            tx, ref, by=f"staff:{body.by}", reason=body.reason, base_url=_root(parts), now=parts.clock.now()
        )
    parts.signals.hub.set()
    return _shown(found)


@router.delete("/notices/{ref}/draft", status_code=204)
async def discard_draft(ref: Ref, parts: CurrentParts) -> Response:
    """Drop what was written since the last revision; a notice that was never published goes as a whole."""
    async with parts.db.transaction() as tx:
        await service.discard(tx, ref)
    return Response(status_code=204)


@router.get("/notices/{ref}/revisions")
async def list_revisions(ref: Ref, parts: CurrentParts) -> list[Revision]:
    """Every revision that was published, the latest first."""
    async with parts.db.snapshot() as tx:
        found = await service.one(tx, ref)
        return [Revision(**row) for row in await store.revisions(tx, found.id)]


def _root(parts: Parts) -> str:
    return f"{parts.base_url}{BASE_PATH}"


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
