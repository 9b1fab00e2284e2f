"""REST of the audit trail."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from tieline.platform import audit
from tieline.platform.audit.chain import Wrong
from tieline.platform.audit.sealing import judge
from tieline.platform.scope import Permission
from tieline.platform.web import CurrentRuntime, CurrentScope, Moment, fast

router = APIRouter(prefix="/audit", tags=["audit"])
_Word = Annotated[str | None, Query(max_length=200)]


class EntryView(BaseModel):
    """An entry of the trail."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    request_id: str
    hash: str = Field(description="SHA-256 over the previous entry's hash and this entry, hexadecimal.")


class EntryPage(BaseModel):
    """Entries, the latest first."""

    items: list[EntryView]
    next: str | None


class FaultView(BaseModel):
    """What was done to the trail, and where."""

    wrong: Wrong
    seq: int
    detail: str


class VerdictView(BaseModel):
    """Whether the trail is what was written."""

    ok: bool
    entries: int = Field(description="How many entries from the first on are good.")
    hash: str = Field(description="The hash of the last good entry.")
    witnessed: int = Field(
        description="The last entry whose signed head agrees. 0: none was found, so a complete rewrite would not show."
    )
    fault: FaultView | None


@router.get("", response_model=EntryPage)
async def entries(
    scope: CurrentScope,
    runtime: CurrentRuntime,
    *,
    actor: _Word = None,
    action: Annotated[str | None, Query(max_length=200, description="`change.*` means all that begin so.")] = None,
    subject: _Word = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List what was done, the latest first, by who, what, to what and when."""
    wanted = audit.Filter(actor, action, subject, since, until)
    async with runtime.db.snapshot() as tx:
        page = await audit.entries(tx, scope, wanted, cursor=cursor, limit=limit)
    return fast(page)


@router.get("/verify")
async def verify(scope: CurrentScope, runtime: CurrentRuntime) -> VerdictView:
    """Follow the whole chain beside its signed heads, and say what is wrong, if anything."""
    scope.require(Permission.AUDIT_READ)
    verdict = await judge(runtime)
    fault = verdict.fault
    return VerdictView(
        ok=verdict.ok,
        entries=verdict.head.seq,
        hash=verdict.head.hash.hex(),
        witnessed=verdict.witnessed,
        fault=FaultView(wrong=fault.wrong, seq=fault.seq, detail=fault.detail) if fault else None,
    )
