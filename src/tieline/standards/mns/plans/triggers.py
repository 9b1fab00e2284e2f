"""Triggers (TS 28.572): a condition, evaluated every so many seconds, that starts activation jobs once it holds.

The standard names no language for ``conditionExpression``. The one expression with a meaning here is ``true``, which
always holds: between ``startEvaluationAt`` and ``stopEvaluationAt``, that is, so that such a trigger is a clock.

INFERRED: the first evaluation is at ``startEvaluationAt``, or at once where that is absent or past; where both kinds of
hysteresis are given, the one that is reached first counts, since the text joins them with *or*.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from tieline.standards.mns.plans.model import Link

ALWAYS = "true"
"""The condition that always holds."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A date and time with its offset from UTC: without one it would mean another moment to each side."""


class Hysteresis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """How long, in seconds, or how often in a row a condition has to hold before jobs are started."""

    time_of_true_evaluations: int | None = None
    number_of_true_evaluations: int | None = None


class TriggerDescriptorRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``TriggerDescriptorRequest``: what a consumer posts. ``evaluation_period`` is in seconds."""

    condition_expression: str
    evaluation_period: int
    activation_jobs: list[str]
    name: str | None = None
    version: str | None = None
    description: str | None = None
    custom_properties: dict[str, Any] | None = None
    start_evaluation_at: Moment | None = None
    stop_evaluation_at: Moment | None = None
    is_trigger_once: bool = True
    hysteresis: Hysteresis | None = None


class TriggerDescriptor(TriggerDescriptorRequest, frozen=True, kw_only=True):
    """``TriggerDescriptorResponse``: a trigger as the producer keeps it."""

    id: str
    last_modified_at: datetime
    last_triggered_at: datetime | None = None
    current_evaluation_result: bool = False
    is_trigger_active: bool = False
    links: dict[str, Link] | None = msgspec.field(name="_links", default=None)


@dataclass(frozen=True, slots=True)
class Timing:
    """When a condition that always holds is evaluated from and to (None: without end), and when it starts jobs."""

    begins_at: datetime
    fires_at: datetime
    ends_at: datetime | None

    @property
    def never_fires(self) -> bool:
        """Whether the evaluation stops before the condition has held for long enough."""
        return self.ends_at is not None and self.fires_at > self.ends_at

    def holds_at(self, now: datetime) -> bool:
        """Tell what the condition is evaluated to at a moment."""
        return self.begins_at <= now and (self.ends_at is None or now <= self.ends_at)


def timing(request: TriggerDescriptorRequest, now: datetime) -> Timing:
    """Say when a trigger that is taken now, and whose condition is ``ALWAYS``, starts its jobs."""
    begins_at = max(request.start_evaluation_at or now, now)
    waits: list[int] = []
    if request.hysteresis is not None:
        if request.hysteresis.time_of_true_evaluations is not None:
            waits.append(request.hysteresis.time_of_true_evaluations)
        if request.hysteresis.number_of_true_evaluations is not None:
            waits.append((request.hysteresis.number_of_true_evaluations - 1) * request.evaluation_period)
    fires_at = begins_at + timedelta(seconds=min(waits, default=0))
    return Timing(begins_at, fires_at, request.stop_evaluation_at)
