"""Waiting for plans, and watching changes while they run."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.progress import Progress, TaskID

from tieline.cli.client import Client
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import err, plain, progress

_EVERY = 0.5
_RESTING = frozenset({"completed", "stopped", "rejected", "draft", "planned", "submitted", "approved"})
_ENDED_ITEMS = ("verified", "failed", "conflict", "cancelled")


def planned(client: Client, number: int) -> Any:
    """Wait until the plan of a change is made, and return the change; raises when planning failed."""
    with err.status("Planning …"):
        change = until(client, number, lambda one: one["state"] != "planning")
    if change["state"] == "draft":
        raise CommandError(f"Change {number} could not be planned: {change['state_why']}")
    return change


def tried(client: Client, number: int, asked: Mapping[str, int]) -> dict[str, Any]:
    """Wait until every operator that was asked has said what it would do with the plan; gives what each said."""
    told: dict[str, Any] = {}
    with err.status(f"Asking {', '.join(f'operator {code} about {count:,}' for code, count in asked.items())} …"):
        while True:
            entries = _log(client, number)
            begun = max((place for place, one in enumerate(entries) if one["kind"] == "dry-run"), default=0)
            done = [one["detail"] for one in entries[begun:] if one["kind"] == "dry-run-done"]
            told.update((one["operator"], one) for one in done)
            if told.keys() >= asked.keys():
                return told
            time.sleep(_EVERY)


def _log(client: Client, number: int) -> list[Any]:
    found: list[Any] = []
    while part := client.get(f"/changes/{number}/events", after=found[-1]["id"] if found else 0)["items"]:
        found += part
    return found


def until(client: Client, number: int, ready: Callable[[Any], bool]) -> Any:
    """Ask for a change again and again until something is the case."""
    while True:
        change = client.get(f"/changes/{number}")
        if ready(change):
            return change
        time.sleep(_EVERY)


def watch(client: Client, number: int, *, stop_at_pause: bool) -> Any:
    """Show bars, one for each operator, until the change ends (or pauses); returns its last progress."""
    with progress() as bar:
        whole = bar.add_task("All", total=None)
        lanes: dict[str, TaskID] = {}
        told: set[str] = set()
        while True:
            found = client.get(f"/changes/{number}/progress")
            _draw(bar, whole, lanes, found)
            _tell(found, told)
            busy = sum(found["counts"].get(state, 0) for state in ("queued", "sent", "accepted"))
            if found["state"] in _RESTING and not busy:
                return found
            if found["state"] == "paused" and stop_at_pause and not busy:
                return found
            time.sleep(_EVERY)


def _draw(bar: Progress, whole: TaskID, lanes: dict[str, TaskID], found: Any) -> None:
    bar.update(whole, completed=found["done"], total=found["total"], description=f"All ({found['state']})")
    for lane in found["operators"]:
        code, counts = lane["operator"], lane["counts"]
        if code not in lanes:
            lanes[code] = bar.add_task(code, total=None)
        total = sum(count for state, count in counts.items() if state != "blocked")
        done = sum(counts.get(state, 0) for state in _ENDED_ITEMS)
        failed = f", {counts['failed']} failed" if counts.get("failed") else ""
        words = f"{code} wave {lane['wave']} {lane['rate']:.1f}/s{failed}"
        bar.update(lanes[code], completed=done, total=total, description=words)


def _tell(found: Any, told: set[str]) -> None:
    """Say once what holds a lane up."""
    for lane in found["operators"]:
        errors = [batch["error"] for batch in lane["waiting_batches"] if batch.get("error")]
        reasons = [lane["why"]] if lane["why"] and lane["state"] == "paused" else []
        for why in [*reasons, *errors[:1]]:
            line = f"Operator {lane['operator']}: {why}"
            if line not in told:
                told.add(line)
                err.print(plain(line), style="yellow")


def ended(found: Any) -> int:
    """The exit code that a change's last progress asks for."""
    if found["state"] == "paused" or found["counts"].get("failed") or found["counts"].get("conflict"):
        return Exit.PARTLY
    return Exit.DONE
