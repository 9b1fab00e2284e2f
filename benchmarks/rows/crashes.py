"""Crashes: what is lost or done twice when processes are killed at work, and how soon work goes on.

``BENCH_ROUNDS`` says how many kills there are: 200 unless it says otherwise. A phase-out takes half of them, any
process at any moment; changes forth and back take the rest, where it is also measured how soon work goes on.
"""

import os
import random
import time

from benchmarks.chaos import Outcome, phase_out_under_fire
from benchmarks.crashing import PARTS, Count, Crashing, Operators, Running, count
from benchmarks.harness import Bar, Report, row
from benchmarks.system import System, running
from tieline.cli.story import calendar

_ROUNDS = int(os.environ.get("BENCH_ROUNDS", "200"))
_SITES = int(os.environ.get("BENCH_CRASH_SITES", "1000"))
_LIMITS = {"A": (10.0, 20), "B": (10.0, 20)}
_SPEED = 40_000
_NONE = Bar("at_most", 0)
_WHOLE = Bar("at_least", 1)


@row("crashes", "every process killed 200 times with SIGKILL, in a phase-out and while 2,000 items go forth and back")
def crashes(report: Report) -> None:
    """Both parts in one system each, at moments that are drawn by a fixed seed."""
    outcome = _under_fire(report)
    _forth_and_back(report, _ROUNDS - outcome.kills)


def _under_fire(report: Report) -> Outcome:
    with running(max(20, _SITES // 10), limits=_LIMITS, calendar=calendar(_SPEED)) as system:
        outcome, chaos = phase_out_under_fire(
            system.layout, system.logins, system.supervisor, rounds=_ROUNDS // 2, seed=1, speed=_SPEED
        )
    figures = outcome.figures
    report.add("phase-out: kills", "", [float(outcome.kills)])
    for name, found in (
        ("written less often than planned", outcome.lost),
        ("written more often than planned", outcome.twice),
        ("items left open", outcome.open),
        ("sites without a link at some moment", figures["both_links_down"]),
        ("foreign changes not found, or found though there were none", abs(figures["unauthorised_changes"] - 2)),
        ("foreign changes not put right", 2 - figures["reverted"]),
        ("visits missing or more than needed", figures["visits"] - figures["done"] - figures["second_visits"]),
    ):
        report.add(f"phase-out: {name}", "", [float(found)], bar=_NONE)
    for name, whole in (("stock balances", figures["stock_balance_ok"]), ("audit chain whole", figures["audit_ok"])):
        report.add(f"phase-out: {name}", "", [float(whole)], bar=_WHOLE)
    for part, seconds in sorted(chaos.seconds.items()):
        report.add(f"phase-out: {part} killed: until all serve", "s", seconds, note=f"{len(seconds)} kills")
    return outcome


def _forth_and_back(report: Report, rounds: int) -> None:
    chance = random.Random(1)
    with running(_SITES, limits=_LIMITS) as system, system.cast() as cast:
        crashing = Crashing(system.supervisor, cast, Operators(system.gateways().offices))
        counts, open_items, last = [], [], None
        crashing.operators.new_writes()
        for number in range(max(1, rounds // len(PARTS))):
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
