"""A programme from the operator's notice to planned visits, and one under way: progress, forecast, a site's test."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import NARROW, WIDE, Check, check_looks
from tests.e2e.programmes.conftest import Works
from tools import served

pytestmark = pytest.mark.e2e
Desk = Callable[[str], Page]
LOOKS = (WIDE, NARROW)
LATELY_DAYS = 28


def number(found: Locator, *, after: str = "") -> int:
    """The first whole number that stands somewhere after some words."""
    match = re.search(rf"{after}(\d[\d,]*)", found.inner_text())
    assert match, found.inner_text()
    return int(match[1].replace(",", ""))


def state(page: Page) -> Locator:
    """The sentence under the page's title."""
    return page.locator(".state-line")


def figure(page: Page, label: str) -> Locator:
    """One of the figures at the head of a programme."""
    return page.locator(".figure", has_text=label)


def rows(page: Page, words: str) -> Locator:
    """The rows of a list that say something."""
    return page.locator("tr[data-key]", has_text=words)


def press(page: Page, label: str, dialog: str = "") -> None:
    """Press a button of the page, or of a dialog in it."""
    (page.get_by_role("dialog", name=dialog) if dialog else page).get_by_role("button", name=label, exact=True).click()


def test_a_notice_becomes_a_programme_that_is_prepared_approved_and_scheduled(
    works: Works, desk: Desk, axe: Check
) -> None:
    page, second = desk(served.ADMINISTRATOR), desk("dirk")
    home = opened_from_a_notice(works, page, axe)
    page.goto(home)
    prepared(works, page)
    page.goto(home)
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)  # nobody approves their own
    second.goto(home)
    press(second, "Approve")
    press(second, "Approve", "Approve the programme")
    expect(second.locator(".journal")).to_contain_text("approved it")

    press(page, "Start")
    press(page, "Start", "Start the programme")
    expect(state(page)).to_contain_text("Running")
    page.get_by_role("link", name="Schedule visits").click()
    only = page.get_by_label(re.compile("^Crew one"))
    expect(only).to_be_checked()  # where there is one crew alone, who else
    only.uncheck()
    page.get_by_label("First day").fill("")
    page.get_by_label("At most").fill("2")
    press(page, "Schedule the visits")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Tick at least one")
    expect(alert).to_contain_text("First day")
    only.check()
    page.get_by_label("First day").fill((datetime.now(UTC) + timedelta(days=7)).date().isoformat())
    press(page, "Schedule the visits")
    expect(figure(page, "Crews on site now")).to_contain_text("2 visits planned")
    page.get_by_label("Where sites stand").locator("li", has_text="Crew planned or there").get_by_role("link").click()
    expect(rows(page, "Visit planned")).to_have_count(2)


def opened_from_a_notice(works: Works, page: Page, axe: Check) -> str:
    """Open a programme from the first notice, in one region; gives its address."""
    summary = works.ada.send("GET", f"/fleet/summary?hanging_on=3G&region={works.region}")
    hanging = summary["sites"]
    page.goto("/notices?kind=phase-out&open=1")
    page.locator("a[data-row-link]").first.click()
    page.get_by_role("link", name="Open a programme").click()
    expect(page.get_by_role("group", name="Notices that it answers").locator("input:checked")).to_have_count(2)
    page.get_by_label(works.region, exact=True).check()
    press(page, "Count the sites again")
    begins = page.locator("section", has=page.get_by_role("heading", name="What it begins with"))
    expect(begins.locator("p").first).to_contain_text(f"{hanging} sites with")
    assert sum(map(number, begins.locator("td[data-col=sites]").all())) == hanging
    watched = page.get_by_label(re.compile("^New links are watched"))
    watched.fill("-1")
    press(page, "Open the programme")
    expect(page.get_by_role("alert")).to_contain_text("New links are watched")
    check_looks(page, axe, LOOKS)
    watched.fill("14")
    press(page, "Open the programme")
    expect(state(page)).to_contain_text(f"Draft: 0 of {hanging} sites done in the field")

    home = page.url
    lots = page.locator(".lot").all()
    phases = {one.locator("a").first.inner_text(): number(one.locator(".lot-words"), after="of ") for one in lots}
    assert sum(phases.values()) == hanging
    name, of_phase = next(iter(phases.items()))
    page.get_by_role("link", name=name, exact=True).click()
    expect(state(page)).to_have_text(re.compile(rf"^{of_phase} sites? match"))
    expect(rows(page, name)).to_have_count(of_phase)
    return home


def prepared(works: Works, page: Page) -> None:
    """Have every site prepared, from the programme's page; its change is carried out by two people over REST."""
    page.get_by_role("link", name="Prepare", exact=True).click()
    page.get_by_label("At most").fill("0")
    press(page, "Make the change")
    expect(page.get_by_role("alert")).to_contain_text("At most")
    page.get_by_label("At most").fill("100000")
    press(page, "Make the change")
    page.wait_for_url(re.compile(r"/changes/\d+$"))
    change = int(page.url.rpartition("/")[2])
    planned = works.ada.until(change, "planned")
    works.ada.act(change, "submit")
    works.dirk.act(change, "approve", plan_hash=planned["plan_hash"])
    works.ada.act(change, "start")
    works.ada.until(change, "completed")
    works.follow(change)


def test_progress_and_forecast_say_what_was_done_and_lead_to_the_sites(
    works: Works, under_way: dict[str, int], desk: Desk, axe: Check
) -> None:
    identity = under_way["programme"]
    (counted,) = works.rows(
        """SELECT count(*) AS sites, count(*) FILTER (WHERE over) AS done, count(*) FILTER (WHERE NOT over) AS left,
            count(*) FILTER (WHERE over AND field_done_at > now() - interval '28 days') AS lately
        FROM (SELECT *, state IN ('dwelling', 'retiring', 'done') AS over FROM programme_site) AS s
        WHERE programme_id = %(id)s""",
        id=identity,
    )
    page = desk(served.ADMINISTRATOR)
    page.goto(f"/programmes/{identity}")
    ends = datetime.now(UTC) + timedelta(days=counted["left"] * LATELY_DAYS / counted["lately"])
    expect(state(page)).to_contain_text(f"{counted['done']} of {counted['sites']} sites done in the field")
    expect(state(page)).to_contain_text(f"the last is done on {ends:%-d %b %Y}")
    check_looks(page, axe, LOOKS)

    late = figure(page, "Will be late").locator("a")
    will_be_late = number(late)
    assert 0 < will_be_late < counted["left"]
    late.click()
    expect(state(page)).to_have_text(re.compile(rf"^{will_be_late} sites? match"))
    assert parse_qs(urlsplit(page.url).query) == {"will_be_late": ["1"]}
    page.get_by_role("link", name="Remove filter Will be late").click()
    expect(state(page)).to_have_text(f"{counted['sites']} sites in it.")
    axe(page)


def test_a_site_says_what_its_test_found_and_is_left_out_with_a_reason(
    under_way: dict[str, int], desk: Desk, axe: Check
) -> None:
    identity, site = under_way["programme"], under_way["programme_site"]
    page = desk(served.ADMINISTRATOR)
    page.goto(f"/programmes/{identity}/sites?state=on_site")
    page.locator("a[data-row-link]").click()
    sheet = page.locator("#sheet")
    expect(sheet.locator("tr", has_text="356938035643817")).to_contain_text("Does not hold")
    expect(sheet.locator("tr", has_text="TESTFR")).to_contain_text("Waits")
    expect(page).to_have_url(re.compile(rf"/sites/{site}$"))
    axe(page)

    page.goto(f"/programmes/{identity}/sites?state=ready")
    page.locator("a[data-row-link]").first.click()
    press(page, "Leave it out")
    press(page, "Leave 1 site out")
    page.get_by_label("Why").fill("The site is torn down in spring.")  # it is asked for until it is given
    press(page, "Leave 1 site out")
    expect(rows(page, "Left out")).to_contain_text("The site is torn down in spring.")
