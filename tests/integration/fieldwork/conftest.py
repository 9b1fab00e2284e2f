"""Sites, accounts, crews and a dispatcher over a real database."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tieline.platform.clock import SetClock
from tieline.platform.db import Database, execute, fetch_all, fetch_value
from tieline.platform.scope import Role, Scope
from tieline.utility import fieldwork
from tieline.utility.fieldwork import Answer, Check, NewStep, NewVisit, Report, ReportKind, Verdict, Visit

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday
REGIONS = ("North", "South")


def luhn(stem: str) -> str:
    """The number with its check digit, computed by hand: every second digit from the right is doubled."""
    total = sum(sum(divmod(int(digit) * (2 if i % 2 == 0 else 1), 10)) for i, digit in enumerate(reversed(stem)))
    return f"{stem}{-total % 10}"


def iccid(number: int, operator: int = 1) -> str:
    return luhn(f"894450{operator}{number:011d}")


def person(name: str, user_id: int, *roles: Role, regions: frozenset[str] | None = None) -> Scope:
    permissions = frozenset(permission for role in roles for permission in role.permissions)
    return Scope(f"user:{name}", permissions, regions, user_id=user_id)


@dataclass
class Field:
    """A utility with sites in two regions; kit and kim are one crew, lee another; dora dispatches."""

    db: Database
    clock: SetClock = field(default_factory=lambda: SetClock(NOW))
    people: dict[str, Scope] = field(default_factory=dict)
    crews: dict[str, int] = field(default_factory=dict)
    sites: list[int] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Scope:
        people = self.__dict__.get("people", {})
        if name in people:
            found: Scope = people[name]
            return found
        raise AttributeError(name)

    async def value(self, text: str, **bound: Any) -> Any:
        async with self.db.transaction() as tx:
            return await fetch_value(tx, text, bound)

    async def rows(self, text: str, **bound: Any) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            return await fetch_all(tx, text, bound)

    async def run(self, text: str, **bound: Any) -> None:
        async with self.db.transaction() as tx:
            await execute(tx, text, bound)

    async def build(self, sites: int = 6) -> None:
        await self.run("INSERT INTO operator (code, name) VALUES ('A', 'Operator A'), ('B', 'Operator B')")
        for name, role in (("dora", Role.TECHNICIAN), ("kit", Role.CREW), ("kim", Role.CREW), ("lee", Role.CREW)):
            made = await self.value(
                """INSERT INTO account (name, display_name, roles, created_at)
                VALUES (%(n)s, %(n)s, %(r)s, now()) RETURNING id""",
                n=name,
                r=[role.value],
            )
            self.people[name] = person(name, made, role)
        rows = await self.rows(
            """INSERT INTO site (external_id, name, name_folded, region, lat, lon, postcode)
            SELECT 'S' || n, 'Site ' || n, 'site ' || n, CASE WHEN n %% 2 = 0 THEN 'South' ELSE 'North' END,
                52 + (n * 0.618034) %% 1.0, -2 + (n * 0.7548777) %% 1.0, 'AB1 ' || n || 'CD'
            FROM generate_series(1, %(n)s) n RETURNING id""",
            n=sites,
        )
        self.sites = [row["id"] for row in rows]
        async with self.db.transaction() as tx:
            for code, region, members in (("north", "North", ("kit", "kim")), ("south", "South", ("lee",))):
                draft = fieldwork.CrewDraft(code, f"Crew {code}", region, members)
                self.crews[code] = (await fieldwork.make_crew(tx, self.dora, self.clock, draft)).id

    def wanted(self, site: int, number: int = 1, **more: Any) -> NewVisit:
        """A visit with two links to replace; its cards are those of the site."""
        steps = [
            NewStep("backup", "backup", "B", new_iccid=iccid(site, 2), words="The backup first."),
            NewStep("primary", "primary", "A", new_iccid=iccid(site, 1)),
        ]
        values: dict[str, Any] = {"steps": steps, "due_at": NOW + timedelta(days=30), **more}
        return NewVisit(self.sites[site], "programme:1", f"site:{site}/{number}", "Replace 3G", **values)

    async def plan(self, *sites: int, **more: Any) -> list[int]:
        wanted = [self.wanted(site, **more) for site in sites]
        async with self.db.transaction() as tx:
            found = await fieldwork.plan_visits(tx, self.dora, wanted, clock=self.clock)
        return [found[one.origin_key] for one in wanted]

    async def ordered(self, *sites: int, crew: str = "north", day: date | None = None) -> list[int]:
        """Visits in an order of a crew."""
        ids = await self.plan(*sites)
        target = fieldwork.Target(crew_id=self.crews[crew], day=day or NOW.date())
        async with self.db.transaction() as tx:
            await fieldwork.move_visits(tx, self.dora, self.clock, ids, target)
        return ids

    def report(self, visit: int, kind: str, *, phone: str = "", seq: int | None = None, **body: Any) -> Report:
        """A report; from a phone it has the phone's next number unless another is given."""
        if phone and seq is None:
            seq = self.seqs[phone] = self.seqs.get(phone, 0) + 1
        return Report(str(uuid.uuid4()), visit, ReportKind(kind), body, self.clock.now(), phone, seq or 0)

    async def send(self, *reports: Report, who: str = "kit", **more: Any) -> list[Answer]:
        async with self.db.transaction() as tx:
            return await fieldwork.take_reports(tx, self.people[who], self.clock, reports, **more)

    async def say(self, visit: int, kind: str, *, who: str = "kit", **body: Any) -> Answer:
        return (await self.send(self.report(visit, kind, **body), who=who))[0]

    async def answer(self, visit: int, step: str, *, passed: bool | None = True) -> bool:
        verdict = Verdict(passed, (Check("attached", passed, "4G", "4G" if passed else "nothing"),), "As wanted.")
        async with self.db.transaction() as tx:
            return await fieldwork.answer_step(tx, self.dora, visit, step, verdict, clock=self.clock)

    async def visit(self, visit: int, who: str = "dora") -> Visit:
        async with self.db.transaction() as tx:
            return await fieldwork.visit(tx, self.people[who], visit)

    async def topics(self, visit: int) -> list[str]:
        rows = await self.rows("SELECT topic FROM outbox_event WHERE key = %(k)s ORDER BY id", k=f"visit:{visit}")
        return [row["topic"] for row in rows]

    async def told(self, topic: str) -> list[dict[str, Any]]:
        rows = await self.rows("SELECT payload FROM outbox_event WHERE topic = %(t)s ORDER BY id", t=topic)
        return [row["payload"] for row in rows]

    async def step(self, visit: int, key: str, site: int, *, operator: int, who: str = "kit") -> Sequence[Answer]:
        """Fit a card, ask for its test, and have it pass."""
        fitted = await self.say(visit, "fitted", who=who, step=key, iccid=iccid(site, operator), router="R-1")
        asked = await self.say(visit, "test-asked", who=who, step=key)
        await self.answer(visit, key)
        return fitted, asked


@pytest.fixture
async def world(utility_db: Database) -> Field:
    found = Field(utility_db)
    await found.build()
    return found
