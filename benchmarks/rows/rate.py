"""The permitted rate: how close to it a change comes, and whether it is ever exceeded, as the operators count."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.crashing import Crashing, Operators
from benchmarks.harness import Bar, Report, row
from benchmarks.system import running
from tieline.platform.errors import Unavailable

_SITES = 400
_CALLS = 5
_LIMITS = {"A": (float(_CALLS), 10), "B": (float(_CALLS), 10)}


class _Request(msgspec.Struct):
    """A line of a gateway's log, as far as it is one of a request of the utility's."""

    logger: str
    timestamp: datetime
    method: str = ""
    path: str = ""
    ms: float = 0.0

    @property
    def arrived(self) -> float:
        """When it came in, in seconds of the gateway's clock: the line is written when it was answered."""
        return self.timestamp.timestamp() - self.ms / 1000


@row("rate", "two operators that permit 5 calls a second each, while a change of 800 items needs some hundred calls")
def rate(report: Report) -> None:
    """Small plans make many calls. Counted by the gateways: what they took, refused, and when each call came in."""
    with running(_SITES, limits=_LIMITS) as system, system.cast() as cast:
        operators = Operators(system.gateways().offices)
        crashing = Crashing(system.supervisor, cast, operators)
        ended = crashing.ended(crashing.prepare())
        if ended["state"] != "completed":
            raise Unavailable(f"The change is {ended['state']}.")
        counts = [operators.counts(code) for code in _LIMITS]
        came = [_came(system.layout.home / "logs" / f"gateway-{code.lower()}.log") for code in _LIMITS]
    _tell(report, came, counts)


def _tell(report: Report, came: list[list[float]], counts: list[dict[str, Any]]) -> None:
    report.add("calls of the change at each operator", "calls", [float(len(one)) for one in came])
    shares = [_share(one) for one in came]
    report.add("share of the permitted rate", "", shares, value=min(shares), bar=Bar("at_least", 0.99))
    refused = [float(one["calls_refused"]) for one in counts]
    report.add("calls answered with 429", "calls", refused, value=sum(refused), bar=Bar("at_most", 0))
    most = [_most(one) for one in came]
    report.add("most calls in any second of the change", "calls", most, value=max(most), bar=Bar("at_most", _CALLS))
    spans = [late - early for one in came for early, late in zip(one, one[_CALLS:], strict=False)]
    report.add("shortest time from a call to the fifth after it", "s", spans, value=min(spans))
    busiest = [float(one["busiest_second"]) for one in counts]
    report.add("most calls in any second since the start", "calls", busiest, value=max(busiest))


def _came(log: Path) -> list[float]:
    """When each call came in, in order, from the first batch of the change to the last."""
    lines = [msgspec.json.decode(line, type=_Request) for line in log.read_bytes().splitlines() if b'"request"' in line]
    calls = [line for line in lines if line.logger == "tieline.gateway"]
    batches = [line.arrived for line in calls if line.method == "POST" and line.path.endswith("/plan-activation-jobs")]
    return sorted(line.arrived for line in calls if min(batches) <= line.arrived <= max(batches))


def _share(came: list[float]) -> float:
    """Whole windows, so that it does not matter where in a burst the first and the last call are."""
    windows = (len(came) - 1) // _CALLS
    return windows / (came[windows * _CALLS] - came[0])


def _most(came: list[float]) -> float:
    return float(max(sum(start <= at < start + 1 for at in came) for start in came))
