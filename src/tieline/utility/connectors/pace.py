"""The permitted rate over all processes: they take their slots from one row an operator in the database.

Guaranteed, whatever the number of processes: by the database's clock at most ``permits`` calls start in any ``window``
less the tolerance, and the guard of the rate is longer than that. A process that wakes too late for its slot gives it
back and takes another with more time to wake in, which counts as its end, so that a stall shifts calls and never
bunches them. After a hold (Retry-After) no slot is given out; a call of another process that already has its slot, one
at most, still goes.

A call that leaves late for another reason (a connection had to be opened) has its slot moved when its process takes the
next one; until then the others take it to have left in time.

A slot is reserved by comparing and swapping the row, with no transaction open meanwhile: the rule stays the pure one of
``limiter``, and costs one short statement a call. The table is unlogged, so that nothing waits for the disk; PostgreSQL
empties it after a crash, and a row that is made anew begins with one window of silence.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from tieline.platform.db import Database
from tieline.utility.connectors import store
from tieline.utility.connectors.limiter import Rate, moved, next_slot

_TOLERANCE = 0.003
_LEAST_TOLERANCE = 0.0012
_LONGEST_SLACK = 0.5
_FAR = 60.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What the row says: slots in order, seconds of the database's clock; ``version`` changes with each change."""

    slots: list[float]
    not_before: float
    version: int


@dataclass(slots=True)
class SharedClock:
    """The database's clock, reckoned from ours: each answer bounds the difference by when it was asked and came."""

    now: Callable[[], float]
    ahead: float | None = None
    trip: float = 0.0

    def learn(self, asked: float, told: float) -> None:
        """Take an answer into account: asked at a time of our clock, answered by now."""
        came = self.now()
        self.trip = came - asked
        least, most = asked - told, came - told
        self.ahead = most if self.ahead is None else min(max(self.ahead, least), most)

    def read(self) -> float:
        """What the database's clock shows now."""
        return self.now() - (self.ahead or 0.0)


def choose(
    taken: Taken, now: float, rate: Rate, *, back: float | None = None, slack: float = 0.0
) -> tuple[float, list[float]]:
    """The next slot, which a call may use for ``slack`` seconds, and the ends of all slots that are to be remembered.

    ``back`` is the end of one that was not used. One more is remembered than the rule needs, for one may be given back.
    Slots far ahead are of a clock that was set back since; they are taken for slots of now.
    """
    far = now + rate.window + _FAR
    earlier = [now if slot > far else slot for slot in taken.slots]
    if back in earlier:
        earlier.remove(back)
    at = max(next_slot(earlier, now, rate), taken.not_before)
    return at, [*earlier, at + slack][-(rate.permits + 1) :]


def _with(taken: Taken, late: Sequence[tuple[float, float]]) -> Taken:
    """What is taken, once slots whose calls left late are moved to when they did."""
    slots = taken.slots
    for slot, now in late:
        slots = moved(slots, slot, now, slack=_LONGEST_SLACK)
    return replace(taken, slots=slots)


@dataclass(slots=True)
class SharedPacer:
    """Slots of one operator, shared with every process on the same database."""

    db: Database
    operator_id: int
    rate: Rate
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: SharedClock = field(default_factory=lambda: SharedClock(time.monotonic))
    _taken: Taken | None = None
    _held: bool = False
    _late: list[tuple[float, float]] = field(default_factory=list)
    _queue: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def slot(self) -> float:
        """Wait for a slot, and return its time. Callers of one process are served in the order in which they came."""
        slack, back = 0.0, None
        async with self._queue:
            while True:
                at = await self._take(back, slack)
                while (wait := at - self.clock.read()) > 0:
                    await self.sleep(wait)
                if self.clock.read() - at <= self._tolerance + slack and not self._held:
                    return at
                back, slack = at + slack, min(max(2 * slack, self._tolerance), _LONGEST_SLACK)

    def left(self, slot: float) -> None:
        """Have the call of a slot, if it leaves late, noted with the next slot that this process takes."""
        now = self.clock.read()
        if now - slot > self._tolerance:
            self._late.append((slot, now))

    @property
    def _tolerance(self) -> float:
        return max(_LEAST_TOLERANCE, _TOLERANCE * self.rate.window)

    async def hold(self, seconds: float) -> None:
        """Give out no slot for so long, to nobody."""
        async with self.db.autocommit() as tx:
            await store.hold_pace(tx, self.operator_id, seconds)
        self._held = True

    async def _take(self, back: float | None, slack: float) -> float:
        """Reserve the next slot; it begins no earlier than the reservation itself has come to its end, most likely."""
        while True:
            if self._taken is None or self._held:
                self._held = False
                self._taken = await self._read()
            soon = self.clock.read() + min(self.clock.trip, _LONGEST_SLACK)
            late = list(self._late)
            at, slots = choose(_with(self._taken, late), soon, self.rate, back=back, slack=slack)
            if await self._swap(self._taken, slots):
                del self._late[: len(late)]
                return at

    async def _read(self) -> Taken:
        while True:
            async with self.db.autocommit() as tx:
                asked = self.clock.now()
                row = await store.pace(tx, self.operator_id)
                if row is None:
                    await store.begin_pace(tx, self.operator_id, self.rate.window)
                    continue
            self.clock.learn(asked, row["now"])
            return Taken(row["slots"], row["not_before"], row["version"])

    async def _swap(self, seen: Taken, slots: list[float]) -> bool:
        """Put slots in the place of those that were seen; False when somebody was quicker."""
        async with self.db.autocommit() as tx:
            asked = self.clock.now()
            told = await store.put_pace(tx, self.operator_id, seen.version, slots)
        if told is None:
            self._taken = None
            return False
        self.clock.learn(asked, told)
        self._taken = Taken(slots, seen.not_before, seen.version + 1)
        return True
