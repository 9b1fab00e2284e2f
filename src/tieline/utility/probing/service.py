"""Use cases of probing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from tieline.platform import audit, outbox
from tieline.platform.clock import Clock, SystemClock
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, Problem
from tieline.platform.paging import Page, decode_key, page_of
from tieline.platform.scope import Permission, Scope, system
from tieline.utility import changes, inventory
from tieline.utility.changes import Grade
from tieline.utility.probing import store
from tieline.utility.probing.model import Answered, AnswerFilter, Latest, Probe, ProbeFilter, Settled

TOPIC = "probe.answered"
SCOPE = system("probing")
MOST = 50_000
LONGEST_KEY = 200
_WINDOW = timedelta(hours=24)


async def ask(
    tx: Tx, scope: Scope, subscription_ids: Sequence[int], *, origin: str, key: str, clock: Clock | None = None
) -> int:
    """Have the applications of subscriptions asked; gives how many were not asked under this origin and key before.

    The answer comes as ``probe.answered`` through the outbox. Subscriptions outside the scope are left out.

    Raises:
        Forbidden, Invalid: for too many at once, or an origin or key that is empty or too long.

    """
    return await ask_each(tx, scope, dict.fromkeys(subscription_ids, key), origin=origin, clock=clock)


async def ask_each(tx: Tx, scope: Scope, keys: Mapping[int, str], *, origin: str, clock: Clock | None = None) -> int:
    """Have the applications of subscriptions asked, each under a key of its own: as :func:`ask`."""
    scope.require(Permission.INCIDENT_WRITE)
    named = [
        Problem(name, "length", f"1 to {LONGEST_KEY} characters")
        for name, text in (("origin", origin), *(("key", key) for key in set(keys.values())))
        if not 1 <= len(text) <= LONGEST_KEY
    ]
    if len(keys) > MOST:
        named.append(Problem("subscription_ids", "many", f"At most {MOST:,} at once."))
    if named:
        raise Invalid("This cannot be asked.", named)
    reached = await inventory.reach(tx, scope, list(keys))
    now = (clock or SystemClock()).now()
    return await store.add(tx, scope, [(one, keys[one.subscription_id]) for one in reached], origin=origin, now=now)


async def ask_by_hand(tx: Tx, scope: Scope, subscription_ids: Sequence[int], *, key: str, clock: Clock) -> int:
    """Have applications asked because somebody wants to know; it is put on record."""
    asked = await ask(tx, scope, subscription_ids, origin=origin_of(scope), key=key, clock=clock)
    if asked:
        named = f"subscription:{subscription_ids[0]}" if len(subscription_ids) == 1 else "probes"
        await audit.append(
            tx,
            scope,
            audit.Entry("probing.asked", named, {"probes": asked, "key": key}),
        )
    return asked


def origin_of(scope: Scope) -> str:
    """The origin of what somebody asks by hand."""
    return f"asked:{scope.actor}"[:LONGEST_KEY]


async def waiting_since(tx: Tx, scope: Scope, subscription_id: int) -> datetime | None:
    """Since when the application behind a subscription is being asked; None if it is not, or not within the scope."""
    scope.require(Permission.INVENTORY_READ)
    seen = await inventory.reach(tx, scope, [subscription_id])
    return await store.waiting_of(tx, subscription_id) if seen else None


async def latest(tx: Tx, scope: Scope, subscription_ids: Sequence[int]) -> dict[int, Latest]:
    """The last answer of each subscription that was ever asked, by its id; what the scope does not see is left out."""
    scope.require(Permission.INVENTORY_READ)
    seen = [one.subscription_id for one in await inventory.reach(tx, scope, subscription_ids)]
    return {one.subscription_id: one for one in await store.latest(tx, seen)}


async def probe_page(
    tx: Tx, scope: Scope, wanted: ProbeFilter, *, cursor: str | None = None, limit: int = 50
) -> Page[Probe]:
    """Probes, the newest first."""
    scope.require(Permission.INVENTORY_READ)
    before = decode_key(cursor, int)[0] if cursor else None
    return page_of(await store.page(tx, scope, wanted, before=before, limit=limit + 1), limit, lambda one: (one.id,))


async def summary(tx: Tx, scope: Scope, clock: Clock) -> dict[str, int]:
    """How many probes wait, and how many came to which end within a day."""
    scope.require(Permission.INVENTORY_READ)
    rows = await store.counts(tx, scope, clock.now() - _WINDOW)
    return {row["why"] or "waiting": row["n"] for row in rows}


async def answer_page(
    tx: Tx, scope: Scope, wanted: AnswerFilter, *, cursor: str | None = None, limit: int = 50
) -> Page[Answered]:
    """The last answer of each application that was ever asked, the newest first."""
    scope.require(Permission.INVENTORY_READ)
    before: tuple[datetime, int] | None = None
    if cursor:
        at, identity = decode_key(cursor, datetime, int)
        before = (at, identity)
    found = await store.answers(tx, scope, wanted, before=before, limit=limit + 1)
    return page_of(found, limit, lambda one: (one.at, one.subscription_id))


async def count_answers(tx: Tx, scope: Scope, wanted: AnswerFilter) -> int:
    """How many last answers there are."""
    scope.require(Permission.INVENTORY_READ)
    return await store.count_answers(tx, scope, wanted)


async def answer_counts(tx: Tx, scope: Scope) -> dict[str, int]:
    """How many applications came to which end when they were asked last, and how many are being asked now."""
    scope.require(Permission.INVENTORY_READ)
    return {row["why"] or "waiting": row["n"] for row in await store.answers_by_why(tx, scope) if row["n"]}


async def matching_ids(tx: Tx, scope: Scope, wanted: AnswerFilter) -> list[int]:
    """The subscriptions whose last answers are such; raises ``Invalid`` for more than can be asked at once."""
    scope.require(Permission.INVENTORY_READ)
    found = await store.answered_ids(tx, scope, wanted, MOST + 1)
    if len(found) > MOST:
        raise Invalid("This cannot be asked.", [Problem("query", "many", f"At most {MOST:,} at once.")])
    return found


async def settle(tx: Tx, settled: Sequence[Settled]) -> int:
    """Take down what came of probes, tell it, and hold it as evidence; gives how many came to an end.

    A probe that was taken twice, because its first taker was thought dead, is taken down once.
    """
    await store.postpone(tx, [one for one in settled if one.again_at is not None])
    final = [one for one in settled if one.again_at is None]
    fresh = await store.answer(tx, final)
    ended = [one for one in final if one.probe.id in fresh]
    await store.keep_latest(tx, ended)
    good = sorted({one.probe.subscription_id for one in ended if one.answer.ok})
    if good:
        at = max(one.at for one in ended if one.answer.ok)
        await changes.record_evidence(tx, SCOPE, Grade.IN_SERVICE, good, at=at)
    if ended:
        await outbox.publish_many(tx, TOPIC, [(str(one.probe.subscription_id), _told(one)) for one in ended])
    return len(ended)


def _told(one: Settled) -> dict[str, object]:
    return {
        "subscription_id": one.probe.subscription_id,
        "origin": one.probe.origin,
        "key": one.probe.key,
        "ok": one.answer.ok,
        "rtt_ms": one.answer.rtt_ms,
        "why": one.answer.why,
        "at": one.at,
    }
