"""Is it alive, is it ready, and how is it: for supervisors, load balancers and Prometheus."""

import asyncio
import ipaddress
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from tieline.platform import jobs, metrics, outbox
from tieline.platform.db import Tx, answers, has_table
from tieline.platform.errors import TielineError
from tieline.platform.pki.expiry import SOON, VERY_SOON, Expiry, certificates
from tieline.platform.scope import Permission
from tieline.platform.web.context import CurrentRuntime, current_caller
from tieline.platform.wiring import Runtime

_SECONDS = 3.0
_LAG = 60.0
_HEARTBEAT = 15.0
_NAMED = 5
_MEGABYTE = 1_000_000
_LITTLE_ROOM = 512 * _MEGABYTE

router = APIRouter(tags=["health"])
log = structlog.get_logger(__name__)


class Check(BaseModel):
    """One thing that was looked at."""

    ok: bool
    detail: str


class Readiness(BaseModel):
    """``ready``; ``degraded``: requests are served, and something behind them lags; ``unavailable``: none is."""

    status: Literal["ready", "degraded", "unavailable"]
    checks: dict[str, Check]


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Answer as long as the process can answer at all."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request, runtime: CurrentRuntime, response: Response) -> Readiness:
    """Say whether requests can be served: 503 without the database; a late outbox or dead workers only degrade."""
    database = await _check(runtime, _database)
    checks = {"database": database}
    if database.ok:
        checks["outbox"] = await _check(runtime, _outbox)
        checks["workers"] = await _check(runtime, _workers)
        checks["certificates"] = await _certificates(request, runtime)
    checks["disk"] = await _disk(request, runtime)
    if not database.ok:
        response.status_code = 503
        return Readiness(status="unavailable", checks=checks)
    whole = all(check.ok for check in checks.values())
    return Readiness(status="ready" if whole else "degraded", checks=checks)


async def _only_neighbours(request: Request, runtime: CurrentRuntime) -> None:
    """Let callers on this machine pass, and others with a token that may watch the system."""
    host = request.client.host if request.client else ""
    try:
        near = ipaddress.ip_address(host).is_loopback
    except ValueError:
        near = False
    if not near:
        caller = await current_caller(request, runtime)
        caller.scope.require(Permission.OPERATIONS)


@router.get("/metrics", dependencies=[Depends(_only_neighbours)], include_in_schema=False)
async def prometheus(request: Request, runtime: CurrentRuntime) -> Response:
    """All metrics in Prometheus' text form."""
    system: metrics.SystemMetrics = request.app.state.system_metrics
    system.pool(runtime.db.stats())
    async with runtime.db.snapshot() as tx:
        if await has_table(tx, "outbox_event"):
            found = await outbox.status(tx)
            system.outbox(waiting=found.waiting, dead=found.dead, lag=found.lag)
        if await has_table(tx, "procrastinate_jobs"):
            system.lanes(await jobs.lanes(tx))
    now = runtime.clock.now()
    system.disk(await _free(request, runtime))
    system.certificates({one.name: one.left(now).total_seconds() for one in await _found(request, runtime)})
    return Response(metrics.render(request.app.state.collectors), media_type=metrics.CONTENT_TYPE)


async def _found(request: Request, runtime: Runtime) -> list[Expiry]:
    """The certificates that this process goes by: a gateway names its own folder."""
    given = getattr(request.app.state, "pki", None)
    folder, more = given or (runtime.settings.pki_folder, runtime.settings.tls_certificate)
    return await asyncio.to_thread(certificates, folder, more)


async def _disk(request: Request, runtime: Runtime) -> Check:
    """Warn while there is still room to act in: a full disk stops PostgreSQL beside us, imports and pictures."""
    free = await _free(request, runtime)
    return Check(ok=free >= _LITTLE_ROOM, detail=f"{free // _MEGABYTE:,} MB free")


async def _free(request: Request, runtime: Runtime) -> int:
    """Octets that are free where this process keeps its files: a gateway names its own folder."""
    folder: Path = getattr(request.app.state, "folder", runtime.settings.home)
    there = next((one for one in (folder, *folder.parents) if one.exists()), Path("/"))
    return (await asyncio.to_thread(shutil.disk_usage, there)).free


async def _certificates(request: Request, runtime: Runtime) -> Check:
    """Warn of what is over within thirty days; what is over within a week degrades."""
    now = runtime.clock.now()
    soon = [one for one in await _found(request, runtime) if one.left(now) < SOON]
    worst = min((one.left(now) for one in soon), default=SOON)
    told = ", ".join(f"{one.name}: {one.words(now)}" for one in soon[:_NAMED])
    return Check(ok=worst >= VERY_SOON, detail=told or "more than 30 days left")


async def _check(runtime: Runtime, look: Callable[[Tx], Awaitable[Check]]) -> Check:
    try:
        async with asyncio.timeout(_SECONDS), runtime.db.transaction() as tx:
            return await look(tx)
    except Exception as error:  # whatever goes wrong is the finding
        log.warning("health.check_failed", check=look.__name__, exc_info=error)
        return Check(ok=False, detail=error.detail if isinstance(error, TielineError) else "does not answer")


async def _database(tx: Tx) -> Check:
    return Check(ok=await answers(tx), detail="answers")


async def _outbox(tx: Tx) -> Check:
    if not await has_table(tx, "outbox_event"):
        return Check(ok=True, detail="not used here")
    found = await outbox.status(tx)
    detail = f"{found.waiting} waiting, {found.dead} dead, oldest {found.lag:.0f} s"
    return Check(ok=found.lag < _LAG and not found.dead, detail=detail)


async def _workers(tx: Tx) -> Check:
    if not await has_table(tx, "procrastinate_workers"):
        return Check(ok=True, detail="not used here")
    age = await jobs.heartbeat_age(tx)
    return Check(ok=age is not None and age < _HEARTBEAT, detail="none" if age is None else f"heard {age:.0f} s ago")
