"""REST of usage."""

from fastapi import APIRouter

from tieline.utility.usage.routes import bills, terms, volumes

router = APIRouter()
for part in (volumes, terms, bills):
    router.include_router(part.router)

__all__ = ["router"]
