"""What the stories share: an invented country, operators' limits under which a kill finds work, and the kills."""

import pytest
from benchmarks.crashing import PARTS, Count, Crashing, Running, count

LIMITS = {"A": (10.0, 10), "B": (10.0, 10)}
"""Small batches at a low rate, so that each kill finds calls under way and work left."""


@pytest.fixture(autouse=True)
def _invented_country(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIELINE_DATA", raising=False)


def carried_out_while_each_part_is_killed(crashing: Crashing, change: Running, state: str) -> None:
    """Kill each process in turn during a change; each item comes into effect exactly once, and none is lost."""
    pids = {part: crashing.supervisor.pid(part) for part in PARTS}
    for number, part in enumerate(PARTS):
        crashing.wait_for(change, 0.1 + 0.2 * number)
        crashing.kill(change, part)
    ended = crashing.ended(change)
    verdict = crashing.cast.auditor.get("/audit/verify")
    running = {part: crashing.supervisor.pid(part) for part in PARTS}
    assert all(running[part] not in {None, pids[part]} for part in PARTS), "each was killed and runs again"
    assert ended["state"] == "completed"
    assert ended["counts"].get("verified") == ended["total"] == change.size
    assert count(crashing.operators, change, state) == Count(lost=0, twice=0, strangers=0, idle=0)
    assert verdict["ok"]
    assert verdict["witnessed"] > 0
