"""Puts the console into the back office's application."""

from importlib import import_module
from pathlib import Path

from fastapi import APIRouter, FastAPI

from tieline.console import files, session
from tieline.console.unknown import unknown
from tieline.gateway.settings import GatewaySettings
from tieline.platform.settings import Settings

PAGES = (
    "frame",
    "overview",
    "utilities",
    "objects",
    "groups",
    "plans",
    "log",
    "notices",
    "clients",
    "staff",
    "audit",
    "simulation",
    "switching",
    "problems",
)
"""Modules of ``pages``, each with a ``router``; the last one answers for all the rest."""
_SIMULATED = frozenset({"simulation", "switching"})


def install(app: FastAPI, settings: GatewaySettings, *, simulated: bool) -> None:
    """Bring the pages; that of the simulated network only where there is one."""
    app.state.console_folders = (Path(__file__).parent,)
    app.state.console_product = settings.name
    app.include_router(files.router)
    app.include_router(session.router)
    app.include_router(unknown("/api", "/backoffice/v1", "/simulation/v1"))
    for name in PAGES:
        if simulated or name not in _SIMULATED:
            router: APIRouter = import_module(f"tieline.gateway.console.pages.{name}").router
            app.include_router(router)


def staff_settings(settings: GatewaySettings) -> Settings:
    """What sign-in and sessions go by here: the gateway's own settings, nothing of a utility beside it."""
    return Settings(
        home=settings.folder,
        host=settings.backoffice_host,
        port=settings.backoffice_port,
        public_url=settings.console_url,
        session_cookie=f"tieline_gateway_{settings.code.lower().replace('-', '_')}_session",
        session_hours=settings.session_hours,
        session_idle_minutes=settings.session_idle_minutes,
        tls_certificate=None,
        tls_key=None,
        calendar="",
        oidc_issuer="",
    )
