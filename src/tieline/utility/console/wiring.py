"""Registers the console with the application: its pages at the root, its built files under /assets."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tieline.console import files, session
from tieline.console.unknown import unknown
from tieline.platform.wiring import Registry

PAGES = (
    "frame",
    "overview",
    "map",
    "sites",
    "subscriptions",
    "cards",
    "stock",
    "cells",
    "devices",
    "probes",
    "operators",
    "groups",
    "imports",
    "search",
    "changes",
    "notices",
    "usage",
    "programmes",
    "incidents",
    "audit",
    "views",
    "users",
    "fieldwork",
    "field",
    "problems",
)
"""Folders of ``pages``, each with a ``routes`` module that has a ``router``; the last one answers for all the rest."""


def register(registry: Registry) -> None:
    """Bring the pages; all that answers programs has been brought before."""
    registry.templates(Path(__file__).parent)
    registry.router(files.router, prefix="")
    registry.router(session.router, prefix="")
    registry.router(unknown("/api"), prefix="")
    for name in PAGES:
        module = f"tieline.utility.console.pages.{name}"
        if find_spec(module) and find_spec(f"{module}.routes"):
            registry.router(import_module(f"{module}.routes").router, prefix="")
