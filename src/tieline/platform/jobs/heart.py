"""Says that this process's workers live, from a thread of its own.

A job that computes for long blocks the event loop, and with it any heartbeat of the loop; its worker would be taken
for dead and the job run a second time beside itself. The thread's beat stops only with the process.
"""

import threading
from collections.abc import Callable, Collection
from typing import Self

import psycopg
import structlog

_BEAT = "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = ANY(%s)"

log = structlog.get_logger(__name__)


class Heart:
    """Beats for as long as the block lasts; ``workers`` gives the numbers of the workers alive in this process."""

    def __init__(self, url: str, workers: Callable[[], Collection[int]], every: float) -> None:
        self._url = url
        self._workers = workers
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=2) as connection:
                    self._beat(connection)
            except psycopg.Error as error:
                log.warning("jobs.no_heartbeat", error=str(error))
                self._stop.wait(self._every / 2)

    def _beat(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        while True:
            connection.execute(_BEAT, (list(self._workers()),))
            if self._stop.wait(self._every):
                return
