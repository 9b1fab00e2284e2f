"""The utility's platform at size: import, search, summary, pages, and the 40,000-item change."""

from collections.abc import Sequence
from datetime import datetime

import httpx

from benchmarks.harness import Bar, Report, percentile, row, timed
from benchmarks.system import SITES, running
from tieline.lab.fill import Platform
from tieline.lab.stories import remediate

_ROUNDS = 30
_PAGES = ("/", "/sites", "/subscriptions", "/cards", "/cells", "/changes", "/imports", "/map")
_OPERATORS_PAGES = (
    "/",
    "/objects",
    "/objects?state=TEST_READY",
    "/objects?lags=1",
    "/objects?attached=0",
    "/objects?q=0012",
    "/objects?q=zzzz",
    "/plans",
    "/log",
    "/log?party=utility",
    "/log?by=nobody",
    "/notices",
    "/audit",
    "/simulation",
)
_IMPORT_ROWS = 50_000


@row("platform", "import, search, fleet summary and pages at size, then the whole change from plan to read-back")
def platform(report: Report) -> None:
    """One system serves all of it: making and filling it takes longer than measuring it."""
    with running(SITES) as system:
        with system.as_("admin") as admin, system.as_("fred") as fred:
            _imports(report, admin)
            _lookups(report, fred)
        with system.browser("fred") as browser:
            _pages(report, browser, _PAGES)
        with system.cast() as cast:
            figures = remediate(cast, system.gateways(), lambda *_progress: None)
        note = f"{figures['planned']} items, from the order to the last read back as operational"
        report.add("change", "s", [figures["change_s"]], bar=Bar("at_most", 60), note=note)
        report.add("change: its plan", "s", [figures["plan_s"]])
        report.add("change: with the undo of a region and the audit trail verified", "s", [figures["duration_s"]])
        report.add("change: items not verified", "items", [figures["planned"] - figures["verified"]])
        with system.staff("A") as staff:
            _pages(report, staff, _OPERATORS_PAGES, "operator's console ")


def _imports(report: Report, admin: Platform) -> None:
    """Seconds for 50,000 rows, at the pace of each file that has thousands."""
    for one in admin.get("/imports", limit=200)["items"]:
        if one["rows_read"] < _IMPORT_ROWS // 10 or one["finished_at"] is None:
            continue
        took = (datetime.fromisoformat(one["finished_at"]) - datetime.fromisoformat(one["started_at"])).total_seconds()
        scaled = took * _IMPORT_ROWS / one["rows_read"]
        note = f"{one['rows_read']} rows in {took:.2f} s"
        report.add(f"import {one['kind']} {one['file_name']}", "s/50,000", [scaled], bar=Bar("at_most", 10), note=note)


def _lookups(report: Report, fred: Platform) -> None:
    some = fred.get("/subscriptions", limit=_ROUNDS)["items"]
    queries = [word for one in some for word in (one["imsi"], one["msisdn"][-6:], one["iccid"] or one["imsi"])]
    queries += ["barden", "york", "fri", "DL8", "control", "GB003"]
    samples: list[float] = []
    for query in queries:
        with timed(samples, 1000):
            fred.get("/search", q=query)
    report.add("search p95", "ms", samples, value=percentile(samples, 0.95), bar=Bar("at_most", 50))
    summary: list[float] = []
    for _ in range(_ROUNDS):
        with timed(summary, 1000):
            fred.get("/fleet/summary")
    report.add("fleet summary", "ms", summary, bar=Bar("at_most", 100))


def _pages(report: Report, browser: httpx.Client, paths: Sequence[str], where: str = "page ") -> None:
    for path in paths:
        samples: list[float] = []
        for _ in range(_ROUNDS // 3):
            with timed(samples, 1000):
                browser.get(path).raise_for_status()
        report.add(f"{where}{path}", "ms", samples, bar=Bar("at_most", 100))


@row("growth", "imports, search, fleet summary and pages from 1,000 sites to 45,000")
def growth(report: Report) -> None:
    """The same questions at each size; what grows with the country is what to mend."""
    for sites in (1_000, 10_000, 45_000):
        part = Report(report.row)
        with running(sites) as system:
            with system.as_("admin") as admin, system.as_("fred") as fred:
                _imports(part, admin)
                _lookups(part, fred)
            with system.browser("fred") as browser:
                _pages(part, browser, _PAGES)
        for figure in part.figures:
            figure.name = f"{figure.name} at {sites}"
            report.figures.append(figure)
