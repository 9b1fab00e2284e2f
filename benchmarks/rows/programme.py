"""A programme at the size of the whole country: opening it, its page, and the lists behind the page's numbers."""

import os
from collections.abc import Sequence
from urllib.parse import quote

import httpx

from benchmarks.harness import Bar, Report, percentile, row, timed
from benchmarks.system import running
from tieline.lab.fill import Platform, wait_until

_SITES = int(os.environ.get("BENCH_PROGRAMME_SITES", "45000"))
_ROUNDS = 20
_LISTS = (
    "",
    "state=selected",
    "phase={phase}",
    "region={region}",
    "region={region}&state=selected&phase={phase}",
    "late=true",
    "will_be_late=true",
    "region={region}&will_be_late=true",
    "q=market",
    "q=zzzz",
)


@row("programme", "a programme of 45,000 sites: opened; its page and its filtered lists")
def programme(report: Report) -> None:
    """Both operators' notices are out; every list is asked for as its page asks: a page of it, and how many there are.

    The middle of so many askings stands for a page, and the slowest 95th of a hundred for the lists.
    """
    with running(_SITES) as system:
        with system.as_("fred") as fred:
            identity = _opened(report, fred)
            detail = fred.get(f"/programmes/{identity}")
        with system.browser("fred") as browser:
            _page(report, browser, f"/programmes/{identity}")
            names = {
                one: quote(max(detail[f"{one}s"], key=lambda part: part["sites"])["name"])
                for one in ("phase", "region")
            }
            for query in _LISTS:
                _list(report, browser, f"/programmes/{identity}/sites", query.format(**names))


def _opened(report: Report, fred: Platform) -> int:
    notices: list[int] = []

    def both() -> bool:
        found = fred.get("/notices", kind="phase-out")["items"]
        notices[:] = [one["id"] for one in found]
        return len({one["operator"] for one in found}) >= 2

    wait_until(both, "both operators' notices are there")
    samples: list[float] = []
    with timed(samples):
        made = fred.post("/programmes", {"title": "Bench", "technology": "3G", "notice_ids": notices, "terms": {}})
    sites = fred.get(f"/programmes/{made['id']}/figures")["sites"]
    report.add("opening", "s", samples, bar=Bar("at_most", 3), note=f"{sites:,} sites")
    return int(made["id"])


def _page(report: Report, browser: httpx.Client, path: str) -> None:
    report.add("its page", "ms", _asked(browser, path), bar=Bar("at_most", 100))


def _list(report: Report, browser: httpx.Client, path: str, query: str) -> None:
    samples = _asked(browser, f"{path}?{query}")
    report.add(f"its sites, {query or 'all'}", "ms", samples, value=percentile(samples, 0.95), bar=Bar("at_most", 100))


def _asked(browser: httpx.Client, path: str) -> Sequence[float]:
    samples: list[float] = []
    browser.get(path).raise_for_status()
    for _ in range(_ROUNDS):
        with timed(samples, 1000):
            browser.get(path).raise_for_status()
    return samples
