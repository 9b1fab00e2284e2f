"""See ``tieline.console.components.tables``."""

from tieline.console.components.tables import *  # noqa: F403 - every part under its former name
