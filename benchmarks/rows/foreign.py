"""Foreign changes: from the operator's own staff to the incident, and the full read that finds what feeds missed."""

import os
import time
from collections.abc import Callable
from typing import Any

import httpx

from benchmarks.harness import Bar, Report, row
from benchmarks.system import running
from tieline.lab.fill import Platform
from tieline.platform.errors import Unavailable

_SITES = int(os.environ.get("BENCH_FOREIGN_SITES", "1000"))
_WHOLE = int(os.environ.get("BENCH_RECONCILE_SITES", "45000"))
_BAR_AT = 90_000
_CHANGES = 20
_SECONDS = 300.0


@row("foreign", "an operator's staff change an APN by hand, twenty times: how long until the incident stands there")
def foreign(report: Report) -> None:
    """Each change is made at the back office once the one before has been found; another APN each time."""
    with running(_SITES) as system, system.as_("fred") as fred:
        (url, token), code = system.gateways().offices["B"], "B"
        some = fred.get("/subscriptions", operator=code, linked=True, limit=_CHANGES)["items"]
        refs = [one["operator_ref"] for one in some]
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as office:
            utility = office.get("/backoffice/v1/utilities").raise_for_status().json()[0]["code"]
            samples = [_one(fred, office, utility, ref, number) for number, ref in enumerate(refs, 1)]
    report.add("from the operator to the incident", "s", samples, value=max(samples), bar=Bar("at_most", 2),
               note=f"the longest of {len(samples)}")  # fmt: skip


def _one(fred: Platform, office: httpx.Client, utility: str, ref: str, number: int) -> float:
    apn = f"slip-{number}.example"
    path = f"/backoffice/v1/utilities/{utility}/subscriptions/{ref}"
    began = time.monotonic()
    office.patch(path, json={"attributes": {"apn": apn}, "by": "bench"}).raise_for_status()
    return _until(lambda: any(apn in one["sentence"] for one in fred.get("/incidents", q=ref)["items"]), began)


@row(
    "reconcile", "a full read of both operators, 45,000 sites with their spares: all compared, and the balance written"
)
def reconcile(report: Report) -> None:
    """From asking until both balances stand there; the fleet is as it was filled, so all of it should be equal.

    The bar is for the 90,000 subscriptions that carry 45,000 sites; at this size as many lie ready.
    """
    with running(_WHOLE) as system, system.as_("admin") as admin:
        codes = list(system.gateways().offices)
        known: set[int] = set()

        def settled() -> bool:
            known.update(one["id"] for one in admin.get("/reconciliations", limit=100)["items"])
            return len(known) == sum(len(admin.get(f"/operators/{code}/syncs")["items"]) for code in codes)

        _until(settled, time.monotonic())
        began = time.monotonic()
        for code in codes:
            admin.post(f"/operators/{code}/syncs", {"reason": "bench"})

        def fresh() -> list[Any]:
            found = admin.get("/reconciliations", limit=100)["items"]
            return [one for one in found if one["id"] not in known]

        took = _until(lambda: {one["operator"] for one in fresh()} == set(codes), began)
        balances = fresh()
    _tell(report, took, balances)


def _tell(report: Report, took: float, balances: list[Any]) -> None:
    read = sum(one["read"] for one in balances)
    report.add("full reads, compared", "s", [took], note=f"{read:,} subscriptions")
    report.add("of 90,000", "s", [took * _BAR_AT / read], bar=Bar("at_most", 30))
    report.add("subscriptions compared in a second", "1/s", [read / took])
    for name in ("differing", "missing", "unknown"):
        report.add(f"found {name}", "subscriptions", [float(sum(one[name] for one in balances))], bar=Bar("at_most", 0))


def _until(so: Callable[[], bool], began: float) -> float:
    while not so():
        if time.monotonic() - began > _SECONDS:
            raise Unavailable(f"It was not so within {_SECONDS:.0f} s.")
        time.sleep(0.02)
    return time.monotonic() - began
