"""A database with a small fleet: two operators, sites in two regions, a dual-SIM router at each, cards in stock."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from tests.conftest import Fresh, Whole

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, execute
from tieline.platform.scope import Scope, system
from tieline.platform.settings import Settings
from tieline.platform.web import current_scope
from tieline.platform.wiring import Runtime
from tieline.utility.application import registry as put_together
from tieline.utility.inventory import DesiredChange, OperatorReport, apply_desired, apply_reports
from tieline.utility.inventory.importing.mapping import from_object
from tieline.utility.inventory.model import ImportMode, ImportRun
from tieline.utility.inventory.service import imports, uploads
from tieline.utility.inventory.store import imports as store

SITES = 12
NORTH = 7
STOCK = 10

_FLEET = """
INSERT INTO operator (code, name, plmns) VALUES ('A', 'Operator A', '{23415}'), ('B', 'Operator B', '{23410}');
INSERT INTO site (external_id, name, name_folded, kind, lat, lon, region, postcode, criticality, customers)
SELECT 'S' || lpad(i::text, 4, '0'), 'Albion Street ' || i, 'albion street ' || i, 'primary', 50 + i * 0.01, -1,
    CASE WHEN i <= 7 THEN 'North' ELSE 'South' END, 'TS' || i || ' 1AB',
    CASE WHEN i = 1 THEN 'critical' ELSE 'normal' END, i * 100
FROM generate_series(1, 12) i;
INSERT INTO device (external_id, site_id, make, model, imei, generations, bands, modems)
SELECT 'D' || substr(external_id, 2), id, 'Make', 'Model', '35' || lpad(id::text, 13, '0'),
    CASE WHEN id % 4 = 0 THEN '{2G,3G}' ELSE '{3G,4G}' END::text[], '{B1,B8,B20}', 2 FROM site;
INSERT INTO subscription (operator_id, operator_ref, imsi, msisdn, generation, state, apn, ip_address,
    subscription_group, data_plan)
SELECT o.id, o.code || lpad(i::text, 4, '0'), o.plmns[1] || lpad(i::text, 10, '0'), '4477009' || o.id || '0' || i,
    CASE WHEN i <= 12 THEN '3G' WHEN i % 2 = 0 THEN '4G' ELSE '5G' END,
    CASE WHEN i <= 12 THEN 'ACTIVE' ELSE 'INVENTORY' END,
    CASE WHEN i <= 12 THEN 'scada.dso' END, CASE WHEN i <= 12 THEN '10.0.0.0'::inet + (i + 32 * (o.id::int - 1)) END,
    CASE WHEN i <= 12 THEN 'grid' END, CASE WHEN i <= 12 THEN 'plan' END
FROM operator o, generate_series(1, 22) i ORDER BY o.id, i;
INSERT INTO card (iccid, operator_id, stock_state, kind)
SELECT '8944' || operator_id || lpad(id::text, 14, '0'), operator_id,
    CASE WHEN state = 'ACTIVE' THEN 'fitted' ELSE 'in_stock' END, CASE WHEN id % 5 = 0 THEN 'euicc' ELSE 'plastic' END
FROM subscription;
INSERT INTO card_subscription (card_id, subscription_id)
SELECT c.id, s.id FROM subscription s JOIN card c ON c.iccid = '8944' || s.operator_id || lpad(s.id::text, 14, '0');
INSERT INTO link (site_id, device_id, modem_slot, card_id, subscription_id, operator_id, role)
SELECT d.site_id, d.id, s.operator_id, cs.card_id, s.id, s.operator_id,
    CASE WHEN s.operator_id = 1 THEN 'primary' ELSE 'backup' END
FROM subscription s
JOIN device d ON d.external_id = 'D' || substr(s.operator_ref, 2)
JOIN card_subscription cs ON cs.subscription_id = s.id;
UPDATE subscription s SET site_id = l.site_id FROM link l WHERE l.subscription_id = s.id;
INSERT INTO address_pool (operator_id, apn, cidr, name)
SELECT id, 'scada.dso', ('10.0.0.' || 32 * (id - 1) || '/27')::cidr, code || ' scada' FROM operator;
"""


@pytest.fixture
async def db(fresh: Fresh) -> AsyncIterator[Database]:
    """An empty inventory, in the whole schema: timelines have lanes of other contexts once these are loaded."""
    async with fresh(put_together().folders) as database:
        yield database


@pytest.fixture
async def fleet(db: Database) -> Database:
    """The small fleet."""
    async with db.transaction() as tx:
        await execute(tx, _FLEET)
    return db


@pytest.fixture
def everything() -> Scope:
    """Sees and may do everything."""
    return system("tests")


@pytest.fixture
def north() -> Scope:
    """Sees the region North only."""
    return replace(system("north"), regions=frozenset({"North"}))


@pytest.fixture
def only_a() -> Scope:
    """Sees Operator A only."""
    return replace(system("only-a"), operators=frozenset({"A"}))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a home of the test's own."""
    return Settings(home=tmp_path)


@dataclass(frozen=True)
class Report:
    """What came of an import: its row, and its problems as (line, field, rule)."""

    run: ImportRun
    problems: list[tuple[int, str, str]]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Created, updated, unchanged, bad."""
        return self.run.rows_created, self.run.rows_updated, self.run.rows_unchanged, self.run.rows_bad


Importer = Callable[..., Awaitable[Report]]


@pytest.fixture
def import_bytes(settings: Settings, everything: Scope) -> Importer:
    """Import a file's content with a mapping, and report."""

    async def run(
        db: Database,
        mapping: dict[str, object],
        content: bytes,
        name: str = "file.csv",
        scope: Scope = everything,
        **options: object,
    ) -> Report:
        async def chunks() -> AsyncIterator[bytes]:
            yield content

        upload = await uploads.keep(settings, name, chunks())
        mode = ImportMode(str(options.get("mode", ImportMode.KEEP_GOOD)))
        async with db.transaction() as tx:
            identity = await imports.create(
                tx, scope, upload, from_object(mapping), mode=mode, dry_run=bool(options.get("dry_run"))
            )
        await imports.run(db, settings, identity)
        async with db.transaction() as tx:
            found = await store.one(tx, scope, identity)
            problems = await store.problems(tx, identity, after=0, limit=1000)
        assert found is not None
        return Report(found, [(row["line"], row["field"], row["rule"]) for row in problems])

    return run


@pytest.fixture
async def busy(fleet: Database, everything: Scope) -> Database:
    """The fleet with cells, reports and a change, so that no answer is empty."""
    now = datetime.now(UTC)
    async with fleet.transaction() as tx:
        await execute(tx, "INSERT INTO mast (mast_key) VALUES ('M1')")
        await execute(
            tx,
            "INSERT INTO cell (operator_id, cell_key, rat, band, mast_id) VALUES (1, 'CELL-A', 'UTRA', 'B8', 1),"
            " (2, 'CELL-B', 'UTRA', 'B1', 1)",
        )
        await execute(tx, "INSERT INTO shared_risk_group (kind, name, mast_id) VALUES ('mast', 'M1', 1)")
        for operator in "AB":
            reports = [
                OperatorReport(
                    operator_ref=f"{operator}{n:04d}",
                    reported_at=now,
                    operational={"state": "ACTIVE" if n % 3 else "SUSPENDED", "apn": "scada.dso"},
                    rat="UTRA",
                    band="B8",
                    cell_key=f"CELL-{operator}",
                    cell_at=now,
                    attached=bool(n % 2),
                    last_seen=now,
                )
                for n in range(1, 13)
            ]
            await apply_reports(tx, everything, operator, reports)
        changes = [DesiredChange(n, 1, {"data_plan": "other"}, 5) for n in (1, 8)]
        await apply_desired(tx, everything, changes, reason="test")
    return fleet


@dataclass
class Api:
    """The REST API, asked with a scope of one's choice in place of a session."""

    http: httpx.AsyncClient
    app: FastAPI

    def as_(self, scope: Scope) -> httpx.AsyncClient:
        """The client, from now on with that scope."""
        self.app.dependency_overrides[current_scope] = lambda: scope
        return self.http


@pytest.fixture
async def api(busy: Database, application: Whole, settings: Settings) -> AsyncIterator[Api]:
    """The inventory's routes over the busy fleet."""
    app = application(Runtime(settings, busy, SystemClock()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        yield Api(http, app)
