"""The search over everything finds changes, programmes, visits and places, on the page and over REST."""

import pytest
from tests.integration.console.conftest import Console

from tieline.platform.db import execute, fetch_value
from tieline.platform.scope import Permission, Role, Scope
from tieline.platform.web import current_scope

pytestmark = pytest.mark.anyio

SITE = """INSERT INTO site (external_id, name, name_folded, kind, region)
    VALUES ('S1', 'Mill Lane', 'mill lane', 'primary', 'Wales') RETURNING id"""
PROGRAMME = """INSERT INTO programme (title, technology, state, terms, created_by, created_at)
    VALUES ('End of 3G in the valleys', '3G', 'draft', '{}', 'user:ada', now()) RETURNING id"""
VISIT = """INSERT INTO visit (site_id, origin, origin_key, title, due_at, minutes, state, created_by, created_at)
    VALUES (%s, 'desk', 'k', 'Replace the router', now(), 45, 'planned', 'user:ada', now()) RETURNING id"""


@pytest.fixture
async def numbers(console: Console) -> dict[str, int]:
    console.sign_in(Role.TECHNICIAN)
    async with console.db.transaction() as tx:
        site = await fetch_value(tx, SITE)
        programme = await fetch_value(tx, PROGRAMME)
        visit = await fetch_value(tx, VISIT, [site])
        await execute(tx, "ANALYZE site")
    return {"site": site, "programme": programme, "visit": visit}


async def found(console: Console, text: str) -> str:
    answer = await console.client.get("/search", params={"q": text})
    assert answer.status_code == 200
    return answer.text.partition("<main")[2]


async def test_programmes_and_visits_are_found(console: Console, numbers: dict[str, int]) -> None:
    programme, visit = f'href="/programmes/{numbers["programme"]}"', f'href="/fieldwork/visits/{numbers["visit"]}"'
    for typed in ("valleys", "END OF 3g", f"programme {numbers['programme']}", f"#{numbers['programme']}"):
        assert programme in await found(console, typed), typed
    assert visit in await found(console, f"visit {numbers['visit']}")
    by_site = await found(console, "mill")
    assert visit in by_site
    assert f'href="/sites/{numbers["site"]}"' in by_site
    assert programme not in await found(console, "en")


async def test_places_are_found_by_name(console: Console, numbers: dict[str, int]) -> None:
    del numbers
    assert 'href="/stock"' in await found(console, "logis")
    assert 'href="/audit"' not in await found(console, "audit"), "a technician may not read it"


async def test_nothing_is_found_that_one_may_not_see(console: Console, numbers: dict[str, int]) -> None:
    console.sign_in(Role.TECHNICIAN, regions=frozenset({"Kent"}))
    assert "/fieldwork/visits/" not in await found(console, f"visit {numbers['visit']}")
    narrow = Scope("user:fred", frozenset({Permission.INVENTORY_READ}))
    console.app.dependency_overrides[current_scope] = lambda: narrow
    items = (await console.client.get("/api/v1/search", params={"q": "valleys"})).json()["items"]
    assert items == []
    console.app.dependency_overrides[current_scope] = lambda: Scope("user:fred", Role.VIEWER.permissions)
    items = (await console.client.get("/api/v1/search", params={"q": "valleys"})).json()["items"]
    assert [(one["kind"], one["id"], one["title"]) for one in items] == [
        ("programme", numbers["programme"], "End of 3G in the valleys")
    ]
    for odd in ("\0", "#", "visit", "9" * 18, "%", "'"):
        assert (await console.client.get("/api/v1/search", params={"q": odd})).status_code in {200, 422}, odd
