"""Use cases of the desk: staff write and publish, utilities answer, and both are told of to whoever listens."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tieline.gateway.desk import store
from tieline.gateway.desk.model import MAX_HUBS, Answer, Notice, State
from tieline.gateway.desk.resources import event, read_phases, resource, status_of
from tieline.gateway.model import Consumer
from tieline.gateway.objects.classes import is_registered
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, NotFound, Problem
from tieline.standards.tmf.change import EventType, Note, Status, Subscription, Update, wanted_events
from tieline.standards.tmf.errors import TmfError

# ── staff ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def one(tx: Tx, ref: str, *, lock: bool = False) -> Notice:
    """Give a notice. Raises ``NotFound``."""
    found = await store.one(tx, ref, lock=lock)
    if found is None:
        raise NotFound(f"There is no notice {ref}.")
    return found


async def write(tx: Tx, ref: str, wanted: Mapping[str, Any], now: datetime) -> Notice:
    """Write a notice or what its next revision is to be; nobody outside sees it until it is published.

    Raises:
        Invalid: for phases that are none, or utilities that are not served here.
        Conflict: for what cannot be changed of a published notice, or a withdrawn one.

    """
    audience = wanted["audience"]
    if audience is not None:
        unknown = sorted(set(audience) - await store.known_utilities(tx, audience))
        if unknown:
            problem = Problem("utilities", "known", f"No utility is called {', '.join(unknown)}.")
            raise Invalid("The notice is for utilities that are not served here.", [problem])
    had = await store.one(tx, ref, lock=True)
    if had is not None:
        _may_become(had, wanted)
    draft = {**wanted["draft"], "phases": read_phases(wanted["draft"]["phases"])}
    return await store.put(tx, ref, {**wanted, "draft": draft}, now)


def _may_become(had: Notice, wanted: Mapping[str, Any]) -> None:
    if had.state is State.WITHDRAWN:
        raise Conflict("The notice was withdrawn; write another one.")
    if had.state is not State.PUBLISHED:
        return
    fixed = {"kind": had.kind.value, "approval": had.approval, "audience": had.audience}
    asked = {**{name: wanted[name] for name in fixed}, "kind": str(wanted["kind"])}
    asked["audience"] = None if wanted["audience"] is None else tuple(wanted["audience"])
    changed = [name for name in fixed if fixed[name] != asked[name]]
    if changed:
        raise Conflict(
            f"Of a published notice {' and '.join(changed)} stay as they are; withdraw it and write another."
        )


async def publish(tx: Tx, ref: str, *, by: str, reason: str, base_url: str, now: datetime) -> Notice:
    """Publish what is written as the next revision, and tell; without effect when it is what is published already."""
    had = await one(tx, ref, lock=True)
    if had.state is State.WITHDRAWN:
        raise Conflict("The notice was withdrawn.")
    if had.draft is None or had.draft == had.content:
        await store.drop_draft(tx, had.id)
        return await one(tx, ref)
    made = await store.publish(tx, had.id, by=by, reason=reason, now=now)
    kinds = [EventType.CREATE if made.revision == 1 else EventType.ATTRIBUTE_VALUE_CHANGE]
    if made.approval:
        kinds.append(EventType.APPROVAL_REQUIRED)
    words = "Announced" if made.revision == 1 else f"Revision {made.revision}"
    await _tell(tx, made, kinds, words, base_url=base_url, now=now)
    return made


async def withdraw(tx: Tx, ref: str, *, by: str, reason: str, base_url: str, now: datetime) -> Notice:
    """Take a published notice back, and tell; a second time it is without effect."""
    had = await one(tx, ref, lock=True)
    if had.state is State.WITHDRAWN:
        return had
    if had.state is State.DRAFT:
        raise Conflict("The notice was never published; delete the draft.")
    made = await store.withdraw(tx, had.id, by=by, reason=reason, now=now)
    await _tell(tx, made, [EventType.STATUS_CHANGE], "Withdrawn", base_url=base_url, now=now)
    return made


async def discard(tx: Tx, ref: str) -> None:
    """Drop what was written and not published."""
    had = await one(tx, ref, lock=True)
    await store.drop_draft(tx, had.id)


# ── utilities ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def seen(tx: Tx, consumer: Consumer, ref: str, *, lock: bool = False) -> tuple[Notice, Answer | None]:
    """Give a notice as a utility sees it. Raises ``TmfError`` (404), for another one's as for none at all."""
    found = await store.seen_one(tx, consumer.id, ref, lock=lock)
    if found is None:
        raise TmfError(f"There is no change request {ref[:80]}.", code="notFound", status=404)
    return found


async def answer(
    tx: Tx, consumer: Consumer, ref: str, update: Update, *, base_url: str, now: datetime
) -> dict[str, Any]:
    """Take a utility's approval or rejection, and give the change request as it then is.

    Raises:
        TmfError: 409 where nothing is asked, or a later revision is published; 400 for another status.

    """
    notice, had = await seen(tx, consumer, ref, lock=True)
    _may_answer(notice, had, update)
    reason = update.status_change_reason or ""
    notes = [_signed(note, consumer, now) for note in update.note or []]
    same = had is not None and (had.status, had.revision, had.reason) == (update.status, notice.revision, reason)
    if not (same and not notes):
        values = {"status": update.status.value, "reason": reason, "notes": notes}
        await store.answer(tx, notice, consumer.id, values, now)
        notice, had = await seen(tx, consumer, ref)
        words = "Accepted" if update.status is Status.APPROVED else "Declined"
        for hub in await store.audience(tx, notice):
            if hub["utility_id"] == consumer.id:
                body = event(EventType.STATUS_CHANGE, resource(notice, had, base_url), now, words)
                await _keep(tx, hub, [(EventType.STATUS_CHANGE, body)], now)
    return resource(notice, had, base_url)


def _may_answer(notice: Notice, had: Answer | None, update: Update) -> None:
    if update.status not in {Status.APPROVED, Status.REJECTED}:
        raise TmfError("A utility may set the status approved or rejected.", code="notAllowed", field="status")
    if update.revision is not None and update.revision != notice.revision:
        told = f"Revision {notice.revision} is published; the answer is to revision {update.revision}."
        raise TmfError(told, code="superseded", status=409, field="revision")
    status = status_of(notice, had)
    if not notice.approval or status is Status.CANCELLED:
        raise TmfError(f"No approval is asked for: the status is {status}.", code="notAsked", status=409)


def _signed(note: Note, consumer: Consumer, now: datetime) -> Any:
    """A note as it is kept: who wrote it and when is ours to say."""
    author = f"{consumer.code}: {note.author}"[:200] if note.author else consumer.code
    return msgspec.to_builtins(msgspec.structs.replace(note, id=None, author=author, date=now))


async def subscribe(tx: Tx, consumer: Consumer, callback: str, query: str | None, now: datetime) -> Subscription:
    """Keep a callback of a utility; asking again gives the same one.

    Raises:
        TmfError: 422 for a callback elsewhere than on the utility's registered hosts, 409 beyond ten.

    """
    if not is_registered(callback, consumer.notification_hosts):
        told = "A callback must be https and on a host that is registered for this utility."
        raise TmfError(told, code="callbackNotAllowed", status=422, field="callback")
    wanted_events(query)
    hub_id = await store.add_hub(tx, consumer.id, callback, query, now)
    if await store.hub_count(tx, consumer.id) > MAX_HUBS:
        raise TmfError(f"A utility has at most {MAX_HUBS} callbacks.", code="tooMany", status=409)
    return Subscription(id=str(hub_id), callback=callback, query=query)


async def _tell(tx: Tx, notice: Notice, kinds: list[EventType], words: str, *, base_url: str, now: datetime) -> None:
    """Keep events for every callback of those whom a notice is for, each with the resource as its utility sees it."""
    for hub in await store.audience(tx, notice):
        found = await store.seen_one(tx, hub["utility_id"], notice.ref)
        if found is not None:
            shown = resource(*found, base_url)
            title = f"{words}: {shown['name']}"
            await _keep(tx, hub, [(kind, event(kind, shown, now, title)) for kind in kinds], now)


async def _keep(tx: Tx, hub: Mapping[str, Any], bodies: list[tuple[EventType, dict[str, Any]]], now: datetime) -> None:
    wanted = wanted_events(hub["query"])
    await store.add_events(tx, [(hub["id"], kind, body) for kind, body in bodies if kind in wanted], now)
