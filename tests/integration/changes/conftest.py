"""A small world in a real database, two operators held in memory, and a change engine between them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.conftest import Fresh

import tieline.platform
import tieline.utility
from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, Tx, copy_in, execute, fetch_all, fetch_value
from tieline.platform.scope import Permission, Role, Scope
from tieline.platform.settings import Settings
from tieline.platform.wiring import Runtime
from tieline.utility.changes.driver import Driver, Pace
from tieline.utility.changes.model import Change, ChangeState
from tieline.utility.changes.service import deciding, drafting, planning, running
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.connectors import Capabilities, Connection, Field, Lines, Manners, Patience, Providers
from tieline.utility.connectors.breaker import Trip
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector
from tieline.utility.connectors.providers.reference.platform import DEFAULTS
from tieline.utility.inventory import FleetFilter, Selection

_PLATFORM = Path(tieline.platform.__file__).parent
_UTILITY = Path(tieline.utility.__file__).parent
FOLDERS = (
    *(_PLATFORM / name / "migrations" for name in ("identity", "audit", "outbox", "jobs")),
    *(_UTILITY / name / "migrations" for name in ("inventory", "connectors", "changes")),
)
QUICK = Pace(
    poll=(0.001, 0.01),
    follow=(0.01, 0.02),
    deadline=0.2,
    retry=Patience(attempts=10**6, first=0.01, longest=0.05),
    lease=2.0,
    idle=0.01,
    linger=0.1,
)
HASTY = Manners(
    patience=Patience(attempts=2, first=0.001, longest=0.01), trip=Trip(threshold=5, pause=0.02, longest=0.05)
)
REGIONS = ("North", "South")


def person(name: str, user_id: int, *roles: Role) -> Scope:
    permissions = frozenset(permission for role in roles for permission in role.permissions)
    return Scope(f"user:{name}", permissions, user_id=user_id)


FRED = person("fred", 1, Role.TECHNICIAN)
ANNA = person("anna", 2, Role.APPROVER)


@pytest.fixture
async def db(fresh: Fresh) -> AsyncIterator[Database]:
    async with fresh(FOLDERS, size=10) as database:
        yield database


@dataclass
class World:
    """The utility, its fleet, both operators' platforms, and the people."""

    db: Database
    lines: Lines
    platforms: dict[str, Platform]
    runtime: Runtime
    fred: Scope = FRED
    anna: Scope = ANNA
    pace: Pace = QUICK
    boundaries: list[str] = field(default_factory=list)

    async def build(self, sites: int, *, spare: int = 2, critical: int = 0, fixed: bool = True) -> None:
        """``sites`` sites with a 3G link at each operator, and as many 4G cards in stock, ``spare`` more each."""
        async with self.db.transaction() as tx:
            for code in ("A", "B"):
                await _operator(tx, code)
            await _sites(tx, sites, critical)
            for number, code in enumerate(("A", "B")):
                await _fleet(tx, code, sites, slot=number + 1, fixed=fixed)
                await _stock(tx, code, sites + spare)
            await execute(
                tx, "UPDATE subscription s SET site_id = l.site_id FROM link l WHERE l.subscription_id = s.id"
            )
        for code, platform in self.platforms.items():
            platform.load(await self._subscriptions(code))

    async def _subscriptions(self, code: str) -> dict[str, dict[Field, Any]]:
        text = """
            SELECT operator_ref, state, apn, host(ip_address) AS ip_address, subscription_group, data_plan, imei_lock
            FROM subscription s JOIN operator o ON o.id = s.operator_id WHERE o.code = %(code)s"""
        rows = await self.rows(text, code=code)
        return {
            row["operator_ref"]: {one: row[one.value] for one in Field if one.value in row}
            | {Field.RAT_RESTRICTION: ()}
            for row in rows
        }

    async def rows(self, text: str, **bound: Any) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            return await fetch_all(tx, text, bound)

    async def value(self, text: str, **bound: Any) -> Any:
        async with self.db.transaction() as tx:
            return await fetch_value(tx, text, bound)

    async def run_sql(self, text: str, **bound: Any) -> None:
        async with self.db.transaction() as tx:
            await execute(tx, text, bound)

    async def plan(self, draft: Draft, scope: Scope | None = None) -> Change:
        """Make a change and plan it."""
        scope = scope or self.fred
        async with self.db.transaction() as tx:
            change = await drafting.create(tx, scope, draft)
        return await self.replan(change.id, scope)

    async def replan(self, change_id: int, scope: Scope | None = None) -> Change:
        async with self.db.transaction() as tx:
            version = await planning.request(tx, scope or self.fred, self.runtime.clock, change_id)
        await planning.make(self.runtime, self.lines, change_id, version)
        return await self.get(change_id)

    async def get(self, change_id: int) -> Change:
        from tieline.utility.changes.store import changes  # noqa: PLC0415 - a test's look behind the scenes

        async with self.db.transaction() as tx:
            return await changes.get(tx, change_id)

    async def submit(self, change_id: int, scope: Scope | None = None) -> Change:
        threshold = self.runtime.settings.approval_threshold
        async with self.db.transaction() as tx:
            return await deciding.submit(tx, scope or self.fred, self.runtime.clock, change_id, threshold=threshold)

    async def decide(
        self, change_id: int, *, approve: bool = True, scope: Scope | None = None, hash_: str = ""
    ) -> Change:
        hash_ = hash_ or (await self.get(change_id)).plan_hash
        async with self.db.transaction() as tx:
            return await deciding.decide(
                tx, scope or self.anna, self.runtime.clock, change_id, approve=approve, plan_hash=hash_, comment="seen"
            )

    async def start(self, change_id: int, scope: Scope | None = None) -> Change | running.Refused:
        async with self.db.transaction() as tx:
            return await running.start(tx, scope or self.fred, self.runtime.clock, change_id)

    async def started(self, draft: Draft) -> Change:
        """Plan, submit, approve where needed, start."""
        change = await self.plan(draft)
        if (await self.submit(change.id)).state is ChangeState.SUBMITTED:
            await self.decide(change.id)
        begun = await self.start(change.id)
        assert isinstance(begun, Change), begun
        return begun

    def driver(self, **options: Any) -> Driver:
        return Driver(self.db, self.lines, self.runtime.clock, **{"pace": self.pace, **options})

    @asynccontextmanager
    async def driving(self, **options: Any) -> AsyncIterator[None]:
        """A driver at work for as long as the block lasts."""
        task = asyncio.create_task(self.driver(**options).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, change_id: int, *states: ChangeState, seconds: float = 30) -> Change:
        """Wait until a change is in one of some states."""
        with anyio.fail_after(seconds):
            while True:
                change = await self.get(change_id)
                if change.state in states:
                    return change
                await anyio.sleep(0.02)

    async def drive(self, change_id: int, *states: ChangeState, seconds: float = 30, **options: Any) -> Change:
        """Run a driver until a change is in one of some states (completed, unless said otherwise)."""
        async with self.driving(**options):
            return await self.until(change_id, *(states or (ChangeState.COMPLETED,)), seconds=seconds)

    async def wait(self, ready: Callable[[], Awaitable[object]], *, seconds: float = 20) -> None:
        """Wait until something is the case."""
        with anyio.fail_after(seconds):
            while True:
                if await ready():
                    return
                await anyio.sleep(0.005)

    async def none_open(self) -> bool:
        """Whether every batch is closed."""
        return not await self.value("SELECT count(*) FROM change_batch WHERE state <> 'closed'")

    async def sending(self) -> bool:
        """Whether both operators have got something."""
        return all(platform.submits for platform in self.platforms.values())

    async def states(self, change_id: int) -> dict[str, int]:
        rows = await self.rows(
            "SELECT state, count(*) AS n FROM change_item WHERE change_id = %(id)s GROUP BY 1", id=change_id
        )
        return {row["state"]: row["n"] for row in rows}

    async def reasons(self, change_id: int) -> dict[str, int]:
        rows = await self.rows(
            "SELECT reason_code, count(*) AS n FROM change_item"
            " WHERE change_id = %(id)s AND reason_code <> '' GROUP BY 1",
            id=change_id,
        )
        return {row["reason_code"]: row["n"] for row in rows}

    def effects(self) -> dict[str, int]:
        """How often each subscription was written to at its operator."""
        return {ref: times for platform in self.platforms.values() for ref, times in platform.effects.items()}


@asynccontextmanager
async def world_over(db: Database, home: Path) -> AsyncIterator[World]:
    """A utility without a fleet yet, over some database."""
    platforms = {code: Platform(capabilities=replace(DEFAULTS, max_batch=10)) for code in ("A", "B")}

    async def open_test(connection: Connection) -> ReferenceConnector:
        return ReferenceConnector(platforms[connection.operator])

    providers = Providers()
    providers.register("test", open_test)
    lines = Lines(db, providers, home, manners=HASTY)
    runtime = Runtime(Settings(home=home, database_url=None), db, SystemClock(), {"connectors.lines": lines})
    yield World(db, lines, platforms, runtime)
    await lines.close()


@pytest.fixture
async def world(db: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with world_over(db, tmp_path) as made:
        yield made


@pytest.fixture
def capabilities() -> Capabilities:
    return DEFAULTS


@pytest.fixture
def prepare() -> Callable[..., Draft]:
    """A draft that prepares for every fitted link."""

    def draft(**more: Any) -> Draft:
        selection = more.pop("selection", Selection(filter=FleetFilter(linked=True)))
        return Draft(kind="subscription.preprovision", title="3G remediation", selection=selection, **more)

    return draft


@pytest.fixture
def configure() -> Callable[..., Draft]:
    """A draft that configures every fitted link; ``parameters`` say how."""

    def draft(**more: Any) -> Draft:
        selection = more.pop("selection", Selection(filter=FleetFilter(linked=True)))
        parameters = more.pop("parameters", {"data_plan": "m2m-200"})
        return Draft(
            kind="subscription.configure", title="New plan", selection=selection, parameters=parameters, **more
        )

    return draft


async def _operator(tx: Tx, code: str) -> None:
    text = """
        WITH o AS (INSERT INTO operator (code, name) VALUES (%(code)s, 'Operator ' || %(code)s) RETURNING id),
        k AS (INSERT INTO contract (operator_id, name, apns) SELECT id, 'main', '{scada.dso,new.dso}' FROM o),
        p AS (INSERT INTO address_pool (operator_id, apn, cidr, name)
            SELECT id, 'scada.dso', '10.8.0.0/14', 'scada' FROM o)
        INSERT INTO operator_connection (operator_id, provider, base_url, updated_by)
        SELECT id, 'test', 'memory:', 'test' FROM o"""
    await execute(tx, text, {"code": code})


async def _sites(tx: Tx, sites: int, critical: int) -> None:
    rows = (
        (f"S{n}", f"Site {n}", f"site {n}", REGIONS[n % 2], 100, "critical" if n <= critical else "normal")
        for n in range(1, sites + 1)
    )
    await copy_in(tx, "site (external_id, name, name_folded, region, customers, criticality)", rows)
    await execute(
        tx,
        """INSERT INTO device (external_id, site_id, generations, modems)
           SELECT 'R' || s.external_id, s.id, '{2G,3G,4G}', 2 FROM site s""",
    )


async def _fleet(tx: Tx, code: str, sites: int, *, slot: int, fixed: bool) -> None:
    await _cards(tx, code, "old", sites, generation="3G", state="ACTIVE", address=f"10.{slot}.0.0" if fixed else None)
    text = """
        INSERT INTO link (site_id, device_id, modem_slot, card_id, subscription_id, operator_id, role)
        SELECT t.id, d.id, %(slot)s, cs.card_id, s.id, s.operator_id, %(role)s
        FROM subscription s JOIN operator o ON o.id = s.operator_id AND o.code = %(code)s
        JOIN card_subscription cs ON cs.subscription_id = s.id
        JOIN site t ON 'old-' || %(code)s || '-' || substr(t.external_id, 2) = s.operator_ref
        JOIN device d ON d.site_id = t.id"""
    await execute(tx, text, {"code": code, "slot": slot, "role": "primary" if slot == 1 else "backup"})


async def _stock(tx: Tx, code: str, count: int) -> None:
    await _cards(tx, code, "new", count, generation="4G", state="INVENTORY", address=None)


async def _cards(
    tx: Tx, code: str, prefix: str, count: int, *, generation: str, state: str, address: str | None
) -> None:
    live = state == "ACTIVE"
    text = """
        WITH o AS (SELECT id FROM operator WHERE code = %(code)s),
        s AS (
            INSERT INTO subscription (operator_id, operator_ref, generation, state, apn, ip_address, subscription_group,
                data_plan)
            SELECT o.id, %(prefix)s || '-' || %(code)s || '-' || n, %(generation)s, %(state)s, %(apn)s,
                %(address)s::inet + n, %(grp)s, %(plan)s
            FROM o, generate_series(1, %(count)s) n RETURNING id, operator_id, operator_ref
        ), c AS (
            INSERT INTO card (iccid, operator_id, stock_state)
            SELECT operator_ref, operator_id, %(stock)s FROM s RETURNING id, iccid
        )
        INSERT INTO card_subscription (card_id, subscription_id)
        SELECT c.id, s.id FROM c JOIN s ON s.operator_ref = c.iccid"""
    bound = {
        "code": code,
        "prefix": prefix,
        "count": count,
        "generation": generation,
        "state": state,
        "address": address,
        "apn": "scada.dso" if live else None,
        "grp": "substations" if live else None,
        "plan": "m2m-100" if live else None,
        "stock": "fitted" if live else "in_stock",
    }
    await execute(tx, text, bound)


__all__ = ["Permission"]
