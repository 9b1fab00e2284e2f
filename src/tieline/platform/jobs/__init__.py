"""Coarse jobs in lanes: each lane has a pool of workers of its own, so that one operator's trouble stays in its lane.

Declare a job with ``job``, register it in the context's ``wiring``, enqueue it with ``defer`` in the transaction that
makes it necessary. It runs at least once: one whose worker was killed is put back within ten seconds.
"""

from tieline.platform.jobs.declare import job
from tieline.platform.jobs.model import Job, JobRecord, JobState, Lane, Retry
from tieline.platform.jobs.store import heartbeat_age, lanes
from tieline.platform.jobs.worker import run_lanes

__all__ = ["Job", "JobRecord", "JobState", "Lane", "Retry", "heartbeat_age", "job", "lanes", "run_lanes"]
