"""Pages of notices: what they show, to whom, and what a press of a button does."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tieline.platform.db import execute, fetch_one
from tieline.platform.scope import Role
from tieline.utility.inventory import Area, AreaKind
from tieline.utility.notices import Content, Kind, Origin, Phase, Source, Told, take

if TYPE_CHECKING:
    from tests.integration.console.conftest import Console

pytestmark = pytest.mark.anyio
EVIL = "<script>alert(1)</script>"
_SITES = """
INSERT INTO operator (code, name) VALUES ('A', 'Operator A');
INSERT INTO site (external_id, name, name_folded, region, criticality)
SELECT 'S' || i, CASE WHEN i = 1 THEN '=cmd()' ELSE 'Site ' || i END, 'site',
    CASE WHEN i <= 30 THEN 'City' ELSE 'Land' END, 'normal' FROM generate_series(1, 130) i;
INSERT INTO subscription (operator_id, operator_ref, state, site_id, rat)
SELECT 1, 'A' || id, 'ACTIVE', id, 'UTRA' FROM site;
"""


async def announce(console: "Console", *, status: str = "waitForApproval") -> None:
    """Two revisions of a phase-out over 130 sites, 30 of them in the city."""
    now = datetime.now(UTC)
    begins = now + timedelta(days=182)
    city = Phase("city", f"City {EVIL}", begins, begins + timedelta(days=90), Area(AreaKind.REGIONS, ("City",)))
    rest = Phase("rest", "Rest", begins, begins + timedelta(days=365), Area(AreaKind.ALL))
    origin = Origin(1, "A", Source.EVENT, now)
    async with console.db.transaction() as tx:
        await execute(tx, _SITES)
        for revision, phases in ((1, (rest,)), (2, (city, rest))):
            content = Content(Kind.PHASE_OUT, f"The end {EVIL}", f"Words {EVIL}", "3G", phases)
            await take(tx, origin, [Told("3G", revision, now, status, "", content)])


async def test_an_empty_list_says_what_fills_it(console: "Console") -> None:
    console.sign_in(Role.VIEWER)
    answer = await console.client.get("/notices")
    assert (answer.status_code, "No notice yet" in answer.text) == (200, True)


@pytest.mark.parametrize("path", ["/notices", "/notices/1", "/notices/1/sites", "/notices/1?earlier=1&later=2", "/"])
async def test_words_of_operators_are_never_markup(console: "Console", path: str) -> None:
    await announce(console)
    console.sign_in(Role.TECHNICIAN)
    answer = await console.client.get(path)
    assert answer.status_code == 200
    assert EVIL not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert path != "/" or "What comes next" in answer.text


async def test_a_notice_shows_its_sites_by_phase_and_how_its_revisions_differ(console: "Console") -> None:
    await announce(console)
    console.sign_in(Role.TECHNICIAN)
    page = (await console.client.get("/notices/1")).text
    assert "130 sites have a link there on 3G" in page
    assert 'href="/notices/1/sites?phase=city"' in page
    assert "is new:" in page
    assert 'href="/programmes/new?notice=1"' in page
    sites = (await console.client.get("/notices/1/sites?phase=city")).text
    assert (sites.count('href="/sites/'), "30 sites" in sites) == (30, True)
    first = (await console.client.get("/notices/1/sites")).text
    assert "100 of 130 sites" in first
    rest = (await console.client.get("/notices/1/sites?after=100")).text
    assert rest.count('href="/sites/') == 30
    assert (await console.client.get("/notices/1?earlier=1&later=9")).status_code == 404
    assert (await console.client.get("/notices/7")).status_code == 404


async def test_the_file_of_sites_has_them_all_and_no_formula(console: "Console") -> None:
    await announce(console)
    console.sign_in(Role.VIEWER)
    answer = await console.client.get("/notices/1/sites.csv?phase=")
    lines = answer.text.splitlines()
    assert len(lines) == 131
    assert lines[1].split(",")[1] == "'=cmd()"


async def test_an_answer_is_given_by_who_may_and_with_the_page_s_token(console: "Console") -> None:
    await announce(console)
    console.sign_in(Role.VIEWER)
    assert "Your role may not answer" in (await console.client.get("/notices/1")).text
    refused = await console.client.post("/notices/1/accept", data={"revision": "2"})
    assert refused.status_code == 403
    console.sign_in(Role.TECHNICIAN)
    stale = await console.client.post("/notices/1/accept", data={"revision": "1"})
    assert stale.status_code == 409
    wordless = await console.client.post("/notices/1/decline", data={"revision": "2", "reason": " "})
    assert wordless.status_code == 422
    said = await console.client.post("/notices/1/decline", data={"revision": "2", "reason": "Too early."})
    assert (said.status_code, said.headers["location"]) == (303, "/notices/1")
    async with console.db.snapshot() as tx:
        row = await fetch_one(tx, "SELECT answer, answer_state, answer_words FROM notice")
    assert row == {"answer": "rejected", "answer_state": "pending", "answer_words": "Too early."}
    assert "Answer on its way" in (await console.client.get("/notices")).text
    console.as_themselves()
    assert (await console.client.post("/notices/1/accept", data={"revision": "2"})).status_code == 303


async def test_lists_are_narrowed_by_the_url(console: "Console") -> None:
    await announce(console, status="scheduled")
    console.sign_in(Role.VIEWER)
    for query, shown in (
        ("?kind=phase-out&open=1", True),
        ("?open=0", False),
        ("?waits=1", False),
        ("?operator=Z", False),
    ):
        text = (await console.client.get(f"/notices{query}")).text
        assert ("The end" in text, "No notice matches" in text) == (shown, not shown)
