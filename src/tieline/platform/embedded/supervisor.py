"""Runs declared parts in order, restarts what falls over, and takes everything down with it.

Each part goes through the states of `State`; one thread looks at all of them about twenty times a second and moves
each on. Nothing outlives the supervisor: a stop ends with SIGKILL for whoever did not heed it, and on Linux a
supervisor that is itself killed takes its children along (see `spawn`).
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from tieline.platform.embedded.errors import EmbeddedError
from tieline.platform.embedded.parts import Child, Part, ProcessPart, Server, ServerPart

_TICK_SECONDS = 0.05
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 30.0
_SETTLED_SECONDS = 30.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class State(StrEnum):
    """Where a part stands."""

    WAITING = "waiting"  # for what it depends on
    STARTING = "starting"  # runs, does not serve yet
    READY = "ready"
    DONE = "done"  # a task that ended well
    PAUSED = "paused"  # fell over; is started again in a moment
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person who watches wants to know: which part, its state now, and more in words if needed."""

    part: str
    state: State
    text: str = ""


@dataclass(slots=True)
class _Entry:
    name: str
    part: Part
    after: tuple[str, ...]
    once: bool
    ready_seconds: float
    stop_seconds: float
    state: State = State.WAITING
    since: float = 0.0
    failures: int = 0
    served: bool = False
    deadline: float = 0.0


def _say_nothing(_event: Event) -> None:
    return


class Supervisor:
    """A tree of processes.

    Declare parts with `add` and `add_server`, then either `run` (until a signal, for a command) or `start` and `stop`
    (for a program that does something meanwhile; also as a context manager). `tell` is called with each event, from
    the supervisor's thread. A part that fails before it first served fails the start; one that fails later is
    started again after a pause that doubles from 0.2 s to 30 s, and is 0.2 s again after half a minute of service.
    """

    def __init__(self, logs: Path, tell: Callable[[Event], None] = _say_nothing) -> None:
        self._logs = logs
        self._tell = tell
        self._entries: dict[str, _Entry] = {}
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._finished = threading.Event()
        self._stop_asked = False
        self._hurry = False
        self._failure = ""

    def add(self, child: Child) -> None:
        """Declare a child; what it comes `after` must have been declared."""
        part = ProcessPart(child, self._logs)
        self._declare(_Entry(child.name, part, child.after, child.once, child.ready_seconds, child.stop_seconds))

    def add_server(self, name: str, server: Server, *, after: tuple[str, ...] = (), stop_seconds: float = 60.0) -> None:
        """Declare a server that starts and stops itself, such as `EmbeddedPostgres`."""
        self._declare(_Entry(name, ServerPart(server), after, once=False, ready_seconds=0.0, stop_seconds=stop_seconds))

    def pid(self, name: str) -> int | None:
        """Return the process number of a part while it runs."""
        return self._entries[name].part.pid

    def state(self, name: str) -> State:
        """Return where a part stands."""
        return self._entries[name].state

    def start(self) -> None:
        """Start everything and return when all parts are ready.

        Raises EmbeddedError, with the last lines of its log, when one could not be started; all are stopped then.
        """
        self._thread = threading.Thread(target=self._work, name="tieline-supervisor")
        self._thread.start()
        while not self._ready.is_set() and not self._finished.is_set():
            self._finished.wait(_TICK_SECONDS)
        if not self._ready.is_set():
            self._thread.join()
            raise EmbeddedError(self._failure or "Stopped before everything was ready.")

    def stop(self) -> None:
        """Stop everything, dependents first, and return when nothing runs any more. Idempotent."""
        self._stop_asked = True
        if self._thread is not None:
            self._thread.join()

    def run(self, on_ready: Callable[[], None] = lambda: None) -> int:
        """Start everything, call `on_ready`, and stay until SIGINT, SIGTERM or SIGHUP; a second one hastens the stop.

        For the main thread. Returns the exit code: 0 after a stop that was asked for; 1 when something could not be
        started, which `tell` has been told with the last lines of its log.
        """
        with self._signals_stop():
            try:
                self.start()
                on_ready()
                while not self._finished.is_set():
                    self._finished.wait(_TICK_SECONDS * 4)
            except EmbeddedError:
                return 1 if self._failure else 0
            finally:
                self.stop()
        return 0

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:  # interrupted while starting: what started already must not outlive the wish
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @contextmanager
    def _signals_stop(self) -> Iterator[None]:
        def handle(_number: int, _frame: FrameType | None) -> None:
            self._hurry = self._stop_asked
            self._stop_asked = True

        # Under nohup the hang-up stays ignored. SIGINT is taken even if a shell's "&" had it ignored.
        heeded = [number for number in _SIGNALS if number != signal.SIGHUP or not _is_ignored(number)]
        before = {number: signal.signal(number, handle) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _declare(self, entry: _Entry) -> None:
        missing = [name for name in entry.after if name not in self._entries]
        if missing or entry.name in self._entries:
            raise ValueError(f"{entry.name}: declared twice, or after {missing}, which is not declared")
        self._entries[entry.name] = entry

    def _work(self) -> None:
        try:
            while not self._stop_asked and not self._failure:
                for entry in self._entries.values():
                    self._advance(entry)
                if all(entry.served for entry in self._entries.values()):
                    self._ready.set()
                time.sleep(_TICK_SECONDS)
        except BaseException:
            self._failure = "The supervisor itself failed; the error is above."
            self._tell = _say_nothing  # it may be what failed, and the stop must not
            raise
        finally:
            self._stop_all()
            self._finished.set()

    def _advance(self, entry: _Entry) -> None:
        """Move a part on by one step, if it is time."""
        match entry.state:
            case State.WAITING:
                if self._has_what_it_needs(entry):
                    self._begin(entry)
            case State.PAUSED:
                if time.monotonic() >= entry.deadline and self._has_what_it_needs(entry):
                    self._begin(entry)
            case State.STARTING | State.READY:
                self._look_at(entry)
            case State.DONE | State.STOPPING | State.STOPPED:
                return

    def _has_what_it_needs(self, entry: _Entry) -> bool:
        return all(self._entries[name].state in {State.READY, State.DONE} for name in entry.after)

    def _begin(self, entry: _Entry) -> None:
        self._move(entry, State.STARTING)
        entry.deadline = time.monotonic() + entry.ready_seconds
        try:
            entry.part.start()
        except (EmbeddedError, OSError) as error:
            self._fell(entry, str(error))

    def _look_at(self, entry: _Entry) -> None:
        code = entry.part.exit_code()
        if code is not None:
            if entry.once and code == 0:
                entry.served = True
                self._move(entry, State.DONE)
            else:
                self._fell(entry, _how_it_ended(code))
        elif entry.state is State.READY:
            if entry.failures and time.monotonic() - entry.since > _SETTLED_SECONDS:
                entry.failures = 0
        elif entry.part.is_ready():
            entry.served = True
            self._move(entry, State.READY)
        elif time.monotonic() > entry.deadline:
            self._end(entry)
            self._fell(entry, f"was not ready within {entry.ready_seconds:g} s")

    def _fell(self, entry: _Entry, how: str) -> None:
        """Start a part again after a pause, or give up when it has never served."""
        if not entry.served:
            self._failure = "\n".join(filter(None, (f"{entry.name} {how}", entry.part.last_lines())))
            self._move(entry, State.STOPPED, self._failure)
            return
        pause = min(_FIRST_PAUSE_SECONDS * 2**entry.failures, _LONGEST_PAUSE_SECONDS)
        entry.failures += 1
        entry.deadline = time.monotonic() + pause
        self._move(entry, State.PAUSED, f"{how}; starting it again in {pause:.1f} s")

    def _end(self, entry: _Entry) -> None:
        """End one part that hangs at its start."""
        entry.part.kill()
        while entry.part.exit_code() is None:
            time.sleep(_TICK_SECONDS)

    def _stop_all(self) -> None:
        """Stop what runs: each part once those that depend on it have ended."""
        for entry in self._entries.values():
            if entry.state not in {State.STARTING, State.READY}:
                entry.state = State.STOPPED
        while any(entry.state is not State.STOPPED for entry in self._entries.values()):
            for entry in self._entries.values():
                self._advance_stop(entry)
            time.sleep(_TICK_SECONDS)

    def _advance_stop(self, entry: _Entry) -> None:
        if entry.state is State.STOPPED:
            return
        code = entry.part.exit_code()
        if code is not None:
            self._move(entry, State.STOPPED, "" if code in {0, -signal.SIGTERM} else _how_it_ended(code))
        elif entry.state is State.STOPPING:
            if self._hurry or time.monotonic() > entry.deadline:
                entry.part.kill()
        elif all(other.state is State.STOPPED for other in self._entries.values() if entry.name in other.after):
            self._move(entry, State.STOPPING)
            entry.deadline = time.monotonic() + entry.stop_seconds
            entry.part.ask_to_stop()

    def _move(self, entry: _Entry, state: State, text: str = "") -> None:
        entry.state, entry.since = state, time.monotonic()
        self._tell(Event(entry.name, state, text))


def _is_ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
