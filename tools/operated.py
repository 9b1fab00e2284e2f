"""Operators for a console that is served: their platforms in memory, and the driver that carries changes out there.

A test or a story makes a platform fail by its `behaviour`, or lets its staff change something behind the utility's
back by `touch`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tieline.platform.clock import Clock, SystemClock
from tieline.platform.db import Database, fetch_all
from tieline.utility.changes.driver import Driver, Pace
from tieline.utility.connectors import Connection, Field, Lines, Manners, Patience, Providers
from tieline.utility.connectors.breaker import Trip
from tieline.utility.connectors.providers.reference import Platform, ReferenceConnector
from tieline.utility.connectors.providers.reference.platform import DEFAULTS

PROVIDER = "reference"
HASTY = Manners(
    patience=Patience(attempts=2, first=0.001, longest=0.01), trip=Trip(threshold=5, pause=0.02, longest=0.05)
)
QUICK = Pace(
    poll=(0.005, 0.2),
    follow=(0.01, 0.05),
    deadline=30.0,
    retry=Patience(attempts=10**6, first=0.01, longest=0.05),
    lease=5.0,
    idle=0.02,
    linger=0.1,
)
_KEPT = """
    SELECT o.code, s.operator_ref, s.state, s.apn, host(s.ip_address) AS ip_address, s.subscription_group, s.data_plan,
        s.imei_lock
    FROM subscription s JOIN operator o ON o.id = s.operator_id"""


def _platforms(codes: Iterable[str] = ("A", "B")) -> dict[str, Platform]:
    return {code: Platform(capabilities=replace(DEFAULTS, max_batch=10)) for code in codes}


@dataclass(frozen=True, slots=True)
class Operators:
    """The operators' platforms by code, reached by every connection whatever its provider is called."""

    platforms: dict[str, Platform] = field(default_factory=_platforms)
    pace: Pace = QUICK

    async def load(self, database: Database) -> None:
        """Each operator has what the utility has of it, and does what is desired."""
        async with database.snapshot() as tx:
            rows = await fetch_all(tx, _KEPT)
        for code, platform in self.platforms.items():
            platform.load({str(row["operator_ref"]): _desired(row) for row in rows if row["code"] == code})

    def lines(self, database: Database, home: Path) -> Lines:
        """Lines to them."""

        async def opened(connection: Connection) -> ReferenceConnector:
            return ReferenceConnector(self.platforms[connection.operator])

        providers = Providers()
        for name in (PROVIDER, "test"):
            providers.register(name, opened)
        return Lines(database, providers, home, manners=HASTY)

    async def drive(self, database: Database, lines: Lines, clock: Clock | None = None) -> None:
        """Carry out running changes until cancelled."""
        await Driver(database, lines, clock or SystemClock(), pace=self.pace).run()


def _desired(row: dict[str, Any]) -> dict[Field, Any]:
    return {one: row[one.value] for one in Field if one.value in row} | {Field.RAT_RESTRICTION: ()}
