"""What a context registers with the application, and what a running process hands to its parts.

Nothing connects at import: ``register`` functions only fill a :class:`Registry`; the application is put together in
one place from it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter

from tieline.platform.clock import Clock, declared
from tieline.platform.db import Database, Tx
from tieline.platform.settings import Settings

if TYPE_CHECKING:
    from tieline.platform.jobs import Job
    from tieline.platform.outbox import Event
    from tieline.platform.secrets.model import SecretColumn

Process = Literal["api", "worker", "operator"]


@dataclass(frozen=True, slots=True)
class Runtime:
    """What handlers, jobs and background services need; one per process.

    ``resources`` holds what a context opens at start (a connector's HTTP client, say), by name.
    """

    settings: Settings
    db: Database
    clock: Clock
    resources: Mapping[str, Any] = field(default_factory=dict)

    @property
    def calendar(self) -> Clock:
        """What people plan by: the clock, unless a demonstration declares a faster calendar."""
        return declared(self.settings.calendar, self.clock)


@dataclass(frozen=True, slots=True)
class Service:
    """A long-running coroutine of one kind of process; restarted with back-off when it raises."""

    process: Process
    name: str
    run: Callable[[Runtime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handler:
    """A reaction to an event of the outbox, run in a transaction of its own, once in effect.

    ``handle_many``: several events that wait may be handled in one transaction, in their order, all or none of them;
    it is given to every topic of a handler's name, or to none.
    """

    topic: str
    name: str
    handle: "Callable[[Tx, Event], Awaitable[None]]"
    handle_many: "Callable[[Tx, Sequence[Event]], Awaitable[None]] | None" = None


@dataclass(slots=True)
class Registry:
    """Everything the contexts bring, collected before anything runs."""

    folders: list[Path] = field(default_factory=list)
    routers: list[tuple[str, APIRouter]] = field(default_factory=list)
    operator_routers: list[APIRouter] = field(default_factory=list)
    jobs: "dict[str, Job[Any]]" = field(default_factory=dict)
    handlers: list[Handler] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    secrets: "list[SecretColumn]" = field(default_factory=list)
    template_folders: list[Path] = field(default_factory=list)

    def migrations(self, folder: Path) -> None:
        """Add a context's folder of migrations."""
        self.folders.append(folder)

    def router(self, router: APIRouter, *, prefix: str = "/api/v1") -> None:
        """Serve a router to people and programs of the utility."""
        self.routers.append((prefix, router))

    def templates(self, folder: Path) -> None:
        """Draw the console's pages from the templates of a folder, before those that all consoles share."""
        self.template_folders.append(folder)

    def operator_router(self, router: APIRouter) -> None:
        """Serve a router on the port where operators come in with their certificate."""
        self.operator_routers.append(router)

    def job(self, job: "Job[Any]") -> None:
        """Make a job known to the workers; its name must be new."""
        if job.name in self.jobs:
            raise ValueError(f"two jobs are called {job.name}")
        self.jobs[job.name] = job

    def handler(self, topic: str, name: str, handle: "Callable[[Tx, Event], Awaitable[None]]") -> None:
        """React to events of a topic; ``name`` identifies the handler across restarts."""
        self.handlers.append(Handler(topic, name, handle))

    def gatherer(
        self, topics: Sequence[str], name: str, handle_many: "Callable[[Tx, Sequence[Event]], Awaitable[None]]"
    ) -> None:
        """React to events of some topics, to several that wait in one transaction: for what comes in thousands."""

        async def handle(tx: Tx, event: "Event") -> None:
            await handle_many(tx, [event])

        self.handlers += [Handler(topic, name, handle, handle_many) for topic in topics]

    def secret(self, column: "SecretColumn") -> None:
        """Tell where sealed values stand, so that they are wrapped anew when the key is changed."""
        self.secrets.append(column)

    def service(self, process: Process, name: str, run: Callable[[Runtime], Awaitable[None]]) -> None:
        """Run a coroutine for as long as a process of the given kind lives."""
        self.services.append(Service(process, name, run))
