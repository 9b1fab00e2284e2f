"""Takes pictures of every page of the console: two widths x two themes x full, empty, error.

    python -m tools.screenshots                          an invented world, all pages, into screenshots/
    python -m tools.screenshots --only sites --out /tmp  pages whose name begins so
    python -m tools.screenshots --url http://127.0.0.1:8400 --user ada --password ...   a console that runs already

A picture's name is `<state>/<page>-<width>-<theme>.png`. To add a page, add a `Shot` to `SHOTS`; what has to have
happened before is brought about in `tools/lives.py`.
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, FilePayload, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tieline.gateway import migrations
from tieline.platform.embedded.postgres import EmbeddedPostgres
from tieline.platform.migrate import migrate
from tools import charged, lives, lives_field, lives_programme, served, staffed, stocked

WIDTHS = {1280: 800, 390: 844}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_TIMEOUT_MS = 15_000
_TALLEST = 6000
_SETTLED = """() => document.fonts.status === 'loaded'
  && !document.querySelector('[data-island]:not([data-ready]), [data-points]:not([data-drawn]), .htmx-request')"""


@dataclass(frozen=True, slots=True)
class Shot:
    """A page to look at.

    ``state``: full or empty (which world), or error (a full world, and something that goes wrong); of an operator's
    console: operator (and with it operator-empty). ``act`` does what
    has to be done on the page before the picture, and changes nothing that others show. ``signed_in`` False: as nobody.
    A name in braces in the path is that of a change in `tools/lives.py`; a console that runs already has none of them.
    """

    name: str
    path: str
    state: str = "full"
    act: Callable[[Page], None] | None = None
    signed_in: bool = True


def _both(name: str, path: str) -> tuple[Shot, Shot]:
    return Shot(name, path), Shot(name, path, "empty")


def _at_operator(name: str, path: str) -> tuple[Shot, Shot]:
    return Shot(name, path, "operator"), Shot(name, path, "operator-empty")


def _press(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).first.click()


def _wrong_password(page: Page) -> None:
    page.fill("[name=name]", "nobody")
    page.fill("[name=password]", "not the password")
    page.click("button[type=submit]")


def _open_first(page: Page) -> None:
    page.goto(page.locator("a[data-row-link]").first.get_attribute("href") or "/")


def _save_view(page: Page) -> None:
    page.locator("#views-menu").click()
    page.get_by_role("button", name="Save this view").click()


def _suggestions(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("mill")
    page.wait_for_selector("#search-results a")


_ROWS = """code,title,breite,lon,households,area
T-1,Umspannwerk Neustadt-Glewe Betriebsmittelüberwachungszentrale,53.1,-1.2,120,Testshire
T-2,Testford Quay,93.1,-1.2,80,Testshire
T-3,Testford Green,53.2,-1.3,many,Testshire
T-1,Testford again,53.2,-1.3,5,Testshire
"""


def _send(content: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        file: FilePayload = {"name": "new-sites.csv", "mimeType": "text/csv", "buffer": content.encode()}
        page.set_input_files("input[type=file]", file)
        page.get_by_role("button", name="Check the file").click()
        page.wait_for_load_state()

    return act


def _check(page: Page) -> None:
    _send(_ROWS)(page)
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_selector("#problems tbody tr")


def _send_bill(page: Page) -> None:
    file: FilePayload = {"name": "october.csv", "mimeType": "text/csv", "buffer": _ROWS.encode()}
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Check it").click()
    page.wait_for_load_state()


def _as_crew(place: str) -> Callable[[Page], None]:
    """Sign in on a crew's phone, and go to a place of its page; the number stands in the crew's own list."""

    def act(page: Page) -> None:
        if page.locator("[name=name]").count():  # else the picture before has signed in already
            page.fill("[name=name]", lives_field.CREW)
            page.fill("[name=password]", served.PASSWORD)
            page.click("button[type=submit]")
        page.wait_for_selector("text=Everything is sent")
        if place:
            visit = page.locator(".field-stop:has-text('You are here')").first.get_attribute("href") or ""
            page.goto(f"/field/{visit}{place.removeprefix('#visit')}")
            page.wait_for_selector("text=Back to")

    return act


def _waits_for(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).first.wait_for()


SHOTS: tuple[Shot, ...] = (
    Shot("sign-in", "/sign-in", signed_in=False),
    Shot("sign-in", "/sign-in", "error", _wrong_password, signed_in=False),
    *_both("overview", "/"),
    *_both("map", "/map"),
    *_both("sites", "/sites"),
    Shot("sites-filtered", "/sites?hanging_on=3G&criticality=critical"),
    Shot("sites-none-match", "/sites?q=zzzzzz", "error"),
    Shot("sites-selecting", "/sites", act=_press("input[data-select-page]")),
    Shot("sites-sheet", "/sites", act=_press("a[data-row-link]")),
    Shot("site", "/sites/1"),
    Shot("site-missing", "/sites/999999999", "error"),
    *_both("subscriptions", "/subscriptions?linked=1"),
    Shot("subscription", "/subscriptions/1"),
    Shot("subscriptions-differing", "/subscriptions?drift=1&linked=1"),
    Shot("subscription-differing", "/subscriptions?drift=1&linked=1", act=_open_first),
    *_both("cards", "/cards"),
    *_both("stock", "/cards/stock"),
    Shot("card", "/cards/1"),
    *_both("stock-places", "/stock"),
    *_both("stock-items", "/stock/items"),
    Shot("stock-items-filtered", "/stock/items?goods=router&kind=crew"),
    Shot("stock-item", "/stock/items?goods=router&kind=crew", act=_open_first),
    Shot("stock-issue", "/stock/move?act=issue"),
    *_both("stock-orders", "/stock/orders"),
    Shot("stock-order", "/stock/orders/1"),
    Shot("stock-delivery", "/stock/deliveries/1", "error"),
    *_both("stock-losses", "/stock/losses"),
    Shot("stock-lost", "/stock/lost"),
    *_both("stock-counts", "/stock/counts"),
    Shot("stock-count", "/stock/counts/1"),
    *_both("stock-balance", "/stock/balance"),
    *_both("stock-forecast", "/stock/forecast"),
    *_both("devices", "/devices"),
    Shot("device", "/devices/1"),
    *_both("cells", "/cells"),
    Shot("cell", "/cells/A/3G-1-44"),
    *_both("changes", "/changes"),
    *_both("change-new", "/changes/new?linked=1"),
    *_both("calendar", "/changes/calendar"),
    Shot("calendar-week", "/changes/calendar?view=week"),
    *_both("outcomes", "/changes/outcomes"),
    *_both("holds", "/changes/holds"),
    Shot("hold-freeze", "/changes/holds/freeze"),
    Shot("hold-storm", "/changes/holds/storm"),
    *_both("policies", "/changes/policies"),
    Shot("policy-new", "/changes/policies/new"),
    *_both("templates", "/changes/templates"),
    Shot("change-review", "/changes/{completed}/review"),
    Shot("change-template", "/changes/{completed}/template"),
    *(Shot(f"change-{life}", f"/changes/{{{life}}}") for life in lives.LIVES),
    Shot("change-withdraw", "/changes/{planned}", act=_press("button:has-text('Withdraw')")),
    Shot("change-items", "/changes/{planned}/items"),
    Shot("change-items-failed", "/changes/{paused}/items?state=failed"),
    Shot("change-items-conflict", "/changes/{undone}/items?state=conflict"),
    Shot("change-item", "/changes/{paused}/items?state=failed", act=_press(".diff th a")),
    Shot("change-undo", "/changes/{completed}/undo"),
    Shot("change-log", "/changes/{undone}/log"),
    Shot("change-record", "/changes/{completed}/record"),
    Shot("change-record-planned", "/changes/{planned}/record"),
    *_both("notices", "/notices"),
    Shot("notice", "/notices/1"),
    Shot("notice-sites", "/notices/1/sites"),
    Shot("notice-waiting", "/notices/4"),
    Shot("notice-decline", "/notices/4", act=_press("button:has-text('Decline')")),
    Shot("notice-missing", "/notices/99999", "error"),
    Shot("programmes", "/programmes#{programme}"),
    Shot("programmes", "/programmes", "empty"),
    Shot("programme", "/programmes/{programme}"),
    Shot("programme-close", "/programmes/{programme}", act=_press("button:has-text('Close')")),
    Shot("programme-sites", "/programmes/{programme}/sites"),
    Shot("programme-sites-late", "/programmes/{programme}/sites?will_be_late=1"),
    Shot("programme-sites-selecting", "/programmes/{programme}/sites?state=again", act=_press("[data-select-page]")),
    Shot("programme-sites-none-match", "/programmes/{programme}/sites?q=zzzzzz", "error"),
    Shot("programme-site", "/programmes/{programme}/sites/{programme_site}"),
    Shot("programme-site-sheet", "/programmes/{programme}/sites?state=on_site", act=_press("a[data-row-link]")),
    Shot("programme-new", "/programmes/new?notice=1&notice=2"),
    Shot("programme-prepare", "/programmes/{programme}/prepare"),
    Shot("programme-schedule", "/programmes/{programme}/schedule"),
    Shot("programme-site-page", "/sites/{programme_site}"),
    *_both("incidents", "/incidents"),
    Shot("incidents-none-match", "/incidents?q=zzzzzz", "error"),
    Shot("incidents-selecting", "/incidents", act=_press("input[data-select-page]")),
    Shot("incident", "/incidents?kind=configuration&q=APN&operator=A", act=_open_first),
    Shot("incident-many", "/incidents?kind=configuration&operator=B", act=_open_first),
    Shot("incident-device", "/incidents?kind=wrong-device", act=_open_first),
    Shot("incident-revert", "/incidents/3", act=_press("button:has-text('Put it right')")),
    Shot("incident-members", "/incidents/3/members"),
    *_both("incidents-expected", "/incidents/expected"),
    *_both("incidents-reconciliation", "/incidents/reconciliation"),
    *_both("probes", "/probes"),
    Shot("probes-none-match", "/probes?q=zzzzzz", "error"),
    *_both("usage", "/usage"),
    Shot("usage-plan", "/usage/plans/A/M2M%20250%20MB"),
    *_both("usage-subscriptions", "/usage/subscriptions"),
    *_both("usage-findings", "/usage/findings"),
    Shot("usage-finding", "/usage/findings", act=_open_first),
    *_both("usage-bills", "/usage/bills"),
    *_both("usage-bill-new", "/usage/bills/new"),
    Shot("usage-bill-no-bill", "/usage/bills/new", "error", _send_bill),
    Shot("usage-bill-explained", "/usage/bills/1"),
    Shot("usage-bill", "/usage/bills/2"),
    Shot("usage-bill-dispute", "/usage/bills/2", act=_press("button:has-text('Dispute')")),
    Shot("usage-bill-lines", "/usage/bills/2/lines?verdict=differs&verdict=not-ours&verdict=after-end"),
    Shot("usage-bill-lines-none-match", "/usage/bills/2/lines?q=zzzzzz", "error"),
    *_both("usage-contracts", "/usage/contracts"),
    Shot("usage-contract", "/usage/contracts/A"),
    Shot("usage-tariff", "/usage/contracts/A/plan?plan=M2M+250+MB"),
    *_both("views", "/views"),
    Shot("views-saving", "/sites?criticality=critical", act=_save_view),
    Shot("views-gone", "/sites?saved=987654", "error"),
    *_both("operators", "/operators"),
    Shot("operator", "/operators/A"),
    Shot("groups", "/groups#{completed}"),  # the name has changes made, and with them a group
    Shot("groups", "/groups", "empty"),
    Shot("group", "/groups/1#{completed}"),
    Shot("group-new", "/changes/new?change_kind=group.create&region=Wales&linked=1"),
    Shot("group-members", "/changes/new?change_kind=group.members&linked=1"),
    *_both("fieldwork", "/fieldwork"),
    *_both("fieldwork-visits", "/fieldwork/visits"),
    Shot("fieldwork-orders-new", "/fieldwork/orders/new"),
    Shot("fieldwork-order", "/fieldwork/orders/{order}"),
    Shot("fieldwork-handing-over", "/fieldwork/orders/{order}/hand-over"),
    Shot("fieldwork-visit", "/fieldwork/visits/{visit}"),
    Shot("fieldwork-visit-done", "/fieldwork/visits/{visit_done}"),
    *_both("fieldwork-reports", "/fieldwork/reports"),
    Shot("fieldwork-report", "/fieldwork/reports", act=_open_first),
    *_both("fieldwork-crews", "/fieldwork/crews"),
    Shot("fieldwork-crew", "/fieldwork/crews/{crew}"),
    Shot("phone-signed-out", "/field/", act=_waits_for("text=You are signed out."), signed_in=False),
    Shot("phone", "/sign-in?next=/field/&of={visit}", act=_as_crew(""), signed_in=False),
    Shot("phone-visit", "/sign-in?next=/field/&of={visit}", act=_as_crew("#visit"), signed_in=False),
    Shot("phone-trouble", "/sign-in?next=/field/&of={visit}", act=_as_crew("#visit/trouble"), signed_in=False),
    *_both("imports", "/imports"),
    Shot("import-new", "/imports/new?kind=site"),
    Shot("import-columns", "/imports/new?kind=site", act=_send(_ROWS)),
    Shot("import-bad-rows", "/imports/new?kind=site", "error", _check),
    Shot("import-no-file", "/imports/new?kind=site", "error", _press("button.primary")),
    Shot("import-no-table", "/imports/new?kind=site", "error", _send("\0\0nothing of the sort")),
    Shot("import", "/imports/1"),
    *_both("audit", "/audit"),
    *_both("users", "/users"),
    Shot("account", "/account"),
    Shot("search", "/search?q=mill"),
    Shot("search-nothing", "/search?q=zzzzzz", "error"),
    Shot("search-suggestions", "/operators", act=_suggestions),
    Shot("no-page", "/nowhere", "error"),
    Shot("operator-sign-in", "/sign-in", "operator", signed_in=False),
    *_at_operator("operator-overview", "/"),
    *_at_operator("operator-utilities", "/utilities"),
    Shot("operator-utility", "/utilities/DSO", "operator"),
    Shot("operator-utility-suspend", "/utilities/DSO", "operator", act=_press("button:has-text('Suspend')")),
    Shot("operator-terms", "/utilities/DSO/edit", "operator"),
    Shot("operator-certificates", "/utilities/DSO/certificates", "operator"),
    *_at_operator("operator-objects", "/objects"),
    Shot("operator-objects-none-match", "/objects?q=zzzz", "operator"),
    Shot("operator-object", "/objects/DSO/{sim}", "operator"),
    *_at_operator("operator-groups", "/groups"),
    *_at_operator("operator-plans", "/plans"),
    Shot("operator-plan", "/plans/{done}", "operator"),
    Shot("operator-plan-partly", "/plans/{partly}?failed=1", "operator"),
    Shot("operator-plan-waits", "/plans/{waits}", "operator"),
    *_at_operator("operator-log", "/log"),
    Shot("operator-log-row", "/log?party=staff&by=k.meier", "operator", act=_open_first),
    *_at_operator("operator-notices", "/notices"),
    Shot("operator-notice", "/notices/{notice}", "operator"),
    Shot("operator-notice-new", "/notices/new", "operator"),
    *_at_operator("operator-clients", "/clients"),
    Shot("operator-client", "/clients/DSO.scada", "operator"),
    Shot("operator-client-new", "/clients/new", "operator"),
    *_at_operator("operator-staff", "/staff"),
    Shot("operator-staff-new", "/staff/new", "operator"),
    *_at_operator("operator-audit", "/audit"),
    Shot("operator-simulation", "/simulation?utility=DSO&subscription={sim}", "operator"),
    Shot("operator-switch", "/simulation?technology=3G&off=1", "operator"),
    Shot("operator-account", "/account", "operator"),
    Shot("operator-no-page", "/nowhere", "operator"),
)
"""Every page. The contexts' own pages follow one another in the order of the rail."""


def found(shots: Sequence[Shot], changes: Mapping[str, int | str]) -> list[Shot]:
    """The shots whose change is there, with its number in the path."""
    known = [shot for shot in shots if set(re.findall(r"{(\w+)}", shot.path)) <= set(changes)]
    return [replace(shot, path=shot.path.format(**changes)) for shot in known]


def take(
    browser: Browser, urls: Mapping[str, str], shots: Sequence[Shot], out: Path, user: tuple[str, str]
) -> list[str]:
    """Take the pictures; returns what went wrong, a line each."""
    failures: list[str] = []
    for (width, height), theme in product(WIDTHS.items(), THEMES):
        for world, url in urls.items():
            wanted = [shot for shot in shots if shot.state == world or (shot.state == "error" and world == "full")]
            context, nobody = (
                browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=theme,
                    base_url=url,
                    reduced_motion="reduce",
                    locale="en-GB",
                )
                for _ in range(2)
            )
            sign_in(context.new_page(), *user)
            for shot in wanted:
                page = (context if shot.signed_in else nobody).new_page()
                name = f"{shot.state}/{shot.name}-{width}-{theme}.png"
                failures += [f"{name}: {one}" for one in _picture(page, shot, out / name)]
                page.close()
            context.close()
            nobody.close()
    return failures


def _picture(page: Page, shot: Shot, path: Path) -> Iterator[str]:
    """One picture of a whole page; yields what the browser complained of."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(_TIMEOUT_MS)
    page.goto(shot.path)
    try:
        if shot.act:
            shot.act(page)
        page.wait_for_function(_SETTLED)
    except PlaywrightTimeout:
        complaints.append("what was to be pressed, a picture or a fragment of the page never came")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    tall = min(_TALLEST, page.evaluate("document.documentElement.scrollHeight"))
    size = page.viewport_size or {"width": 0, "height": 0}
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(
        path=path, full_page=True, clip={"x": 0, "y": 0, "width": size["width"], "height": max(tall, size["height"])}
    )
    yield from complaints
    if wide > 0:
        yield f"the page is {wide} px wider than the window"


def sign_in(page: Page, name: str, password: str) -> None:
    """Sign in as a person would."""
    page.goto("/sign-in")
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.close()


@contextmanager
def worlds(
    sites: int, *, changes: bool, stock: bool = False, usage: bool = False
) -> Iterator[tuple[dict[str, str], dict[str, int]]]:
    """A full and an empty console, served until the end of the block; gives their URLs, and changes by their lives."""
    home = Path(tempfile.mkdtemp(prefix="tieline-look-"))
    try:
        with served.databases(home, ("full", "empty")) as databases:
            served.deviate(databases["full"], served.fill(databases["full"], home, sites=sites))
            running = {name: served.start(served.look_settings(home), url) for name, url in databases.items()}
            try:
                if stock:
                    stocked.keep(running["full"])
                if usage:
                    charged.keep(running["full"], databases["full"])
                numbers = {}
                if changes:
                    numbers = {**lives_field.live(running["full"]), **lives.live(running["full"])}
                    numbers.update(lives_programme.live(databases["full"]))
                yield {name: one.url for name, one in running.items()}, numbers
            finally:
                for one in running.values():
                    one.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def operators(sites: int) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """A full and an empty console of an operator; gives their URLs, and names of what was brought about."""
    home = Path(tempfile.mkdtemp(prefix="tieline-look-"))
    server = EmbeddedPostgres(home, durable=False)
    server.start()
    running = {}
    try:
        for name, size in (("operator", sites), ("operator-empty", 0)):
            url = server.ensure_database(name.replace("-", "_"))
            migrate(url, migrations())
            running[name] = staffed.start(url, home / name, sites=size)
        yield {name: one.url for name, one in running.items()}, running["operator"].numbers
    finally:
        for one in running.values():
            one.stop()
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; code 1 when a page complained or did not fit."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="a console that runs already; by default one is started and filled")
    parser.add_argument("--user", default=served.ADMINISTRATOR, help="who signs in there")
    parser.add_argument("--password", default=served.PASSWORD, help="with which password")
    parser.add_argument("--out", type=Path, default=Path("screenshots"), help="folder of the pictures")
    parser.add_argument("--only", default="", help="pages whose name begins so")
    parser.add_argument("--sites", type=int, default=1500, help="sites of the invented world")
    chosen = parser.parse_args(arguments)
    shots = [shot for shot in SHOTS if shot.name.startswith(chosen.only)]
    user = (chosen.user, chosen.password)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=served.browser(), args=list(served.FLAGS))
        if chosen.url:
            failures = take(browser, {"full": chosen.url}, found(shots, {}), chosen.out, user)
        else:
            wanted = {
                "changes": any("{" in shot.path for shot in shots),
                "stock": any(shot.name.startswith("stock-") for shot in shots),
                "usage": any(shot.name.startswith(("usage", "subscription")) for shot in shots),
            }
            ours = [shot for shot in shots if shot.state.startswith("operator")]
            theirs = [shot for shot in shots if shot not in ours]
            failures = []
            if theirs:
                with worlds(chosen.sites, **wanted) as (urls, changes):
                    failures += take(browser, urls, found(theirs, changes), chosen.out, user)
            if ours:
                with operators(chosen.sites) as (urls, names):
                    failures += take(browser, urls, found(ours, names), chosen.out, user)
        browser.close()
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{len(list(chosen.out.rglob('*.png')))} pictures in {chosen.out}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
