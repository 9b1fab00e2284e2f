"""Registers logistics with the application."""

from tieline.platform.wiring import Registry


def register(_registry: Registry) -> None:
    """Bring nothing yet."""
