"""Validation and activation jobs as the utility sees them: made, shown, cancelled, deleted, taken back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow

from tieline.gateway.model import Actor, Consumer
from tieline.gateway.plans import descriptors
from tieline.gateway.plans.faults import in_the_way, missing, senseless
from tieline.gateway.plans.model import (
    ACTIVATION,
    FALLBACK,
    VALIDATION,
    Job,
    Part,
    number_in,
    public_id,
    read_kept_changes,
)
from tieline.gateway.plans.store import descriptors as content_store
from tieline.gateway.plans.store import jobs as store
from tieline.gateway.plans.undo import undoing
from tieline.platform.db import Tx
from tieline.platform.errors import TooMany
from tieline.standards.mns.errors import ErrorDetail
from tieline.standards.mns.plans import (
    ActivationJob,
    ActivationJobRequest,
    ActivationJobStatus,
    ConfigChange,
    ContentType,
    DescriptorListEntry,
    ExecutionDetails,
    FallbackDescriptor,
    JobDetails,
    JobListEntry,
    JobState,
    MemberConflict,
    OperationState,
    PlannedChange,
    Result,
    ValidationJob,
    ValidationJobRequest,
    ValidationJobStatus,
    activation_links,
    activation_state,
    member_conflicts,
    read_changes,
    self_link,
    validation_links,
    validation_state,
)

_KINDS = {ACTIVATION: "activation", VALIDATION: "validation"}
MOST_OPEN = 1000
"""Jobs of one utility that are to be carried out."""
_EMBEDDED = "planConfigDescr"
_BREATH = 100
"""Changes read before others get their turn on the processor."""


@dataclass(frozen=True, slots=True)
class _Source:
    parts: list[Part]
    mode: str
    total: int
    fallback_of: int | None = None
    conflicts: tuple[MemberConflict, ...] = ()


async def activate(tx: Tx, consumer: Consumer, request: ActivationJobRequest, *, by: Actor, now: datetime) -> Job:
    """Have a plan put into effect, or the effects of one taken back, in the background.

    It begins at once, unless it is to wait for a trigger. Raises ``PlanError`` for what does not exist.
    """
    await _check_room(tx, consumer)
    source = await _source(tx, consumer, request)
    job = {
        **_job_values(request, "activation", source, by),
        "mode": source.mode,
        "fallback": "wanted" if request.is_fallback_enabled else "off",
        "state": JobState.QUEUED if request.is_immediate_activation else JobState.NOT_STARTED,
    }
    return await store.add(tx, consumer.id, job, source.parts, now)


async def validate(tx: Tx, consumer: Consumer, request: ValidationJobRequest, *, by: Actor, now: datetime) -> Job:
    """Have a plan tried without effect, in the background. Raises ``PlanError`` for what does not exist."""
    await _check_room(tx, consumer)
    source = await _source(tx, consumer, request)
    job = {
        **_job_values(request, "validation", source, by),
        "mode": request.validation_mode,
        "fallback": "off",
        "state": JobState.QUEUED,
    }
    return await store.add(tx, consumer.id, job, source.parts, now)


async def _check_room(tx: Tx, consumer: Consumer) -> None:
    """Hold a utility to what can be worked off in reasonable time. Raises ``TooMany`` for one job too many."""
    if await store.count_open(tx, consumer.id) >= MOST_OPEN:
        raise TooMany(f"At most {MOST_OPEN} jobs wait at once: let some come to their end.", retry_after=5)


async def find(tx: Tx, consumer: Consumer, kind: str, identifier: str) -> Job:
    """Give a job. Raises ``PlanError`` (404) if there is none."""
    number = number_in(kind, identifier)
    job = None if number is None else await store.find(tx, consumer.id, _KINDS[kind], number)
    if job is None:
        raise missing(f"plan {_KINDS[kind]} job", identifier)
    return job


async def entries(tx: Tx, consumer: Consumer, kind: str, *, state: str | None, name: str | None) -> list[JobListEntry]:
    """List the newest jobs, in a state and of a name if these are given: so one asks about what was in flight."""
    rows = await store.listed(tx, consumer.id, _KINDS[kind], state=state, name=name)
    return [
        JobListEntry(
            id=public_id(kind, row["id"]),
            name=row["name"],
            description=row["request"].get("description"),
            job_state=JobState(row["state"]),
        )
        for row in rows
    ]


async def show_activation(tx: Tx, job: Job, root: str) -> ActivationJob:
    """Write an activation job, with the summary of its details."""
    request = msgspec.convert(await _whole_request(tx, job), ActivationJobRequest)
    kept = job.fallback == "kept"
    return ActivationJob(
        **_fields(request),
        id=job.public_id,
        job_state=job.state,
        activation_state=activation_state(job.state, job.summary),
        job_details=JobDetails(message=job.message),
        activation_details=ExecutionDetails(summary=job.summary, member_conflicts=list(job.conflicts)),
        links=activation_links(request, job.public_id, root),
        started_at=job.started_at,
        stopped_at=job.stopped_at,
        cancel_request=job.cancel_requested,
        created_fallback_config_descr_id=public_id(FALLBACK, job.id) if kept else None,
    )


async def show_validation(tx: Tx, job: Job, root: str) -> ValidationJob:
    """Write a validation job, with the summary of its details."""
    request = msgspec.convert(await _whole_request(tx, job), ValidationJobRequest)
    return ValidationJob(
        **_fields(request),
        id=job.public_id,
        job_state=job.state,
        validation_state=validation_state(job.state, job.summary),
        job_details=JobDetails(message=job.message),
        validation_details=ExecutionDetails(summary=job.summary, member_conflicts=list(job.conflicts)),
        cancel_request=job.cancel_requested,
        links=validation_links(request, job.public_id, root),
        started_at=job.started_at,
        stopped_at=job.stopped_at,
        current_config_time=job.started_at,
    )


def activation_status(job: Job) -> ActivationJobStatus:
    """Write the short answer for polling."""
    return ActivationJobStatus(
        job_state=job.state,
        activation_state=activation_state(job.state, job.summary),
        started_at=job.started_at,
        stopped_at=job.stopped_at,
    )


def validation_status(job: Job) -> ValidationJobStatus:
    """Write the short answer for polling."""
    return ValidationJobStatus(
        job_state=job.state,
        validation_state=validation_state(job.state, job.summary),
        started_at=job.started_at,
        stopped_at=job.stopped_at,
    )


async def details(tx: Tx, job: Job, *, everything: bool) -> ExecutionDetails:
    """Give the results operation by operation: those that failed, or all."""
    results = [result for result, _ in await outcomes(tx, job, everything=everything)]
    return ExecutionDetails(summary=job.summary, results=results, member_conflicts=list(job.conflicts))


async def outcomes(tx: Tx, job: Job, *, everything: bool) -> list[tuple[Result, ConfigChange]]:
    """Give what came of each operation beside what the plan says of it: of those that failed, or of all."""
    failures = await store.failures(tx, job.id)
    every = [pair async for pair in _results(tx, job, failures)]
    return every if everything else [pair for pair in every if pair[0].state is OperationState.FAILED]


def summary_of(job: Job) -> ExecutionDetails:
    """Give the counts alone."""
    return ExecutionDetails(summary=job.summary, member_conflicts=list(job.conflicts))


async def cancel(tx: Tx, consumer: Consumer, kind: str, identifier: str, now: datetime) -> bool:
    """Have a job stop; what is done stays done. True if it is over at once.

    Raises:
        PlanError: 404 if there is none, 422 if it is over already.

    """
    found = await find(tx, consumer, kind, identifier)
    job = await store.lock(tx, found.id)
    if job is None or not job.state.is_cancellable:
        raise senseless(f"{identifier} is {found.state} and can no longer be cancelled.")
    has_begun = job.state is JobState.RUNNING
    state = JobState.CANCELLING if has_begun else JobState.CANCELLED
    await store.request_cancel(tx, job.id, state, now)
    return state is JobState.CANCELLED


async def delete(tx: Tx, consumer: Consumer, kind: str, identifier: str) -> None:
    """Delete a job that is over. Raises ``PlanError``: 404 if there is none, 409 while it runs or is referred to."""
    job = await find(tx, consumer, kind, identifier)
    if not job.state.is_final:
        raise in_the_way(f"{identifier} is {job.state}: cancel it first.")
    if job.fallback == "kept" or await store.is_undone_by_another(tx, job.id):
        raise in_the_way(f"{identifier} has a fallback descriptor: delete that first.")
    await store.remove(tx, job.id)


async def fallback_entries(tx: Tx, consumer: Consumer) -> list[DescriptorListEntry]:
    """List the newest ways back."""
    return [
        DescriptorListEntry(id=public_id(FALLBACK, row["id"]), name=_fallback_name(row))
        for row in await store.listed_fallbacks(tx, consumer.id)
    ]


async def show_fallback(tx: Tx, consumer: Consumer, identifier: str, root: str) -> FallbackDescriptor:
    """Show the changes that take an activation back. Raises ``PlanError`` (404) if there are none."""
    job = await _fallback(tx, consumer, identifier)
    return FallbackDescriptor(
        id=identifier,
        name=_fallback_name({"name": job.name, "id": job.id}),
        description=f"Takes back what {job.public_id} put into effect.",
        activation_job=job.public_id,
        config_changes=[item.change for item in await undoing(tx, consumer.id, job.id)],
        config_changes_content_type=ContentType.OPENAPI_BASED,
        links=self_link("fallback-descriptors", identifier, root),
    )


async def delete_fallback(tx: Tx, consumer: Consumer, identifier: str) -> None:
    """Give up a way back. Raises ``PlanError`` (404) if there is none."""
    await store.drop_fallback(tx, (await _fallback(tx, consumer, identifier)).id)


async def changes_of(tx: Tx, job: Job) -> list[tuple[Part, list[ConfigChange]]]:
    """Give a job's changes, plan by plan, in the order in which they are carried out."""
    if job.fallback_of is not None:
        changes = [item.change for item in await undoing(tx, job.utility_id, job.fallback_of)]
        return [(Part(0, len(changes)), changes)]
    return [(part, read_kept_changes(await content_store.content(tx, part.content_id))) for part in job.parts]


async def _source(tx: Tx, consumer: Consumer, request: ActivationJobRequest | ValidationJobRequest) -> _Source:
    if request.plan_config_descr is not None:
        part = await descriptors.keep_content(tx, consumer, request.plan_config_descr.config_changes)
        return _Source([part], request.plan_config_descr.activation_mode, part.size)
    if request.plan_config_descr_id is not None:
        part, mode = await descriptors.part_of_plan(tx, consumer, request.plan_config_descr_id)
        return _Source([part], mode, part.size)
    if request.fallback_config_descr_id is not None:
        job = await _fallback(tx, consumer, request.fallback_config_descr_id)
        return _Source([], "BEST_EFFORT", len(await undoing(tx, consumer.id, job.id)), fallback_of=job.id)
    group = request.plan_config_group_descr
    if group is None:
        group = await descriptors.group_values(tx, consumer, request.plan_config_group_descr_id or "")
    parts = await descriptors.parts_of_members(tx, consumer, group.members)
    conflicts = await _conflicts(tx, parts)
    if conflicts and group.is_fail_on_member_conflicts:
        raise in_the_way(f"{len(conflicts)} conflicts between the members of the group; see a validation job.")
    return _Source(parts, group.activation_mode, sum(part.size for part in parts), conflicts=conflicts)


async def _conflicts(tx: Tx, parts: list[Part]) -> tuple[MemberConflict, ...]:
    members: dict[str, list[PlannedChange]] = {}
    for part in parts:
        kept = read_kept_changes(await content_store.content(tx, part.content_id))
        readable = members[part.plan or ""] = []
        for start in range(0, len(kept), _BREATH):
            found = read_changes(kept[start : start + _BREATH])
            readable += [change for change in found if isinstance(change, PlannedChange)]
            await asyncio.sleep(0)
    return tuple(member_conflicts(members))


async def _fallback(tx: Tx, consumer: Consumer, identifier: str) -> Job:
    number = number_in(FALLBACK, identifier)
    job = None if number is None else await store.find(tx, consumer.id, "activation", number)
    if job is None or job.fallback != "kept":
        raise missing("fallback descriptor", identifier)
    return job


def _job_values(
    request: ActivationJobRequest | ValidationJobRequest, kind: str, source: _Source, by: Actor
) -> dict[str, Any]:
    kept = msgspec.to_builtins(request)
    if _EMBEDDED in kept:
        kept[_EMBEDDED] = {name: value for name, value in kept[_EMBEDDED].items() if name != "configChanges"}
    return {
        "kind": kind,
        "name": request.name,
        "request": kept,
        "by": by.source,
        "client": by.client,
        "fallback_of": source.fallback_of,
        "total": source.total,
        "conflicts": source.conflicts,
    }


async def _whole_request(tx: Tx, job: Job) -> dict[str, Any]:
    request = dict(job.request)
    if _EMBEDDED in request:
        changes = read_kept_changes(await content_store.content(tx, job.parts[0].content_id))
        request[_EMBEDDED] = {**request[_EMBEDDED], "configChanges": msgspec.to_builtins(changes)}
    return request


def _fields(request: ActivationJobRequest | ValidationJobRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in type(request).__struct_fields__}


def _fallback_name(row: DictRow) -> str:
    return f"Undo of {row['name'] or public_id(ACTIVATION, row['id'])}"


async def _results(
    tx: Tx, job: Job, failures: dict[int, list[ErrorDetail]]
) -> AsyncIterator[tuple[Result, ConfigChange]]:
    place = 0
    named = job.request.get("planConfigGroupDescrId") is not None or "planConfigGroupDescr" in job.request
    for part, changes in await changes_of(tx, job):
        for index, change in enumerate(changes):
            result = Result(
                target=change.target,
                state=_state(job, place, failures),
                change_id=change.change_id,
                change_index=None if change.change_id is not None else index,
                plan_config_descr_id=part.plan if named else None,
                errors=failures.get(place),
            )
            yield result, change
            place += 1


def _state(job: Job, place: int, failures: dict[int, list[ErrorDetail]]) -> OperationState:
    if place in failures:
        return OperationState.FAILED
    if place >= job.position or job.rolled_back:
        return OperationState.NOT_STARTED
    return OperationState.SUCCEEDED
