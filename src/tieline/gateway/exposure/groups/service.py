"""Use cases of 5G LAN groups: taken, shown, changed, ended. What follows in the network is the worker's."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import DictRow

from tieline.gateway.exposure import subscribers
from tieline.gateway.exposure.groups import store
from tieline.gateway.exposure.http import missing
from tieline.gateway.model import Consumer
from tieline.gateway.northbound.answers import actor_of
from tieline.gateway.objects.model import Effect, Happened
from tieline.gateway.objects.store import log
from tieline.platform.db import Tx
from tieline.standards.northbound import (
    Cause,
    Group,
    GroupParameters,
    GroupPatch,
    InvalidParam,
    NorthboundError,
    fixed_differences,
)

GROUPS = 256
"""Groups that a utility may have."""
NAMED = 20
"""Members at fault that one answer names."""
LOG_CLASS = "LanGroup"
"""What a group is called in the change log; it is no object of the tree."""


async def create(tx: Tx, consumer: Consumer, group: Group, *, most: int, now: datetime) -> int:
    """Take a new group; gives its number.

    Raises:
        NorthboundError: for a name that is taken (409), members that do not exist (400), too many of them or too many
            groups (403).

    """
    params = group.params
    _check_size(params, most)
    if await store.count(tx, consumer.id) >= GROUPS:
        raise NorthboundError(f"A utility has at most {GROUPS} groups.", status=403, cause=Cause.QUOTA_EXCEEDED)
    await _check_members(tx, consumer, params.gpsis, "/5gLanParams/gpsis")
    number = await store.add(tx, consumer.id, {"name": params.exter_group_id, **_kept(group)}, now)
    if number is None:
        raise NorthboundError(
            f"There is a group {params.exter_group_id} already.", status=409, cause=Cause.DUPLICATE_REQUEST
        )
    after = {**_kept(group)["document"], "members": len(params.gpsis)}
    await _log(tx, consumer, params.exter_group_id, Happened.CREATED, after=after, now=now)
    return number


async def show(tx: Tx, consumer: Consumer, number: int) -> DictRow:
    """Give a group. Raises ``NorthboundError`` (404)."""
    row = await store.find(tx, consumer.id, number)
    if row is None:
        raise missing(number)
    return row


async def replace(tx: Tx, consumer: Consumer, number: int, group: Group, *, most: int, now: datetime) -> DictRow:
    """Put a group in the place of the one that is there; name, DNN and slice have to stay (403)."""
    row = await _held(tx, consumer, number)
    before = parameters(row)
    fixed_differences(before, group.params)
    return await _change(tx, consumer, row, group, most=most, now=now, where="/5gLanParams/gpsis")


async def patch(tx: Tx, consumer: Consumer, number: int, change: GroupPatch, *, most: int, now: datetime) -> DictRow:
    """Take members in or out; what is so already stays so."""
    row = await _held(tx, consumer, number)
    after = Group(params=change.applied(parameters(row)), supp_feat=row["document"]["suppFeat"])
    return await _change(tx, consumer, row, after, most=most, now=now, where="/5gLanParamsPatch/gpsis")


async def delete(tx: Tx, consumer: Consumer, number: int, now: datetime) -> None:
    """End a group; its members leave it in the background."""
    row = await _held(tx, consumer, number)
    await store.delete(tx, number, now)
    before = {**row["document"], "members": row["size"]}
    await _log(tx, consumer, row["name"], Happened.DELETED, before=before, version=row["revision"] + 1, now=now)


def parameters(row: Mapping[str, Any]) -> GroupParameters:
    """Give a group's parameters as they are kept."""
    document = {**row["document"]["5gLanParams"], "gpsis": row["members"]}
    return msgspec.convert(document, GroupParameters)


def representation(row: Mapping[str, Any], link: str) -> dict[str, Any]:
    """Give a group as it is shown; it was checked when it was taken."""
    document = row["document"]
    return {"self": link, **document, "5gLanParams": {**document["5gLanParams"], "gpsis": row["members"]}}


async def _held(tx: Tx, consumer: Consumer, number: int) -> DictRow:
    row = await store.find(tx, consumer.id, number, lock=True)
    if row is None:
        raise missing(number)
    return row


async def _change(
    tx: Tx, consumer: Consumer, row: DictRow, group: Group, *, most: int, now: datetime, where: str
) -> DictRow:
    _check_size(group.params, most)
    before, after = row["members"], group.params.gpsis
    there = set(before.values())
    await _check_members(tx, consumer, {key: gpsi for key, gpsi in after.items() if gpsi not in there}, where)
    kept = _kept(group)
    if kept["document"] == row["document"] and after == before:
        return row
    await store.replace(tx, row["id"], kept, now)
    left, come = sorted(there - set(after.values())), sorted(set(after.values()) - there)
    old = {**_differing(row["document"], kept["document"]), "members": row["size"], "left": left}
    new = {**_differing(kept["document"], row["document"]), "members": len(after), "come": come}
    await _log(tx, consumer, row["name"], Happened.CHANGED, before=old, after=new, version=row["revision"] + 1, now=now)
    return {**row, **kept, "size": len(after)}


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if other.get(name) != value}


def _kept(group: Group) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(group, self_link=None))
    members = document["5gLanParams"].pop("gpsis")
    return {"document": document, "members": members}


def _check_size(params: GroupParameters, most: int) -> None:
    if len(params.gpsis) > most:
        raise NorthboundError(
            f"A group has at most {most} members; this one would have {len(params.gpsis)}.",
            status=403,
            cause=Cause.QUOTA_EXCEEDED,
        )


async def _check_members(tx: Tx, consumer: Consumer, members: Mapping[str, str], where: str) -> None:
    strangers = set(await subscribers.unknown(tx, consumer, members.values()))
    if strangers:
        keys = [key for key, gpsi in members.items() if gpsi in strangers]
        raise NorthboundError(
            f"{len(keys)} of the members name no subscription of {consumer.code}.",
            cause=Cause.USER_NOT_FOUND,
            params=_named(keys, where),
        )


def _named(keys: Iterable[str], where: str) -> list[InvalidParam]:
    escaped = [key.replace("~", "~0").replace("/", "~1") for key in keys]
    return [InvalidParam(f"{where}/{key}", "names no subscription") for key in escaped[:NAMED]]


async def _log(
    tx: Tx,
    consumer: Consumer,
    name: str,
    happened: Happened,
    *,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    version: int = 1,
) -> None:
    effect = Effect(consumer.root.child(LOG_CLASS, name), happened, before, after, version)
    await log.append(tx, consumer.id, [effect], actor_of(consumer), now)
