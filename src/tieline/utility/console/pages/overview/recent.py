"""What runs now, and what changed in the last 24 hours: changes and imports, the newest first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tieline.console.components.formats import plural
from tieline.console.components.tables import Column, Row, Table
from tieline.console.components.values import Age, Badge, Link
from tieline.console.components.work import Progress
from tieline.platform.db import Tx
from tieline.platform.scope import Permission, named
from tieline.utility import changes, inventory
from tieline.utility.console.http import Page
from tieline.utility.console.pages.changes.views.tally import lot
from tieline.utility.console.pages.changes.views.words import STATES
from tieline.utility.console.pages.imports.views import NOUNS
from tieline.utility.console.pages.imports.views import state as import_state

DAY = timedelta(hours=24)
_COLUMNS = (
    Column("what", "What", narrow=True, fixed=True),
    Column("state", "State", narrow=True),
    Column("who", "By"),
    Column("at", "When", narrow=True),
)
_LOOKED_AT, _SHOWN, _RUNNING = 20, 8, 4


@dataclass(frozen=True, slots=True)
class Recent:
    """Something that changed: what, its state, by whom and when."""

    what: str
    href: str
    state: Badge
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Runs:
    """A change that runs, and how far it is."""

    link: Link
    progress: Progress
    paused: Badge | None = None


async def running(page: Page, tx: Tx) -> list[Runs]:
    """The changes that are under way: those that run, and those that are paused and wait for a person."""
    if not page.scope.may(Permission.CHANGE_READ):
        return []
    found = await changes.page(tx, page.scope, states=("running", "paused"), limit=_RUNNING)
    shown = []
    for change in found.items:
        how = await changes.progress(tx, page.scope, page.runtime.clock, change.id)
        paused = STATES["paused"] if change.state.value == "paused" else None
        whole = lot(change.title, how.counts, left_s=None if paused else how.seconds_left)
        part = Progress(whole, id=f"change-{change.id}")
        shown.append(Runs(Link(change.title, f"/changes/{change.id}"), part, paused))
    return shown


async def changed(page: Page, tx: Tx) -> Table:
    """What changed since yesterday at this time, the newest first."""
    found = [*await _changes(page, tx), *await _imports(page, tx)]
    recent = sorted((one for one in found if page.now - one.at < DAY), key=lambda one: one.at, reverse=True)
    rows = [
        Row(one.href, {"what": one.what, "state": one.state, "who": one.who, "at": Age(one.at)}, one.href)
        for one in recent[:_SHOWN]
    ]
    return Table("recent", "What changed in the last 24 hours", _COLUMNS, rows, chooser=False)


async def _changes(page: Page, tx: Tx) -> list[Recent]:
    if not page.scope.may(Permission.CHANGE_READ):
        return []
    found = await changes.page(tx, page.scope, limit=_LOOKED_AT)
    return [
        Recent(
            one.title,
            f"/changes/{one.id}",
            STATES.get(one.state, Badge(one.state)),
            named(one.started_by or one.created_by),
            one.ended_at or one.started_at or one.planned_at or one.created_at,
        )
        for one in found.items
    ]


async def _imports(page: Page, tx: Tx) -> list[Recent]:
    found = await inventory.list_imports(tx, page.scope, limit=_LOOKED_AT)
    return [
        Recent(
            _imported(one),
            f"/imports/{one.id}",
            import_state(one),
            named(one.created_by),
            one.finished_at or one.created_at,
        )
        for one in found.items
        if not one.dry_run
    ]


def _imported(run: inventory.ImportRun) -> str:
    taken = run.rows_created + run.rows_updated
    return f"Imported {plural(taken, NOUNS.get(run.kind, 'row'))} from {run.file_name}"
