"""The one place where the utility's application is put together from its contexts."""

from importlib import import_module

from tieline.platform.wiring import Registry

PARTS = (
    "tieline.platform.identity",
    "tieline.platform.audit",
    "tieline.platform.secrets",
    "tieline.platform.siem",
    "tieline.platform.repeats",
    "tieline.platform.outbox",
    "tieline.platform.jobs",
    "tieline.utility.views",
    "tieline.utility.inventory",
    "tieline.utility.connectors",
    "tieline.utility.changes",
    "tieline.utility.notices",
    "tieline.utility.probing",
    "tieline.utility.usage",
    "tieline.utility.incidents",
    "tieline.utility.logistics",
    "tieline.utility.fieldwork",
    "tieline.utility.programmes",
    "tieline.utility.console",
)


def registry() -> Registry:
    """Collect what every context brings: its schema, routes, jobs, event handlers and services."""
    collected = Registry()
    for part in PARTS:
        import_module(f"{part}.wiring").register(collected)
    return collected
