"""A crew's phone and the desk over a real console: a server in a thread, PostgreSQL, a small invented world."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.e2e.conftest import Troubles
from tests.integration.fieldwork.conftest import iccid
from tools import served

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database, Tx, execute, fetch_all
from tieline.platform.identity.passwords import hashed
from tieline.platform.scope import system
from tieline.utility import fieldwork
from tieline.utility.application import registry
from tieline.utility.fieldwork import Check, NewStep, NewVisit, Verdict

T = TypeVar("T")
PASSWORD = "a-crew-of-two-in-a-cellar"
DESK = system("desk")


@dataclass
class Yard:
    """The running console, and what a test brings about behind it."""

    url: str
    database: str

    def do(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Do something in the database; a browser's own loop runs in this thread, so it is done in another."""
        kept: list[T] = []

        async def doing() -> None:
            database = await Database.open(self.database, size=1)
            try:
                async with database.transaction() as tx:
                    kept.append(await work(tx))
            finally:
                await database.close()

        served.apart(doing())
        return kept[0]

    def rows(self, text: str, **bound: Any) -> list[dict[str, Any]]:
        async def work(tx: Tx) -> list[dict[str, Any]]:
            return await fetch_all(tx, text, bound)

        return self.do(work)

    def plan(self, name: str, sites: int = 2, *, crew: str) -> list[int]:
        """Visits to some sites in an order of a crew for today; their cards are made from the visit's number."""

        async def work(tx: Tx) -> list[int]:
            rows = await fetch_all(tx, "SELECT id FROM site ORDER BY id LIMIT %(n)s", {"n": sites})
            wanted = [_wanted(row["id"], f"{name}:{row['id']}") for row in rows]
            found = await fieldwork.plan_visits(tx, DESK, wanted)
            ids = [found[one.origin_key] for one in wanted]
            crews = {one.code: one.id for one in await fieldwork.crews(tx, DESK)}
            today = fieldwork.today(datetime.now(UTC))
            target = fieldwork.Target(crew_id=crews[crew], day=today)
            await fieldwork.move_visits(tx, DESK, SystemClock(), ids, target)
            return ids

        return self.do(work)

    def hand_over(self, visit: int, *, crew: str) -> None:
        """A visit goes to another crew; its order may hold visits of other tests, at which a crew is."""

        async def work(tx: Tx) -> None:
            crews = {one.code: one.id for one in await fieldwork.crews(tx, DESK)}
            target = fieldwork.Target(crew_id=crews[crew], day=fieldwork.today(datetime.now(UTC)))
            await fieldwork.move_visits(tx, DESK, SystemClock(), [visit], target)

        self.do(work)

    def answer(self, visit: int, step: str, *, passed: bool = True) -> bool:
        """The acceptance test of a step comes to its end."""
        checks = (Check("Attached on 4G or 5G", passed, "4G", "4G, band 20" if passed else "nothing yet"),)
        verdict = Verdict(passed, checks, "All is as wanted." if passed else "The new card is not seen.")

        async def work(tx: Tx) -> bool:
            return await fieldwork.answer_step(tx, DESK, visit, step, verdict)

        return self.do(work)

    def reports(self, visit: int) -> list[str]:
        """Kinds of the accepted reports of a visit, in the order in which they happened."""
        text = "SELECT kind FROM field_report WHERE visit_id = %(v)s AND state = 'accepted' ORDER BY seq, received_at"
        return [row["kind"] for row in self.rows(text, v=visit)]

    def topics(self, visit: int) -> list[str]:
        rows = self.rows("SELECT topic FROM outbox_event WHERE key = %(k)s ORDER BY id", k=f"visit:{visit}")
        return [row["topic"] for row in rows]


def _wanted(site: int, key: str) -> NewVisit:
    steps = (
        NewStep("1", "backup", "B", new_iccid=iccid(site, 2)),
        NewStep("2", "primary", "A", new_iccid=iccid(site, 1)),
    )
    return NewVisit(site, "programme:1", key, "Replace the 3G router", steps, minutes=60)


async def _people(database_url: str) -> None:
    secret = await hashed(PASSWORD)
    database = await Database.open(database_url, size=1)
    async with database.transaction() as tx:
        for name, role in (("kit", "crew"), ("kim", "crew"), ("lee", "crew"), ("vera", "viewer")):
            text = """INSERT INTO account (name, display_name, roles, password_hash, created_at)
                VALUES (%(name)s, initcap(%(name)s), ARRAY[%(role)s], %(hash)s, now())"""
            await execute(tx, text, {"name": name, "role": role, "hash": secret})
        for code, members in (("north-1", ("kit", "kim")), ("south-1", ("lee",))):
            draft = fieldwork.CrewDraft(code, f"Crew {code}", None, members)
            await fieldwork.make_crew(tx, DESK, SystemClock(), draft)
    await database.close()


@pytest.fixture(scope="session")
def yard(clone: Callable[[Sequence[Path]], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    home = tmp_path_factory.mktemp("yard")
    database = clone(registry().folders)
    served.administrator(database)
    served.fill(database, home, sites=40)
    served.apart(_people(database))
    running = served.start(served.look_settings(home), database)
    yield Yard(running.url, database)
    running.stop()


def signed_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.goto("/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def phones(browser: Browser, yard: Yard) -> Iterator[Callable[..., BrowserContext]]:
    """Phones, each signed in as somebody; nothing may go wrong in their pages but for a network that is away."""
    troubles = Troubles(spared=("401",))
    contexts: list[BrowserContext] = []

    def phone(name: str, *, worker: bool = True) -> BrowserContext:
        context = browser.new_context(
            base_url=yard.url,
            viewport={"width": 390, "height": 844},
            has_touch=True,
            reduced_motion="reduce",
            service_workers="allow" if worker else "block",  # beside one, a test cannot lose an answer
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.told.append(str(error)))
        signed_in(page, name)
        page.wait_for_url("**/field/")
        expect(page.locator("#queue")).to_contain_text("Everything is sent")
        if worker:
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        return context

    yield phone
    for context in contexts:
        context.close()
    assert troubles.told == []
