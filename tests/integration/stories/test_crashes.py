"""SIGKILL in the middle of a change, of each process in turn: every item is in effect exactly once, none is lost.

What is counted afterwards are the operators' own change logs and the operational states of their networks.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.chaos import EVERY, phase_out_under_fire
from benchmarks.crashing import Crashing, Operators
from tests.integration.stories.conftest import LIMITS, carried_out_while_each_part_is_killed

from tieline.cli import demo
from tieline.cli.stack import build, free_layout
from tieline.cli.story import calendar
from tieline.lab.fill import Platform
from tieline.lab.stories import Cast


@pytest.mark.slow
def test_each_process_is_killed_and_each_of_two_thousand_items_is_in_effect_once(tmp_path: Path) -> None:
    """The gate shows the same with fewer, on the way back of the remediation."""
    layout, sites = free_layout(tmp_path), 1000
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
            assert change.size > 1.9 * sites
            carried_out_while_each_part_is_killed(crashing, change, "TEST_READY")


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
