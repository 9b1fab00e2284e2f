"""The same edit in a peer and here, one after the other in one run: one field of many objects."""

import os
import sys
import time

from benchmarks.harness import Bar, Report, row
from benchmarks.peers import nautobot
from benchmarks.system import running
from tieline.lab.stories import carry_out

_OBJECTS = int(os.environ.get("BENCH_PEER_OBJECTS", "20000"))
_TIMES = 40


@row("peer", "one field of 20,000 objects in Nautobot, and the same here, at two operators, read back")
def peer(report: Report) -> None:
    """Nautobot changes its own rows; here each object is planned, approved, changed at its operator and read back."""
    why = nautobot.missing()
    if why:
        print(f"  left out: {why}", file=sys.stderr)
        return
    with nautobot.running() as other:
        theirs = other.edit(other.fill(_OBJECTS), f"plan-{time.time_ns()}")
    if theirs.edited != _OBJECTS or theirs.logged < _OBJECTS:
        raise RuntimeError(f"Nautobot edited {theirs.edited} and logged {theirs.logged} of {_OBJECTS} objects.")
    with running(-(-_OBJECTS // 2)) as system, system.cast() as cast:
        order = {
            "kind": "subscription.configure",
            "title": "Another plan for all",
            "reason": "The tariff changes.",
            "selection": {"filter": {"linked": True}},
            "parameters": {"data_plan": "bench"},
        }
        began = time.monotonic()
        counts = carry_out(cast, order, lambda *_progress: None)
        took = time.monotonic() - began
    ours = counts.get("verified", 0)
    report.add("Nautobot: objects a second", "1/s", [_OBJECTS / theirs.seconds], note=f"{_OBJECTS:,} objects")
    report.add("Nautobot: processor time an object, its own process", "ms", [theirs.cpu / _OBJECTS * 1000])
    report.add("here: objects a second, from the order to the last read back", "1/s", [ours / took],
               note=f"{ours:,} objects")  # fmt: skip
    report.add("here: objects not read back", "objects", [float(sum(counts.values()) - ours)])
    report.add("here, as a multiple", "×", [ours / took / (_OBJECTS / theirs.seconds)], bar=Bar("at_least", _TIMES))
