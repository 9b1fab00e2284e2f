"""An operator's platform held in memory: subscriptions, batches by key, and trouble on demand."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tieline.platform.clock import Clock, SystemClock
from tieline.utility.connectors.capabilities import Capabilities
from tieline.utility.connectors.errors import Rejected
from tieline.utility.connectors.model import (
    Batch,
    Desired,
    Field,
    Operation,
    OperationResult,
    Outcome,
    OutcomeState,
    Report,
    ResultState,
    SimState,
    Value,
    Verdict,
)

DEFAULTS = Capabilities(
    max_batch=1000,
    in_flight=4,
    validates=True,
    undoes=False,
    notifies=True,
    cancels=True,
    apply_seconds=(0.0, 0.0),
    writable=frozenset(Field),
    lan_group_members=1000,
    static_addresses=True,
    tells_devices=True,
)


@dataclass(slots=True)
class Behaviour:
    """How the platform misbehaves; everything is off to begin with.

    ``rejects`` refuses subscriptions with a reason; ``lies`` accepts and does not apply; ``polls`` is how often it is
    asked before a batch is over; ``down`` refuses every call; ``lost_answers`` is how many of the next submits are
    done and not answered; ``lost_requests`` how many are neither; ``throttled`` how many of the next calls are told
    to wait ``retry_after`` seconds.
    """

    rejects: dict[str, str] = field(default_factory=dict)
    lies: set[str] = field(default_factory=set)
    polls: int = 0
    down: bool = False
    lost_answers: int = 0
    lost_requests: int = 0
    throttled: int = 0
    retry_after: float = 0.0


@dataclass(slots=True)
class _Subscription:
    desired: dict[Field, Value]
    operational: dict[Field, Value]
    since: datetime
    plan: str = ""


@dataclass(slots=True)
class _Job:
    reference: str
    batch: Batch
    polls: int
    state: OutcomeState = OutcomeState.RUNNING
    results: tuple[OperationResult, ...] = ()


class Platform:
    """The operator's side. It outlives connectors, as operators outlive our crashes.

    ``effects`` counts, for each subscription, how many operations on it were carried out: the proof of "exactly once".
    ``calls`` counts the calls that came in, whatever was answered.
    """

    def __init__(
        self,
        subscriptions: Mapping[str, Desired] | None = None,
        *,
        capabilities: Capabilities = DEFAULTS,
        clock: Clock | None = None,
    ) -> None:
        self.capabilities = capabilities
        self.behaviour = Behaviour()
        self.calls = 0
        self.effects: Counter[str] = Counter()
        self.submits: list[tuple[str, Batch]] = []
        self.feeds: dict[str, str] = {}
        self.watches: dict[str, str] = {}
        self._clock = clock or SystemClock()
        self._subscriptions: dict[str, _Subscription] = {}
        self._jobs: dict[str, _Job] = {}
        self._keys: dict[str, str] = {}
        self._number = itertools.count(1)
        self.load(subscriptions or {})

    def load(self, subscriptions: Mapping[str, Desired]) -> None:
        """Add subscriptions; each does what it has been told."""
        for ref, desired in subscriptions.items():
            values = dict(desired)
            self._subscriptions[ref] = _Subscription(values, dict(values), self._clock.now())

    def touch(self, ref: str, desired: Desired) -> None:
        """The operator's own staff change a subscription."""
        subscription = self._subscriptions[ref]
        subscription.desired.update(desired)
        subscription.operational.update(desired)
        subscription.plan = ""

    def check(self, operation: Operation) -> tuple[str, str] | None:
        """The reason why an operation cannot be done, if any: the operator's code, and words."""
        if operation.ref in self.behaviour.rejects:
            return "REFUSED", self.behaviour.rejects[operation.ref]
        subscription = self._subscriptions.get(operation.ref)
        if subscription is None:
            return "NOT_FOUND", f"There is no subscription {operation.ref}."
        after = operation.desired.get(Field.STATE)
        before = subscription.desired.get(Field.STATE)
        if Field.STATE in operation.desired and not self.capabilities.allows(_state(before), _state(after)):
            return "ILLEGAL_TRANSITION", f"{before} cannot become {after}."
        barred = self.capabilities.unwritable(frozenset(operation.desired))
        return ("NOT_WRITABLE", f"{', '.join(sorted(barred))} cannot be set.") if barred else None

    def validate(self, batch: Batch) -> tuple[Verdict, ...]:
        """Say what would happen."""
        verdicts = []
        for operation in batch.operations:
            reason = self.check(operation)
            verdicts.append(Verdict(operation.id, reason is None, *(reason or ())))
        return tuple(verdicts)

    def submit(self, batch: Batch, key: str) -> str:
        """Take a batch, once per key."""
        if key in self._keys:
            job = self._jobs[self._keys[key]]
            if job.batch != batch:
                raise Rejected("This key was used for another batch.")
            return job.reference
        if len(batch.operations) > self.capabilities.max_batch:
            raise Rejected(f"At most {self.capabilities.max_batch} operations go into a batch.")
        reference = f"job-{next(self._number)}"
        self._keys[key] = reference
        self._jobs[reference] = _Job(reference, batch, self.behaviour.polls)
        self.submits.append((key, batch))
        return reference

    def find(self, key: str) -> str | None:
        """The batch taken under a key."""
        return self._keys.get(key)

    def outcome(self, reference: str) -> Outcome:
        """Carry on with a batch, and say how far it is."""
        job = self._job(reference)
        if job.state is OutcomeState.RUNNING:
            if job.polls > 0:
                job.polls -= 1
                return Outcome(OutcomeState.RUNNING)
            job.results = tuple(self._carry_out(job, operation) for operation in job.batch.operations)
            job.state = OutcomeState.FINISHED
        return Outcome(job.state, job.results)

    def cancel(self, reference: str) -> None:
        """Stop a batch that is not over."""
        job = self._job(reference)
        if job.state is OutcomeState.RUNNING:
            job.state = OutcomeState.CANCELLED
            job.results = tuple(
                OperationResult(operation.id, ResultState.FAILED, "CANCELLED", "The batch was cancelled.")
                for operation in job.batch.operations
            )

    def read(self, refs: Iterable[str] | None = None) -> list[Report]:
        """Show subscriptions; those that do not exist are left out."""
        wanted = self._subscriptions if refs is None else refs
        return [self._report(ref) for ref in wanted if ref in self._subscriptions]

    def _job(self, reference: str) -> _Job:
        job = self._jobs.get(reference)
        if job is None:
            raise Rejected(f"There is no batch {reference}.")
        return job

    def _carry_out(self, job: _Job, operation: Operation) -> OperationResult:
        reason = self.check(operation)
        if reason is not None:
            return OperationResult(operation.id, ResultState.FAILED, *reason)
        subscription = self._subscriptions[operation.ref]
        subscription.desired.update(operation.desired)
        subscription.plan = job.reference
        if operation.ref not in self.behaviour.lies:
            subscription.operational.update(operation.desired)
            subscription.since = self._clock.now()
        self.effects[operation.ref] += 1
        return OperationResult(operation.id, ResultState.SUCCEEDED)

    def _report(self, ref: str) -> Report:
        subscription = self._subscriptions[ref]
        return Report(
            ref=ref,
            observed_at=self._clock.now(),
            desired=dict(subscription.desired),
            operational=dict(subscription.operational),
            since=subscription.since,
            plan=subscription.plan,
        )


def _state(value: Value) -> SimState:
    """A subscription that has no state yet is in stock."""
    return SimState(value) if isinstance(value, str) else SimState.INVENTORY
