"""What Prometheus may ask: requests, database pool, outbox, jobs.

Each application has a registry of its own, so that several in one process, or in one test run, do not meet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

CONTENT_TYPE = CONTENT_TYPE_LATEST


class HttpMetrics:
    """Requests by method, route template and status, with their durations."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("method", "route")
        self._requests = Counter("tieline_http_requests", "Requests", (*labels, "status"), registry=registry)
        self._seconds = Histogram(
            "tieline_http_seconds", "Duration of requests", labels, registry=registry, buckets=_BUCKETS
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


@dataclass(frozen=True, slots=True)
class LaneFigures:
    """A lane of jobs: how many wait, run and failed, and the age of the oldest that is due, in seconds."""

    lane: str
    waiting: int
    running: int
    failed: int
    oldest: float


class SystemMetrics:
    """Figures that are read at the moment when somebody asks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._pool = Gauge("tieline_db_pool", "Figures of the database pool", ("figure",), registry=registry)
        self._certificates = Gauge(
            "tieline_certificate_seconds", "Time to go of certificates", ("name",), registry=registry
        )
        self._disk = Gauge("tieline_disk_free_bytes", "Room left where this process keeps files", registry=registry)
        self._outbox = Gauge("tieline_outbox_deliveries", "Deliveries of events", ("state",), registry=registry)
        self._lag = Gauge("tieline_outbox_lag_seconds", "Age of the oldest waiting delivery", registry=registry)
        self._jobs = Gauge("tieline_jobs", "Jobs by lane and state", ("lane", "state"), registry=registry)
        self._oldest = Gauge("tieline_jobs_oldest_seconds", "Age of the oldest due job", ("lane",), registry=registry)

    def certificates(self, left: Mapping[str, float]) -> None:
        """Take the seconds that each certificate has to go."""
        self._certificates.clear()
        for name, seconds in left.items():
            self._certificates.labels(name).set(seconds)

    def disk(self, free: int) -> None:
        """Take the octets that are free where files are kept."""
        self._disk.set(free)

    def pool(self, figures: Mapping[str, int]) -> None:
        """Take the database pool's figures."""
        for name, value in figures.items():
            self._pool.labels(name).set(value)

    def outbox(self, *, waiting: int, dead: int, lag: float) -> None:
        """Take the outbox's figures."""
        self._outbox.labels("waiting").set(waiting)
        self._outbox.labels("dead").set(dead)
        self._lag.set(lag)

    def lanes(self, lanes: Iterable[LaneFigures]) -> None:
        """Take the figures of every lane of jobs."""
        self._jobs.clear()
        self._oldest.clear()
        for lane in lanes:
            for state, count in (("waiting", lane.waiting), ("running", lane.running), ("failed", lane.failed)):
                self._jobs.labels(lane.lane, state).set(count)
            self._oldest.labels(lane.lane).set(lane.oldest)


def render(registry: CollectorRegistry) -> bytes:
    """All metrics in Prometheus' text form."""
    return generate_latest(registry)
