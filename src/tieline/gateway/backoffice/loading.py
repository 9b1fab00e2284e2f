"""Loading subscriptions and cards in bulk, and taking down what the network saw: NDJSON, a line for each.

A load is taken as a whole: one wrong line, and nothing is. Every wrong line is named, up to a bound.
"""

import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from tieline.gateway.backends.simulated import places
from tieline.gateway.backends.simulated import store as radio
from tieline.gateway.backends.simulated.places import SeenCell
from tieline.gateway.backoffice.schemas import Loaded, Observed
from tieline.gateway.backoffice.store import loading as store
from tieline.gateway.model import Consumer, path_of
from tieline.gateway.objects import service
from tieline.gateway.objects.model import timestamp
from tieline.gateway.parts import Parts
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, Problem
from tieline.standards.mns import profile
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import DnError
from tieline.standards.mns.profile import RatType
from tieline.standards.numbering import check_iccid

MAX_LINE = 16_384
MAX_PROBLEMS = 100
BATCH = 2000

Row = tuple[Dn, dict[str, Any], dict[str, Any]]

_document = msgspec.json.Decoder(dict[str, Any])
_CARD_MEMBERS = {"eid": "eid", "cardKind": "kind"}


async def lines(stream: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """Cut a stream into numbered lines without the empty ones. Raises ``Invalid`` for a line beyond the bound."""
    rest = b""
    number = 0
    async for piece in stream:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            number += 1
            if line.strip():
                yield number, line
        if len(rest) > MAX_LINE:
            raise Invalid("A line is too long.", [Problem("line", "length", f"{MAX_LINE} octets", line=number + 1)])
    if rest.strip():
        yield number + 1, rest


async def load(tx: Tx, consumer: Consumer, stream: AsyncIterator[bytes], now: datetime) -> Loaded:
    """Make the subscriptions and cards of a stream; their operational state is what they say.

    Raises:
        Invalid: naming line, field and rule of what is wrong; nothing is then loaded.

    """
    began = time.perf_counter()
    problems: list[Problem] = []
    batch: list[Row] = []
    made: dict[str, int] = {}
    count = 0
    since = timestamp(now)
    async for number, line in lines(stream):
        rows = _read(consumer, number, line, since, problems)
        if len(problems) >= MAX_PROBLEMS:
            break
        count += 1
        batch += rows
        if len(batch) >= BATCH and not problems:
            await _take(tx, consumer, batch, made, now)
    if problems:
        raise Invalid("Lines are wrong, so nothing was loaded.", problems)
    await _take(tx, consumer, batch, made, now)
    await store.refresh_statistics(tx)
    loaded = made.get(profile.SUBSCRIPTION_CLASS, 0)
    seconds = round(time.perf_counter() - began, 3)
    return Loaded(loaded=loaded, cards=made.get(profile.CARD_CLASS, 0), known=count - loaded, seconds=seconds)


async def attachments(parts: Parts, consumer: Consumer, stream: AsyncIterator[bytes]) -> Observed:
    """Take down what the network saw of subscriptions, some thousands in each transaction.

    Raises:
        Invalid: naming the line that is wrong; what came before it is kept.

    """
    taken = total = 0
    now = parts.clock.now()
    batch: dict[Dn, _Report] = {}
    async for number, line in lines(stream):
        dn, report = _attachment(consumer, number, line, now)
        batch[dn] = report
        total += 1
        if len(batch) >= BATCH:
            taken += await _observe(parts, consumer, batch, now)
            batch = {}
    taken += await _observe(parts, consumer, batch, now)
    parts.signals.changed()
    return Observed(taken=taken, unknown=total - taken)


async def _observe(parts: Parts, consumer: Consumer, batch: Mapping[Dn, "_Report"], now: datetime) -> int:
    """Take a batch down; what is in a device today stays there, so that the simulated network goes on from it."""
    fitted = [{"path": path_of(dn), **report.fitting} for dn, report in batch.items() if report.fitting]
    async with parts.db.transaction() as tx:
        seen = {dn: report.seen for dn, report in batch.items()}
        known = await service.observe(tx, consumer, seen, now, parts.interference)
        await radio.meet_cells(tx, [report.cell for report in batch.values() if report.cell is not None])
        await radio.adopt(tx, consumer.id, fitted, now)
    return known


async def _take(tx: Tx, consumer: Consumer, batch: list[Row], made: dict[str, int], now: datetime) -> None:
    await store.stage(tx, batch)
    for name, number in (await store.take_staged(tx, consumer, "staff:load", now)).items():
        made[name] = made.get(name, 0) + number
    batch.clear()


def _read(consumer: Consumer, number: int, line: bytes, since: str, problems: list[Problem]) -> list[Row]:
    """Read one line: a subscription, and the card it names; what is wrong goes to ``problems``."""
    found: list[Problem] = []
    document = _decode(number, line, found)
    identifier = document.pop("id", None)
    card = {name: document.pop(key, None) for key, name in _CARD_MEMBERS.items()}
    own = {name: value for name, value in document.items() if value not in (None, "")}
    rows: list[Row] = []
    try:
        if not isinstance(identifier, str):
            raise DnError("id is a string")  # noqa: TRY301 - one place for what is wrong with the id
        dn = consumer.root.child(profile.SUBSCRIPTION_CLASS, identifier)
        wanted = {name: own[name] for name in profile.DESIRED_NAMES if name in own}
        rows.append((dn, own, {"operational": {**wanted, "since": since}}))
    except DnError as error:
        found.append(Problem("id", "name", str(error), str(identifier)[:80], number))
    found += _wrong(own, profile.SUBSCRIPTION_CLASS, number)
    if "state" not in own:
        found.append(Problem("state", "required", "state is missing", line=number))
    if "card" in own and identifier is not None:
        rows += _card(consumer, number, own, {**card, "carries": identifier}, found)
    problems += found
    return rows


def _card(
    consumer: Consumer, number: int, own: Mapping[str, Any], card: dict[str, Any], problems: list[Problem]
) -> list[Row]:
    checked = check_iccid(str(own["card"]))
    if not checked.ok:
        return []
    in_stock = own.get("state") == profile.State.INVENTORY
    attributes = {name: value for name, value in card.items() if value not in (None, "")}
    attributes["stockState"] = profile.StockState.IN_STOCK if in_stock else profile.StockState.FITTED
    problems += _wrong(attributes, profile.CARD_CLASS, number)
    return [(consumer.root.child(profile.CARD_CLASS, str(own["card"])), attributes, {})]


def _wrong(attributes: Mapping[str, Any], class_name: str, number: int) -> list[Problem]:
    table = profile.CLASSES[class_name]
    found = []
    for name, value in attributes.items():
        attribute = table.get(name)
        if attribute is None or name in profile_kept:
            found.append(Problem(name[:64], "unknown", f"{class_name} takes no {name[:64]!r} here", line=number))
        elif wrong := attribute.check(value):
            found.append(Problem(name, wrong[0], f"{name} {wrong[1]}", str(value)[:80], number))
    return found


profile_kept = frozenset(
    {
        "operational",
        "servingCell",
        "attached",
        "lastSeen",
        "imei",
        "lanGroups",
        "lastModifiedAt",
        "lastModifiedBy",
        "lastPlan",
    }
)


class _Report(NamedTuple):
    """A line of a world's report: what is seen of a subscription, and the fitting that this implies."""

    seen: Mapping[str, Any]
    fitting: Mapping[str, Any]
    cell: SeenCell | None


def _attachment(consumer: Consumer, number: int, line: bytes, now: datetime) -> tuple[Dn, _Report]:
    problems: list[Problem] = []
    document = _decode(number, line, problems)
    identifier = document.get("subscription")
    cell, age = document.get("servingCell"), document.get("lastSeenSecondsAgo", 0)
    if not isinstance(identifier, str) or not isinstance(age, int | float) or not isinstance(cell, dict | None):
        problems.append(Problem("line", "format", "subscription, servingCell or lastSeenSecondsAgo", line=number))
    if problems:
        raise Invalid("A line cannot be read.", problems)
    seen_at = timestamp(now - timedelta(seconds=float(age or 0)))
    seen: dict[str, Any] = {"attached": document.get("attached") is True}
    if seen["attached"]:
        seen["lastSeen"] = seen_at
    if document.get("imei"):
        seen["imei"] = document["imei"]
    seen["servingCell"] = {**cell, "plmn": _plmn(cell), "reportedAt": seen_at} if cell else None
    if wrong := _seen_wrong(seen, number):
        raise Invalid("A line cannot be read.", wrong)
    serving = seen["servingCell"]
    named = (
        SeenCell(serving["cellId"], RatType(serving["ratType"]), serving.get("band", ""), serving["plmn"])
        if serving and {"cellId", "ratType"} <= serving.keys()
        else None
    )
    report = _Report(seen, _fitting(number, document, seen, named), named)
    return consumer.root.child(profile.SUBSCRIPTION_CLASS, str(identifier)), report


def _fitting(
    number: int, document: Mapping[str, Any], seen: Mapping[str, Any], cell: SeenCell | None
) -> dict[str, Any]:
    """Give the fitting that a line implies: none without a device; without generations, those of the cell or all."""
    if "imei" not in seen:
        return {}
    lat, lon, bands = document.get("lat"), document.get("lon"), document.get("bands") or None
    try:
        point = places.point(*places.placed(lat, lon))
        rats = places.rats_of(document["generations"]) if "generations" in document else list(places.BEST_FIRST)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid("A line cannot be read.", [Problem("line", "format", str(error), line=number)]) from error
    return {
        "imei": seen["imei"],
        "rats": rats,
        "bands": bands.split() if isinstance(bands, str) else bands,
        "place": point,
        "reach": places.reach(lat),
        "cells": [cell.cell_id] if cell else None,
        "attached": seen["attached"] and cell is not None,
        "cell": cell.cell_id if cell else None,
        "rat": cell.rat_type if cell else None,
    }


def _seen_wrong(seen: Mapping[str, Any], number: int) -> list[Problem]:
    return [
        Problem(name, wrong[0], f"{name} {wrong[1]}", line=number)
        for name, value in seen.items()
        if value is not None and (wrong := profile.SUBSCRIPTION[name].check(value))
    ]


def _plmn(cell: Mapping[str, Any]) -> str:
    """Give the network's code without the hyphen that files write it with."""
    return str(cell.get("plmn", "")).replace("-", "")


def _decode(number: int, line: bytes, problems: list[Problem]) -> dict[str, Any]:
    try:
        return _document.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        problems.append(Problem("line", "json", str(error), line=number))
        return {}
