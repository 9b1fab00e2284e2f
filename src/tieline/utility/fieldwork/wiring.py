"""Registers field work with the application."""

from pathlib import Path

from tieline.platform.wiring import Registry
from tieline.utility.fieldwork.jobs import forget_photos
from tieline.utility.fieldwork.routes import crews, orders, reports, visits
from tieline.utility.fieldwork.service import finding
from tieline.utility.fieldwork.service.orders import wants
from tieline.utility.inventory import register_finder
from tieline.utility.logistics import register_wants


def register(registry: Registry) -> None:
    """Bring the schema, REST, the care for pictures, and what a work order needs from the store."""
    registry.migrations(Path(__file__).parent / "migrations")
    for module in (crews, visits, orders, reports):
        registry.router(module.router)
    registry.job(forget_photos)
    register_wants("work order", wants)
    register_finder(finding.KIND, finding.find)
