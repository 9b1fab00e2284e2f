"""The console's parts in a real browser: accessible, keyboard-driven, and clean under the content security policy."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import LOOKS, NARROW, WIDE, Check, check_looks

from tieline.console.gallery import PAGES

pytestmark = pytest.mark.e2e
OpenPage = Callable[..., Page]
NAMES = [*(key for key, *_ in PAGES), "sign-in"]


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_serious_and_nothing_sticks_out(open_page: OpenPage, axe: Check, name: str) -> None:
    # Pages with a map are drawn without a graphics card here: two of the four looks show as much in half the time.
    check_looks(open_page(name), axe, (WIDE, NARROW) if name in {"index", "map"} else LOOKS)


def test_open_things_are_accessible_too(open_page: OpenPage, axe: Check) -> None:
    page = open_page("tables")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#sheet [data-sheet-title]")).to_be_focused()
    page.locator("#filter-tech summary").click()
    axe(page)
    page = open_page("work")
    page.get_by_role("button", name="Undo 39").click()
    expect(page.locator("#confirm-39786")).to_be_visible()
    axe(page)


def test_rows_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("tables")
    for key in "jjj":
        page.keyboard.press(key)
    page.keyboard.press("k")
    expect(page.locator("tr[data-key=site-1]")).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("[data-selected-words]")).to_have_text("3 selected")


def test_all_matching_are_selected_and_given_back(open_page: OpenPage) -> None:
    page = open_page("tables")
    page.locator("input[data-select-page]").check()
    page.locator("[data-select-all]").click()
    expect(page.locator("[data-selected-words]")).to_have_text(re.compile(r"^20.000 selected$"))
    expect(page.locator("input[name=all_matching]")).to_have_value("1")
    page.locator("tr[data-key=site-4] input[data-select]").uncheck()
    expect(page.locator("input[name=all_matching]")).to_have_value("")
    expect(page.locator("[data-selected-words]")).to_have_text("23 selected")
    page.locator("[data-select-none]").click()
    expect(page.locator("[data-selection]")).to_be_hidden()


def test_details_open_beside_the_list_with_their_own_url(open_page: OpenPage) -> None:
    page = open_page("tables")
    listed = page.url
    page.locator("tr[data-key=site-3] a[data-row-link]").click()
    expect(page.locator("#sheet .sheet-body")).to_be_visible()
    assert page.url.endswith("/detail.html")
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).to_be_hidden()
    assert page.url == listed
    expect(page.locator("tr[data-key=site-3] a[data-row-link]")).to_be_focused()
    page.locator("tr[data-key=site-3] a[data-row-link]").click()
    expect(page.locator("#sheet .sheet-body")).to_be_visible()
    page.go_back()
    expect(page.locator("#sheet")).to_be_hidden()


def test_hidden_columns_stay_hidden(open_page: OpenPage) -> None:
    page = open_page("tables")
    header = page.locator("#sites").first.locator("th[data-col=customers]")
    expect(page.locator("#sites").first.locator("th[data-col=owner]")).to_be_hidden()
    page.get_by_text("Columns", exact=True).first.click()
    page.locator("input[data-column=customers]").uncheck()
    expect(header).to_be_hidden()
    page.reload()
    expect(header).to_be_hidden()


def test_filters_go_to_the_url_and_empty_ones_stay_out(open_page: OpenPage) -> None:
    page = open_page("tables")
    page.locator("#filter-tech summary").click()
    page.locator("#filter-tech input[value='3G']").check()
    page.locator("#filter-tech button[type=submit]").click()
    page.wait_for_url("**/tables.html?*")
    assert page.url.partition("?")[2] == "operator=A&tech=3G&name=Neustadt&demand_from=5&demand_to=40"


def test_a_filter_is_added_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("tables")
    page.keyboard.press("f")
    page.get_by_role("button", name="Critical sites").press("Enter")
    expect(page.locator("#filter-critical input")).to_be_focused()


def test_search_from_anywhere(open_page: OpenPage) -> None:
    page = open_page("values")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("neust")
    expect(page.locator("#search-results a")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#search-results a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#search-results")).to_be_hidden()


def test_above_a_thousand_the_number_is_typed(open_page: OpenPage) -> None:
    page = open_page("work")
    page.get_by_role("button", name="Undo 39").click()
    dialog = page.locator("#confirm-39786")
    button = dialog.get_by_role("button", name="Undo the change")
    expect(button).to_be_disabled()
    dialog.locator("[data-typed-count]").fill("39 78")
    expect(button).to_be_disabled()
    dialog.locator("[data-typed-count]").fill("39 786")
    expect(button).to_be_enabled()


def test_theme_is_switched_and_remembered(open_page: OpenPage) -> None:
    page = open_page("values")
    page.locator(".topbar summary").last.click()
    page.locator("[data-set-theme=dark]").click()
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(14, 17, 22)"
    page.reload()
    assert page.evaluate(ground) == "rgb(14, 17, 22)"


def test_exact_time_and_source_on_focus(open_page: OpenPage) -> None:
    page = open_page("values")
    page.keyboard.press("Tab")
    page.locator("main time.age").first.focus()
    expect(page.locator("#tip")).to_contain_text("Operator A")
    expect(page.locator("#tip")).to_contain_text("UTC")
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()


def test_the_map_shows_fifty_thousand_and_its_legend_filters(open_page: OpenPage) -> None:
    page = open_page("map")
    words = page.locator("#fleet [data-map-words]")
    expect(words).to_have_text(re.compile(r"^50.000 of 50.000 sites in view$"))
    page.locator("#fleet [data-legend=k0]").click()
    expect(words).not_to_have_text(re.compile(r"^50.000 of"))
    kinds = page.locator("#fleet-fields input[name=state]").evaluate_all("(all) => all.map((one) => one.value)")
    assert kinds == ["reserve", "down", "never"]
    assert "state=down" in str(page.locator("#fleet [data-map-list]").get_attribute("href"))
    page.locator("#fleet").get_by_role("button", name="Zoom in").click()
    expect(page.locator("#nowhere [data-map-words]")).to_contain_text("No site has a position yet")


def test_the_map_tells_the_list_what_is_in_view(open_page: OpenPage) -> None:
    page = open_page("map")
    told = """() => new Promise((resolve) => {
      document.addEventListener("tieline:map-bounds", (event) => resolve(event.detail.bbox), { once: true });
    })"""
    page.evaluate(f"() => {{ window.told = ({told})(); }}")
    page.locator("#fleet .maplibregl-canvas").focus()
    page.keyboard.press("+")
    west, south, east, north = (float(edge) for edge in page.evaluate("window.told").split(","))
    assert west < east
    assert south < north


def test_timeline_and_ribbon_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("figures")
    drawn = page.locator(".timeline-canvas > svg")
    before = page.locator(".timeline-head .range").inner_text()
    drawn.focus()
    page.keyboard.press("+")
    expect(page.locator(".timeline-head .range")).not_to_have_text(before)
    page.keyboard.press("0")
    expect(page.locator(".timeline-head .range")).to_have_text(before)
    ribbon = page.locator(".ribbon-canvas")
    ribbon.focus()
    page.keyboard.press("Home")
    expect(ribbon).to_have_attribute("aria-valuenow", "0")
    expect(ribbon).to_have_attribute("aria-valuetext", re.compile("In service$"))


def test_a_file_that_would_be_refused_is_refused_at_once(open_page: OpenPage) -> None:
    page = open_page("forms")
    words = page.locator("[data-drop-words]").first
    page.locator("input[type=file]").first.set_input_files({"name": "a.docx", "mimeType": "x/y", "buffer": b"x"})
    expect(words).to_have_text("a.docx is not one of .csv, .xlsx, .jsonl, .gz.")
    page.locator("input[type=file]").first.set_input_files(
        {"name": "a.CSV", "mimeType": "text/csv", "buffer": b"x" * 1500}
    )
    expect(words).to_have_text(re.compile(r"^a\.CSV · 1\.5.kB$"))


def test_trouble_with_the_server_is_said(open_page: OpenPage) -> None:
    page = open_page("values")
    page.evaluate("document.dispatchEvent(new CustomEvent('htmx:sendError'))")
    toast = page.locator(".toast[data-tone=bad]")
    expect(toast).to_contain_text("The server cannot be reached.")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)


def test_the_rail_is_a_sheet_on_a_narrow_screen(open_page: OpenPage) -> None:
    page = open_page("values", width=390)
    expect(page.locator(".rail")).not_to_be_visible()
    page.locator("[data-nav-open]").click()
    expect(page.locator(".rail a[aria-current]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".rail")).not_to_be_visible()
    expect(page.locator("[data-nav-open]")).to_be_focused()
