"""A crew's phone: through a visit, in a cellar, killed, signed out, and read by a screen reader."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from tests.e2e.conftest import LOOKS, Check, check_looks
from tests.e2e.fieldwork.conftest import DESK, Yard, signed_in
from tests.integration.fieldwork.conftest import iccid

from tieline.platform.clock import SystemClock
from tieline.utility import changes

pytestmark = pytest.mark.e2e
Phones = Callable[..., BrowserContext]


def opened(context: BrowserContext, visit: int) -> Page:
    page = context.pages[0]
    page.goto(f"/field/#visit/{visit}")
    expect(page.get_by_role("link", name="Something else is wrong here")).to_be_visible()
    return page


def site_of(yard: Yard, visit: int) -> int:
    return int(yard.rows("SELECT site_id FROM visit WHERE id = %(v)s", v=visit)[0]["site_id"])


def fit(page: Page, number: str, router: str = "R-100") -> None:
    page.get_by_label("Number of the new router").fill(router)
    page.get_by_label("Number of the card (ICCID)").fill(number)
    page.get_by_role("button", name="Card is fitted").click()


def test_a_visit_from_arrival_to_the_end(yard: Yard, phones: Phones, axe: Check) -> None:
    (visit,) = yard.plan("whole", 1, crew="north-1")
    site = site_of(yard, visit)
    phone = phones("kit")
    page = phone.pages[0]
    check_looks(page, axe, LOOKS[2:])
    page.locator(f"a[href='#visit/{visit}']").click()
    check_looks(page, axe, LOOKS[2:])
    page.get_by_role("button", name="I have arrived").click()
    fit(page, iccid(999, 2))
    expect(page.get_by_text("Take the planned card.")).to_be_visible()
    check_looks(page, axe, LOOKS[2:])
    for step, operator in (("1", 2), ("2", 1)):
        fit(page, iccid(site, operator))
        page.get_by_role("button", name=f"Test card {step}").click()
        expect(page.get_by_text("The test runs.")).to_be_visible()
        expect(page.locator("#queue")).to_contain_text("Everything is sent")
        assert yard.answer(visit, step)
    expect(page.get_by_role("button", name="Finished")).to_be_visible()
    check_looks(page, axe, LOOKS[2:])
    page.get_by_role("button", name="Finished").click()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    expect(page.locator("#queue")).to_contain_text("Everything is sent")
    kinds = ["arrived", "fitted", "test-asked", "fitted", "test-asked", "finished"]
    assert yard.reports(visit) == kinds
    assert yard.topics(visit) == [f"visit.{kind}" for kind in kinds]


def test_in_a_cellar_reports_wait_survive_the_page_and_are_sent_once(yard: Yard, phones: Phones, axe: Check) -> None:
    (visit,) = yard.plan("cellar", 1, crew="north-1")
    site = site_of(yard, visit)
    phone = phones("kit")
    page = opened(phone, visit)
    phone.set_offline(True)
    page.get_by_role("button", name="I have arrived").click()
    fit(page, iccid(site, 2))
    page.get_by_role("button", name="Test card 1").click()
    expect(page.locator("#queue")).to_contain_text("3 reports wait for the network")
    expect(page.get_by_text("The test begins when the network is back.")).to_be_visible()
    page.close()  # the phone kills the tab
    page = phone.new_page()
    page.goto(f"/field/#visit/{visit}")
    expect(page.locator("#queue")).to_contain_text("3 reports wait for the network")
    expect(page.get_by_text("The test begins when the network is back.")).to_be_visible()
    check_looks(page, axe, LOOKS[2:])
    page.locator("#queue").click()
    expect(page.locator(".field-waiting")).to_have_count(3)
    check_looks(page, axe, LOOKS[2:])
    page.get_by_role("button", name="Try to send now").click()
    expect(page.locator("#queue")).to_contain_text("3 reports wait for the network")
    assert yard.reports(visit) == []
    phone.set_offline(False)  # which it notices by itself
    expect(page.locator("#queue")).to_contain_text("Everything is sent")
    assert yard.reports(visit) == ["arrived", "fitted", "test-asked"]
    page.reload()
    expect(page.locator("#queue")).to_contain_text("Everything is sent")
    assert yard.topics(visit) == ["visit.arrived", "visit.fitted", "visit.test-asked"]


def test_an_answer_that_was_lost_on_its_way_does_not_make_a_second_report(yard: Yard, phones: Phones) -> None:
    (visit,) = yard.plan("lost", 1, crew="north-1")
    page = opened(phones("kit", worker=False), visit)
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/api/v1/field/reports", lose, times=1)
    page.get_by_role("button", name="I have arrived").click()
    expect(page.locator("#queue")).to_contain_text("1 report waits for the network")
    expect(page.locator("#queue")).to_contain_text("Everything is sent")
    assert lost == [200]
    assert yard.reports(visit) == ["arrived"]
    assert yard.topics(visit) == ["visit.arrived"]


def test_what_is_said_while_the_orders_are_on_their_way_goes_out_right_after(yard: Yard, phones: Phones) -> None:
    (visit,) = yard.plan("while", 1, crew="north-1")
    page = opened(phones("kit", worker=False), visit)
    expect(page.locator("#queue")).to_contain_text("Everything is sent")
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route("**/api/v1/field/mine", hold, times=1)
    with page.expect_request("**/api/v1/field/mine"):
        page.get_by_role("button", name="I have arrived").click()
    fit(page, iccid(site_of(yard, visit), 2))
    expect(page.locator("#queue")).to_contain_text("1 report waits for the network")
    assert yard.reports(visit) == ["arrived"]
    asked[0].continue_()
    expect(page.locator("#queue")).to_contain_text("Everything is sent")  # not with the next look, a minute later
    assert yard.reports(visit) == ["arrived", "fitted"]


def test_a_visit_does_not_step_back_where_a_report_arrived_and_the_orders_do_not(yard: Yard, phones: Phones) -> None:
    (visit,) = yard.plan("back", 1, crew="north-1")
    page = opened(phones("kit", worker=False), visit)
    expect(page.locator("#queue")).to_contain_text("Everything is sent")
    page.route("**/api/v1/field/mine", lambda route: route.abort())
    page.get_by_role("button", name="I have arrived").click()
    expect(page.locator("#queue")).to_contain_text("No network")
    assert yard.reports(visit) == ["arrived"]
    expect(page.get_by_role("button", name="Card is fitted")).to_be_visible()
    expect(page.get_by_role("button", name="I have arrived")).to_have_count(0)
    page.unroute("**/api/v1/field/mine")
    expect(page.locator("#queue")).to_contain_text("Everything is sent")
    assert yard.reports(visit) == ["arrived"]


def test_signing_out_leaves_nothing_of_the_crew_for_the_next_one(yard: Yard, phones: Phones) -> None:
    (visit,) = yard.plan("secret", 1, crew="north-1")
    name = yard.rows("SELECT t.name FROM site t JOIN visit v ON v.site_id = t.id WHERE v.id = %(v)s", v=visit)[0][
        "name"
    ]
    phone = phones("kit")
    page = opened(phone, visit)
    expect(page.get_by_text(name).first).to_be_visible()
    phone.set_offline(True)
    page.get_by_role("button", name="I have arrived").click()
    expect(page.locator("#queue")).to_contain_text("1 report waits")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    held = page.evaluate(
        """() => new Promise((resolve) => { const r = indexedDB.open('tieline-field'); r.onsuccess = () => {
            const all = r.result.transaction(['orders', 'meta']).objectStore('orders').getAll();
            all.onsuccess = () => resolve(all.result.length); } })"""
    )
    assert held == 0
    page.reload()
    expect(page.get_by_text(name)).to_have_count(0)
    phone.set_offline(False)
    page.reload()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.goto("/field/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Name").fill("lee")
    page.get_by_label("Password").fill("a-crew-of-two-in-a-cellar")
    page.keyboard.press("Enter")
    page.wait_for_url("**/field/")
    expect(page.get_by_text("Crew south-1")).to_be_visible()
    expect(page.get_by_text(name)).to_have_count(0)
    assert yard.reports(visit) == [], "another's report is not sent in one's name"
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Name").fill("kit")
    page.get_by_label("Password").fill("a-crew-of-two-in-a-cellar")
    page.keyboard.press("Enter")
    page.wait_for_url("**/field/")
    expect(page.locator("#queue")).to_contain_text("Everything is sent")
    assert yard.reports(visit) == ["arrived"]


def test_storm_mode_is_told_above_the_orders_and_each_visit(yard: Yard, phones: Phones, axe: Check) -> None:
    (visit,) = yard.plan("storm", 1, crew="north-1")
    storm = changes.Storm(reason="Arwen comes.", regions=())
    identity = yard.do(lambda tx: changes.begin_storm(tx, DESK, SystemClock(), storm))
    page = phones("kit").pages[0]
    try:
        expect(page.get_by_text("Storm mode everywhere: Arwen comes.")).to_be_visible()
        check_looks(page, axe, LOOKS[2:])
        page.locator(f"a[href='#visit/{visit}']").click()
        expect(page.get_by_text("go over only when it has ended")).to_be_visible()
    finally:
        yard.do(lambda tx: changes.end_storm(tx, DESK, SystemClock(), identity))
    page.reload()
    expect(page.get_by_text("Storm mode")).to_have_count(0)


def test_a_crew_reads_what_was_refused_of_a_visit_that_was_taken_from_it(
    yard: Yard, phones: Phones, axe: Check
) -> None:
    (visit,) = yard.plan("taken", 1, crew="north-1")
    phone = phones("kit")
    page = opened(phone, visit)
    phone.set_offline(True)
    page.get_by_role("button", name="I have arrived").click()
    expect(page.locator("#queue")).to_contain_text("1 report waits")
    yard.hand_over(visit, crew="south-1")
    phone.set_offline(False)
    expect(page.locator("#queue")).to_contain_text("Everything is sent")
    page.goto("/field/")
    page.reload()
    expect(page.get_by_text("no longer, in an order of your crew")).to_be_visible()
    check_looks(page, axe, LOOKS[2:])
    page.get_by_role("button", name="I have read it").click()
    expect(page.get_by_text("no longer, in an order of your crew")).to_have_count(0)


def test_who_may_not_report_is_told_so_and_not_that_there_is_no_network(browser: Browser, yard: Yard) -> None:
    context = browser.new_context(base_url=yard.url, viewport={"width": 390, "height": 844})
    page = context.new_page()
    signed_in(page, "vera")
    page.wait_for_url(f"{yard.url}/")
    page.goto("/field/")
    expect(page.get_by_text("You are in no crew yet.")).to_be_visible()
    expect(page.locator("#queue")).to_contain_text("Everything is sent")
    context.close()
