"""What the top bar tells on every page: how fresh each operator's feed is, and which changes run.

It is the same for everybody with the same bounds, so it is read at most every other second for all of them.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tieline.console.components.frame import Feed, Running, StormNotice
from tieline.console.components.values import Tone
from tieline.platform.db import Tx
from tieline.platform.pki.expiry import SOON, VERY_SOON, certificates
from tieline.platform.scope import Permission, Scope, named
from tieline.platform.wiring import Runtime
from tieline.utility import changes, incidents
from tieline.utility.connectors import service as connectors
from tieline.utility.console.words import listed

KEPT_FOR = timedelta(seconds=2)
_MOST_KEPT = 200
_RUNNING_SHOWN = 5
_POLLED_STALE = timedelta(minutes=15)
Key = tuple[frozenset[str] | None, frozenset[str] | None, frozenset[Permission]]


@dataclass(frozen=True, slots=True)
class Status:
    """Feeds, running changes, how many incidents nobody looks after yet, and the storms that last."""

    feeds: tuple[Feed, ...] = ()
    running: tuple[Running, ...] = ()
    incidents: int = 0
    storms: tuple[StormNotice, ...] = ()


@dataclass(slots=True)
class Watch:
    """Keeps the status for a moment, by what people may see."""

    kept: dict[Key, tuple[datetime, Status]] = field(default_factory=dict)

    async def status(self, runtime: Runtime, scope: Scope) -> Status:
        """The present status for somebody with this scope."""
        key = (scope.regions, scope.operators, scope.permissions)
        now = runtime.clock.now()
        known = self.kept.get(key)
        if known and now - known[0] < KEPT_FOR:
            return known[1]
        async with runtime.db.snapshot() as tx:
            found = Status(
                await _feeds(tx, scope),
                await _running(tx, runtime, scope),
                await _incidents(tx, scope),
                await _storms(tx, runtime, scope),
            )
        found = replace(found, feeds=(*found.feeds, *await _certificates(runtime, scope)))
        if len(self.kept) >= _MOST_KEPT:
            self.kept.clear()
        self.kept[key] = (now, found)
        return found


async def _feeds(tx: Tx, scope: Scope) -> tuple[Feed, ...]:
    if not scope.may(Permission.INVENTORY_READ):
        return ()
    return tuple(feed(row) for row in await connectors.health(tx, scope))


async def _certificates(runtime: Runtime, scope: Scope) -> tuple[Feed, ...]:
    """Certificates that are over within thirty days, for who can do something about it."""
    if not scope.may(Permission.OPERATOR_WRITE):
        return ()
    settings, now = runtime.settings, runtime.clock.now()
    found = await asyncio.to_thread(certificates, settings.pki_folder, settings.tls_certificate)
    return tuple(
        Feed(
            f"Certificate {one.name}",
            Tone.BAD if one.left(now) < VERY_SOON else Tone.WARN,
            one.words(now),
            one.not_before,
            href="/operators",
        )
        for one in found
        if one.left(now) < SOON
    )


def feed(row: Mapping[str, Any]) -> Feed:
    """One operator's line and feed, in words: the feed when the operator notifies, else the line that asks it."""
    name = f"Operator {row['operator']}"
    href = f"/operators/{row['operator']}"
    if row["circuit"] == "open":
        return Feed(name, Tone.BAD, "not reached", row["last_ok_at"], href=href)
    if row["silent"]:
        return Feed(name, Tone.WARN, "silent", row["heard_at"], href=href)
    if row["heartbeat_seconds"] and row["heard_at"]:
        late = timedelta(seconds=3 * row["heartbeat_seconds"])
        return Feed(name, Tone.OK, "notifies", row["heard_at"], late, href)
    if row["last_ok_at"]:
        return Feed(name, Tone.OK, "answers", row["last_ok_at"], _POLLED_STALE, href)
    return Feed(name, Tone.UNKNOWN, "not heard of yet", href=href)


async def _storms(tx: Tx, runtime: Runtime, scope: Scope) -> tuple[StormNotice, ...]:
    """The storms that last: everybody is told of them."""
    return tuple(
        StormNotice(
            where=f"in {listed(list(row['regions']))}" if row["regions"] else "everywhere",
            reason=row["reason"],
            who=named(row["created_by"]),
            since=row["starts_at"],
            ends_at=row["ends_at"],
            spares_crews=row["spares_released"],
            href=f"/changes/holds/{row['id']}" if scope.may(Permission.CHANGE_READ) else "",
        )
        for row in await changes.storms(tx, runtime.clock)
    )


async def _running(tx: Tx, runtime: Runtime, scope: Scope) -> tuple[Running, ...]:
    if not scope.may(Permission.CHANGE_READ):
        return ()
    found = await changes.page(tx, scope, states=("running",), limit=_RUNNING_SHOWN)
    shown = []
    for change in found.items:
        how = await changes.progress(tx, scope, runtime.clock, change.id)
        shown.append(Running(change.title, f"/changes/{change.id}", how.done, how.total))
    return tuple(shown)


async def _incidents(tx: Tx, scope: Scope) -> int:
    if not scope.may(Permission.INCIDENT_READ):
        return 0
    return sum(row["count"] for row in await incidents.counts(tx, scope, incidents.IncidentFilter(states=("open",))))
