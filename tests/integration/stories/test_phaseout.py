"""The phase-out as ``make story STORY=phase-out`` tells it, small: real processes, everything radio simulated."""

import json
import os
import subprocess
import sys
from pathlib import Path

SITES = 16


def test_every_site_is_replaced_without_losing_both_links_and_what_nobody_asked_for_is_put_right(
    tmp_path: Path,
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TIELINE_DATA"} | {
        "TMPDIR": str(tmp_path)
    }
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "tieline", "story", "phase-out", "--sites", str(SITES)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    figures = json.loads(ran.stdout.splitlines()[-1])
    left = sum(figures["left"].values())
    assert figures["story"] == "phase-out"
    assert figures["done"] + left == figures["sites"]
    assert figures["done"] >= SITES // 2
    assert set(figures["left"]) <= {"blocked"}, "sites of the world's own oddities: unknown APNs, retired lines"
    assert figures["visits"] == figures["done"] + figures["second_visits"]
    assert figures["both_links_down"] == 0
    assert figures["unauthorised_changes"] == figures["reverted"] == 2
    assert figures["done"] <= figures["old_retired"] <= 2 * figures["done"]
    assert figures["stock_balance_ok"] is True
    assert figures["audit_ok"] is True
