"""What loading has in common for all kinds.

``import_raw`` holds the rows as they were read; ``stage`` the same with their references resolved. In every query
``g`` is a row of ``stage`` and ``x`` the thing in place; ``g.thing_id`` is its id, NULL for a thing that is new.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.platform.db import Tx, copy_in, execute, fetch_all, fetch_one, fetch_value, lock_key
from tieline.platform.scope import Scope, within
from tieline.utility.inventory.importing.kinds import FieldSpec
from tieline.utility.inventory.importing.problems import Problems

_LOCK = lock_key("inventory.loading")

IN_SCOPE = within("t.region")


@dataclass(frozen=True, slots=True)
class Check:
    """A rule that only the database can judge. ``lines`` is a query for ``line`` and ``value`` of those that break it.

    ``repeat``: what it finds may depend on rows that it or another rule removed, so that it is asked until it finds
    nothing.
    """

    field: str
    rule: str
    message: str
    lines: str
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: which field of the file it belongs to, and its value in terms of ``g``."""

    field: str
    name: str
    value: str

    @classmethod
    def plain(cls, name: str, default: str | None = None) -> "Column":
        """A column that is called like its field; ``default`` (SQL) stands for an empty value."""
        return cls(name, name, f"g.{name}" if default is None else f"coalesce(g.{name}, {default})")


@dataclass(frozen=True, slots=True)
class Load:
    """One import at work: whose, under which number, when it got its turn, and which fields the file gives."""

    import_id: int
    scope: Scope
    reason: str
    at: datetime
    mapped: frozenset[str]

    @property
    def params(self) -> dict[str, Any]:
        """What every statement may refer to."""
        return {
            "import_id": self.import_id,
            "actor": self.scope.actor,
            "reason": self.reason,
            "at": self.at,
            **self.scope.params(),
        }


@dataclass(slots=True)
class Counts:
    """What became of the good rows; ``fields`` counts the values that changed, by field."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    fields: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loading:
    """How one kind is loaded.

    ``references`` are select items and ``joins`` the FROM items (on ``r``, the raw row) that resolve references.
    ``unique``: fields under which a duplicate within the file is reported, with the columns that must not repeat.
    ``tables`` are those it writes; ``derived`` are columns beyond the fields, computed from a row by ``derive``.
    """

    references: str
    joins: str
    unique: Sequence[tuple[str, Sequence[str]]]
    checks: Sequence[Check]
    apply: Callable[[Tx, Load], Awaitable[Counts]]
    tables: Sequence[str]
    derived: str = ""
    derive: Callable[[Mapping[str, Any]], tuple[Any, ...]] | None = None


async def prepare(tx: Tx, specs: Sequence[FieldSpec], loading: Loading) -> datetime:
    """Make the table for the raw rows. Imports wait for one another here: one at a time writes the inventory.

    Returns when the turn came. What is dated by an import begins and ends then: ``now()`` is when its transaction
    began, and may lie before what an import that it waited for has dated.
    """
    await execute(tx, "SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _LOCK})
    columns = ", ".join(f"{spec.name} {spec.sql}" for spec in specs)
    derived = f", {loading.derived}" if loading.derived else ""
    await execute(tx, f"CREATE TEMP TABLE import_raw (line bigint, {columns}{derived}) ON COMMIT DROP")
    turn: datetime = await fetch_value(tx, "SELECT clock_timestamp() AS turn")
    return turn


async def copy(tx: Tx, specs: Sequence[FieldSpec], loading: Loading, rows: Iterable[Sequence[Any]]) -> int:
    """Copy converted rows (line, then the values in the order of the fields) into the raw table."""
    derive = loading.derive
    names = [spec.name for spec in specs]
    if derive is None:
        return await copy_in(tx, "import_raw", rows)
    return await copy_in(tx, "import_raw", ((*row, *derive(dict(zip(names, row[1:], strict=True)))) for row in rows))


async def stage(tx: Tx, loading: Loading) -> None:
    """Resolve the references of the raw rows."""
    await execute(
        tx,
        f"CREATE TEMP TABLE stage ON COMMIT DROP AS SELECT r.*, {loading.references} FROM import_raw r {loading.joins}",
    )
    await execute(tx, "CREATE UNIQUE INDEX stage_line ON stage (line)")
    await execute(tx, "ANALYZE stage")


async def check(tx: Tx, load: Load, loading: Loading, problems: Problems) -> None:
    """Take the rows that break a rule out of the stage, and note why. A row is reported under its first rule.

    A row may be good only because another one makes room for it, which a later rule takes out: so that rules that
    depend on other rows are asked again until all that are left stand together.
    """
    rules = [*loading.checks, *(_duplicate(name, columns) for name, columns in loading.unique)]
    while rules:
        found = [await _refuse(tx, load, one, problems) for one in rules]
        rules = [one for one in loading.checks if one.repeat] if any(found) else []


async def _refuse(tx: Tx, load: Load, one: Check, problems: Problems) -> int:
    rows = await fetch_all(tx, f"SELECT line, value::text AS value FROM ({one.lines}) found ORDER BY line", load.params)
    for row in rows:
        problems.add(row["line"], one.field, one.rule, row["value"], one.message)
    problems.bad_lines += len(rows)
    if rows:
        await execute(tx, "DELETE FROM stage WHERE line = ANY(%(lines)s)", {"lines": [row["line"] for row in rows]})
    return len(rows)


def _duplicate(name: str, columns: Sequence[str]) -> Check:
    keys = ", ".join(columns)
    given = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    lines = f"""
        SELECT line, value FROM (
            SELECT line, {columns[-1]} AS value, row_number() OVER (PARTITION BY {keys} ORDER BY line) AS place
            FROM stage WHERE {given}
        ) numbered WHERE place > 1"""
    return Check(name, "duplicate", "an earlier line of the file has the same", lines)


LINKS_ENDED = """
INSERT INTO history (thing, thing_id, actor, reason, before, after)
SELECT 'link', e.id, %(actor)s, %(reason)s, jsonb_build_object('card_id', e.card_id, 'site_id', e.site_id,
    'device_id', e.device_id, 'modem_slot', e.modem_slot, 'role', e.role, 'valid_to', NULL),
    jsonb_build_object('valid_to', e.valid_to)
FROM ended e
"""
"""Keeps the before-image of links that end: the rest of a statement whose ``ended`` are the rows of these links."""


def image(alias: str, columns: Sequence[Column]) -> str:
    """The columns of a row as jsonb: what history keeps."""
    pairs = ", ".join(f"'{column.name}', {alias}.{column.name}" for column in columns)
    return f"jsonb_build_object({pairs})"


async def insert(
    tx: Tx, load: Load, table: str, columns: Sequence[Column], *, fresh: str = "g.thing_id IS NULL"
) -> int:
    """Insert the things that are new; returns how many."""
    names = ", ".join(column.name for column in columns)
    values = ", ".join(column.value for column in columns)
    text = f"INSERT INTO {table} ({names}, import_id) SELECT {values}, %(import_id)s FROM stage g WHERE {fresh}"
    return await execute(tx, f"{text} ORDER BY g.line", load.params)


def differing(load: Load, columns: Sequence[Column], alias: str) -> dict[str, str]:
    """For each field that the file gives: the condition under which it differs from what is in place."""
    return {
        column.field: f"{alias}.{column.name} IS DISTINCT FROM {column.value}"
        for column in columns
        if column.field in load.mapped
    }


async def update(
    tx: Tx, load: Load, table: str, columns: Sequence[Column], *, also_set: str = "", key: str = "thing_id"
) -> Counts:
    """Update the things of which a given field differs, keeping the before-image; ``key`` names the stage's id column.

    ``also_set`` is a further assignment, with a comma behind it.
    """
    differs = differing(load, columns, "x")
    if not differs:
        return Counts()
    given = [column for column in columns if column.field in load.mapped]
    row = await _compare(tx, load, table, differs, key)
    if row is not None and row["updated"]:
        await execute(tx, _update(table, columns, given, differs, also_set=also_set, key=key), load.params)
    fields = {name: row[f"f_{name}"] for name in differs if row[f"f_{name}"]} if row else {}
    return Counts(0, row["updated"] if row else 0, 0, fields)


async def _compare(tx: Tx, load: Load, table: str, differs: Mapping[str, str], key: str) -> DictRow | None:
    counts = ", ".join(f"count(*) FILTER (WHERE {differs[name]}) AS f_{name}" for name in differs)
    text = f"""SELECT count(*) FILTER (WHERE {" OR ".join(differs.values())}) AS updated, {counts}
        FROM stage g JOIN {table} x ON x.id = g.{key}"""
    return await fetch_one(tx, text, load.params)


def _update(
    table: str,
    columns: Sequence[Column],
    given: Sequence[Column],
    differs: Mapping[str, str],
    *,
    also_set: str,
    key: str,
) -> str:
    return f"""
    WITH before AS MATERIALIZED (
        SELECT x.* FROM {table} x JOIN stage g ON g.{key} = x.id
        WHERE {" OR ".join(differs.values())}
        ORDER BY x.id FOR UPDATE OF x
    ), updated AS (
        UPDATE {table} x SET {also_set} {", ".join(f"{column.name} = {column.value}" for column in given)}
        FROM stage g JOIN before b ON b.id = g.{key} WHERE x.id = b.id RETURNING x.*
    )
    INSERT INTO history (thing, thing_id, actor, reason, before, after)
    SELECT '{table}', u.id, %(actor)s, %(reason)s, {image("b", columns)}, {image("u", columns)}
    FROM updated u JOIN before b ON b.id = u.id"""


async def staged(tx: Tx) -> int:
    """How many rows are in the stage."""
    row = await fetch_one(tx, "SELECT count(*) AS count FROM stage")
    return int(row["count"]) if row else 0


async def tidy(tx: Tx, loading: Loading) -> None:
    """Make the tables quick to read at once, without waiting for autovacuum; ``tx`` is without a transaction."""
    await execute(tx, f"VACUUM (ANALYZE, SKIP_LOCKED) {', '.join(loading.tables)}")
