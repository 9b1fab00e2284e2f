"""When changes may send: openings of windows that recur, and forecasts of when a change will be done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx
from tieline.platform.errors import Invalid, NotFound, Problem
from tieline.platform.scope import Permission, Scope, system
from tieline.utility.changes.model import Change, Recurring, Window
from tieline.utility.changes.policy import forecast as rules_of_forecast
from tieline.utility.changes.policy import window_words, windows
from tieline.utility.changes.policy.forecast import LOOKED_AHEAD, Forecast
from tieline.utility.changes.policy.windows import EVER, Span
from tieline.utility.changes.store import changes as store
from tieline.utility.changes.store import holds, openings

_EVERYBODY = system("changes")
_MOMENT = timedelta(microseconds=1)


async def settle(tx: Tx, clock: Clock, change_id: int) -> None:
    """Work out the next opening of a change whose window recurs."""
    row = await openings.of_change(tx, change_id, lock=True)
    if row is not None and row["windowed"]:
        before = openings.stored(row)
        after = windows.roll(openings.windows_of(row), before, clock.now())
        if after != before:
            await openings.keep(tx, change_id, after)


async def settle_operators(tx: Tx, clock: Clock, *, only: str | None = None) -> None:
    """Work out the next openings of operators' windows, as they stand: nobody sets them meanwhile."""
    for row in await openings.operators(tx, only=only, lock=True):
        before = openings.stored(row)
        after = windows.roll([openings.rules_of(row["operator_rules"])], before, clock.now())
        if after != before:
            await openings.keep_operator(tx, row["operator_id"], after)


async def settle_all(db: Database, clock: Clock) -> None:
    """Work out every next opening; each change by itself, so that none waits for another one's lock."""
    async with db.transaction() as tx:
        await settle_operators(tx, clock)
        found = await openings.windowed(tx)
    for change_id in found:
        async with db.transaction() as tx:
            await settle(tx, clock, change_id)


def read(texts: Sequence[str | Recurring], zone: str = "Europe/London") -> tuple[Recurring, ...]:
    """Windows from words or rules; raises ``Invalid`` with what is not understood."""
    found = []
    for text in texts:
        try:
            found.append(window_words.read(text, zone) if isinstance(text, str) else text)
        except ValueError as error:
            problem = Problem("window.rules", "window", f"{error} {window_words.ADVICE}", str(text)[:200])
            raise Invalid("A window cannot be read.", [problem]) from error
    check(found)
    return tuple(found)


def check(rules: Sequence[Recurring]) -> None:
    """Raise ``Invalid`` for rules that make no sense."""
    wrong = windows.problems(rules)
    if wrong:
        told = [Problem("window.rules", field, why) for field, why in wrong]
        raise Invalid("A window makes no sense.", told)


def words(rules: Sequence[Recurring]) -> list[str]:
    """Windows in words."""
    return [window_words.words(rule) for rule in rules]


async def set_operator_windows(
    tx: Tx, scope: Scope, clock: Clock, operator: str, rules: Sequence[Recurring], *, terms: str = ""
) -> None:
    """Set when an operator's contract permits changes to be sent; none: at any time. Emergency changes are exempt.

    ``terms`` says where that stands. What stood before is kept.
    """
    scope.require(Permission.OPERATOR_WRITE)
    check(rules)
    if scope.operators is not None and operator not in scope.operators:
        raise NotFound(f"There is no operator {operator}.")
    if await openings.set_operator(tx, scope, operator, rules, terms=terms, at=clock.now()) is None:
        raise NotFound(f"There is no operator {operator}.")
    await settle_operators(tx, clock, only=operator)
    facts = {"windows": words(rules), "terms": terms}
    await audit.append(tx, scope, audit.Entry("operator.windows", f"operator:{operator}", facts))


async def operator_windows(tx: Tx, scope: Scope) -> list[DictRow]:
    """The windows of the operators' contracts."""
    scope.require(Permission.CHANGE_READ)
    found = await openings.operators(tx, scope)
    return [{**row, "words": words(openings.rules_of(row["operator_rules"]))} for row in found]


async def operator_window_history(tx: Tx, scope: Scope, operator: str) -> list[DictRow]:
    """What stood before as an operator's windows, the latest first."""
    scope.require(Permission.CHANGE_READ)
    found = await openings.operator_history(tx, scope, operator)
    return [{**row, "words": words(openings.rules_of(row["rules"]))} for row in found]


async def must_wait(
    tx: Tx, scope: Scope, clock: Clock, policy: DictRow, where: Collection[tuple[str, str | None]]
) -> bool:
    """Whether a change under a policy would have to wait now with some of what it does; ``where``: operator and region.

    Freezes, storms, the policy's own windows and those of the operators' contracts count: an emergency change waits
    for none of them.
    """
    scope.require(Permission.CHANGE_READ)
    now = clock.now()
    held = await holds.during(tx, now, now + _MOMENT)
    touched = {operator for operator, _ in where}
    bounds = [openings.rules_of(policy["windows"])]
    bounds += [
        openings.rules_of(row["operator_rules"]) for row in await openings.operators(tx) if row["operator"] in touched
    ]
    return not windows.is_open([rules for rules in bounds if rules], now) or any(
        row["change_id"] is None
        and row["lifted_at"] is None
        and row["operator"] in {None, operator}
        and row["region"] in {None, region}
        for row in held
        for operator, region in where
    )


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a change is expected to begin and to be done, in all and at each operator; ``sentence`` says it."""

    whole: Forecast | None
    operators: Mapping[str, Forecast]
    windows: Sequence[str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What bounds every change: holds to come, and the windows of the operators' contracts."""

    now: datetime
    held: Sequence[DictRow]
    operators: Mapping[str, tuple[Recurring, ...]]


async def surroundings(tx: Tx, now: datetime) -> Surroundings:
    """What bounds every change from a moment on."""
    held = await holds.during(tx, now, now + LOOKED_AHEAD)
    rules = {row["operator"]: openings.rules_of(row["operator_rules"]) for row in await openings.operators(tx)}
    return Surroundings(now, held, rules)


async def schedule(tx: Tx, scope: Scope, clock: Clock, change_id: int) -> Schedule:
    """What is to be expected of a plan as things are: its windows, holds, and the time that its operators need.

    Holds over a part of an operator's items are not counted in; they are told beside it.
    """
    scope.require(Permission.CHANGE_READ)
    change = await store.get(tx, change_id)
    row = await openings.of_change(tx, change_id)
    around = await surroundings(tx, change.started_at or clock.now())
    return expected(scope, change, openings.rules_of(row and row["policy_rules"]), around)


def expected(scope: Scope, change: Change, of_policy: Sequence[Recurring], around: Surroundings) -> Schedule:
    """The same, from what was read beforehand."""
    emergency, now = change.type.value == "emergency", around.now
    found = {}
    for operator, seconds in _lanes(change).items():
        if scope.operators is not None and operator not in scope.operators:
            continue
        of_operator = () if emergency else around.operators.get(operator, ())
        bounds: list[Window | Sequence[Recurring]] = [
            change.window,
            *(rules for rules in (tuple(of_policy), of_operator) if rules),
        ]
        spans = windows.together(bounds, now, now + LOOKED_AHEAD)
        spans = windows.without(spans, _holding(around.held, change, operator))
        windowed = bool(change.window.rules or of_policy or of_operator)
        found[operator] = rules_of_forecast.forecast(spans, seconds, now, windowed=windowed)
    said = [*words(change.window.rules), *words(of_policy)]
    return Schedule(rules_of_forecast.together(list(found.values())), found, said)


async def seconds_expected(tx: Tx, clock: Clock, change: Change) -> list[float] | None:
    """Seconds from now until a change is expected to be done, least and most, its windows and holds counted in."""
    now = clock.now()
    row = await openings.of_change(tx, change.id)
    around = await surroundings(tx, now)
    whole = expected(_EVERYBODY, change, openings.rules_of(row and row["policy_rules"]), around).whole
    if whole is None or whole.done[0] is None or whole.done[1] is None:
        return None
    return [round((moment - now).total_seconds(), 1) for moment in whole.done if moment is not None]


def _lanes(change: Change) -> dict[str, tuple[float, float]]:
    """Seconds from least to most that each operator needs, by the plan."""
    lanes: Mapping[str, Any] = (change.summary or {}).get("lanes") or {}
    return {
        code: (float(lane["least_seconds"]), float(lane["most_seconds"]))
        for code, lane in lanes.items()
        if lane["items"]
    }


def _holding(held: Sequence[DictRow], change: Change, operator: str) -> list[Span]:
    """When the whole of a change's part at an operator is held."""
    emergency = change.type.value == "emergency"
    return [
        Span(row["starts_at"], row["ends_at"] or EVER)
        for row in held
        if row["region"] is None
        and row["operator"] in {None, operator}
        and row["change_id"] in {None, change.id}
        and not row["spares_released"]
        and (not emergency or row["emergency_too"])
    ]
