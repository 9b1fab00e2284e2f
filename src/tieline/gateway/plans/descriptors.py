"""Plan descriptors and plan groups: kept, shown, replaced, deleted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow

from tieline.gateway.model import Consumer
from tieline.gateway.plans.faults import in_the_way, missing
from tieline.gateway.plans.model import (
    DEEPEST_GROUP,
    DESCRIPTOR,
    GROUP,
    MOST_IN_GROUP,
    Part,
    number_in,
    public_id,
    read_kept_changes,
    write_changes,
)
from tieline.gateway.plans.store import descriptors as store
from tieline.gateway.plans.store import jobs
from tieline.platform.db import Tx
from tieline.standards.mns.plans import (
    ActivationMode,
    ConfigChange,
    ContentType,
    DescriptorListEntry,
    DescriptorValidity,
    GroupValidity,
    Member,
    PlanDescriptor,
    PlanDescriptorRequest,
    PlanGroupDescriptor,
    PlanGroupDescriptorRequest,
    self_link,
)

PLANS = "plan-descriptors"
GROUPS = "plan-group-descriptors"


async def create(
    tx: Tx, consumer: Consumer, request: PlanDescriptorRequest, *, root: str, now: datetime
) -> PlanDescriptor:
    """Keep a plan."""
    part = await keep_content(tx, consumer, request.config_changes)
    row = await store.add(tx, consumer.id, _plan_values(request), part.content_id, now)
    return _plan(row, request.config_changes, root)


async def show(tx: Tx, consumer: Consumer, identifier: str, root: str) -> PlanDescriptor:
    """Show a plan with its changes. Raises ``PlanError`` (404) if there is none."""
    row = await _found(tx, consumer, identifier)
    return _plan(row, read_kept_changes(await store.content(tx, row["content_id"])), root)


async def replace(
    tx: Tx, consumer: Consumer, identifier: str, request: PlanDescriptorRequest, *, now: datetime
) -> None:
    """Replace a plan as a whole; jobs under way go on with the changes that they began with.

    Raises:
        PlanError: 404 if there is none.

    """
    row = await _found(tx, consumer, identifier)
    part = await keep_content(tx, consumer, request.config_changes)
    await store.replace(tx, consumer.id, row["id"], _plan_values(request), content_id=part.content_id, now=now)


async def delete(tx: Tx, consumer: Consumer, identifier: str) -> None:
    """Delete a plan.

    Raises:
        PlanError: 404 if there is none; 409 while a group has it as a member or a job is carrying it out.

    """
    row = await _found(tx, consumer, identifier)
    if await store.in_groups(tx, consumer.id, {"planConfigDescrId": identifier}):
        raise in_the_way(f"{identifier} is a member of a plan group.")
    if await jobs.is_open_for(tx, consumer.id, row["content_id"]):
        raise in_the_way(f"{identifier} is being carried out, or is going to be.")
    await store.remove(tx, consumer.id, row["id"])


async def entries(tx: Tx, consumer: Consumer, name: str | None) -> list[DescriptorListEntry]:
    """List the newest plans, of a name if one is given."""
    return [_entry(DESCRIPTOR, row) for row in await store.listed(tx, consumer.id, name)]


async def create_group(
    tx: Tx, consumer: Consumer, request: PlanGroupDescriptorRequest, *, root: str, now: datetime
) -> PlanGroupDescriptor:
    """Keep a group, all of whose members have to exist."""
    await parts_of_members(tx, consumer, request.members)
    return _group(await store.add_group(tx, consumer.id, _group_values(request), now), root)


async def show_group(tx: Tx, consumer: Consumer, identifier: str, root: str) -> PlanGroupDescriptor:
    """Show a group. Raises ``PlanError`` (404) if there is none."""
    return _group(await _found_group(tx, consumer, identifier), root)


async def replace_group(
    tx: Tx, consumer: Consumer, identifier: str, request: PlanGroupDescriptorRequest, *, root: str, now: datetime
) -> PlanGroupDescriptor:
    """Replace a group. Raises ``PlanError``: 404 if there is none, 409 if it would contain itself."""
    number = number_in(GROUP, identifier)
    row = None
    if number is not None:
        row = await store.replace_group(tx, consumer.id, number, _group_values(request), now)
    if row is None:
        raise missing("plan group descriptor", identifier)
    await parts_of_members(tx, consumer, request.members)
    return _group(row, root)


async def delete_group(tx: Tx, consumer: Consumer, identifier: str) -> None:
    """Delete a group. Raises ``PlanError``: 404 if there is none, 409 while another group has it as a member."""
    row = await _found_group(tx, consumer, identifier)
    if await store.in_groups(tx, consumer.id, {"planConfigGroupDescrId": identifier}):
        raise in_the_way(f"{identifier} is a member of a plan group.")
    await store.remove_group(tx, consumer.id, row["id"])


async def group_entries(tx: Tx, consumer: Consumer, name: str | None) -> list[DescriptorListEntry]:
    """List the newest groups, of a name if one is given."""
    return [_entry(GROUP, row) for row in await store.listed_groups(tx, consumer.id, name)]


async def keep_content(tx: Tx, consumer: Consumer, changes: list[ConfigChange]) -> Part:
    """Keep the changes of a plan."""
    return await store.keep_content(tx, consumer.id, write_changes(changes), len(changes))


async def part_of_plan(tx: Tx, consumer: Consumer, identifier: str) -> tuple[Part, str]:
    """Give what a job needs of a plan: its changes, and its activation mode. Raises ``PlanError`` (404)."""
    number = number_in(DESCRIPTOR, identifier)
    row = None if number is None else await store.hold(tx, consumer.id, number)
    if row is None:
        raise missing("plan descriptor", identifier)
    return Part(row["content_id"], row["size"], identifier), row["activation_mode"]


async def group_values(tx: Tx, consumer: Consumer, identifier: str) -> PlanGroupDescriptorRequest:
    """Give a group as it was posted. Raises ``PlanError`` (404)."""
    row = await _found_group(tx, consumer, identifier)
    return PlanGroupDescriptorRequest(
        members=msgspec.convert(row["members"], list[Member]),
        is_ordered=row["is_ordered"],
        is_fail_on_member_conflicts=row["is_fail_on_member_conflicts"],
        activation_mode=ActivationMode(row["activation_mode"]),
    )


async def parts_of_members(tx: Tx, consumer: Consumer, members: list[Member], depth: int = 1) -> list[Part]:
    """Give the changes of all the plans of a group, in the order of its members.

    Raises:
        PlanError: for a member that does not exist, groups nested too deep (or in a circle), too many changes.

    """
    if depth > DEEPEST_GROUP:
        raise in_the_way(f"Groups nest at most {DEEPEST_GROUP} deep; does one contain itself?")
    parts: list[Part] = []
    for member in members:
        if member.plan_config_descr_id is not None:
            parts.append((await part_of_plan(tx, consumer, member.plan_config_descr_id))[0])
        elif member.plan_config_group_descr_id is not None:
            inner = await group_values(tx, consumer, member.plan_config_group_descr_id)
            parts += await parts_of_members(tx, consumer, inner.members, depth + 1)
        if sum(part.size for part in parts) > MOST_IN_GROUP:
            raise in_the_way(f"A group has at most {MOST_IN_GROUP} changes in all.")
    return parts


async def _found(tx: Tx, consumer: Consumer, identifier: str) -> DictRow:
    number = number_in(DESCRIPTOR, identifier)
    row = None if number is None else await store.find(tx, consumer.id, number)
    if row is None:
        raise missing("plan descriptor", identifier)
    return row


async def _found_group(tx: Tx, consumer: Consumer, identifier: str) -> DictRow:
    number = number_in(GROUP, identifier)
    row = None if number is None else await store.find_group(tx, consumer.id, number)
    if row is None:
        raise missing("plan group descriptor", identifier)
    return row


def _properties(request: PlanDescriptorRequest | PlanGroupDescriptorRequest) -> dict[str, Any]:
    found = {
        "version": request.version,
        "description": request.description,
        "custom_properties": request.custom_properties,
    }
    return {name: value for name, value in found.items() if value is not None}


def _plan_values(request: PlanDescriptorRequest) -> Mapping[str, Any]:
    return {"name": request.name, "properties": _properties(request), "mode": request.activation_mode}


def _group_values(request: PlanGroupDescriptorRequest) -> Mapping[str, Any]:
    return {
        "name": request.name,
        "properties": _properties(request),
        "mode": request.activation_mode,
        "members": msgspec.to_builtins(request.members),
        "ordered": request.is_ordered,
        "conflicts": request.is_fail_on_member_conflicts,
    }


def _plan(row: DictRow, changes: list[ConfigChange], root: str) -> PlanDescriptor:
    identifier = public_id(DESCRIPTOR, row["id"])
    return PlanDescriptor(
        id=identifier,
        name=row["name"],
        **row["properties"],
        config_changes=changes,
        config_changes_content_type=ContentType.OPENAPI_BASED,
        activation_mode=ActivationMode(row["activation_mode"]),
        validation_state=DescriptorValidity(row["validation_state"]),
        last_modified_at=row["last_modified_at"],
        last_validated_at=row["last_validated_at"],
        links=self_link(PLANS, identifier, root),
    )


def _group(row: DictRow, root: str) -> PlanGroupDescriptor:
    identifier = public_id(GROUP, row["id"])
    return PlanGroupDescriptor(
        id=identifier,
        name=row["name"],
        **row["properties"],
        members=msgspec.convert(row["members"], list[Member]),
        is_ordered=row["is_ordered"],
        is_fail_on_member_conflicts=row["is_fail_on_member_conflicts"],
        activation_mode=ActivationMode(row["activation_mode"]),
        validation_state=GroupValidity(row["validation_state"]),
        last_modified_at=row["last_modified_at"],
        last_validated_at=row["last_validated_at"],
        links=self_link(GROUPS, identifier, root),
    )


def _entry(kind: str, row: DictRow) -> DescriptorListEntry:
    properties = {name: row["properties"].get(name) for name in ("version", "description")}
    return DescriptorListEntry(id=public_id(kind, row["id"]), name=row["name"], **properties)
