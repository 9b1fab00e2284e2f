"""What a crew does next at a site, and which mistakes it makes. Pure: the visit as the phone holds it goes in."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tieline.standards.numbering import luhn_digit

_WHOLE = float(2**64)
_SPACE = uuid.UUID("6f1e2f0a-6a0c-5f53-9f57-0d6f2f7c4a11")
OVER = frozenset({"finished", "cancelled"})
PASSED, FAILED, OPEN, FITTED = "passed", "failed", "open", "fitted"


class Router(NamedTuple):
    """A new router: the number on its label, its IMEI, and what it can use; no bands means all."""

    serial: str
    imei: str
    generations: str = "2G 3G 4G 5G"
    bands: str = ""


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Shares of the visits at which something goes wrong, chosen by ``seed``."""

    seed: int = 1
    wrong_site: float = 0.0
    """The first card reported is that of another visit."""
    twice: float = 0.0
    """Every report is sent twice."""
    offline: float = 0.0
    """Nothing is sent for some rounds, and then in bulk."""
    defective: float = 0.0
    """The new router does not come up, so a second visit is needed."""
    lost_card: float = 0.0
    """The second card is lost before it is fitted, so a second visit is needed."""

    def strikes(self, mistake: str, visit: int, attempt: int) -> bool:
        """Whether a mistake is made at a visit; routers and cards fail at the first attempt only."""
        share = float(getattr(self, mistake))
        if mistake in {"defective", "lost_card"} and attempt > 1:
            return False
        digest = hashlib.sha256(f"{self.seed}:{mistake}:{visit}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / _WHOLE < share


class Fit(NamedTuple):
    """A card goes into a device at a place."""

    operator: str
    iccid: str
    router: Router
    lat: float | None
    lon: float | None


@dataclass(slots=True)
class Doing:
    """What a crew does in one round: with its hands first, then on the phone."""

    fits: list[Fit] = field(default_factory=list)
    takes_out: list[tuple[str, str]] = field(default_factory=list)
    """Cards out of their devices: (operator, ICCID)."""
    says: list[dict[str, Any]] = field(default_factory=list)
    """Reports without number, time and phone: kind and what it says."""


@dataclass(slots=True)
class Memory:
    """What a crew remembers of a visit."""

    router: Router
    other_card: str = ""
    """A card of another visit, to be mistaken for this one's."""
    tests: dict[str, int] = field(default_factory=dict)
    confused: bool = False


def next_of(visit: Mapping[str, Any], memory: Memory, mistakes: Mistakes, *, most_tests: int = 3) -> Doing:
    """What to do at a visit now; nothing while a test is under way, or when it is over."""
    doing = Doing()
    if visit["state"] in OVER:
        return doing
    if visit["state"] != "on_site":
        doing.says.append({"kind": "arrived"})
        if not mistakes.strikes("offline", visit["id"], visit["attempt"]):
            # Whoever watches the links has to know of the crew before it touches anything.
            return doing
    step = next((one for one in visit["steps"] if one["state"] != PASSED), None)
    if step is None:
        _finish(visit, doing)
    elif step["state"] == OPEN:
        _fit(visit, step, memory, mistakes, doing)
    elif step["state"] == FITTED or (step["state"] == FAILED and memory.tests.get(step["key"], 0) < most_tests):
        _ask(step, memory, doing)
    elif step["state"] == FAILED:
        broken = mistakes.strikes("defective", visit["id"], visit["attempt"])
        doing.says.append(_end("again", "The new router does not come up." if broken else "The test does not pass."))
    return doing


def _fit(visit: Mapping[str, Any], step: Mapping[str, Any], memory: Memory, mistakes: Mistakes, doing: Doing) -> None:
    first = step["position"] == min(one["position"] for one in visit["steps"])
    if not first and mistakes.strikes("lost_card", visit["id"], visit["attempt"]):
        doing.says.append({"kind": "trouble", "words": f"Card {step['iccid']} is lost."})
        doing.says.append(_end("again", "The second card is lost."))
        return
    router = memory.router
    said = {"kind": "fitted", "step": step["key"], "router": router.serial, "imei": router.imei}
    if memory.other_card and not memory.confused and mistakes.strikes("wrong_site", visit["id"], visit["attempt"]):
        memory.confused = True
        doing.says.append({**said, "iccid": memory.other_card})
    if not mistakes.strikes("defective", visit["id"], visit["attempt"]):
        place = visit["site"]
        doing.fits.append(Fit(step["operator"], step["iccid"], router, place["lat"], place["lon"]))
    doing.says.append({**said, "iccid": step["iccid"]})
    _ask(step, memory, doing)


def _ask(step: Mapping[str, Any], memory: Memory, doing: Doing) -> None:
    memory.tests[step["key"]] = memory.tests.get(step["key"], 0) + 1
    doing.says.append({"kind": "test-asked", "step": step["key"]})


def _finish(visit: Mapping[str, Any], doing: Doing) -> None:
    """Take the old away, and leave; the old cards are those of the operators in the order of the steps."""
    old = visit.get("take_away") or {}
    iccids = list(old.get("iccids") or ())
    doing.takes_out += [(step["operator"], iccid) for step, iccid in zip(visit["steps"], iccids, strict=False)]
    doing.says.append({**_end("done", ""), "removed": {"router": old.get("router") or "", "iccids": iccids}})
    doing.says.append({"kind": "left"})


def _end(outcome: str, why: str) -> dict[str, Any]:
    return {"kind": "finished", "outcome": outcome, "why": why}


def report_id(seed: int, phone: str, seq: int) -> str:
    """The number that a phone gives a report: the same run gives the same."""
    return str(uuid.uuid5(_SPACE, f"{seed}/{phone}/{seq}"))


def invented_router(number: int, seed: int = 1) -> Router:
    """A router of a story without stock: its IMEI is of a type allocation code kept for test devices."""
    digits = f"00101031{(number + seed * 7919) % 1_000_000:06}"
    return Router(f"NR-{seed}-{number:06}", digits + luhn_digit(digits))
