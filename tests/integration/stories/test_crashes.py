"""SIGKILL in the middle of a change, of each process in turn: every item is in effect exactly once, none is lost.

What is counted afterwards are the operators' own change logs and the operational states of their networks.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.chaos import EVERY, phase_out_under_fire
from benchmarks.crashing import PARTS, Count, Crashing, Operators, count

from tieline.cli import demo
from tieline.cli.stack import build, free_layout
from tieline.cli.story import calendar
from tieline.lab.fill import Platform
from tieline.lab.stories import Cast

LIMITS = {"A": (10.0, 10), "B": (10.0, 10)}
"""Small batches at a low rate, so that each kill finds calls under way and work left."""


@pytest.fixture(autouse=True)
def _invented_country(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIELINE_DATA", raising=False)


@pytest.mark.parametrize("sites", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_each_process_is_killed_and_each_item_is_in_effect_once(tmp_path: Path, sites: int) -> None:
    layout = free_layout(tmp_path)
    with build(layout, tell=lambda _event: None) as supervisor:
        logins = demo.prepare(layout, sites=sites, seed=1, limits=LIMITS)
        offices = {
            ports.code: (layout.backoffice_url(ports.code), layout.backoffice_token(ports.code))
            for ports in layout.gateways
        }
        people = (Platform(layout.url, logins.people[who].token) for who in ("fred", "grace", "grace"))
        with Cast(*people) as cast:
            crashing = Crashing(supervisor, cast, Operators(offices))
            crashing.operators.new_writes()
            change = crashing.prepare()
            pids = {part: supervisor.pid(part) for part in PARTS}
            for number, part in enumerate(PARTS):
                crashing.wait_for(change, 0.1 + 0.2 * number)
                crashing.kill(change, part)
            ended = crashing.ended(change)
            verdict = cast.auditor.get("/audit/verify")
        assert all(supervisor.pid(part) not in {None, pids[part]} for part in PARTS), "each was killed and runs again"
        assert change.size > 1.9 * sites
        assert ended["state"] == "completed"
        assert ended["counts"].get("verified") == ended["total"] == change.size
        assert count(crashing.operators, change, "TEST_READY") == Count(lost=0, twice=0, strangers=0, idle=0)
        assert verdict["ok"]
        assert verdict["witnessed"] > 0


@pytest.mark.slow
def test_a_phase_out_is_done_exactly_once_whatever_is_killed_meanwhile(tmp_path: Path) -> None:
    speed = 40_000
    layout = replace(free_layout(tmp_path), calendar=calendar(speed))
    with build(layout, tell=lambda _event: None) as supervisor:
        logins = demo.prepare(layout, sites=24, seed=1, limits=LIMITS)
        outcome, chaos = phase_out_under_fire(layout, logins, supervisor, rounds=20, seed=1, speed=speed)
    figures = outcome.figures
    assert outcome.kills >= 10
    assert set(chaos.seconds) <= set(EVERY)
    assert (outcome.lost, outcome.twice, outcome.open) == (0, 0, 0)
    assert figures["both_links_down"] == 0
    assert figures["unauthorised_changes"] == figures["reverted"] == 2
    assert figures["visits"] == figures["done"] + figures["second_visits"]
    assert figures["done"] + sum(figures["left"].values()) == figures["sites"]
    assert set(figures["left"]) <= {"blocked"}
    assert figures["stock_balance_ok"] is True
    assert figures["audit_ok"] is True
