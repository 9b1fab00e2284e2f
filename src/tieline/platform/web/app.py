"""Puts a web application together from what the contexts registered."""

import re
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from tieline import __version__
from tieline.platform.metrics import HttpMetrics, SystemMetrics
from tieline.platform.settings import Settings
from tieline.platform.web import health, once, problems
from tieline.platform.web.context import is_secure
from tieline.platform.web.guard import Guard
from tieline.platform.wiring import Registry, Runtime

MEGABYTE = 1024 * 1024
DEFAULT_BODY = 2 * MEGABYTE
_OPENAPI = "/api/v1/openapi.json"


class Application(FastAPI):
    """FastAPI with the guard around all of it, its own outer layers included."""

    def __init__(self, guard: Callable[[ASGIApp], ASGIApp], **options: Any) -> None:
        super().__init__(**options)
        self._guarded = guard(super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._guarded(scope, receive, send)


def create_app(settings: Settings, registry: Registry, *, runtime: Runtime | None = None) -> FastAPI:
    """The application for people and programs of the utility: every registered router, health, metrics, OpenAPI.

    A POST below ``/api/v1`` is done once for its ``Idempotency-Key``.

    ``runtime`` may be left out where only the description is wanted; else set ``app.state.runtime`` before serving.
    Bodies are bounded by two megabytes; a route that takes more says so with ``max_body_size=``.
    """
    app = bare_app("Tieline", settings, runtime=runtime)
    app.state.console_folders = tuple(registry.template_folders)
    app.add_middleware(once.Repeats)
    for prefix, router in registry.routers:
        app.include_router(router, prefix=prefix)
    return app


def create_operator_app(settings: Settings, registry: Registry, *, runtime: Runtime | None = None) -> FastAPI:
    """The application for operators, to be served with mutual TLS: what contexts registered for them, and health."""
    app = bare_app("Tieline, for operators", settings, runtime=runtime)
    for router in registry.operator_routers:
        app.include_router(router)
    return app


def bare_app(title: str, settings: Settings | None = None, *, runtime: Runtime | None = None) -> FastAPI:
    """An application with our manners and no routes but health and metrics; a gateway begins with it as well."""
    collectors = CollectorRegistry()
    app = Application(
        Guard.around(metrics=HttpMetrics(collectors), https=settings is not None and is_secure(settings)),
        title=title,
        version=__version__,
        openapi_url=_OPENAPI,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=operation_id,
        responses=problems.RESPONSES,
        max_body_size=DEFAULT_BODY,
        redirect_slashes=False,
    )
    app.state.runtime = runtime
    app.state.collectors = collectors
    app.state.system_metrics = SystemMetrics(collectors)
    problems.install(app)
    app.include_router(health.router)
    _describe(app)
    return app


def operation_id(route: APIRoute) -> str:
    """A stable name of an operation for generated clients: the first tag and the handler's name."""
    tag = str(route.tags[0]) if route.tags else ""
    return re.sub(r"\W+", "_", f"{tag}_{route.name}".strip("_"))


def _describe(app: FastAPI) -> None:
    """Add to the OpenAPI description what FastAPI cannot know: problem details, and how one signs in."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
            parts = schema.setdefault("components", {})
            model = problems.ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            parts.setdefault("schemas", {}).update(model.pop("$defs", {}), ProblemDetails=model)
            parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            schema["security"] = [{"token": []}]
            once.describe(schema, problems.RESPONSES["4XX"])
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def routes_of(*routers: APIRouter) -> APIRouter:
    """One router of several, for contexts with more than one file of routes."""
    whole = APIRouter()
    for router in routers:
        whole.include_router(router)
    return whole
