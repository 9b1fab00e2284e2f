"""The inventory over REST, under /api/v1."""

from fastapi import APIRouter

from tieline.platform.web import routes_of
from tieline.utility.inventory.routes import fleet, groups, imports, mappings, operators, things

ROUTER: APIRouter = routes_of(
    fleet.router, groups.router, imports.router, mappings.router, operators.router, things.router
)
"""Fixed paths (``/sites/map``) stand before those with a number in their place."""
