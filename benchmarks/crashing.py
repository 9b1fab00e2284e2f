"""Kills the processes of a running system, and counts at the operators what is in effect and how often it was written.

Nothing here asks the platform's own tables what was done: the gateways' change logs and operational states say it.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tieline.lab.fill import wait_until
from tieline.lab.stories import Cast
from tieline.platform.embedded import Supervisor
from tieline.platform.errors import Unavailable

PARTS = ("gateway-a", "worker", "api", "gateway-b", "postgres")
_OVER = frozenset({"completed", "stopped", "rejected", "paused"})
_LOOK = 0.05
_LONG = 180.0


def patiently(ask: Callable[[], Any], what: str) -> Any:
    """Ask until there is an answer: whoever is asked may have been killed just now. Raises ``Unavailable``."""
    found: list[Any] = []

    def answered() -> bool:
        try:
            found.append(ask())
        except (httpx.HTTPError, Unavailable):
            return False
        return True

    wait_until(answered, what, seconds=_LONG, every=_LOOK)
    return found[0]


@dataclass(slots=True)
class Operators:
    """The operators' back offices, by operator code: address and token."""

    offices: Mapping[str, tuple[str, str]]
    _read: dict[str, int] = field(default_factory=dict)

    def counts(self, code: str) -> dict[str, Any]:
        """What an operator counts of the utility."""
        found: dict[str, Any] = self._get(code, "/counts")["utilities"][0]
        return found

    def written(self, codes: Sequence[str]) -> int:
        """How many writes of the utility the change logs of some operators hold."""
        return sum(self._written(code) for code in codes)

    def _written(self, code: str) -> int:
        counted: int = self.counts(code)["changes"].get("utility", 0)
        return counted

    def new_writes(self) -> dict[str, Counter[str]]:
        """By operator, how often the utility wrote to each subscription since this was asked last."""
        return {
            code: Counter(str(entry["dn"]).rpartition("=")[2] for entry in self._new_entries(code))
            for code in self.offices
        }

    def operational(self, code: str, state: str) -> set[str]:
        """The subscriptions that are in a state in the operator's network."""
        utility, found = self.counts(code)["utility"], set()
        after: str | None = ""
        while after is not None:
            page = self._get(code, f"/utilities/{utility}/subscriptions", after=after, limit=1000)
            found |= {item["id"] for item in page["items"] if item["attributes"]["operational"].get("state") == state}
            after = page["next"]
        return found

    def _new_entries(self, code: str) -> Iterator[Mapping[str, Any]]:
        while page := self._get(code, "/change-log", party="utility", after=self._read.get(code, 0), limit=5000)[
            "items"
        ]:
            self._read[code] = page[-1]["id"]
            yield from page

    def _get(self, code: str, path: str, **query: Any) -> dict[str, Any]:
        url, token = self.offices[code]
        headers = {"Authorization": f"Bearer {token}"}

        def ask() -> dict[str, Any]:
            answer = httpx.get(f"{url}/backoffice/v1{path}", params=query, headers=headers, timeout=60)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
            return found

        told: dict[str, Any] = patiently(ask, f"operator {code} answers")
        return told


@dataclass(frozen=True, slots=True)
class Running:
    """A change that was started: its number, and the references of its planned items by operator."""

    id: int
    refs: Mapping[str, frozenset[str]]
    before: int

    @property
    def size(self) -> int:
        """How many items are planned."""
        return sum(map(len, self.refs.values()))


@dataclass(slots=True)
class Crashing:
    """A system whose processes are killed while it works."""

    supervisor: Supervisor
    cast: Cast
    operators: Operators
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def prepare(self) -> Running:
        """Start a change that makes a new subscription ready for each site at each operator."""
        made = self.cast.technician.post(
            "/changes",
            {
                "kind": "subscription.preprovision",
                "title": "New subscriptions for all that hang on 3G",
                "selection": {"filter": {"hanging_on": "3G"}},
                "parameters": {"generation": "4G", "state": "TEST_READY"},
            },
        )
        return self._start(made)

    def undo(self, change_id: int) -> Running:
        """Start the way back."""
        return self._start(self.cast.technician.post(f"/changes/{change_id}/undo", {"title": "All the way back"}))

    def _start(self, made: Mapping[str, Any]) -> Running:
        path = f"/changes/{made['id']}"
        wait_until(
            lambda: self.cast.technician.get(path)["state"] not in {"draft", "planning"}, "the change is planned"
        )
        change = self.cast.technician.post(f"{path}/submit")
        if change["state"] == "submitted":
            self.cast.approver.post(f"{path}/approve", {"plan_hash": change["plan_hash"], "comment": "Go."})
        items = list(self.cast.technician.pages(f"{path}/items", state="planned", limit=1000))
        refs = {
            code: frozenset(item["ref"] for item in items if item["operator"] == code)
            for code in self.operators.offices
        }
        before = self.operators.written(tuple(self.operators.offices))
        self.cast.technician.post(f"{path}/start")
        return Running(made["id"], refs, before)

    def wait_for(self, running: Running, share: float) -> None:
        """Wait until the operators have written this share of a change's items."""
        every = tuple(self.operators.offices)
        goal = running.before + share * running.size
        wait_until(lambda: self.operators.written(every) >= goal, "the change gets on", seconds=_LONG, every=_LOOK)

    def kill(self, running: Running, part: str) -> None:
        """Kill a part with SIGKILL, and take the seconds until it serves again and work goes on.

        Going on is, of the API, that it answers; of a gateway, the next write there; of others, the next write
        anywhere. Where all was done by the time one could look, it is that time, which is too long if anything. Nothing
        is taken where no work was left before.
        """
        codes = (part[-1].upper(),) if part.startswith("gateway-") else tuple(self.operators.offices)
        left = self._rest(running, codes)
        pid = patiently(lambda: self._pid(part), f"{part} runs")
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.supervisor.pid(part) != pid, f"{part} is gone", every=0.01)
        if part == "api":
            patiently(lambda: self.cast.technician.get(f"/changes/{running.id}/progress"), "the API answers")
        elif left:
            self._goes_on(running, part, codes)
        if part == "api" or left:
            self.seconds.setdefault(part, []).append(time.monotonic() - began)

    def _goes_on(self, running: Running, part: str, codes: Sequence[str]) -> None:
        before = self.operators.written(codes)
        wait_until(
            lambda: self.operators.written(codes) > before or self._rest(running, codes) == 0,
            f"work goes on after {part} was killed",
            seconds=_LONG,
            every=_LOOK,
        )

    def _rest(self, running: Running, codes: Sequence[str]) -> int:
        """Items of a change that were not handed to some operators yet, as the platform knows."""
        progress = patiently(lambda: self.cast.technician.get(f"/changes/{running.id}/progress"), "the API answers")
        return sum(
            count
            for lane in progress["operators"]
            if lane["operator"] in codes
            for state, count in lane["counts"].items()
            if state in {"planned", "queued"}
        )

    def _pid(self, part: str) -> int:
        pid = self.supervisor.pid(part)
        if pid is None:
            raise Unavailable(f"{part} does not run.")
        return pid

    def ended(self, running: Running) -> dict[str, Any]:
        """Wait for a change to end or to pause, and return its progress."""
        progress: dict[str, Any] = {}

        def over() -> bool:
            progress.update(
                patiently(lambda: self.cast.technician.get(f"/changes/{running.id}/progress"), "the API answers")
            )
            return progress["state"] in _OVER

        wait_until(over, f"change {running.id} ends", seconds=600)
        return progress


@dataclass(frozen=True, slots=True)
class Count:
    """What became of a change's items, counted at the operators: never written, written again, not in effect."""

    lost: int
    twice: int
    strangers: int
    idle: int


def count(operators: Operators, running: Running, state: str) -> Count:
    """Count what was written since the last count, and what is in ``state`` now, against what was planned."""
    lost = twice = strangers = idle = 0
    for code, writes in operators.new_writes().items():
        planned = running.refs[code]
        lost += len(planned - writes.keys())
        strangers += len(writes.keys() - planned)
        twice += sum(writes.values()) - len(writes)
        idle += len(planned - operators.operational(code, state))
    return Count(lost, twice, strangers, idle)
