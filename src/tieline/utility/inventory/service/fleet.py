"""What the contexts above do with the fleet: select, read, set desired values, take reports."""

from collections.abc import Iterable, Sequence
from typing import Any

from tieline.platform.db import Database, Tx
from tieline.platform.errors import Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope
from tieline.utility.inventory.model import (
    FIELDS,
    Applied,
    ApplyOutcome,
    Desired,
    DesiredChange,
    Drift,
    FleetFilter,
    FleetRow,
    HangingSite,
    OperatorReport,
    Rat,
    Reach,
    ReportOutcome,
    Selection,
    SubscriptionState,
    VersionConflict,
)
from tieline.utility.inventory.policy.addresses import plain
from tieline.utility.inventory.policy.reports import merged
from tieline.utility.inventory.store import desired, fleet, groups, operators, reports
from tieline.utility.inventory.store import reach as reaching

_TIDY_FROM = 1000


async def resolve_selection(tx: Tx, scope: Scope, selection: Selection, *, limit: int | None = None) -> list[FleetRow]:
    """The subscriptions of a selection as they stand now, in the order of their ids; at most ``limit``.

    Only what the scope sees is selected. The rows are values: freeze them with what is made of them.
    """
    scope.require(Permission.INVENTORY_READ)
    return await fleet.resolve(tx, scope, selection, limit=limit)


async def sites_hanging(tx: Tx, scope: Scope, technology: str, regions: Sequence[str] = ()) -> list[HangingSite]:
    """Every site within the scope all of whose links hang on a technology, by id, in few words."""
    scope.require(Permission.INVENTORY_READ)
    wanted = FleetFilter(hanging_on=technology, regions=tuple(regions))
    return await fleet.sites_hanging(tx, scope, wanted)


async def subscriptions(tx: Tx, scope: Scope, ids: Sequence[int]) -> list[FleetRow]:
    """The subscriptions of some ids as they stand now, by id; those the scope does not see are left out.

    A subscription that is fitted nowhere has no region: only who sees all regions sees it here.
    """
    scope.require(Permission.INVENTORY_READ)
    return await fleet.by_ids(tx, scope, ids)


async def reach(tx: Tx, scope: Scope, ids: Sequence[int]) -> list[Reach]:
    """Where the applications behind subscriptions are reached, by id; what the scope does not see is left out."""
    scope.require(Permission.INVENTORY_READ)
    return await reaching.reach(tx, scope, ids)


async def apply_desired(tx: Tx, scope: Scope, changes: Sequence[DesiredChange], *, reason: str) -> ApplyOutcome:
    """Set desired values where the version is still the expected one, keeping the before-images; one statement.

    Reservations follow: an address that is set becomes assigned, one that is dropped becomes free. Raises ``Invalid``
    for an unknown field or a value that no subscription can have; a subscription may appear only once.
    """
    scope.require(Permission.CHANGE_RUN)
    problems = [problem for change in changes for problem in _problems(change.fields)]
    ids = [change.subscription_id for change in changes]
    if len(set(ids)) != len(ids):
        problems.append(Problem("subscription_id", "duplicate", "A subscription may appear only once in a batch."))
    if problems:
        raise Invalid("The desired values break a rule.", problems)
    versions = await desired.apply(tx, scope, changes, reason)
    await desired.settle_addresses(tx, list(versions))
    grouped = [one.subscription_id for one in changes if "lan_groups" in one.fields and one.subscription_id in versions]
    if grouped:
        await groups.follow(tx, grouped)
    left = [change for change in changes if change.subscription_id not in versions]
    present = await desired.versions(tx, scope, [change.subscription_id for change in left]) if left else {}
    return ApplyOutcome(
        tuple(Applied(identity, version) for identity, version in sorted(versions.items())),
        tuple(
            VersionConflict(one.subscription_id, one.expected_version, present.get(one.subscription_id)) for one in left
        ),
    )


async def apply_reports(tx: Tx, scope: Scope, operator_code: str, batch: Iterable[OperatorReport]) -> ReportOutcome:
    """Take what an operator reports of its subscriptions: operational values, serving cell, device, last seen.

    A report older than what is known changes nothing; of two with the same time the later delivered counts. Returns
    where operational values differ from desired ones, for the reports that were taken. Raises ``NotFound`` for an
    operator that is not within the scope. Only the system itself may report.
    """
    scope.require(Permission.SYSTEM)
    ids = await operators.operator_ids(tx, scope)
    if operator_code not in ids:
        raise NotFound(f"There is no operator {operator_code}.")
    operator_id = ids[operator_code]
    every = merged(batch)
    rows = await reports.take(tx, operator_id, every)
    refs = [report.operator_ref for report in every]
    missing = await reports.unknown(tx, operator_id, refs) if len(rows) < len(refs) else []
    drifts = tuple(
        Drift(row["id"], row["operator_ref"], row["version"], field, row[field], row[f"op_{field}"], row["at"])
        for row in rows
        for field in row["differing"]
    )
    return ReportOutcome(len(rows), drifts, tuple(missing))


_STATES = frozenset(SubscriptionState)
_RATS = frozenset(Rat)
_MAX_TEXT = 200


def _problems(fields: Desired) -> list[Problem]:
    found = []
    for field, value in fields.items():
        message = _complaint(field, value)
        if message is not None:
            found.append(Problem(field, "value", message, str(value)[:80]))
    return found


def _complaint(field: str, value: Any) -> str | None:
    if field not in FIELDS:
        return f"There is no such field; there are {', '.join(FIELDS)}."
    if field == "state":
        return None if value in _STATES else f"A state is one of {', '.join(SubscriptionState)}."
    if field in {"rat_restriction", "lan_groups"}:
        return _list_complaint(field, value)
    if value is None:
        return None
    if not isinstance(value, str) or not value or len(value) > _MAX_TEXT:
        return f"A text of 1 to {_MAX_TEXT} characters, or none, is needed."
    return _address_complaint(value) if field == "ip_address" else None


def _list_complaint(field: str, value: Any) -> str | None:
    words = value if isinstance(value, list | tuple) else [None]
    if field == "rat_restriction":
        return None if all(one in _RATS for one in words) else f"A list of {', '.join(Rat)} is needed."
    return None if all(isinstance(one, str) and one for one in words) else "A list of groups' names is needed."


def _address_complaint(value: str) -> str | None:
    try:
        plain(value)
    except ValueError:
        return "That is not an IP address."
    return None


async def tidy_reports(db: Database, taken: int) -> None:
    """After a great many reports, put the table in order: counts of the fleet read its index alone then."""
    if taken > _TIDY_FROM:
        async with db.autocommit() as bare:
            await reports.tidy(bare)
