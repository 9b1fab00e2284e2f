"""A small fleet on 3G at two operators held in memory, a crew with routers, and all that a programme works with."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.conftest import Fresh
from tests.integration.changes.conftest import HASTY, World

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.outbox import Dispatcher
from tieline.platform.scope import Role, Scope, system
from tieline.platform.settings import Settings
from tieline.platform.wiring import Registry, Runtime
from tieline.utility import fieldwork, inventory, programmes
from tieline.utility.application import registry as put_together
from tieline.utility.changes.jobs import Plan, make_plan
from tieline.utility.changes.model import ChangeState
from tieline.utility.changes.service import deciding, running
from tieline.utility.connectors import Connection, Lines, Providers
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector
from tieline.utility.connectors.providers.reference.platform import DEFAULTS
from tieline.utility.fieldwork import Answer, Report, ReportKind, Visit
from tieline.utility.inventory import OperatorReport
from tieline.utility.programmes import Crews, Opening, Programme, Terms
from tieline.utility.programmes.jobs import Follow, follow
from tieline.utility.programmes.service import conducting, taking

IMEI = "35{n:013d}"


def luhn(stem: str) -> str:
    """The number with its check digit, computed by hand: every second digit from the right is doubled."""
    total = sum(sum(divmod(int(digit) * (2 if i % 2 == 0 else 1), 10)) for i, digit in enumerate(reversed(stem)))
    return f"{stem}{-total % 10}"


@dataclass
class Works:
    """The utility at work: fred plans, anna approves, kit is the crew; ``turn`` does what waits."""

    world: World
    registry: Registry
    crew: Scope = field(default_factory=lambda: system("nobody"))
    crew_id: int = 0

    @property
    def db(self) -> Database:
        return self.world.db

    @property
    def runtime(self) -> Runtime:
        return self.world.runtime

    async def build(self, sites: int) -> None:
        world = self.world
        await world.build(sites)
        await world.run_sql(
            "UPDATE subscription SET rat = 'UTRA', cell_at = now(), attached = true, observed_at = now()"
            " WHERE operator_ref LIKE 'old-%%'"
        )
        await world.run_sql("UPDATE device SET generations = '{2G,3G}'")
        cards = await world.rows("SELECT id FROM card WHERE iccid LIKE 'new-%%' ORDER BY id")
        for number, row in enumerate(cards):
            await world.run_sql(
                "UPDATE card SET iccid = %(iccid)s WHERE id = %(id)s",
                iccid=luhn(f"8944500{number:011d}"),
                id=row["id"],
            )
        for number in range(1, sites + 2):
            await world.run_sql(
                "INSERT INTO device (external_id, imei, generations, modems) VALUES (%(name)s, %(imei)s, '{4G,5G}', 2)",
                name=f"NR{number}",
                imei=luhn(f"35{number:012d}"),
            )
        kit = await world.value(
            "INSERT INTO account (name, display_name, roles, created_at) VALUES ('kit', 'Kit', '{crew}', now())"
            " RETURNING id"
        )
        self.crew = Scope("user:kit", Role.CREW.permissions, user_id=kit)
        async with self.db.transaction() as tx:
            draft = fieldwork.CrewDraft("one", "Crew one", None, ("kit",))
            self.crew_id = (await fieldwork.make_crew(tx, world.fred, SystemClock(), draft)).id

    async def open(self, *, notice_ids: tuple[int, ...] = (), **terms: Any) -> Programme:
        values = {"ask_application": False, "dwell_hours": 0.0, "retire_every_hours": 0.0, **terms}
        async with self.db.transaction() as tx:
            wanted = Opening(title="End of 3G", notice_ids=notice_ids, terms=Terms(**values))
            return await programmes.open_programme(tx, self.world.fred, self.runtime.calendar, wanted)

    async def steer(self, programme_id: int, act: str) -> None:
        async with self.db.transaction() as tx:
            await programmes.steer(tx, self.world.fred, self.runtime.calendar, programme_id, act, why="Because.")

    async def prepare(self, programme_id: int) -> None:
        """Prepare every site, approve, and carry it out."""
        async with self.db.transaction() as tx:
            change = await programmes.prepare(
                tx, self.world.fred, self.runtime.clock, self.runtime.calendar, programme_id
            )
        await self.turn()
        if (await self.world.submit(change.id)).state is ChangeState.SUBMITTED:
            await self.world.decide(change.id)
        await self.world.start(change.id)
        await self.until(lambda: self.changed(change.id, "completed"))
        await self.turn()

    async def schedule(self, programme_id: int, *, approve: bool = True, **more: Any) -> programmes.Scheduled:
        day = (datetime.now(UTC) + timedelta(days=1)).date()
        async with self.db.transaction() as tx:
            crews = Crews(crew_ids=(self.crew_id,), first_day=day, **more)
            made = await programmes.schedule(
                tx, self.world.fred, self.runtime.clock, self.runtime.calendar, programme_id, crews=crews
            )
        await self.turn()
        if approve and made.change_id is not None:
            await self.approve(made.change_id)
        return made

    async def approve(self, change_id: int, *, approve: bool = True) -> None:
        """Decide on a change that waits for it, and let what follows happen."""
        change = await self.world.get(change_id)
        if change.state is ChangeState.SUBMITTED:
            async with self.db.transaction() as tx:
                await deciding.decide(
                    tx,
                    self.world.anna,
                    self.runtime.clock,
                    change_id,
                    approve=approve,
                    plan_hash=change.plan_hash,
                    comment="seen",
                )
        await self.turn()

    async def changed(self, change_id: int, state: str) -> bool:
        return (await self.world.get(change_id)).state.value == state

    async def turn(self) -> None:
        """Deliver events, do jobs, conduct, until nothing is left to do."""
        dispatcher = Dispatcher(self.registry.handlers)
        while True:
            done = await dispatcher.drain(self.db, self.runtime.clock)
            done += await self._jobs()
            done += await taking.take_events(self.runtime)
            done += await conducting.let_go(self.runtime)
            done += await conducting.release(self.runtime)
            done += await conducting.refuse_tests(self.runtime)
            done += await conducting.test(self.runtime)
            done += await conducting.end_dwells(self.runtime)
            if not done:
                return

    async def _jobs(self) -> int:
        rows = await self.world.rows(
            "SELECT id, task_name, args FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id"
        )
        for row in rows:
            payload = row["args"]["payload"]
            if row["task_name"] == "changes.plan":
                await make_plan.run(self.runtime, Plan(**payload))
            elif row["task_name"] == "programmes.follow":
                await follow.run(self.runtime, Follow(**payload))
        ids = [row["id"] for row in rows]
        await self.world.run_sql("DELETE FROM procrastinate_jobs WHERE id = ANY(%(ids)s)", ids=ids)
        return len(rows)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        async with self.world.driving():
            yield

    async def until(self, ready: Callable[[], Awaitable[object]], *, seconds: float = 30) -> None:
        """Turn, with the driver at work, until something is the case."""
        with anyio.fail_after(seconds):
            async with self.world.driving():
                while not await ready():
                    await self.turn()
                    await self._agree_to_retire()
                    await anyio.sleep(0.01)

    async def _agree_to_retire(self) -> None:
        """Anna approves every retirement that waits for her."""
        rows = await self.world.rows(
            "SELECT g.change_id FROM programme_change g JOIN change c ON c.id = g.change_id"
            " WHERE g.part = 'retire' AND c.state = 'submitted'"
        )
        for row in rows:
            await self.approve(row["change_id"])

    # ── the crew ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def visits(self, programme_id: int) -> list[Visit]:
        async with self.db.transaction() as tx:
            page = await fieldwork.visits_of(tx, self.world.fred, f"programme:{programme_id}")
        return list(page.items)

    async def say(self, visit: int, kind: str, **body: Any) -> Answer:
        report = Report(str(uuid.uuid4()), visit, ReportKind(kind), body, datetime.now(UTC))
        async with self.db.transaction() as tx:
            answer = (await fieldwork.take_reports(tx, self.crew, self.runtime.clock, [report]))[0]
        await self.turn()
        return answer

    async def seen(self, programme_id: int, site_id: int, position: int, **more: Any) -> None:
        """The operator reports the new link of a site as it should be, but for what ``more`` says."""
        rows = await self.world.rows(
            "SELECT s.operator_ref, o.code, host(s.ip_address) AS ip, s.apn, s.state, d.imei FROM programme_link l"
            " JOIN subscription s ON s.id = l.new_subscription_id JOIN operator o ON o.id = s.operator_id"
            " JOIN link k ON k.id = l.new_link_id JOIN device d ON d.id = k.device_id"
            " WHERE l.programme_id = %(id)s AND l.site_id = %(site)s AND l.position = %(position)s",
            id=programme_id,
            site=site_id,
            position=position,
        )
        row = rows[0]
        now = datetime.now(UTC)
        values = {
            "rat": "EUTRA",
            "band": "B20",
            "cell_key": "c-1",
            "cell_at": now,
            "imei": row["imei"],
            "attached": True,
            "last_seen": now,
            **more,
        }
        report = OperatorReport(
            operator_ref=row["operator_ref"],
            reported_at=now,
            operational={"ip_address": row["ip"], "apn": row["apn"], "state": row["state"]},
            **values,
        )
        async with self.db.transaction() as tx:
            await inventory.apply_reports(tx, system("tests"), row["code"], [report])

    async def site(self, programme_id: int, site_id: int) -> dict[str, Any]:
        return (
            await self.world.rows(
                "SELECT * FROM programme_site WHERE programme_id = %(id)s AND site_id = %(site)s",
                id=programme_id,
                site=site_id,
            )
        )[0]

    async def states(self, programme_id: int) -> dict[str, int]:
        rows = await self.world.rows(
            "SELECT state, count(*) AS n FROM programme_site WHERE programme_id = %(id)s GROUP BY 1", id=programme_id
        )
        return {row["state"]: row["n"] for row in rows}

    async def all_in(self, programme_id: int, state: str) -> bool:
        return set(await self.states(programme_id)) == {state}

    async def links(self, programme_id: int, site_id: int) -> list[str]:
        rows = await self.world.rows(
            "SELECT state FROM programme_link WHERE programme_id = %(id)s AND site_id = %(site)s ORDER BY position",
            id=programme_id,
            site=site_id,
        )
        return [row["state"] for row in rows]

    async def replace(self, programme_id: int, visit: Visit, router: str) -> None:
        """A crew does everything at a site as it should be done."""
        await self.say(visit.id, "arrived")
        for position, step in enumerate(visit.steps, 1):
            answer = await self.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router=router)
            assert answer.state == "accepted", answer
            await self.say(visit.id, "test-asked", step=step.key)
            await self.until(partial(self.cut_over, programme_id, visit.site_id, position))
            await self.seen(programme_id, visit.site_id, position)
            await self.turn()
        await self.say(visit.id, "finished", outcome="done", removed={})

    async def cut_over(self, programme_id: int, site_id: int, position: int) -> bool:
        """Whether a link has gone over: both steps are verified, of this visit's change or an earlier one's."""
        return bool(
            await self.world.value(
                "SELECT bool_and(i.state = 'verified') OR bool_or(l.cut_at IS NOT NULL)"
                " FROM programme_link l JOIN programme_site s"
                " ON (s.programme_id, s.site_id) = (l.programme_id, l.site_id) LEFT JOIN change_item i"
                " ON i.change_id = s.change_id AND i.source_id = l.old_subscription_id"
                " WHERE l.programme_id = %(id)s AND l.site_id = %(site)s AND l.position = %(position)s",
                id=programme_id,
                site=site_id,
                position=position,
            )
        )


@asynccontextmanager
async def at_work(fresh: Fresh, home: Path) -> AsyncIterator[Works]:
    """A utility at work over a fresh database; it has no site until ``build``."""
    registry = put_together()
    platforms = {code: Platform(capabilities=replace(DEFAULTS, max_batch=10)) for code in ("A", "B")}

    async def open_test(connection: Connection) -> ReferenceConnector:
        return ReferenceConnector(platforms[connection.operator])

    providers = Providers()
    providers.register("test", open_test)
    async with fresh(registry.folders, size=10) as db:
        lines = Lines(db, providers, home, manners=HASTY)
        runtime = Runtime(
            Settings(home=home, database_url=None, approval_threshold=0),
            db,
            SystemClock(),
            {"connectors.lines": lines},
        )
        yield Works(World(db, lines, platforms, runtime), registry)
        await lines.close()


@pytest.fixture
async def works(fresh: Fresh, tmp_path: Path) -> AsyncIterator[Works]:
    async with at_work(fresh, tmp_path) as found:
        yield found


__all__ = ["running"]
