"""Saved views and keys, in a browser, without a mouse."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Check, check_looks, settled

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def _without_views(page: Page) -> Iterator[None]:
    """Each test takes away what it kept."""
    yield
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/views")
    while page.locator("td[data-col=edit] a").count():
        page.locator("td[data-col=edit] a").first.click()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Delete the view").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Saved views")


def test_a_list_is_kept_pinned_and_opened_by_keyboard(page: Page, axe: Check) -> None:
    page.goto("/sites?criticality=critical")
    settled(page)
    page.locator("summary", has_text="Columns").click()
    page.locator("label", has_text="Customers").locator("input").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("th[data-col=customers]")).to_be_hidden()
    page.keyboard.press("v")
    expect(page.get_by_role("link", name="Sites without a view")).to_be_focused()
    page.get_by_role("button", name="Save this view").press("Enter")
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    axe(page)
    page.keyboard.type("Betriebsmittelüberwachung der Umspannwerke im Nordwesten")
    page.get_by_label("Pin it to the head of this list").check()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"criticality=critical&saved=\d+"))
    expect(page.locator(".views-pinned a[aria-current]")).to_have_text(re.compile("Betriebsmittel"))
    expect(page.locator("th[data-col=customers]")).to_be_hidden()
    expect(page.locator("[data-view-changed]")).to_be_hidden()
    check_looks(page, axe)

    page.locator("summary", has_text="Columns").click()
    page.locator("label", has_text="Customers").locator("input").check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keep it so").press("Enter")
    expect(page.locator("th[data-col=customers]")).to_be_visible()
    page.goto("/views")
    check_looks(page, axe)


def test_keys_lead_everywhere_and_are_told(page: Page, axe: Check) -> None:
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("/sites$"))
    page.keyboard.press("?")
    keys = page.locator("#shortcuts")
    expect(keys).to_be_visible()
    expect(keys.get_by_text("In the table")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("End")
    expect(page.locator("tr[data-key]").last).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page).to_have_url(re.compile("/fieldwork$"))
    page.keyboard.press("?")
    expect(keys.get_by_text("In the table")).to_be_hidden()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("audit tr")
    expect(page.locator("#search-results a").first).to_contain_text("Audit trail")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/audit$"))


def test_the_first_thing_reached_skips_the_navigation(page: Page) -> None:
    page.goto("/probes")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    expect(page.get_by_text("No application was asked yet").first).to_be_visible()
