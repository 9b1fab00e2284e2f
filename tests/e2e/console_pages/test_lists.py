"""Lists: filters in the URL, numbers that lead to what they count, keyboard, selection."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import settled

pytestmark = pytest.mark.e2e


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def test_a_filter_narrows_the_list_and_stands_in_the_url(page: Page) -> None:
    page.goto("/subscriptions")
    page.locator("summary", has_text="Technology").click()
    chip = page.locator("#filter-technology")
    chip.get_by_label("5G").check()
    chip.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("technology=5G"))
    cells = page.locator("td[data-col=serving]")
    assert cells.count() > 0
    assert all(text.strip().startswith("5G") for text in cells.all_inner_texts())
    page.get_by_role("link", name="Remove filter Technology").click()
    expect(page).to_have_url(re.compile("/subscriptions$"))


def test_a_figure_leads_to_as_many_things_as_it_says(page: Page) -> None:
    page.goto("/")
    figure = page.locator(".figure", has_text="Sites that hang on 3G").locator(".figure-value a")
    said = number(figure.inner_text())
    figure.click()
    expect(page.locator(".state-line")).to_contain_text("fit these filters")
    assert number(page.locator(".state-line").inner_text()) == said > 100


def test_pages_follow_one_another_without_losing_or_repeating(page: Page) -> None:
    page.goto("/sites")
    seen: list[str] = []
    while True:
        seen += [str(row.get_attribute("data-key")) for row in page.locator("tr[data-key]").all()]
        following = page.locator("a[data-page=older]")
        if following.count() == 0:
            break
        following.click()
        expect(page).to_have_url(re.compile("after="))
        expect(page.locator(f"tr[data-key='{seen[-1]}']")).to_have_count(0)
    assert len(seen) == len(set(seen)) == number(page.locator(".state-line").inner_text())


def test_rows_are_reached_opened_and_chosen_by_keyboard_alone(page: Page) -> None:
    page.goto("/sites")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("tr[data-key]").nth(1)
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    title = page.locator("#sheet [data-sheet-title]")
    expect(title).to_be_focused()
    expect(page).to_have_url(re.compile(r"/sites/\d+$"))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/sites$"))
    second.focus()
    page.keyboard.press("x")
    expect(page.locator("[data-selected-words]")).to_have_text("1 selected")


def test_all_that_match_can_be_chosen_for_a_change(page: Page) -> None:
    page.goto("/sites?hanging_on=3G")
    settled(page)
    matching = number(page.locator(".state-line").inner_text())
    page.get_by_label("Select all rows of this page").check()
    page.get_by_role("button", name=re.compile("Select all .* matching")).click()
    assert number(page.locator("[data-selected-words]").inner_text()) == matching
    page.get_by_role("button", name="Plan a change for these").click()
    expect(page).to_have_url(re.compile(r"/changes/new\?.*hanging_on=3G"))


def test_the_search_finds_by_number_and_opens_from_the_keyboard(page: Page) -> None:
    page.goto("/subscriptions?linked=1")
    name = page.locator("tr[data-key] td[data-col=name]").first.inner_text().strip()
    page.keyboard.press("/")
    page.keyboard.type(name[-6:])
    expect(page.locator("#search-results a").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert not page.url.endswith("linked=1")


def test_an_empty_list_says_what_would_fill_it(page: Page) -> None:
    page.goto("/sites?q=zzzzzz")
    expect(page.get_by_text("No site matches these filters")).to_be_visible()
    page.get_by_role("link", name="Clear filters").click()
    expect(page.locator("tr[data-key]").first).to_be_visible()
