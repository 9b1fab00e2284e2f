"""The ways out of an incident, each a change like any other: put it right, keep the operator's value, block a SIM.

Nothing here writes to an operator: a change is made and planned; policy decides who has to approve it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict
from tieline.platform.scope import Permission, Scope
from tieline.utility import changes
from tieline.utility.changes import Change, ChangeState, ChangeType, Draft
from tieline.utility.incidents.kinds import LAN_GROUPS, REVERT
from tieline.utility.incidents.model import Cause, Incident, Kind, Member
from tieline.utility.incidents.policy import deviations, words
from tieline.utility.incidents.store import incidents as store
from tieline.utility.incidents.store import members
from tieline.utility.inventory import FIELDS, Selection

MOST = 200_000
_OVER = frozenset({ChangeState.COMPLETED, ChangeState.STOPPED, ChangeState.REJECTED})
_NO_KEEPING = frozenset({"ip_address", "lan_groups"})
"""What a configuration cannot set to a value that the operator chose."""
_OWN = frozenset({"imei_lock", "ip_address"})


def possible(one: Incident, first: Member | None) -> list[str]:
    """Which ways out an incident has."""
    if one.kind == Kind.CONFIGURATION.value:
        names = set(first.fields) if first is not None else set()
        keepable = bool(names) and not names & _NO_KEEPING and (one.members <= 1 or not names & _OWN)
        not_done = first is not None and first.record.get("cause") == Cause.NOT_DONE.value
        return ["revert", *(["keep"] if keepable and not not_done else [])]
    return ["block"] if one.kind == Kind.DEVICE.value else []


async def revert(
    tx: Tx, scope: Scope, clock: Clock, incident_id: int, *, type_: ChangeType = ChangeType.NORMAL, reason: str = ""
) -> Change:
    """Make and plan a change that writes our values again where the operator has others.

    Raises ``Conflict`` where nothing deviates any more, or where such a change is on its way.
    """
    one, found = await _live(tx, scope, incident_id, Kind.CONFIGURATION)
    await _check_none_on_its_way(tx, scope, one)
    told = {
        str(member.subscription_id): values
        for member in found
        if (values := {name: kept["theirs"] for name, kept in member.fields.items() if kept["source"] == _TOLD})
    }
    draft = Draft(
        kind=REVERT,
        title=f"Put right: {one.title}"[:200],
        type=type_,
        reason=reason or f"Incident {one.id}: {one.sentence}"[:2000],
        selection=_selection(found),
        parameters={"incident_id": one.id, "fields": _fields(found), "told": told},
    )
    return await _made(tx, scope, clock, one, draft=draft, purpose="to put it right")


_TOLD = deviations.TOLD


async def keep(tx: Tx, scope: Scope, clock: Clock, incident_id: int) -> Change:
    """Make and plan a change that makes the operator's value ours."""
    one, found = await _live(tx, scope, incident_id, Kind.CONFIGURATION)
    await _check_none_on_its_way(tx, scope, one)
    values = [{name: kept["theirs"] for name, kept in member.fields.items()} for member in found]
    if any(other != values[0] for other in values) or set(values[0]) & _NO_KEEPING:
        raise Conflict("The operator's values differ from one to the other, or are addresses of its choosing.",
                       advice="Put it right instead, or plan changes for parts of it.")  # fmt: skip
    parameters = {name: _parameter(name, value) for name, value in values[0].items()}
    draft = Draft(
        kind="subscription.configure",
        title=f"Keep the operator's value: {one.title}"[:200],
        reason=f"Incident {one.id}: the operator's {words.fields_word(parameters)} is kept.",
        selection=_selection(found),
        parameters=parameters,
    )
    return await _made(tx, scope, clock, one, draft=draft, purpose="to keep the operator's value")


async def block(tx: Tx, scope: Scope, clock: Clock, incident_id: int) -> Change:
    """Make and plan a change that suspends SIMs that are used where they should not be."""
    one, found = await _live(tx, scope, incident_id, Kind.DEVICE)
    await _check_none_on_its_way(tx, scope, one)
    draft = Draft(
        kind="subscription.configure",
        title=f"Block: {one.title}"[:200],
        reason=f"Incident {one.id}: {one.sentence}"[:2000],
        selection=_selection(found),
        parameters={"state": "SUSPENDED"},
    )
    return await _made(tx, scope, clock, one, draft=draft, purpose="to block it")


def _parameter(name: str, value: Any) -> Any:
    return value or [] if name == "rat_restriction" else value


def _fields(found: Sequence[Member]) -> list[str]:
    """Which fields a change puts right. Groups go alone: they are left for another one while anything else deviates."""
    names = {name for member in found for name in member.fields}
    names = names - {LAN_GROUPS} or names
    return [name for name in FIELDS if name in names]


def _selection(found: Sequence[Member]) -> Selection:
    return Selection(subscription_ids=tuple(one.subscription_id for one in found if one.subscription_id is not None))


async def _live(tx: Tx, scope: Scope, incident_id: int, kind: Kind) -> tuple[Incident, Sequence[Member]]:
    scope.require(Permission.CHANGE_PLAN)
    scope.require(Permission.INCIDENT_READ)
    one = await store.seen(tx, scope, incident_id, lock=True)
    if one.kind != kind.value:
        raise Conflict("An incident of this kind has no such way out.")
    found = await members.page(tx, scope, incident_id, limit=MOST, only_live=True)
    if not found:
        raise Conflict("Nothing of this incident deviates any more.")
    return one, found


async def _check_none_on_its_way(tx: Tx, scope: Scope, one: Incident) -> None:
    if one.revert_id is None:
        return
    scope.require(Permission.CHANGE_READ)
    other = (await changes.detail(tx, scope, one.revert_id)).change
    if other.state not in _OVER:
        raise Conflict(
            f"Change {other.id} is on its way already: {other.state.value}.", advice="Open it, or stop it first."
        )


async def _made(tx: Tx, scope: Scope, clock: Clock, one: Incident, *, draft: Draft, purpose: str) -> Change:
    change = await changes.create(tx, scope, draft)
    version = await changes.request_plan(tx, scope, clock, change.id)
    await changes.defer_plan(tx, change.id, version)
    await store.update(tx, one.id, revert_id=change.id)
    detail: Mapping[str, Any] = {"change": change.id, "kind": draft.kind}
    said = f"Change {change.id} was made {purpose}."
    await store.note(tx, one.id, at=clock.now(), actor=scope.actor, kind="change", words=said, detail=detail)
    await audit.append(tx, scope, audit.Entry("incident.change", f"incident:{one.id}", dict(detail)))
    return change
