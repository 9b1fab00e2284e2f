"""Crews: who goes out together, and where."""

from dataclasses import dataclass
from typing import Any

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility.fieldwork import seams
from tieline.utility.fieldwork.model import Crew
from tieline.utility.fieldwork.store import crews as store


@dataclass(frozen=True, slots=True)
class CrewDraft:
    """A crew as it shall be. ``members`` are names of accounts; None leaves them as they are."""

    code: str
    name: str
    region: str | None = None
    members: tuple[str, ...] | None = None
    active: bool = True


async def crews(tx: Tx, scope: Scope, *, region: str | None = None) -> list[Crew]:
    """Crews within the asker's regions, by name."""
    scope.require(Permission.FIELD_READ)
    return await store.crews(tx, scope, region=region)


async def crew(tx: Tx, scope: Scope, crew_id: int, *, lock: bool = False) -> Crew:
    """One crew; raises ``NotFound`` also for one of another region."""
    scope.require(Permission.FIELD_READ)
    found = await store.crew(tx, scope, crew_id, lock=lock)
    if found is None:
        raise NotFound(f"There is no crew {crew_id}, or none that you may see.")
    return found


async def candidates(tx: Tx, scope: Scope) -> list[str]:
    """Names of accounts with the role of a crew that belong to none."""
    scope.require(Permission.FIELD_PLAN)
    return await store.candidates(tx)


async def make_crew(tx: Tx, scope: Scope, clock: Clock, draft: CrewDraft) -> Crew:
    """Make a crew. Needs ``FIELD_PLAN``; raises ``Conflict`` when the code is taken."""
    scope.require(Permission.FIELD_PLAN)
    _check_region(scope, draft.region)
    made = await store.add_crew(tx, scope, clock.now(), code=draft.code, name=draft.name, region=draft.region)
    if made is None:
        raise Conflict(f"There is a crew {draft.code} already.")
    await _set_members(tx, made, draft)
    found = await crew(tx, scope, made)
    await seams.crew_made(tx, scope, found)
    await audit.append(tx, scope, audit.Entry("crew.made", f"crew:{made}", _shown(draft)))
    return found


async def change_crew(tx: Tx, scope: Scope, crew_id: int, draft: CrewDraft) -> Crew:
    """Change a crew; its code stays. Needs ``FIELD_PLAN``."""
    scope.require(Permission.FIELD_PLAN)
    before = await crew(tx, scope, crew_id, lock=True)
    _check_region(scope, draft.region)
    await store.set_crew(tx, crew_id, draft.name, draft.region, active=draft.active)
    await _set_members(tx, crew_id, draft)
    after = await crew(tx, scope, crew_id)
    await seams.crew_made(tx, scope, after)
    detail = {"before": _shown(before), "after": _shown(after)}
    await audit.append(tx, scope, audit.Entry("crew.changed", f"crew:{crew_id}", detail))
    return after


async def _set_members(tx: Tx, crew_id: int, draft: CrewDraft) -> None:
    """Raise ``Invalid`` for an account that may not report from the field, or belongs to another crew."""
    if draft.members is None:
        return
    wanted = {name.strip().lower() for name in draft.members if name.strip()}
    found = {row["name"]: row for row in await store.accounts(tx, sorted(wanted))}
    problems = [
        Problem("members", "unknown", f"Nobody called {name} may report from the field.", name)
        for name in sorted(wanted - found.keys())
    ] + [
        Problem("members", "taken", f"{name} belongs to {row['crew']}.", name)
        for name, row in found.items()
        if row["crew_id"] not in {None, crew_id}
    ]
    if problems:
        raise Invalid(
            " ".join(one.message for one in problems),
            problems,
            advice="Members are active accounts with the role crew that belong to no other crew.",
        )
    await store.set_members(tx, crew_id, [row["id"] for row in found.values()])


def _check_region(scope: Scope, region: str | None) -> None:
    if scope.regions is not None and region not in scope.regions:
        raise Forbidden("A crew of yours works in a region of yours.", advice="Name one of your regions.")


def _shown(crew: Crew | CrewDraft) -> dict[str, Any]:
    return {"name": crew.name, "region": crew.region, "active": crew.active, "members": list(crew.members or ())}
