"""See ``tieline.console.components.work``."""

from tieline.console.components.work import *  # noqa: F403 - every part under its former name
