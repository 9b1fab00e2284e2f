"""A programme in a real browser: a small invented world, operators in memory, one who plans and one who approves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.e2e.conftest import Troubles
from tests.e2e.fieldwork.conftest import Yard
from tools import lives_programme, served
from tools.lives import Person, connect

from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.wiring import Runtime
from tieline.utility.application import registry
from tieline.utility.programmes.jobs import Follow, follow

SITES = 40
PEOPLE = {"dirk": "approver", "kit": "crew"}
_SECOND = """
    UPDATE site SET criticality = 'critical' WHERE region =
        (SELECT region FROM site GROUP BY region ORDER BY count(*) DESC, region OFFSET 1 LIMIT 1)
    RETURNING region"""
"""The region with the second most sites; they are critical, so that what touches them needs two people."""


@dataclass
class Works(Yard):
    """The running console; `region` is for the programme that a test opens, the others belong to one under way."""

    home: Path
    region: str
    ada: Person
    dirk: Person

    def follow(self, change: int) -> None:
        """A worker brings the programme on by where its change stands now."""

        async def following() -> None:
            database = await Database.open(self.database, size=1)
            try:
                await follow.run(Runtime(served.look_settings(self.home), database, SystemClock()), Follow(change))
            finally:
                await database.close()

        served.apart(following())


@pytest.fixture(scope="session")
def works(
    built: None, clone: Callable[[Sequence[Path]], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Works]:
    """The running console, and two people at its REST interface."""
    del built
    home, database = tmp_path_factory.mktemp("programmes"), clone(registry().folders)
    served.administrator(database)
    served.fill(database, home, sites=SITES)
    running = served.start(served.look_settings(home), database)
    ada = Person(running.url, served.ADMINISTRATOR)
    connect(running, ada)
    for name, role in PEOPLE.items():
        body = {"name": name, "display_name": name.capitalize(), "password": served.PASSWORD, "roles": [role]}
        ada.send("POST", "/users", body)
    region = Yard(running.url, database).rows(_SECOND)[0]["region"]
    ada.send("POST", "/field/crews", {"code": "one", "name": "Crew one", "region": region, "members": ["kit"]})
    dirk = Person(running.url, "dirk")
    yield Works(running.url, database, home, region, ada, dirk)
    ada.close()
    dirk.close()
    running.stop()


@pytest.fixture(scope="session")
def under_way(works: Works) -> dict[str, int]:
    """A programme half a year old in all regions but one; its number, and that of a site where a crew is."""
    rows = works.rows("SELECT DISTINCT region FROM site WHERE region <> %(region)s", region=works.region)
    return lives_programme.live(works.database, regions=[row["region"] for row in rows])


@pytest.fixture
def desk(browser: Browser, works: Works) -> Iterator[Callable[[str], Page]]:
    """Sign somebody in at a browser of their own; afterwards nothing may have gone wrong in any page."""
    troubles = Troubles(spared=("422",))
    contexts = []

    def sit(name: str) -> Page:
        context = browser.new_context(
            base_url=works.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
        )
        contexts.append(context)
        page = troubles.watch(context.new_page())
        page.goto("/sign-in?next=/programmes")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(served.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/programmes")
        return page

    yield sit
    troubles.stop()
    for context in contexts:
        context.close()
    assert troubles.told == []
