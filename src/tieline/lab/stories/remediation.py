"""Seed 000: both operators will end 3G; 40,000 subscriptions are prepared in one process, and one region is undone.

Every figure of the last line is counted from the systems afterwards: items through REST, what is in effect from what
the operators' gateways say they hold.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from tieline.lab.fill import Platform, wait_until
from tieline.platform.errors import Unavailable

Bar = Callable[[str, int, int], None]
"""Told what is going on, how far it is, and of how much."""

_FORBIDDEN = 403
_ENDED = frozenset({"completed", "stopped"})
_TECHNOLOGY = "3G"


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of the story at the platform's REST API; a context that closes their connections."""

    technician: Platform
    approver: Platform
    auditor: Platform

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for person in (self.technician, self.approver, self.auditor):
            person.close()


@dataclass(frozen=True, slots=True)
class Gateways:
    """The operators' back offices, by operator code: address and token."""

    offices: Mapping[str, tuple[str, str]]

    def prepared(self) -> int:
        """How many subscriptions the operators hold as test-ready, in their operational state."""
        return sum(self._count("by_operational_state").values())

    def _count(self, what: str) -> dict[str, int]:
        found = {}
        for code, (url, token) in self.offices.items():
            answer = httpx.get(f"{url}/backoffice/v1/counts", headers={"Authorization": f"Bearer {token}"}, timeout=60)
            answer.raise_for_status()
            found[code] = sum(one[what].get("TEST_READY", 0) for one in answer.json()["utilities"])
        return found


def remediate(cast: Cast, gateways: Gateways, bar: Bar) -> dict[str, Any]:
    """Perform the story and return its figures."""
    began = time.monotonic()
    sites = _hanging(cast.technician)
    before = gateways.prepared()
    ordered = time.monotonic()
    change = _planned(cast.technician, _order(cast.technician), "Planning", bar)
    planned = time.monotonic()
    _refused_by_oneself(cast.technician, change)
    _approve(cast, change)
    cast.technician.post(f"/changes/{change['id']}/start")
    done = _follow(cast.technician, change["id"], "Preparing new subscriptions", bar)
    ended = time.monotonic()
    applied = gateways.prepared() - before
    region = _smallest_region(cast.technician, change["id"])
    undone = _undo(cast, change["id"], region, bar)
    verdict = cast.auditor.get("/audit/verify")
    return {
        "story": "3g-remediation",
        "sites": sites,
        "sims": sum(done.values()),
        "planned": sum(number for state, number in done.items() if state != "blocked"),
        "blocked": done.get("blocked", 0),
        "applied": applied,
        "verified": done.get("verified", 0),
        "failed": done.get("failed", 0),
        "undone": undone.get("verified", 0),
        "conflicts": done.get("conflict", 0) + undone.get("conflict", 0),
        "undone_region": region,
        "plan_s": round(planned - ordered, 1),
        "change_s": round(ended - ordered, 1),
        "duration_s": round(time.monotonic() - began, 1),
        "audit_ok": bool(verdict["ok"]),
    }


def carry_out(cast: Cast, order: Mapping[str, Any], bar: Bar) -> dict[str, int]:
    """Order a change, have it planned and approved, and follow it to its end; gives its items by state."""
    change = _planned(cast.technician, cast.technician.post("/changes", dict(order)), "Planning", bar)
    _approve(cast, change)
    cast.technician.post(f"/changes/{change['id']}/start")
    return _follow(cast.technician, change["id"], str(order["title"]), bar)


def _hanging(technician: Platform) -> int:
    """What the technician sees first: how many sites hang on 3G."""
    return int(technician.get("/fleet/summary", hanging_on=_TECHNOLOGY)["sites"])


def _order(technician: Platform) -> dict[str, Any]:
    body = {
        "kind": "subscription.preprovision",
        "title": "3G remediation: new-generation subscriptions at both operators",
        "reason": "Both operators have announced the end of 3G.",
        "selection": {"filter": {"hanging_on": _TECHNOLOGY}},
        "parameters": {"generation": "4G", "state": "TEST_READY"},
        "waves": {"by": "size", "steps": [500, 5000], "canary": 50},
        "thresholds": {"success": 0.9, "error": 0.1},
    }
    made: dict[str, Any] = technician.post("/changes", body)
    return made


def _planned(technician: Platform, made: Mapping[str, Any], what: str, bar: Bar) -> dict[str, Any]:
    path = f"/changes/{made['id']}"
    found: dict[str, Any] = {}

    def planned() -> bool:
        found.update(technician.get(path))
        bar(what, 0, 0)
        return str(found["state"]) not in {"draft", "planning"}

    wait_until(planned, "the change is planned")
    if found["state"] != "planned":
        raise Unavailable(f"The change could not be planned: it is {found['state']}. {found.get('state_why', '')}")
    submitted: dict[str, Any] = technician.post(f"{path}/submit")
    return submitted


def _refused_by_oneself(technician: Platform, change: Mapping[str, Any]) -> None:
    """Nobody approves their own change."""
    path = f"/changes/{change['id']}/approve"
    status = technician.status_of(path, {"plan_hash": change["plan_hash"], "comment": "I made it."})
    if status != _FORBIDDEN:
        raise Unavailable(f"Approving one's own change was answered {status}, not {_FORBIDDEN}.")


def _approve(cast: Cast, change: Mapping[str, Any]) -> None:
    if change["state"] == "submitted":
        body = {"plan_hash": change["plan_hash"], "comment": "Looked at reasons, limits and critical sites."}
        cast.approver.post(f"/changes/{change['id']}/approve", body)


def _follow(technician: Platform, change_id: int, what: str, bar: Bar) -> dict[str, int]:
    """Watch a change to its end; a lane that pauses at its thresholds is looked at and goes on."""
    counts: dict[str, int] = {}

    def ended() -> bool:
        progress = technician.get(f"/changes/{change_id}/progress")
        counts.clear()
        counts.update(progress["counts"])
        bar(what, progress["done"], progress["total"])
        if progress["state"] == "paused":
            technician.post(f"/changes/{change_id}/resume")
        return progress["state"] in _ENDED

    wait_until(ended, f"change {change_id} ends", seconds=3600, every=1)
    return counts


def _smallest_region(technician: Platform, change_id: int) -> str:
    """The region with the fewest verified items: enough to show the undo, and quick."""
    regions: dict[str, int] = {}
    for item in technician.pages(f"/changes/{change_id}/items", state="verified", limit=1000):
        regions[item["region"]] = regions.get(item["region"], 0) + 1
    return min(sorted(regions), key=lambda region: regions[region]) if regions else ""


def _undo(cast: Cast, change_id: int, region: str, bar: Bar) -> dict[str, int]:
    if not region:
        return {}
    body = {"regions": [region], "title": f"Take back {region}", "reason": "The region is rebuilt with fibre."}
    made = cast.technician.post(f"/changes/{change_id}/undo", body)
    change = _planned(cast.technician, made, f"Planning to undo {region}", bar)
    _approve(cast, change)
    cast.technician.post(f"/changes/{change['id']}/start")
    return _follow(cast.technician, change["id"], f"Undoing {region}", bar)
