"""The operator's console keeps nobody out, and staff do by keyboard and pointer what it promises."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.e2e.conftest import NARROW, WIDE, Check, Troubles, check_looks
from tools.staffed import Staffed

pytestmark = pytest.mark.e2e
PAGES = (
    "/", "/utilities", "/utilities/DSO", "/utilities/DSO/edit", "/utilities/DSO/certificates", "/utilities/new",
    "/objects", "/objects?q=zzzzzz", "/objects/DSO/{sim}", "/groups", "/plans", "/plans/{partly}", "/plans/{waits}",
    "/log", "/notices", "/notices/{notice}", "/notices/new", "/clients", "/clients/DSO.scada", "/clients/new",
    "/staff", "/staff/1", "/staff/new", "/audit", "/account", "/account/password",
    "/simulation?utility=DSO&subscription={sim}", "/nowhere",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_keep_nobody_out(sheet: Page, gateway: Staffed, axe: Check, path: str) -> None:
    sheet.goto(path.format(**gateway.numbers))
    check_looks(sheet, axe, (WIDE, NARROW))


def test_a_plan_that_waits_is_cancelled_with_a_reason(staff: BrowserContext) -> None:
    troubles = Troubles()
    page = troubles.watch(staff.new_page())
    page.goto("/plans")
    page.get_by_role("link", name="Coast, tonight").click()
    page.locator("#main").get_by_role("button", name="Cancel the plan").click()
    page.locator("dialog[open] textarea").fill("Not tonight")
    page.locator("dialog[open]").get_by_role("button", name="Cancel the plan").click()
    expect(page.locator(".state-line")).to_contain_text("Cancelled")
    page.goto("/audit")
    expect(page.get_by_role("link", name="Plan cancelled")).to_be_visible()
    troubles.stop()
    page.close()
    assert troubles.told == []


def test_a_change_opens_beside_the_log_by_keyboard(staff: BrowserContext) -> None:
    page = staff.new_page()
    page.goto("/log?party=staff&by=k.meier")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#sheet")).to_contain_text("Ticket 4711")
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).not_to_contain_text("Ticket 4711")
    page.close()
