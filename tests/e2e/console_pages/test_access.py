"""Nobody is kept out: axe finds nothing serious, in both themes, wide and narrow."""

import pytest
from playwright.sync_api import Page
from tests.e2e.conftest import NARROW, WIDE, Check, check_looks

pytestmark = pytest.mark.e2e
PAGES = (
    "/", "/map", "/sites", "/sites?hanging_on=3G&criticality=critical", "/sites?q=zzzzzz", "/sites/1", "/subscriptions",
    "/subscriptions/1", "/cards", "/cards/stock", "/cards/1", "/devices", "/devices/1", "/cells", "/cells/1",
    "/stock", "/stock/items", "/stock/orders", "/stock/losses", "/stock/counts", "/stock/balance", "/stock/forecast",
    "/stock/move", "/stock/lost", "/stock/orders/new", "/stock/counts/new",
    "/incidents", "/incidents?severity=critical", "/incidents?q=zzzzzz", "/incidents/1", "/incidents/1/members",
    "/incidents/expected", "/incidents/reconciliation", "/operators", "/operators/A",
    "/imports", "/imports/new", "/imports/1", "/search?q=mill", "/nowhere",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_keep_nobody_out(sheet: Page, axe: Check, path: str) -> None:
    sheet.goto(path)
    check_looks(sheet, axe, (WIDE, NARROW))


def test_the_way_in_keeps_nobody_out(nobody: Page, axe: Check) -> None:
    nobody.goto("/sign-in")
    axe(nobody)
