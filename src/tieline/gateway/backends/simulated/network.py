"""The simulated network: in memory, deterministic, and told by the database only which subscriptions it has struck."""

import time
from collections.abc import Callable, Iterator, Sequence

from tieline.gateway.backends.port import Fate, Hold, Interference, Order, Outcome, Verdict
from tieline.gateway.backends.simulated.faults import NONE, Faults, Rule, draw, foreign_imei

Strike = tuple[int, str]
"""A rule's place, and a subscription that it has chosen by counting or has struck once."""


_STRUCK_ONCE = frozenset({"timeout", "out_of_band_change", "foreign_device"})
"""Faults that strike where they are found to choose somebody, not where they are asked whether they do."""


class SimulatedNetwork(Interference):
    """Does what it is told ``latency_s`` later, and goes wrong as the faults say.

    ``seconds`` is a clock that only goes forward. The seconds of the rules are counted from the first change that
    the gateway took after it started. What counting rules have chosen is in ``strikes`` and, newly chosen, in
    ``fresh`` until the gateway has written it down.
    """

    def __init__(
        self, code: str, *, latency_s: float = 0.3, seed: int = 1, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self.code = code
        self.latency_s = latency_s
        self.seed = seed
        self.faults = NONE
        self.strikes: set[Strike] = set()
        self.fresh: list[Strike] = []
        self.met: dict[str, None] = {}
        self._counts: dict[int, int] = {}
        self._seconds = seconds
        self._began: float | None = None

    def install(self, faults: Faults, strikes: Sequence[Strike] = ()) -> None:
        """Take new faults; ``strikes`` are what their counting rules have chosen before a restart."""
        self.faults = faults
        self.strikes = set(strikes)
        self.fresh = []
        self._counts = {}
        for place, _ in self.strikes:
            self._counts[place] = self._counts.get(place, 0) + 1

    @property
    def elapsed(self) -> float:
        """Seconds since the first change; 0 before it."""
        return 0.0 if self._began is None else self._seconds() - self._began

    def began(self, subscriptions: Sequence[str]) -> None:
        """Note that the gateway takes a change of these subscriptions."""
        if self._began is None:
            self._began = self._seconds()
        self.met.update(dict.fromkeys(subscriptions))

    async def admit(self, subscriptions: Sequence[str]) -> Sequence[Verdict]:
        """Refuse what a rule refuses; everything else takes its latency."""
        self.began(subscriptions)
        refusing, slow = list(self._open("reject")), list(self._open("slow"))
        return [self._verdict(subscription, refusing, slow) for subscription in subscriptions]

    async def apply(self, orders: Sequence[Order]) -> Sequence[Outcome]:
        """Do it, but for those whose operational state is to stay as it is."""
        lying = list(self._open("accept_not_apply"))
        return [
            Outcome(done=not any(self._chosen(place, rule, order.subscription) for place, rule in lying))
            for order in orders
        ]

    async def close(self) -> None:
        """Nothing is open."""

    def down(self) -> bool:
        """Whether a rule says that nothing answers."""
        return any(True for _ in self._open("down"))

    def holding(self) -> bool:
        """Whether a rule lets requests go without an answer now, or may once the first change has been taken."""
        return any(True for _ in self._open("timeout"))

    def hold(self, subscriptions: Sequence[str]) -> Hold | None:
        """Strike a request about subscriptions that a rule chooses, each subscription once."""
        self.began(subscriptions)
        found: Hold | None = None
        for place, rule in self._open("timeout"):
            for subscription in subscriptions:
                if (place, subscription) not in self.strikes and self._chosen(place, rule, subscription):
                    self._strike(place, subscription)
                    found = Hold(60.0 if rule.delay_s is None else rule.delay_s, rule.applied is not False)
        return found

    def fate(self, subscription: str) -> Fate:
        """What becomes of a notification about a subscription."""
        if self._hits("drop_notification", subscription) is not None:
            return Fate(copies=0)
        twice = self._hits("duplicate_notification", subscription)
        late = self._hits("late_notification", subscription)
        return Fate(
            copies=1 if twice is None else twice.times or 2, late_s=0.0 if late is None else late.delay_s or 0.0
        )

    def meddling(self) -> Iterator[tuple[Rule, str]]:
        """Give the changes that the operator's own staff make now: each rule and subscription once.

        A rule with ``ids`` needs nothing more; any other chooses among the subscriptions met so far.
        """
        for place, rule in self._open("out_of_band_change"):
            if self._began is None:
                continue
            for subscription in sorted(rule.ids) if rule.ids is not None else list(self.met):
                if (place, subscription) not in self.strikes and self._chosen(place, rule, subscription):
                    self._strike(place, subscription)
                    yield rule, subscription

    def looks_for_sessions(self) -> bool:
        """Whether a rule may choose among the subscriptions that are attached now."""
        return self._began is not None and any(
            self._unsated(place, rule) for place, rule in self._open("foreign_device")
        )

    def strangers(self, attached: Sequence[str]) -> Iterator[tuple[Rule, str, str]]:
        """Give the cards that turn up in a foreign device now: rule, subscription, IMEI; each rule and card once."""
        for place, rule in self._open("foreign_device"):
            if self._began is None or not self._unsated(place, rule):
                continue
            for subscription in sorted(rule.ids) if rule.ids is not None else attached:
                if (place, subscription) not in self.strikes and self._chosen(place, rule, subscription):
                    self._strike(place, subscription)
                    imei = rule.value or foreign_imei(self.faults.seed, place, subscription)
                    yield rule, subscription, imei

    def _unsated(self, place: int, rule: Rule) -> bool:
        most = len(rule.ids) if rule.ids is not None else rule.count
        return most is None or self._counts.get(place, 0) < most

    def _verdict(
        self, subscription: str, refusing: Sequence[tuple[int, Rule]], slow: Sequence[tuple[int, Rule]]
    ) -> Verdict:
        for place, rule in refusing:
            if self._chosen(place, rule, subscription):
                return Verdict(refused=rule.reason or "The network refuses the change")
        seconds = self.latency_s * (0.5 + draw(self.seed, -1, subscription))
        for place, rule in slow:
            if self._chosen(place, rule, subscription):
                swing = 2 * draw(self.seed, place, f"{subscription}/slow") - 1
                seconds += max(0.0, (rule.delay_s or 0.0) + swing * (rule.jitter_s or 0.0))
        return Verdict(seconds=seconds)

    def _open(self, fault: str) -> Iterator[tuple[int, Rule]]:
        elapsed = self.elapsed
        for place, rule in enumerate(self.faults.rules):
            if rule.fault == fault and rule.operator in {"*", self.code} and rule.open_at(elapsed):
                if rule.from_s > 0 and self._began is None:
                    continue
                yield place, rule

    def _hits(self, fault: str, subscription: str) -> Rule | None:
        return next((rule for place, rule in self._open(fault) if self._chosen(place, rule, subscription)), None)

    def _chosen(self, place: int, rule: Rule, subscription: str) -> bool:
        if rule.ids is not None:
            return subscription in rule.ids
        if rule.share is not None:
            return draw(self.faults.seed, place, subscription) < rule.share
        if rule.count is None or (place, subscription) in self.strikes:
            return True
        if self._counts.get(place, 0) >= rule.count:
            return False
        if rule.fault not in _STRUCK_ONCE:
            self._strike(place, subscription)
        return True

    def _strike(self, place: int, subscription: str) -> None:
        self.strikes.add((place, subscription))
        self.fresh.append((place, subscription))
        self._counts[place] = self._counts.get(place, 0) + 1
