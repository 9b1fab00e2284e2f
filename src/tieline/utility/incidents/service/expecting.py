"""What is expected for a while: known work, a crew on site. It is recorded, and no incident until the time is over."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility.incidents.model import Expectation, Expected
from tieline.utility.incidents.service.common import WALL
from tieline.utility.incidents.store import expectations as store
from tieline.utility.inventory import FIELDS

NAMES = (*FIELDS, "imei", "card", "missing", "unknown")
MOST_THINGS = 100_000


async def expect(tx: Tx, scope: Scope, one: Expectation, *, clock: Clock = WALL) -> int:
    """Record that some things will deviate for a while; returns its number.

    What deviates meanwhile is shown as expected. When the time is over, or is ended, and it is so still, it is an
    incident. Raises ``Invalid`` for what covers everything, has no end after its beginning, or names no field.
    """
    (made,) = await expect_each(tx, scope, [one], clock=clock)
    return made


async def expect_each(tx: Tx, scope: Scope, every: Sequence[Expectation], *, clock: Clock = WALL) -> list[int]:
    """Record several expectations: as :func:`expect`, all or none. Returns their numbers, in the order given."""
    scope.require(Permission.INCIDENT_WRITE)
    for one in every:
        _check(scope, one)
    made = await store.add(tx, scope, every, clock.now())
    entries = [
        audit.Entry(
            "expectation.made",
            f"expectation:{number}",
            {"origin": one.origin, "why": one.why, "starts_at": one.starts_at, "ends_at": one.ends_at},
        )
        for number, one in zip(made, every, strict=True)
    ]
    await audit.append(tx, scope, *entries)
    return made


def _check(scope: Scope, one: Expectation) -> None:
    problems = []
    if one.ends_at <= one.starts_at:
        problems.append(Problem("ends_at", "order", "It ends after it starts."))
    if one.starts_at.tzinfo is None or one.ends_at.tzinfo is None:
        problems = [Problem("starts_at", "time-zone", "Say in which time zone.")]
    if not (one.site_ids or one.subscription_ids or one.operator or one.region):
        problems.append(Problem("site_ids", "required", "Say of what: sites, subscriptions, an operator or a region."))
    if len(one.site_ids) + len(one.subscription_ids) > MOST_THINGS:
        problems.append(Problem("site_ids", "many", f"At most {MOST_THINGS}."))
    if one.fields is not None and (not one.fields or not set(one.fields) <= set(NAMES)):
        problems.append(Problem("fields", "known", f"Some of {', '.join(NAMES)}."))
    if not one.origin.strip() or not one.why.strip():
        problems.append(Problem("why", "required", "Say why, and whose it is."))
    for name, bounds, value in (("operator", scope.operators, one.operator), ("region", scope.regions, one.region)):
        if bounds is not None and value not in bounds:
            problems.append(Problem(name, "scope", "Name one of yours."))
    if problems:
        raise Invalid("Nothing can be expected so.", problems)


async def end_expectations(tx: Tx, scope: Scope, origin: str, *, at: datetime) -> int:
    """End what an origin expects; what is so still becomes an incident within a second or two. Returns how many."""
    return await end_expectations_each(tx, scope, {origin: at})


async def end_expectations_each(tx: Tx, scope: Scope, ends: Mapping[str, datetime]) -> int:
    """End what some origins expect, each at its moment: as :func:`end_expectations`."""
    scope.require(Permission.INCIDENT_WRITE)
    ended = await store.end(tx, ends)
    entries = [
        audit.Entry("expectation.ended", f"expectation:{origin}", {"ended": number})
        for origin, number in sorted(ended.items())
    ]
    await audit.append(tx, scope, *entries)
    return sum(ended.values())


async def expected_now(tx: Tx, scope: Scope, clock: Clock, *, limit: int = 200) -> Sequence[Expected]:
    """What is expected now or soon."""
    scope.require(Permission.INCIDENT_READ)
    return await store.coming(tx, scope, clock.now(), limit=limit)


async def end_one(tx: Tx, scope: Scope, identity: int, *, at: datetime) -> Expected:
    """End one expectation. Raises ``NotFound`` also for one beyond the scope, or ``Conflict`` when it is over."""
    scope.require(Permission.INCIDENT_WRITE)
    one = await store.seen(tx, scope, identity)
    if one is None:
        raise NotFound(f"There is no expectation {identity}, or it is not yours to end.")
    if one.ended_at is not None or one.ends_at <= at:
        raise Conflict("It is over already.")
    await store.end_one(tx, identity, at)
    await audit.append(tx, scope, audit.Entry("expectation.ended", f"expectation:{identity}", {"why": one.why}))
    return await store.one(tx, identity) or one
