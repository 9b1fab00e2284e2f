"""A change from its selection to its undo, by two people at two browsers."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import NARROW, WIDE, Check, check_looks

pytestmark = pytest.mark.e2e
Take = Callable[[Page, str], None]


def draft(page: Page, title: str, *, waves: str = "50") -> None:
    """Fill the form of a new change in, and send it."""
    page.get_by_label("Title").fill(title)
    page.get_by_label("Waves", exact=True).select_option("percent")
    page.get_by_label("Steps").fill(waves)
    page.get_by_role("button", name="Make the plan").click()
    page.wait_for_url(re.compile(r"/changes/\d+$"))
    expect(page.get_by_text("Subscriptions to change")).to_be_visible(timeout=30_000)


def test_two_people_carry_a_change_out_and_take_a_region_back(
    desk: Callable[..., Any], axe: Check, picture: Take
) -> None:
    mara, dirk = desk("mara"), desk("dirk")
    page = mara.go("/changes/new?linked=1")
    expect(page.locator("#selection")).to_contain_text("120 subscriptions")
    expect(page.locator("#selection")).to_contain_text("2 critical sites")
    axe(page)
    picture(page, "new")
    draft(page, "4G at every site on 3G")
    axe(page)
    picture(page, "contract")
    path = page.url.removeprefix(mara.url)
    narrow(page, axe, picture, "contract")

    page.get_by_role("button", name="Try at the operators").click()
    expect(page.get_by_text("Operator A would accept all")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.get_by_text("Waits for approval").or_(page.get_by_text("Approval needed")).first).to_be_visible()
    expect(page.get_by_role("button", name="Approve this plan")).to_have_count(0)
    picture(page, "contract-mine")

    theirs = dirk.go(path)
    axe(theirs)
    picture(theirs, "contract-to-approve")
    theirs.get_by_role("button", name="Approve this plan").click()
    expect(theirs.get_by_role("heading", name="Approved", exact=True)).to_be_visible()

    page.reload()
    page.get_by_role("button", name="Start").first.click()
    dialog = page.get_by_role("dialog", name="Start this change")
    expect(dialog).to_contain_text("120 subscriptions")
    picture(page, "start-dialog")
    axe(page)
    dialog.get_by_role("button", name="Start the change").click()
    expect(page.get_by_text("Undo, wholly or in part")).to_be_visible(timeout=60_000)
    expect(page.locator(".figure", has_text="Verified")).to_contain_text("120")
    axe(page)
    picture(page, "receipt")
    narrow(page, axe, picture, "receipt")
    printed(page, axe)

    page.get_by_role("link", name="Undo, wholly or in part").click()
    axe(page)
    picture(page, "undo")
    page.get_by_label("North").check()
    page.get_by_role("button", name="Plan the undo").click()
    expect(page.get_by_text("What change 1 set, in North, is set back to what it was before.")).to_be_visible(
        timeout=30_000
    )
    expect(page.locator(".figure", has_text="Subscriptions to change")).to_contain_text("60")
    picture(page, "undo-contract")


def printed(page: Page, axe: Check) -> None:
    """The record prints alone: no navigation, no button, its title and the pages' numbers on A4; then back."""
    back = page.url
    page.get_by_role("link", name="Record for printing").click()
    expect(page.get_by_role("heading", name="Record of change 1")).to_be_visible()
    axe(page)
    page.emulate_media(media="print")
    for hidden in (".rail", ".topbar", ".page-head .actions", "[data-print]"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator(".record-head")).to_be_visible()
    file = page.pdf(prefer_css_page_size=True)
    assert file.startswith(b"%PDF")
    assert re.search(rb"/MediaBox \[0 0 59[45][.\d]* 84[12][.\d]*\]", file), "A4 upright"
    page.emulate_media(media="screen")
    page.goto(back)


def narrow(page: Page, axe: Check, picture: Take, name: str) -> None:
    """The same page on a telephone, in the dark."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    axe(page)
    picture(page, f"{name}-narrow")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.slow
def test_trouble_at_one_operator_is_seen_paused_and_tried_again(
    desk: Callable[..., Any], served: Any, axe: Check, picture: Take
) -> None:
    faults = served.platforms["B"].behaviour
    faults.rejects = {f"old-B-{number}": "The number is barred." for number in range(1, 16)}
    mara, dirk = desk("mara"), desk("dirk")
    page = mara.go("/changes/new?linked=1&operator=B")
    page.get_by_label("Configure subscriptions").check()
    page.locator("[name='set.data_plan']").fill("m2m-200")
    draft(page, "New data plan at operator B", waves="50, 50")
    path = page.url.removeprefix(mara.url)
    page.get_by_role("button", name="Ask for approval").click()
    dirk.go(path).get_by_role("button", name="Approve this plan").click()
    expect(dirk.page.get_by_role("heading", name="Approved", exact=True)).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Start").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Start the change").click()

    expect(page.get_by_text("items failed, more than the 10% that were allowed")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("The number is barred.").first).to_be_visible()
    axe(page)
    picture(page, "control-held")
    narrow(page, axe, picture, "control-held")
    page.get_by_role("link", name=re.compile("Rejected|refused|barred", re.IGNORECASE)).first.click()
    expect(page.locator(".diff tbody").first).to_be_visible()
    axe(page)
    picture(page, "items-failed")

    faults.rejects = {}
    mara.go(path)
    page.get_by_role("button", name="Retry the failed").click()
    page.get_by_role("dialog", name="Try the failed ones again").get_by_role("button", name="Retry the failed").click()
    expect(page.get_by_text("Nothing has failed.")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog", name="Resume this change").get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Completed after")).to_be_visible(timeout=60_000)
    expect(page.locator(".figure", has_text="Failed").first).to_contain_text("0")


PAGES = {
    "mara": (
        "/changes", "/changes/new", "/changes/new?id=1&id=2", "/changes/99999", "/account", "/account/password",
        "/account/tokens/new",
    ),
    "dirk": ("/audit", "/audit?action=nothing", "/audit/1"),
    "ada": ("/users", "/users/new", "/users/2", "/users/tokens"),
}  # fmt: skip


@pytest.mark.parametrize("who", PAGES)
def test_pages_are_accessible_wide_and_narrow_light_and_dark(desk: Callable[..., Any], axe: Check, who: str) -> None:
    person = desk(who)
    for path in PAGES[who]:
        check_looks(person.go(path), axe, (WIDE, NARROW))


def test_a_token_is_made_shown_once_and_revoked_by_keyboard(desk: Callable[..., Any], axe: Check) -> None:
    page = desk("mara").go("/account/tokens/new")
    page.get_by_label("What it is for").focus()
    page.keyboard.type("Nightly export")
    page.get_by_label("See sites, devices and subscriptions").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Make the token").focus()
    page.keyboard.press("Enter")
    secret = page.locator("[data-copy^=tl_]")
    expect(secret).to_have_count(1)
    axe(page)
    page.goto(page.url.replace("/tokens", ""))
    page.get_by_role("link", name="Nightly export").first.click()
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("It works until it expires or is revoked.")
    axe(page)
    sheet.get_by_role("button", name="Revoke this token").click()
    expect(page.get_by_text("Revoked").first).to_be_visible()


def test_an_entry_of_the_trail_opens_beside_the_list_and_the_trail_is_verified(
    desk: Callable[..., Any], axe: Check, picture: Take
) -> None:
    page = desk("dirk").go("/audit")
    page.locator("a[data-row-link]").first.click()
    expect(page.locator("#sheet")).to_contain_text("Hash")
    axe(page)
    picture(page, "audit-sheet")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Verify the trail").click()
    expect(page.get_by_text("The trail is whole")).to_be_visible()
    axe(page)
    picture(page, "audit-verdict")
