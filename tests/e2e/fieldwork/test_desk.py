"""Field work at the desk, by a dispatcher with a browser: axe, both widths and themes, and a refused report."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import NARROW, WIDE, Check, Troubles, check_looks
from tests.e2e.fieldwork.conftest import Yard, signed_in
from tools import served

pytestmark = pytest.mark.e2e


@pytest.fixture
def desk(browser: Browser, yard: Yard) -> Iterator[Page]:
    troubles = Troubles(spared=("422",))
    context = browser.new_context(base_url=yard.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = troubles.watch(context.new_page())
    signed_in(page, served.ADMINISTRATOR, served.PASSWORD)
    yield page
    troubles.stop()
    context.close()
    assert troubles.told == []


def test_orders_are_found_read_and_handed_over(yard: Yard, desk: Page, axe: Check) -> None:
    visits = yard.plan("desk", 3, crew="south-1")
    order = yard.rows("SELECT order_id FROM visit WHERE id = %(v)s", v=visits[0])[0]["order_id"]
    for path in ("/fieldwork", "/fieldwork/visits", "/fieldwork/reports", "/fieldwork/crews", "/fieldwork/orders/new"):
        desk.goto(path)
        check_looks(desk, axe, (WIDE, NARROW))
    desk.goto("/fieldwork")
    desk.locator(f"a[data-row-link][href='/fieldwork/orders/{order}']").click()
    check_looks(desk, axe, (WIDE, NARROW))
    desk.get_by_role("link", name="Hand over or move").click()
    desk.get_by_label("Crew").select_option(label="Crew north-1")
    desk.get_by_role("button", name="Hand over").click()
    expect(desk.locator("main")).to_contain_text("Crew north-1")
    desk.goto(f"/fieldwork/visits/{visits[0]}")
    check_looks(desk, axe, (WIDE, NARROW))
