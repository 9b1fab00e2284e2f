"""Pages of usage and cost, with nothing, and with months of records, findings and bills."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.integration.usage.conftest import enter_terms

from tieline.platform.scope import Role, Scope
from tieline.utility.console.visitor import Visitor, current_visitor

if TYPE_CHECKING:
    from tests.integration.usage.conftest import Both

pytestmark = pytest.mark.anyio
PAGES = (
    "/usage",
    "/usage/subscriptions",
    "/usage/findings",
    "/usage/bills",
    "/usage/bills/new",
    "/usage/contracts",
    "/usage/contracts/A",
    "/usage/contracts/A/plan",
)


@asynccontextmanager
async def looking(
    both: "Both", role: Role = Role.ADMINISTRATOR, operators: frozenset[str] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    app = both.people._transport.app  # type: ignore[attr-defined] # the application that the test has made
    scope = Scope("user:ada", role.permissions, operators=operators)
    app.dependency_overrides[current_visitor] = lambda: Visitor(scope, "Ada", role.value, "token")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console.test") as client:
        yield client


def words(answer: httpx.Response) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.split("<main", 1)[1]))).replace(
        "\u202f", " "
    )


async def test_with_nothing_every_page_says_what_would_fill_it(both: "Both") -> None:
    async with looking(both) as client:
        for path in PAGES:
            answer = await client.get(path)
            assert answer.status_code in {200, 303}, path
        assert "Nothing was rated yet" in words(await client.get("/usage"))
        assert "terms of a contract" in words(await client.get("/usage/bills/new"))
    async with looking(both, operators=frozenset()) as client:
        assert [(await client.get(path)).status_code for path in PAGES] == [200, 404, 200, 200, 200, 200, 404, 404]
        assert "No operator yet" in words(await client.get("/usage/contracts"))


async def test_pages_show_what_was_rated(both: "Both") -> None:
    both.meter.daily = {"A1": 2_000_000, "A2": 400_000, "A3": 0, "A5": 1_000_000}
    body = {"since": "2026-09-01", "utility": "DSO"}
    (await both.office.post("/simulation/v1/usage", json=body)).raise_for_status()
    await enter_terms(both)
    await both.read()
    await both.rate()
    async with looking(both) as client:
        for path in PAGES:
            assert (await client.get(path)).status_code == 200, path
        overview = words(await client.get("/usage"))
        assert "POOL" in overview
        assert "November 2026" in overview
        october = words(await client.get("/usage/plans/A/POOL?day=2026-10-15"))
        assert "4 subscriptions used 74.4 MB of 40.0 MB: that is more than is included, and costs 1.72 GBP." in october
        assert "62.0 MB" in words(await client.get("/usage/subscriptions?operator=A&plan=POOL&day=2026-10-02"))
        assert "The pool of POOL is used up on" in words(await client.get("/usage/findings?kind=pool"))
        assert (await client.get("/usage/plans/A/NONE")).status_code == 404
        one = re.search(r"/subscriptions/(\d+)", (await client.get("/usage/subscriptions?operator=A")).text)
        assert one is not None
        page = words(await client.get(f"/subscriptions/{one[1]}"))
        assert "Used by day" in page
        assert "shared with all of the plan" in page
    async with looking(both, Role.CREW) as client:
        assert (await client.get("/usage")).status_code == 403
