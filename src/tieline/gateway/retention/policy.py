"""From the settings to the moments before which things may go. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tieline.gateway.northbound.once import KEPT
from tieline.gateway.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What is older than these moments, and needed by nothing, is forgotten."""

    now: datetime
    answers: datetime
    jobs: datetime
    plans: datetime
    fallbacks: datetime
    log: datetime


def cutoffs(settings: GatewaySettings, now: datetime) -> Cutoffs:
    """Say what may go at a moment."""
    return Cutoffs(
        now=now,
        answers=now - KEPT,
        jobs=now - timedelta(days=settings.keep_jobs_days),
        plans=now - timedelta(days=settings.keep_plans_days),
        fallbacks=now - timedelta(days=settings.keep_fallbacks_days),
        log=now - timedelta(days=settings.keep_log_days),
    )
