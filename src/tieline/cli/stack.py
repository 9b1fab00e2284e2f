"""Everything that ``tieline up`` runs: PostgreSQL, the platform's processes and, for a demonstration, two gateways.

The gateways stand for the operators' side. They are separate processes with databases of their own, and the
platform reaches them over the wire only.
"""

import errno
import os
import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tieline.cli.lab import USER
from tieline.platform.embedded import Child, EmbeddedPostgres, Event, Supervisor, answers
from tieline.platform.settings import Settings

_TIELINE = (sys.executable, "-m", "tieline")
_MIGRATION_S = 3600.0
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what "every address" means to a neighbour


@dataclass(frozen=True, slots=True)
class GatewayPorts:
    """Where one operator's gateway listens."""

    code: str
    standard: int
    backoffice: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Folders and ports of one running system."""

    home: Path
    api: int = 8400
    operators_in: int = 8401
    gateways: tuple[GatewayPorts, ...] = ()
    postgres: int | None = None
    sites: int | None = None
    """Port of the simulated field, where there is one."""
    host: str = "127.0.0.1"
    certificate: Path | None = None
    """The console's; without one it speaks plain HTTP."""
    calendar: str = ""
    """A declared calendar that runs faster than the clock; empty: the true time."""

    @property
    def url(self) -> str:
        """Where the console and the REST API answer on this machine."""
        host = _LOOPBACK.get(self.host, self.host)
        return f"{'https' if self.certificate else 'http'}://{f'[{host}]' if ':' in host else host}:{self.api}"

    def gateway(self, code: str) -> GatewayPorts:
        """The ports of one operator's gateway."""
        return next(ports for ports in self.gateways if ports.code == code)

    def backoffice_url(self, code: str) -> str:
        """Where one operator's back office answers."""
        return f"http://127.0.0.1:{self.gateway(code).backoffice}"

    def standard_url(self, code: str) -> str:
        """Where one operator's standard interfaces answer, with mutual TLS."""
        return f"https://localhost:{self.gateway(code).standard}"

    def backoffice_token(self, code: str) -> str:
        """The token of an operator's back office; made at first use, readable by the owner alone."""
        return kept_secret(self.backoffice_token_file(code))

    def backoffice_token_file(self, code: str) -> Path:
        """Where that token is kept."""
        return self.home / f"gateway-{code.lower()}" / "backoffice-token"

    @property
    def proxy_password_file(self) -> Path:
        """Where the password of the simulated field's proxy is kept."""
        return self.home / "sites" / "proxy-password"


def default_layout(settings: Settings, *, demo: bool) -> Layout:
    """The platform where its settings say, and the documented ports for the operators of a demonstration."""
    gateways = (GatewayPorts("A", 8410, 8411), GatewayPorts("B", 8420, 8421)) if demo else ()
    return Layout(
        settings.home.absolute(),
        settings.port,
        settings.operator_port,
        gateways,
        sites=8430 if demo else None,
        host=settings.host,
        certificate=settings.tls_certificate,
    )


def free_layout(home: Path) -> Layout:
    """Ports that nobody uses just now, so that a story runs beside a running platform."""
    ports = iter(_free_ports(7))
    return Layout(
        home,
        api=next(ports),
        operators_in=next(ports),
        gateways=tuple(GatewayPorts(code, next(ports), next(ports)) for code in ("A", "B")),
        sites=next(ports),
    )


def taken_ports(layout: Layout) -> list[tuple[int, str]]:
    """The ports of a layout that somebody listens on already, each with what it was to serve."""
    wanted = [
        (layout.host, layout.api, "the console and REST API"),
        ("127.0.0.1", layout.operators_in, "notifications"),
    ]
    for ports in layout.gateways:
        wanted.append(("127.0.0.1", ports.standard, f"operator {ports.code}'s interfaces"))
        wanted.append(("127.0.0.1", ports.backoffice, f"operator {ports.code}'s console"))
    if layout.sites is not None:
        wanted.append(("127.0.0.1", layout.sites, "the simulated field"))
    return [(port, what) for host, port, what in wanted if port and not _is_free(host, port)]


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what has just ended is in nobody's way
        try:
            one.bind((host, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE  # whatever else is wrong is told by the one who serves there
    return True


def build(
    layout: Layout,
    *,
    database_url: str | None = None,
    faults: Path | None = None,
    seed: int = 1,
    tell: Callable[[Event], None],
) -> Supervisor:
    """Declare all parts; nothing runs until the supervisor is started."""
    supervisor = Supervisor(layout.home / "logs", tell)
    postgres = EmbeddedPostgres(layout.home, layout.postgres)
    needs: tuple[str, ...] = ()
    if database_url is None or layout.gateways:
        supervisor.add_server("postgres", postgres)
        needs = ("postgres",)

    def platform() -> Mapping[str, str]:
        return {
            "TIELINE_HOME": str(layout.home),
            "TIELINE_DATABASE_URL": database_url or postgres.ensure_database("tieline"),
            "TIELINE_PORT": str(layout.api),
            "TIELINE_OPERATOR_PORT": str(layout.operators_in),
            **({"TIELINE_CALENDAR": layout.calendar} if layout.calendar else {}),
        }

    # Full tables take their time, and a migration that is broken off is begun again from its start.
    migrate = Child("migrate", (*_TIELINE, "migrate"), platform, after=needs, once=True, ready_seconds=_MIGRATION_S)
    supervisor.add(migrate)
    ready = partial(answers, f"{layout.url}/health/live", layout.certificate)
    supervisor.add(Child("api", (*_TIELINE, "api"), platform, ready=ready, after=("migrate",)))

    def working() -> Mapping[str, str]:
        return {**platform(), **_way_into(layout)}

    supervisor.add(Child("worker", (*_TIELINE, "worker"), working, after=("migrate",)))
    for ports in layout.gateways:
        supervisor.add(_gateway(layout, ports, postgres, faults, seed))
    if layout.sites is not None and layout.gateways:
        supervisor.add(_field(layout, layout.sites, seed))
    return supervisor


def _gateway(layout: Layout, ports: GatewayPorts, postgres: EmbeddedPostgres, faults: Path | None, seed: int) -> Child:
    folder = layout.home / f"gateway-{ports.code.lower()}"

    def environment() -> Mapping[str, str]:
        layout.backoffice_token(ports.code)
        return {
            "TIELINE_GATEWAY_CODE": ports.code,
            "TIELINE_GATEWAY_NAME": f"Operator {ports.code}",
            "TIELINE_GATEWAY_DATABASE_URL": postgres.ensure_database(f"gateway_{ports.code.lower()}"),
            "TIELINE_GATEWAY_PORT": str(ports.standard),
            "TIELINE_GATEWAY_BACKOFFICE_PORT": str(ports.backoffice),
            "TIELINE_GATEWAY_BACKOFFICE_TOKEN_FILE": str(folder / "backoffice-token"),
            "TIELINE_GATEWAY_PKI": str(layout.home / "pki"),
            "TIELINE_GATEWAY_SEED": str(seed),
            **({"TIELINE_GATEWAY_FAULTS": str(faults.absolute())} if faults else {}),
        }

    ready = f"http://127.0.0.1:{ports.backoffice}/health/ready"
    name = f"gateway-{ports.code.lower()}"
    return Child(name, (*_TIELINE, "gateway"), environment, ready=ready, after=("postgres",))


def _field(layout: Layout, port: int, seed: int) -> Child:
    """The simulated field: what the operators' access points lead to."""
    for ports in layout.gateways:
        layout.backoffice_token(ports.code)
    kept_secret(layout.proxy_password_file)
    offices = [
        f"--operator={layout.backoffice_url(ports.code)}={layout.backoffice_token_file(ports.code)}"
        for ports in layout.gateways
    ]
    options = (f"--port={port}", f"--seed={seed}", f"--password-file={layout.proxy_password_file}")
    return Child("sites", (*_TIELINE, "lab", "sites", *offices, *options), ready=partial(_listens, port))


def _way_into(layout: Layout) -> Mapping[str, str]:
    """The setting that leads probes through the simulated field; none where there is no such thing."""
    if layout.sites is None or not layout.gateways or "TIELINE_PROBING_PROXY" in os.environ:
        return {}
    password = kept_secret(layout.proxy_password_file)
    return {"TIELINE_PROBING_PROXY": f"socks5://{USER}:{password}@127.0.0.1:{layout.sites}"}


def _listens(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


def kept_secret(path: Path) -> str:
    """A random secret in a file that only its owner reads; made at first use."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
