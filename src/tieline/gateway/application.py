"""Puts a gateway together and runs it: two listeners and what works in the background, in one process."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import ASGIApp

from tieline.gateway import migrations, siem
from tieline.gateway.authorization import SECRETS, AuthorizationServer, Entrance
from tieline.gateway.authorization import routes as authorization_routes
from tieline.gateway.authorization.tokens import Tokens
from tieline.gateway.backends.driver import Driver
from tieline.gateway.backends.simulated import SimulatedNetwork, read_faults
from tieline.gateway.backends.simulated.faults import NONE
from tieline.gateway.backends.simulated.meddling import Meddler, install
from tieline.gateway.backends.simulated.metering import SimulatedMeter
from tieline.gateway.backends.simulated.radio import SimulatedRadio
from tieline.gateway.backoffice import acts, metering, notices, radio, routes, simulation
from tieline.gateway.console.wiring import install as install_console
from tieline.gateway.console.wiring import staff_settings
from tieline.gateway.desk.routes import Desk
from tieline.gateway.desk.sender import HubSender
from tieline.gateway.exposure.addressing.routes import Addresses
from tieline.gateway.exposure.groups.routes import LanGroups
from tieline.gateway.exposure.monitoring.routes import Events
from tieline.gateway.exposure.monitoring.sender import EventSender
from tieline.gateway.exposure.worker import ExposureWorker
from tieline.gateway.metering.counting import Counter
from tieline.gateway.metering.routes import UsageManagement
from tieline.gateway.northbound.answers import error_answer
from tieline.gateway.northbound.gate import Gate
from tieline.gateway.notify.sender import Sender
from tieline.gateway.objects.routes import ProvMnS
from tieline.gateway.parts import Parts
from tieline.gateway.plans.executor import Executor
from tieline.gateway.plans.routes import PlanManagement
from tieline.gateway.plans.routes_triggers import Triggers
from tieline.gateway.plans.triggers import TriggerClock
from tieline.gateway.retention.worker import Housekeeper
from tieline.gateway.settings import GatewaySettings
from tieline.platform.audit.sealing import keep_sealed
from tieline.platform.clock import Clock, SystemClock
from tieline.platform.db import Database
from tieline.platform.files import make_private, write_private
from tieline.platform.identity import bootstrap
from tieline.platform.identity import store as identity_store
from tieline.platform.identity.policy import forgiven_before
from tieline.platform.migrate import migrate
from tieline.platform.pki import Authority, Credential, FollowingTransport, Listening, client_context, keep_current
from tieline.platform.process import leave_what_stays_alone
from tieline.platform.scope import Role, system
from tieline.platform.secrets import Vault, rewrap
from tieline.platform.services import keep_running
from tieline.platform.settings import Settings
from tieline.platform.web import bare_app, serve
from tieline.platform.wiring import Runtime, Service
from tieline.standards.mns.errors import ErrorType, MnsError

NOTIFY_TIMEOUT_S = 10.0
CONNECTIONS = 16
REWRAP_S = 300.0
SWEEP_S = 3600.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger("tieline.gateway")


async def run(settings: GatewaySettings, *, ready: Callable[[int, int], None] | None = None) -> None:
    """Serve until cancelled; ``ready`` is told both ports (standard, back office) once requests are taken."""
    await asyncio.to_thread(migrate, settings.database_url.get_secret_value(), migrations())
    await first_administrator(settings)
    authority = Authority(settings.pki)
    name = settings.code.lower()
    hosts = sorted({"localhost", "127.0.0.1", "::1", settings.host})
    issue = partial(authority.server, f"gateway-{name}", hosts)
    server = Listening(await asyncio.to_thread(issue), issue=issue)
    client = await asyncio.to_thread(authority.client, f"operator-{name}")
    async with assembled(settings, SystemClock()) as (parts, network), notifier_client(client) as http:
        leave_what_stays_alone()
        both = _Ready(ready)
        await _together(
            serve(northbound(parts), settings.host, settings.port, tls=server.context, ready=both.standard),
            serve(
                backoffice(parts, network),
                settings.backoffice_host,
                settings.backoffice_port,
                ready=both.backoffice,
            ),
            background(parts, network, http),
            keep_current(server),
        )


async def first_administrator(settings: GatewaySettings) -> None:
    """Make the first of the staff where there is nobody yet; the password goes into a file that its owner may read."""
    db = await Database.open(settings.database_url.get_secret_value(), size=2, name="tieline-gateway-staff")
    try:
        runtime = Runtime(staff_settings(settings), db, SystemClock())
        password = await bootstrap(runtime, roles=frozenset({Role.ADMINISTRATOR, Role.OPERATOR}))
    finally:
        await db.close()
    if password is not None:
        await asyncio.to_thread(write_private, settings.first_administrator, f"admin {password}\n".encode())


@asynccontextmanager
async def assembled(settings: GatewaySettings, clock: Clock) -> AsyncIterator[tuple[Parts, SimulatedNetwork]]:
    """Put the parts together on an open database, with the simulated network behind them."""
    db = await Database.open(
        settings.database_url.get_secret_value(), size=settings.database_pool, name=f"tieline-gateway-{settings.code}"
    )
    try:
        network = SimulatedNetwork(settings.code, latency_s=settings.apply_latency_s, seed=settings.seed)
        faults = NONE
        if settings.faults is not None:
            faults = read_faults(await asyncio.to_thread(settings.faults.read_bytes))
        await install(db, network, faults)
        radio, meter = SimulatedRadio(network), SimulatedMeter(settings.seed)
        yield Parts(settings, db, clock, network, network, settings.base_url, radio, meter), network
        await network.close()
    finally:
        await db.close()


@asynccontextmanager
async def notifier_client(credential: Credential) -> AsyncIterator[httpx.AsyncClient]:
    """Open the client that notifications go out with; it follows its certificate's files."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(
        transport=FollowingTransport(lambda: client_context(credential), _files_of(credential), limits),
        timeout=NOTIFY_TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
    ) as client:
        yield client


def _files_of(credential: Credential) -> tuple[Path, ...]:
    return (credential.certificate, credential.key, credential.ca)


def northbound(parts: Parts) -> ASGIApp:
    """Make the application for utilities, to be served with mutual TLS.

    Routes stand bare, without Starlette's own answer to unforeseen errors, because the gate gives these their shape.
    """

    async def bare(request: Request, error: Exception) -> Response:
        """Answer what no route answers: an unknown path, a method that a path does not have."""
        if not isinstance(error, HTTPException):
            raise error
        found = MnsError(error.detail, type=ErrorType.OTHER, status=error.status_code)
        answered = error_answer(request.url.path, request.method, found)
        answered.headers.update(error.headers or {})
        return answered

    found = [*PlanManagement(parts).routes, *Triggers(parts).routes, *ProvMnS(parts).routes]
    exposed = [*Desk(parts).routes, *UsageManagement(parts).routes, *Addresses(parts).routes, *Events(parts).routes]
    if parts.settings.lan_groups:
        exposed += LanGroups(parts).routes
    router = Router([*found, *exposed], redirect_slashes=False)
    seconds = parts.settings.token_minutes * 60
    tokens = Tokens(parts.db, parts.clock, vault_of(parts.settings), parts.base_url, seconds)
    gate = Gate(ExceptionMiddleware(router, {HTTPException: bare}), parts, Entrance(parts.db, parts.clock, tokens))
    return AuthorizationServer(gate, parts, tokens)


def backoffice(parts: Parts, network: SimulatedNetwork | None) -> FastAPI:
    """Make the application for the operator's own staff and systems, to be served on loopback."""
    settings = staff_settings(parts.settings)
    runtime = Runtime(settings, parts.db, parts.clock)
    app = bare_app(f"{parts.settings.name}: back office", settings, runtime=runtime)
    app.state.parts = parts
    app.state.network = network
    app.state.token = token_of(parts.settings)
    app.state.pki = (parts.settings.pki, None)
    app.state.folder = parts.settings.folder
    app.state.vault = vault_of(parts.settings)
    app.include_router(routes.router)
    app.include_router(acts.router)
    app.include_router(notices.router)
    app.include_router(metering.router)
    app.include_router(authorization_routes.router)
    if network is not None:
        app.include_router(simulation.router)
        app.include_router(metering.simulation)
        app.include_router(radio.router)
    install_console(app, parts.settings, simulated=network is not None)
    return app


async def background(parts: Parts, network: SimulatedNetwork | None, http: httpx.AsyncClient) -> None:
    """Run what works in the background until cancelled; what raises is started again after a while."""
    runtime = Runtime(Settings(home=parts.settings.folder), parts.db, parts.clock)
    workers: dict[str, Callable[[], Awaitable[None]]] = {
        "plans": Executor(parts).run,
        "triggers": TriggerClock(parts).run,
        "network": Driver(parts).run,
        "notifications": Sender(parts, http).run,
        "exposure": ExposureWorker(parts).run,
        "hub": HubSender(parts, http).run,
        "events": EventSender(parts, http).run,
        "metering": Counter(parts).run,
        "housekeeping": Housekeeper(parts).run,
        "audit witness": lambda: keep_sealed(runtime),
        "secrets": lambda: rewrap_for_ever(parts),
        "siem": lambda: siem.export(parts),
        "sessions": lambda: sweep_for_ever(parts),
    }
    if network is not None:
        workers["simulation"] = Meddler(parts, network).run
    await _together(*(keep_running(runtime, _service(name, work)) for name, work in workers.items()))


async def rewrap_for_ever(parts: Parts) -> None:
    """Wrap secrets anew that an older key wraps, every few minutes."""
    while True:
        await rewrap(parts.db, system("secrets"), vault_of(parts.settings), SECRETS)
        await asyncio.sleep(REWRAP_S)


async def sweep_for_ever(parts: Parts) -> None:
    """Delete sessions of staff that are over, and failed sign-ins that no longer count, every hour."""
    while True:
        now = parts.clock.now()
        async with parts.db.transaction() as tx:
            await identity_store.sweep(tx, now, forgiven_before(now))
        await asyncio.sleep(SWEEP_S)


def vault_of(settings: GatewaySettings) -> Vault:
    """The gateway's own secrets at rest."""
    given = settings.secrets_key_file
    return Vault(given or settings.folder / "secrets.keys", ours=given is None)


def token_of(settings: GatewaySettings) -> str:
    """Read the back office's token; made at first use."""
    kept = make_private(settings.backoffice_token_file, lambda: secrets.token_urlsafe(24).encode())
    return kept.decode("ascii").strip()


def _service(name: str, work: Callable[[], Awaitable[None]]) -> Service:
    async def run_it(_runtime: Runtime) -> None:
        await work()

    return Service("worker", f"gateway {name}", run_it)


async def _together(*work: Awaitable[None]) -> None:
    async def awaited(one: Awaitable[None]) -> None:
        await one

    async with asyncio.TaskGroup() as group:
        for one in work:
            group.create_task(awaited(one))


class _Ready:
    """Collects the ports of both listeners."""

    def __init__(self, tell: Callable[[int, int], None] | None) -> None:
        self._tell = tell
        self._ports: dict[str, int] = {}

    def standard(self, port: int) -> None:
        """Take the port of the standard interfaces."""
        self._take("standard", port)

    def backoffice(self, port: int) -> None:
        """Take the port of the back office."""
        self._take("backoffice", port)

    def _take(self, name: str, port: int) -> None:
        self._ports[name] = port
        _log.info("listening", interface=name, port=port)
        if self._tell is not None and len(self._ports) == 2:  # noqa: PLR2004 - both of them
            self._tell(self._ports["standard"], self._ports["backoffice"])
