"""Notices as staff write them: each act with its author, and in the audit trail; and whom a phase hits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tieline.gateway.backends.port import Radio
from tieline.gateway.backoffice.schemas import NoticeBody
from tieline.gateway.desk import service
from tieline.gateway.desk.model import Notice
from tieline.gateway.desk.resources import RADIO
from tieline.gateway.parts import Parts
from tieline.platform import audit
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Permission, Scope
from tieline.standards.tmf.announcements import Phase
from tieline.standards.tmf.change import BASE_PATH


async def write(tx: Tx, scope: Scope, ref: str, body: NoticeBody, now: datetime) -> Notice:
    """Keep a notice, or what its next revision is to be; utilities see it once it is published."""
    scope.require(Permission.STAFF_OPERATE)
    if body.kind == "phase-out" and body.technology is None:
        raise Invalid("A phase-out names its technology.", [Problem("technology", "required", "2G, 3G, 4G or 5G.")])
    wanted = {
        "kind": body.kind,
        "approval": body.approval,
        "audience": None if body.utilities is None else sorted(set(body.utilities)),
        "draft": body.model_dump(include={"title", "description", "technology", "priority", "phases"}),
        "by": f"staff:{body.by}",
    }
    made = await service.write(tx, ref, wanted, now)
    await _log(tx, scope, "notice.written", ref, {"title": body.title, "phases": len(body.phases)})
    return made


async def publish(tx: Tx, scope: Scope, parts: Parts, ref: str, reason: str) -> Notice:
    """Make what is written the next revision, and tell utilities; what is published already is not told again."""
    scope.require(Permission.STAFF_OPERATE)
    by, root = author(scope), f"{parts.base_url}{BASE_PATH}"
    had = await service.one(tx, ref, lock=True)
    made = await service.publish(tx, ref, by=by, reason=reason, base_url=root, now=parts.clock.now())
    if made.revision != had.revision:
        await _log(tx, scope, "notice.published", ref, {"revision": made.revision, "reason": reason})
    return made


async def withdraw(tx: Tx, scope: Scope, parts: Parts, ref: str, reason: str) -> Notice:
    """Take a published notice back, and tell utilities."""
    scope.require(Permission.STAFF_OPERATE)
    by, root = author(scope), f"{parts.base_url}{BASE_PATH}"
    made = await service.withdraw(tx, ref, by=by, reason=reason, base_url=root, now=parts.clock.now())
    await _log(tx, scope, "notice.withdrawn", ref, {"reason": reason})
    return made


async def discard(tx: Tx, scope: Scope, ref: str) -> None:
    """Drop what was written since the last revision; a notice that was never published goes as a whole."""
    scope.require(Permission.STAFF_OPERATE)
    await service.discard(tx, ref)
    await _log(tx, scope, "notice.draft-dropped", ref, {})


async def hits(tx: Tx, radio: Radio, said: Mapping[str, Any]) -> list[Mapping[str, int] | None]:
    """How many subscriptions of each utility are served within each phase now; None where the network cannot tell."""
    technology = said.get("technology")
    rat = RADIO[technology] if technology else None
    phases = msgspec.convert(said.get("phases", []), list[Phase])
    return [await radio.struck(tx, rat, phase.area) for phase in phases]


def author(scope: Scope) -> str:
    """Who acts, as notices and the change log have it: ``staff:ada``."""
    return f"staff:{scope.actor.partition(':')[2]}"


async def _log(tx: Tx, scope: Scope, action: str, ref: str, detail: Mapping[str, Any]) -> None:
    await audit.append(tx, scope, audit.Entry(action, f"notice:{ref}", detail))
