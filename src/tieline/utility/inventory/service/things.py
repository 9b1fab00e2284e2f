"""Lists and details of every kind of thing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tieline.platform.db import Tx
from tieline.platform.errors import Invalid, NotFound, Problem
from tieline.platform.paging import MAX_PAGE, Page, decode_key, encode_cursor
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model import FIELDS, FleetFilter, FleetRow, HistoryEntry, Kind, Selection
from tieline.utility.inventory.policy.addresses import usable
from tieline.utility.inventory.store import details, fleet, lists
from tieline.utility.inventory.timeline import MAX_EVENTS, Thing, TimelineEvent, lanes

_NEWEST = 2**63 - 1
_ANY_KIND = FleetFilter()


def sorts(kind: Kind) -> list[str]:
    """What a list of a kind can be sorted by; the first is how it is sorted unless told otherwise."""
    return list(lists.LISTINGS[kind].sorts)


async def page(
    tx: Tx,
    scope: Scope,
    kind: Kind,
    wanted: FleetFilter,
    *,
    sort: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[dict[str, Any]]:
    """A page of a kind within the scope; ``sort`` is a name, with ``-`` before it for descending.

    Raises ``Invalid`` for an unknown sort, or a cursor that is not one of this list's.
    """
    scope.require(Permission.INVENTORY_READ)
    order = _order(kind, sort, cursor)
    limit = max(1, min(limit, MAX_PAGE))
    rows = await lists.page(tx, scope, kind, wanted, order, limit=limit + 1)
    keys = [row.pop("sort_key") for row in rows]
    shown = [_dressed(kind, row) for row in rows[:limit]]
    following = encode_cursor(keys[limit - 1], rows[limit - 1]["id"]) if len(rows) > limit else None
    return Page(shown, following)


async def count(tx: Tx, scope: Scope, kind: Kind, wanted: FleetFilter) -> int:
    """How many things of a kind fit a filter within the scope."""
    scope.require(Permission.INVENTORY_READ)
    return await lists.count(tx, scope, kind, wanted)


async def one(tx: Tx, scope: Scope, kind: Kind, identity: int) -> dict[str, Any]:
    """A thing as its list shows it. Raises ``NotFound`` also for one that the scope does not see."""
    scope.require(Permission.INVENTORY_READ)
    order = lists.Order(next(iter(lists.LISTINGS[kind].sorts)))
    rows = await lists.page(tx, scope, kind, _ANY_KIND, order, limit=1, identity=identity)
    if not rows:
        raise NotFound(f"There is no {kind.replace('_', ' ')} {identity}, or none that you may see.")
    rows[0].pop("sort_key")
    return _dressed(kind, rows[0])


async def detail(tx: Tx, scope: Scope, kind: Kind, identity: int) -> dict[str, Any]:
    """A thing with all that belongs to it.

    ``links`` and ``cards`` past and present, ``fleet`` the live subscriptions with what the operator reports of them,
    ``addresses``; for a site ``shared_mast`` (all its links hang on one mast) and what it feeds; for a cell the others
    on its mast; for a subscription ``drift``, the fields in which the operator reports something else than is desired.
    """
    thing = await one(tx, scope, kind, identity)
    thing["cards"] = await details.cards(tx, scope, kind, identity)
    thing["history_of_links"] = await details.links(tx, scope, kind, identity)
    thing["addresses"] = await details.addresses(tx, scope, kind, identity)
    rows = await _fleet_of(tx, scope, kind, identity)
    thing["fleet"] = rows
    if kind is Kind.SITE:
        thing["shared_mast"] = _shared_mast(rows)
        thing["feeds"] = await details.fed_by(tx, scope, identity)
    if kind is Kind.SUBSCRIPTION:
        thing["drift"] = [field for row in rows for field in _drift(row)]
    if kind is Kind.CELL:
        thing["mast_cells"] = await details.on_mast(tx, scope, thing["mast_id"]) if thing["mast_id"] else []
    return thing


async def _fleet_of(tx: Tx, scope: Scope, kind: Kind, identity: int) -> list[FleetRow]:
    if kind is Kind.SITE:
        wanted = Selection(filter=FleetFilter(site_ids=(identity,)))
        return await fleet.resolve(tx, scope, wanted, limit=None)
    ids = [link["subscription_id"] for link in await details.links(tx, scope, kind, identity) if not link["valid_to"]]
    if kind is Kind.SUBSCRIPTION:
        ids = [identity]
    return await fleet.by_ids(tx, scope, ids) if ids else []


def _shared_mast(rows: Sequence[FleetRow]) -> bool:
    masts = {row.mast_id for row in rows}
    return len(rows) > 1 and len(masts) == 1 and None not in masts


def _drift(row: FleetRow) -> list[dict[str, Any]]:
    if row.reported_at is None:
        return []
    reported = {**row.operational, "rat_restriction": row.op_rat_restriction or []}
    if row.op_lan_groups is None:  # not every platform has groups
        reported["lan_groups"] = row.lan_groups
    return [
        {"field": field, "desired": row.desired[field], "operational": reported[field]}
        for field in FIELDS
        if row.desired[field] != reported[field]
    ]


async def history(
    tx: Tx, scope: Scope, kind: Kind, identity: int, *, cursor: str | None = None, limit: int = 50, whole: bool = False
) -> Page[HistoryEntry]:
    """Changes of a thing's configuration, the newest first; ``whole``: also of what belongs to it."""
    await one(tx, scope, kind, identity)
    before = _NEWEST if cursor is None else decode_key(cursor, int)[0]
    limit = max(1, min(limit, MAX_PAGE))
    rows = await details.history(tx, scope, kind, identity, whole=whole, before=before, limit=limit + 1)
    following = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(rows[:limit], following)


async def timeline(
    tx: Tx, scope: Scope, kind: Kind, identity: int, *, before: datetime, limit: int = 100
) -> list[TimelineEvent]:
    """What happened to a thing before a moment, from every lane, the newest first."""
    await one(tx, scope, kind, identity)
    limit = max(1, min(limit, MAX_EVENTS))
    live = tuple(row.subscription_id for row in await _fleet_of(tx, scope, kind, identity))
    thing = Thing(kind, identity, live)
    events: list[TimelineEvent] = []
    for provider in lanes().values():
        events += await provider(tx, scope, thing, before, limit)
    return sorted(events, key=lambda event: event.at, reverse=True)[:limit]


async def configuration_lane(tx: Tx, scope: Scope, thing: Thing, before: datetime, limit: int) -> list[TimelineEvent]:
    """The lane of changes of configuration: what was set, by whom, with both values."""
    rows = await details.history(tx, scope, thing.kind, thing.id, whole=True, before=_NEWEST, limit=MAX_EVENTS)
    found = [_as_event(row) for row in rows if row.at < before]
    return found[:limit]


async def links_lane(tx: Tx, scope: Scope, thing: Thing, before: datetime, limit: int) -> list[TimelineEvent]:
    """The lane of links: when a card began and ceased to serve a place."""
    events = []
    for row in await details.links(tx, scope, thing.kind, thing.id):
        where = f"{row['site_name']}, {row['device_external_id']} slot {row['modem_slot']}"
        about = {key: row[key] for key in ("operator", "operator_ref", "iccid", "role")}
        events.append(
            TimelineEvent("links", row["valid_from"], f"Link to operator {row['operator']} began at {where}", "", about)
        )
        if row["valid_to"] is not None:
            title = f"Link to operator {row['operator']} ended at {where}"
            events.append(TimelineEvent("links", row["valid_to"], title, "", about))
    return sorted((event for event in events if event.at < before), key=lambda event: event.at, reverse=True)[:limit]


def _as_event(row: HistoryEntry) -> TimelineEvent:
    changed = [name for name in row.after if row.before.get(name) != row.after[name]]
    what = ", ".join(name.replace("_", " ") for name in changed) or "nothing"
    detail = {
        "thing": row.thing,
        "thing_id": row.thing_id,
        "reason": row.reason,
        "change_id": row.change_id,
        "before": {name: row.before.get(name) for name in changed},
        "after": {name: row.after[name] for name in changed},
    }
    link = f"/changes/{row.change_id}" if row.change_id is not None else None
    return TimelineEvent(
        "configuration", row.at, f"{row.thing.replace('_', ' ').capitalize()}: {what}", row.actor, detail, link
    )


def _order(kind: Kind, sort: str | None, cursor: str | None) -> lists.Order:
    known = lists.LISTINGS[kind].sorts
    name = (sort or next(iter(known))).removeprefix("-")
    if name not in known:
        raise Invalid("The list cannot be sorted by that.", [Problem("sort", "choice", f"One of {', '.join(known)}.")])
    if cursor is None:
        return lists.Order(name, bool(sort and sort.startswith("-")))
    return lists.Order(name, bool(sort and sort.startswith("-")), decode_key(cursor, known[name].kind, int))


def _dressed(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    if kind is Kind.ADDRESS_POOL:
        return {**row, "usable": usable(row["cidr"]).count}
    return dict(row)
