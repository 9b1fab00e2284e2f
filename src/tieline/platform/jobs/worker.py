"""Workers: one pool per lane, heartbeats, and the return of jobs whose worker was killed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import procrastinate
import structlog
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job as QueuedJob
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker

from tieline.platform.db import Pool, is_lost
from tieline.platform.jobs import store
from tieline.platform.jobs.heart import Heart
from tieline.platform.jobs.model import Job, Lane
from tieline.platform.wiring import Registry, Runtime

BEAT = 1.5
STALLED = 6.0
LOOK = 1.0
_GRACE = 20.0
_MOST_KILLS = 20
_ERROR_LENGTH = 4000
_RESTART = 1.0
_NEVER = 3600.0 * 24 * 365  # procrastinate's own heartbeat and pruning; Heart and _put_back do their work
_FORGET_EVERY = 600.0
_KEEP_SUCCEEDED = timedelta(days=1)
_KEEP_FAILED = timedelta(days=30)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly workers are found dead: ``beat`` between signs of life, ``stalled`` without one means dead."""

    beat: float = BEAT
    stalled: float = STALLED
    look: float = LOOK


async def run_lanes(
    runtime: Runtime, registry: Registry, lanes: Mapping[Lane, int] | Sequence[Lane], *, pace: Pace | None = None
) -> None:
    """Run the jobs of some lanes until cancelled; what runs then gets twenty seconds and is put back after that.

    A lane's number is how many of its jobs run at once (one, for a mere sequence). A lane stands for those below it
    too: with ``changes`` here, a job deferred to ``changes.A`` gets a pool of its own as soon as it waits.
    """
    wanted = dict(lanes) if isinstance(lanes, Mapping) else dict.fromkeys(lanes, 1)
    await _Crew(runtime, registry, wanted, pace or Pace()).run()


class _Crew:
    """All workers of one process."""

    def __init__(self, runtime: Runtime, registry: Registry, lanes: Mapping[Lane, int], pace: Pace) -> None:
        self._runtime = runtime
        self._lanes = lanes
        self._pace = pace
        self._workers: dict[Lane, Worker] = {}
        # Connections of its own: jobs that use up the runtime's pool must not keep their ends from being recorded.
        self._app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(pool_factory=Pool, conninfo=runtime.db.url, min_size=1, max_size=4)
        )
        for job in registry.jobs.values():
            _add(self._app, job, runtime)

    async def run(self) -> None:
        """Work until cancelled. The heart stops last: nobody may take a job for lost that still ends in good order."""
        with Heart(self._runtime.db.url, self._alive, self._pace.beat):
            async with self._app.open_async(), asyncio.TaskGroup() as group:
                for lane in self._lanes:
                    group.create_task(self._pool(lane), name=f"lane {lane}")
                group.create_task(self._put_back(), name="stalled jobs")
                await self._discover(group)

    def _alive(self) -> list[int]:
        return [worker.worker_id for worker in list(self._workers.values()) if worker.worker_id is not None]

    def _size(self, lane: Lane) -> int | None:
        """How many jobs of a lane run at once: what was said of it or of the nearest lane above; None: not ours."""
        while lane not in self._lanes:
            lane, dot, _ = lane.rpartition(".")
            if not dot:
                return None
        return self._lanes[lane]

    async def _discover(self, group: asyncio.TaskGroup) -> None:
        running = set(self._lanes)
        while True:
            await asyncio.sleep(self._pace.look)
            try:
                async with self._runtime.db.transaction() as tx:
                    waiting = set(await store.waiting_lanes(tx))
            except Exception as error:
                if not is_lost(error):
                    raise
                continue
            for lane in waiting - running:
                if self._size(lane) is not None:
                    running.add(lane)
                    group.create_task(self._pool(lane), name=f"lane {lane}")

    async def _pool(self, lane: Lane) -> None:
        while True:
            worker = Worker(
                self._app,
                queues=[lane],
                name=lane,
                concurrency=self._size(lane) or 1,
                fetch_job_polling_interval=self._pace.look,
                shutdown_graceful_timeout=_GRACE,
                install_signal_handlers=False,
                update_heartbeat_interval=_NEVER,
                stalled_worker_timeout=_NEVER,
            )
            self._workers[lane] = worker
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            except Exception as error:  # a lane goes on as soon as the database does
                log.warning("jobs.worker_fell", lane=lane, exc_info=error)
            await asyncio.sleep(_RESTART)

    async def _put_back(self) -> None:
        """Watch for jobs of dead workers.

        Only after the database has answered for as long as death takes: after its restart the living are silent too.
        """
        loop = asyncio.get_running_loop()
        answering_since = loop.time()
        forgotten = 0.0
        while True:
            await asyncio.sleep(self._pace.look)
            try:
                if loop.time() - answering_since < self._pace.stalled:
                    async with self._runtime.db.transaction() as tx:
                        await store.heartbeat_age(tx)
                    continue
                await self._revive()
                if loop.time() - forgotten > _FORGET_EVERY:
                    forgotten = loop.time()
                    await self._forget()
            except Exception as error:
                if not is_lost(error):
                    raise
                answering_since = loop.time()

    async def _revive(self) -> None:
        async with self._runtime.db.transaction() as tx:
            for row in await store.revive_stalled(tx, self._pace.stalled, _MOST_KILLS):
                what = "was put back" if row["status"] == "todo" else "is given up"
                error = f"Its worker was killed during attempt {row['attempts']}; the job {what}."
                await store.note_error(tx, row["id"], error)
                log.warning("jobs.worker_killed", job=row["name"], job_id=row["id"], lane=row["lane"], outcome=what)

    async def _forget(self) -> None:
        now = self._runtime.clock.now()
        async with self._runtime.db.transaction() as tx:
            await store.drop_dead_workers(tx, _FORGET_EVERY)
            await store.forget(tx, succeeded_before=now - _KEEP_SUCCEEDED, failed_before=now - _KEEP_FAILED)


class _Strategy(BaseRetryStrategy):
    """Our rule of retrying, as procrastinate asks for it."""

    def __init__(self, job: Job[Any]) -> None:
        self._retry = job.retry

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> RetryDecision | None:
        """When to try again; at once when it was the process that had to end."""
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_in={"seconds": 0})
        wait = self._retry.wait(exception, job.attempts + 1)
        return None if wait is None else RetryDecision(retry_in={"milliseconds": int(wait.total_seconds() * 1000)})


def _add(app: procrastinate.App, job: Job[Any], runtime: Runtime) -> None:
    async def run(context: JobContext, /, payload: Mapping[str, Any] | None = None, **_by_the_clock: Any) -> None:
        structlog.contextvars.bind_contextvars(job=job.name, job_id=context.job.id)
        try:
            await job.run(runtime, job.decode(payload))
        except Exception as error:
            await _note(runtime, context, error)
            raise

    lock = f"by the clock: {job.name}" if job.cron else None
    task = app.task(name=job.name, queue=job.lane, retry=_Strategy(job), pass_context=True, queueing_lock=lock)(run)
    if job.cron:
        app.periodic(cron=job.cron)(task)  # type: ignore[arg-type]


async def _note(runtime: Runtime, context: JobContext, error: Exception) -> None:
    text = f"{type(error).__name__}: {error}"[:_ERROR_LENGTH].replace("\0", "")
    log.error("job.failed", attempt=context.job.attempts + 1, exc_info=error)
    if context.job.id is None or is_lost(error):
        return
    async with runtime.db.transaction() as tx:
        await store.note_error(tx, context.job.id, text)
