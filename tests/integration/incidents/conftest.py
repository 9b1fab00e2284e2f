"""The utility's application with a small fleet at two operators held in memory, their feeds, and a change engine."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.conftest import Fresh, Whole

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, execute, fetch_all, fetch_value
from tieline.platform.outbox import Dispatcher
from tieline.platform.scope import Role, Scope
from tieline.platform.settings import Settings
from tieline.platform.web import current_scope
from tieline.platform.wiring import Registry, Runtime
from tieline.utility.application import registry
from tieline.utility.changes.driver import Driver, Pace
from tieline.utility.changes.service import planning
from tieline.utility.connectors import Connection, Field, Lines, Patience, Providers
from tieline.utility.connectors import service as connectors
from tieline.utility.connectors.providers.mns3gpp.notices import read_notices
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector
from tieline.utility.incidents.service import hearing

ROOT = "https://operator.test/ProvMnS/v1/SubNetwork=grid"
IMEI = "490154203237518"
ADA = Scope("user:ada", frozenset(p for role in (Role.TECHNICIAN, Role.APPROVER) for p in role.permissions), user_id=7)
ANNA = Scope("user:anna", Role.APPROVER.permissions, user_id=6)
QUICK = Pace(
    poll=(0.001, 0.01),
    follow=(0.01, 0.02),
    deadline=0.2,
    retry=Patience(attempts=10**6, first=0.01, longest=0.05),
    lease=2.0,
    idle=0.01,
    linger=0.1,
)


@dataclass
class Grid:
    """Everything a test touches. ``scope`` is who asks over REST."""

    db: Database
    runtime: Runtime
    registry: Registry
    lines: Lines
    platforms: dict[str, Platform]
    people: httpx.AsyncClient
    scope: list[Scope]
    number: int = 0
    dispatcher: Dispatcher = field(init=False)

    def __post_init__(self) -> None:
        self.dispatcher = Dispatcher(self.registry.handlers)

    async def rows(self, text: str, **bound: Any) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            return await fetch_all(tx, text, bound)

    async def value(self, text: str, **bound: Any) -> Any:
        async with self.db.transaction() as tx:
            return await fetch_value(tx, text, bound)

    async def run_sql(self, text: str, **bound: Any) -> None:
        async with self.db.transaction() as tx:
            await execute(tx, text, bound)

    async def id(self, ref: str) -> int:
        found: int = await self.value("SELECT id FROM subscription WHERE operator_ref = %(ref)s", ref=ref)
        return found

    async def hear(self, *bodies: bytes, operator: str = "A") -> None:
        """Take notifications as the operators' port does, and let the events take effect."""
        for body in bodies:
            async with self.db.transaction() as tx:
                row = await connectors.connection(tx, ADA, operator)
                await connectors.take_notices(tx, self.runtime.clock, row, read_notices(body))
        await self.drain()

    async def drain(self) -> None:
        await self.dispatcher.drain(self.db, self.runtime.clock)

    def told(
        self, ref: str, *, at: datetime | None = None, by: str = "staff:bob", old: Any = None, **values: Any
    ) -> bytes:
        """A notification: attributes of a subscription were changed."""
        self.number += 1
        changes = [
            {
                "notificationId": self.number,
                "op": "replace",
                "path": f"{ROOT}/UtilitySubscription={ref}#/attributes/{name}",
                "value": value,
                **({"oldValue": old} if old is not None else {}),
            }
            for name, value in {**values, "lastModifiedBy": by}.items()
            if value != ""
        ]
        return _notification(self.number, changes, at)

    def gone(self, ref: str) -> bytes:
        """A notification: a subscription was deleted."""
        self.number += 1
        path = f"{ROOT}/UtilitySubscription={ref}"
        return _notification(self.number, [{"notificationId": self.number, "op": "remove", "path": path,
                                            "oldValue": {"attributes": {"apn": "scada.dso"}}}], None)  # fmt: skip

    async def read(self, code: str) -> None:
        """A full read of an operator, with what follows from it."""
        async with self.db.transaction() as tx:
            sync_id = await connectors.ask_sync(tx, _SYSTEM, code, reason="test")
        await connectors.sync(self.db, self.lines, self.runtime.clock, sync_id)
        await self.drain()

    async def incidents(self, *states: str) -> list[dict[str, Any]]:
        text = """
            SELECT i.*, o.code AS operator FROM incident i LEFT JOIN operator o ON o.id = i.operator_id
            WHERE %(states)s::text[] = '{}' OR i.state = ANY(%(states)s) ORDER BY i.id"""
        return await self.rows(text, states=list(states))

    async def open(self) -> list[dict[str, Any]]:
        return await self.incidents("open", "acknowledged")

    async def sweep(self) -> None:
        await hearing.sweep(self.db, self.runtime.clock)

    async def recheck(self) -> None:
        await hearing.recheck(self.db, self.runtime.clock)
        await hearing.begin_of_grace(self.db, self.runtime.clock)
        await hearing.end_of_grace(self.db, self.runtime.clock)

    async def plan(self, change_id: int) -> None:
        version = await self.value("SELECT plan_version FROM change WHERE id = %(id)s", id=change_id)
        await planning.make(self.runtime, self.lines, change_id, version)

    async def carry_out(self, change_id: int) -> dict[str, int]:
        """Plan, submit, start a change and drive it to its end; how many items are in which state."""
        await self.plan(change_id)
        answer = await self.people.post(f"/changes/{change_id}/submit")
        if answer.json()["state"] == "submitted":
            self.scope[0] = ANNA
            body = {"plan_hash": answer.json()["plan_hash"], "comment": "Seen."}
            assert (await self.people.post(f"/changes/{change_id}/approve", json=body)).status_code == 200
            self.scope[0] = ADA
        answer = await self.people.post(f"/changes/{change_id}/start")
        assert answer.status_code == 200, answer.text
        driver = Driver(self.db, self.lines, self.runtime.clock, pace=QUICK)
        work = asyncio.create_task(driver.run())
        try:
            with anyio.fail_after(20):
                await self._until_over(change_id)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        await self.drain()
        rows = await self.rows("SELECT state, count(*) AS n FROM change_item WHERE change_id = %(id)s GROUP BY 1",
                               id=change_id)  # fmt: skip
        return {row["state"]: row["n"] for row in rows}

    async def _until_over(self, change_id: int) -> None:
        while await self.value("SELECT state FROM change WHERE id = %(id)s", id=change_id) == "running":  # noqa: ASYNC110
            await anyio.sleep(0.01)


def _notification(number: int, changes: list[dict[str, Any]], at: datetime | None) -> bytes:
    body = {
        "href": ROOT,
        "notificationId": number,
        "notificationType": "notifyMOIChanges",
        "eventTime": (at or datetime.now(UTC)).isoformat(),
        "systemDN": "SubNetwork=A,MnsAgent=gateway",
        "sequenceNo": number,
        "subscriptionId": "tieline",
        "moiChanges": changes,
    }
    return json.dumps(body).encode()


_SYSTEM = Scope("system:test", frozenset(Role.ADMINISTRATOR.permissions))
_PEOPLE = "http://console.test/api/v1"


@pytest.fixture
async def grid(fresh: Fresh, application: Whole, tmp_path: Path) -> AsyncIterator[Grid]:
    registered = registry()
    async with fresh(registered.folders, size=10) as db:
        platforms = {code: Platform() for code in ("A", "B")}

        async def open_test(connection: Connection) -> ReferenceConnector:
            return ReferenceConnector(platforms[connection.operator])

        providers = Providers()
        providers.register("mns3gpp", open_test)
        lines = Lines(db, providers, tmp_path)
        runtime = Runtime(Settings(home=tmp_path, database_url=None), db, SystemClock(), {"connectors.lines": lines})
        app, asking = application(runtime), [ADA]
        app.dependency_overrides[current_scope] = lambda: asking[0]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=_PEOPLE) as people:
            made = Grid(db, runtime, registered, lines, platforms, people, asking)
            await _world(made)
            yield made
        await lines.close()


async def _world(grid: Grid, sites: int = 5) -> None:
    """Sites in two regions (the first critical), each with a router and a link at each operator."""
    await grid.run_sql("INSERT INTO operator (code, name) VALUES ('A', 'Operator A'), ('B', 'Operator B')")
    await grid.run_sql(
        """INSERT INTO site (external_id, name, name_folded, region, criticality)
        SELECT 'S' || n, 'Moor ' || n, 'moor ' || n, CASE WHEN n <= 3 THEN 'North' ELSE 'South' END,
            CASE WHEN n = 1 THEN 'critical' ELSE 'normal' END FROM generate_series(1, %(n)s) n""",
        n=sites,
    )
    await grid.run_sql(
        """INSERT INTO device (external_id, site_id, imei, generations, modems)
        SELECT 'R' || substr(external_id, 2), id, (490154203237510 + id)::text, '{4G}', 2 FROM site"""
    )
    for slot, code in enumerate(("A", "B"), 1):
        await _links(grid, code, slot)
    await grid.run_sql("UPDATE subscription s SET site_id = l.site_id FROM link l WHERE l.subscription_id = s.id")
    for code, platform in grid.platforms.items():
        rows = await grid.rows(
            """SELECT operator_ref, state, apn, host(ip_address) AS ip_address, data_plan FROM subscription s
            JOIN operator o ON o.id = s.operator_id WHERE o.code = %(code)s""",
            code=code,
        )
        platform.load({
            row["operator_ref"]: {
                Field.STATE: row["state"], Field.APN: row["apn"], Field.IP_ADDRESS: row["ip_address"],
                Field.SUBSCRIPTION_GROUP: None, Field.DATA_PLAN: row["data_plan"], Field.RAT_RESTRICTION: (),
                Field.IMEI_LOCK: None,
            }
            for row in rows
        })  # fmt: skip
        await grid.run_sql(
            """INSERT INTO operator_connection (operator_id, provider, base_url, dn, updated_at, updated_by)
            SELECT id, 'mns3gpp', 'https://operator.test/3gpp', 'SubNetwork=grid', now(), 'test' FROM operator
            WHERE code = %(code)s""",
            code=code,
        )


async def _links(grid: Grid, code: str, slot: int) -> None:
    await grid.run_sql(
        """INSERT INTO subscription (operator_id, operator_ref, generation, state, apn, ip_address, data_plan, imsi)
        SELECT o.id, o.code || substr(t.external_id, 2), '4G', 'ACTIVE', 'scada.dso', '10.0.0.0'::inet + (t.id * 10
            + %(slot)s), 'm2m-100', '23410' || lpad((t.id * 10 + %(slot)s)::text, 10, '0')
        FROM site t, operator o WHERE o.code = %(code)s""",
        code=code,
        slot=slot,
    )
    await grid.run_sql(
        """INSERT INTO card (iccid, operator_id, stock_state)
        SELECT 'card-' || s.operator_ref, s.operator_id, 'fitted' FROM subscription s JOIN operator o
            ON o.id = s.operator_id WHERE o.code = %(code)s""",
        code=code,
    )
    await grid.run_sql(
        """INSERT INTO card_subscription (card_id, subscription_id) SELECT c.id, s.id FROM card c
        JOIN subscription s ON c.iccid = 'card-' || s.operator_ref JOIN operator o ON o.id = s.operator_id
        WHERE o.code = %(code)s""",
        code=code,
    )
    await grid.run_sql(
        """INSERT INTO link (site_id, device_id, modem_slot, card_id, subscription_id, operator_id, role, valid_from)
        SELECT t.id, d.id, %(slot)s, cs.card_id, s.id, o.id, %(role)s, now() - interval '1 day' FROM subscription s
        JOIN operator o ON o.id = s.operator_id JOIN card_subscription cs ON cs.subscription_id = s.id
        JOIN site t ON 'S' || substr(s.operator_ref, 2) = t.external_id JOIN device d ON d.site_id = t.id
        WHERE o.code = %(code)s""",
        code=code,
        slot=slot,
        role="primary" if slot == 1 else "backup",
    )


Make = Callable[..., Any]
