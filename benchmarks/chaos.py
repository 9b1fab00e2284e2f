"""A phase-out under SIGKILL: any process of the system, at any moment, while notices, changes, crews and stock go on.

What was done is counted afterwards where it was done: the operators' change logs say how often each subscription was
written; REST says what was planned, visited, found and moved.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.crashing import Operators
from benchmarks.patience import Hush, patient
from tieline.cli import demo
from tieline.cli.stack import Layout
from tieline.cli.story import perform_phase_out
from tieline.lab.fill import Platform, wait_until
from tieline.platform.embedded import State, Supervisor

EVERY = ("gateway-a", "gateway-b", "worker", "api", "sites", "postgres")
"""All processes of the system; the supervisor is the init of its house, and dies in tests of its own."""
PAUSE = (0.0, 2.0)
"""Seconds between the moment when all serve again and the next kill, at random."""
MISTAKES = {"wrong_site": 0.05, "twice": 0.1, "offline": 0.1}
_LONG = 180.0


@dataclass(slots=True)
class Chaos:
    """Kills until it is told to stop or its rounds are over; ``seconds`` are from each kill until all serve again."""

    supervisor: Supervisor
    serves: Callable[[], bool]
    hush: Hush
    chance: random.Random
    rounds: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _failed: list[BaseException] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(map(len, self.seconds.values()))

    def run(self) -> None:
        """Kill, round by round."""
        try:
            while self.kills < self.rounds and not self._over.wait(self.chance.uniform(*PAUSE)):
                self.kill(self.chance.choice(EVERY))
        except BaseException as error:  # noqa: BLE001 - told to whoever waits, who raises it
            self._failed.append(error)

    def stop(self) -> None:
        """No kill after this one; raises what went wrong."""
        self._over.set()

    def check(self) -> None:
        """Raise what went wrong, if anything has."""
        if self._failed:
            raise self._failed[0]

    def kill(self, part: str) -> None:
        """Kill a part and wait until everything serves again."""
        with self.hush.killing():
            pid = self.supervisor.pid(part)
            if pid is None:
                return
            began = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: self.supervisor.pid(part) not in {pid, None}, f"{part} runs again", seconds=_LONG)
            wait_until(self._all_up, f"all serve after {part} was killed", seconds=_LONG, every=0.05)
            self.seconds.setdefault(part, []).append(time.monotonic() - began)

    def _all_up(self) -> bool:
        return all(self.supervisor.state(part) is State.READY for part in EVERY) and self.serves()


def serving(layout: Layout) -> Callable[[], bool]:
    """Whether the API answers from its database, and the gateways theirs."""

    def serves() -> bool:
        urls = [layout.url, *(layout.backoffice_url(ports.code) for ports in layout.gateways)]
        try:
            return all(httpx.get(f"{url}/health/ready", timeout=10).status_code == httpx.codes.OK for url in urls)
        except httpx.HTTPError:
            return False

    return serves


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a phase-out under fire came to: its own figures, and what the operators' change logs say."""

    figures: Mapping[str, Any]
    lost: int
    twice: int
    open: int
    kills: int


def phase_out_under_fire(
    layout: Layout, logins: demo.Logins, supervisor: Supervisor, *, rounds: int, seed: int, speed: int
) -> tuple[Outcome, Chaos]:
    """Perform the phase-out while processes are killed; returns what came of it."""
    hush = Hush()
    chance = random.Random(seed)
    chaos = Chaos(supervisor, serving(layout), hush, chance, rounds)
    operators = Operators(
        {
            ports.code: (layout.backoffice_url(ports.code), layout.backoffice_token(ports.code))
            for ports in layout.gateways
        }
    )
    operators.new_writes()
    killer = threading.Thread(target=chaos.run, name="killer", daemon=True)

    def show(_what: str, _done: int, _total: int) -> None:
        chaos.check()
        if killer.ident is None:  # it was not begun yet
            killer.start()

    try:
        figures = perform_phase_out(
            layout, logins, show, seed=seed, speed=speed, mistakes=MISTAKES, reach=patient(hush)
        )
    finally:
        chaos.stop()
        if killer.ident is not None:
            killer.join()
    chaos.check()
    with Platform(layout.url, logins.people["fred"].token, patient(hush)) as people:
        planned, left = _planned(people, tuple(operators.offices))
    return _counted(figures, planned, left, operators, chaos.kills), chaos


def _planned(people: Platform, codes: Sequence[str]) -> tuple[Counter[tuple[str, str]], int]:
    """How often each subscription was to be written, by the items that were verified; and how many items are open."""
    planned: Counter[tuple[str, str]] = Counter()
    left = 0
    for change in people.pages("/changes", limit=500):
        for item in people.pages(f"/changes/{change['id']}/items", limit=1000):
            if item["operator"] in codes and item["state"] == "verified":
                planned[item["operator"], item["ref"]] += 1
            left += item["state"] in {"queued", "sent", "accepted"}
    return planned, left


def _counted(
    figures: Mapping[str, Any], planned: Counter[tuple[str, str]], left: int, operators: Operators, kills: int
) -> Outcome:
    written = Counter(
        {(code, ref): times for code, refs in operators.new_writes().items() for ref, times in refs.items()}
    )
    lost, twice = planned - written, written - planned
    return Outcome(figures, lost.total(), twice.total(), left, kills)
