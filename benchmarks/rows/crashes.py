"""Crashes: what is lost or done twice when processes are killed in a change, and how soon work goes on."""

import random
import time

from benchmarks.crashing import PARTS, Count, Crashing, Operators, Running, count
from benchmarks.harness import Bar, Report, row
from benchmarks.system import System, running

_SITES = 1000
_CHANGES = 5
_LIMITS = {"A": (10.0, 20), "B": (10.0, 20)}
_NONE = Bar("at_most", 0)


@row("crashes", "gateway, worker, API and PostgreSQL killed 20 times while 2,000 items are changed forth and back")
def crashes(report: Report) -> None:
    """Five changes of one system, each part killed once in each, at moments that are drawn by a fixed seed."""
    chance = random.Random(1)
    with running(_SITES, limits=_LIMITS) as system, system.cast() as cast:
        crashing = Crashing(system.supervisor, cast, Operators(system.gateways().offices))
        counts, open_items, last = [], [], None
        crashing.operators.new_writes()
        for number in range(_CHANGES):
            forth = last is None or number % 2 == 0
            last = crashing.prepare() if forth or last is None else crashing.undo(last.id)
            _kill_each(crashing, last, chance)
            ended = crashing.ended(last)
            open_items.append(ended["total"] - ended["counts"].get("verified", 0))
            counts.append(count(crashing.operators, last, "TEST_READY" if forth else "INVENTORY"))
        _tell(report, crashing, counts, open_items)
        _audit(report, system)


def _kill_each(crashing: Crashing, change: Running, chance: random.Random) -> None:
    parts = chance.sample(PARTS, len(PARTS))
    moments = sorted(chance.uniform(0.02, 0.75) for _ in parts)
    for part, moment in zip(parts, moments, strict=True):
        crashing.wait_for(change, moment)
        time.sleep(chance.uniform(0, 0.3))  # not always at the end of a batch
        crashing.kill(change, part)


def _tell(report: Report, crashing: Crashing, counts: list[Count], open_items: list[int]) -> None:
    def figure(name: str, samples: list[int]) -> None:
        report.add(name, "items", [float(sample) for sample in samples], value=float(sum(samples)), bar=_NONE)

    figure("lost: never written at the operator", [one.lost for one in counts])
    figure("lost: not in effect at the end", [one.idle for one in counts])
    figure("written twice", [one.twice for one in counts])
    figure("written though not planned", [one.strangers for one in counts])
    figure("not verified", open_items)
    every = [seconds for samples in crashing.seconds.values() for seconds in samples]
    for part in PARTS:
        report.add(f"{part} killed: until work goes on", "s", crashing.seconds.get(part, []) or [0.0])
    report.add("any killed: until work goes on, longest", "s", every, value=max(every), note=f"{len(every)} kills")


def _audit(report: Report, system: System) -> None:
    with system.as_("grace") as auditor:
        verdict = auditor.get("/audit/verify")
    broken = 0.0 if verdict["ok"] and verdict["witnessed"] > 0 else 1.0
    report.add("audit chain broken", "", [broken], bar=_NONE, note=f"{verdict['entries']} entries")
