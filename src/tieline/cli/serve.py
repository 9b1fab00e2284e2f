"""``tieline migrate``, ``api``, ``worker``: one part alone, for a supervisor or an orchestrator."""

from collections.abc import Awaitable, Callable
from functools import partial

import typer

from tieline.platform import logs
from tieline.platform.clock import SystemClock
from tieline.platform.db import Database
from tieline.platform.embedded import EmbeddedPostgres
from tieline.platform.files import write_private
from tieline.platform.identity import bootstrap
from tieline.platform.jobs import run_lanes
from tieline.platform.migrate import migrate as bring_up_to_date
from tieline.platform.pki import Authority, Credential, Listening, keep_current
from tieline.platform.process import leave_what_stays_alone, run, together
from tieline.platform.services import run_services
from tieline.platform.settings import Settings, load
from tieline.platform.web import create_app, create_operator_app
from tieline.platform.web import serve as listen
from tieline.platform.wiring import Process, Registry, Runtime
from tieline.utility.application import registry as put_together

FIRST_ADMINISTRATOR = "first-administrator.txt"
"""In the home folder, readable by its owner alone: name and password, to be changed at the first sign-in."""

_LANES = {"import": 1, "changes": 2, "operator": 2, "housekeeping": 1}
"""Jobs at once in each lane. A lane stands for those below it: each operator's changes get a pool of their own."""


def migrate() -> None:
    """Bring the platform's database up to date, and make the first administrator where there is nobody yet."""
    settings = load()
    url = _database_url(settings)
    bring_up_to_date(url, put_together().folders)

    async def first_administrator() -> None:
        database = await Database.open(url, size=2, name="tieline-migrate")
        try:
            password = await bootstrap(Runtime(settings, database, SystemClock()))
        finally:
            await database.close()
        if password is not None:
            write_private(settings.home / FIRST_ADMINISTRATOR, f"admin {password}\n".encode())
            typer.echo(f"The first administrator's name and password are in {settings.home / FIRST_ADMINISTRATOR}")

    run(first_administrator)


def api() -> None:
    """Serve the console, the REST API and the port for operators' notifications."""
    _run("api", _api)


def worker() -> None:
    """Carry out jobs, changes and housekeeping."""
    _run("worker", _worker)


def _run(process: Process, main: Callable[[Runtime, Registry], Awaitable[None]]) -> None:
    settings = load()
    logs.configure(settings.log_level, settings.log_format)
    registry = put_together()

    async def body() -> None:
        database = await Database.open(_database_url(settings), size=settings.database_pool, name=f"tieline-{process}")
        try:
            runtime = Runtime(settings, database, SystemClock())
            await together(main(runtime, registry), run_services(runtime, registry, process))
        finally:
            await database.close()

    run(body)


async def _api(runtime: Runtime, registry: Registry) -> None:
    settings = runtime.settings
    console = _console_tls(settings)
    people = create_app(settings, registry, runtime=runtime)
    operators = create_operator_app(settings, registry, runtime=runtime)
    issue = partial(Authority(settings.pki_folder).server, "utility")
    mutual = Listening(issue(), issue=issue)
    leave_what_stays_alone()
    await together(
        listen(people, settings.host, settings.port, tls=console.context if console else None),
        listen(operators, settings.operator_host, settings.operator_port, tls=mutual.context),
        keep_current(mutual, *((console,) if console else ())),
    )


async def _worker(runtime: Runtime, registry: Registry) -> None:
    leave_what_stays_alone()
    await run_lanes(runtime, registry, _LANES)


def _console_tls(settings: Settings) -> Listening | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    credential = Credential(settings.tls_certificate, settings.tls_key, settings.tls_certificate)
    return Listening(credential, mutual=False)


def _database_url(settings: Settings) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return EmbeddedPostgres(settings.home).url("tieline")
