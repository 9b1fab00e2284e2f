"""See ``tieline.console.components.mapping``."""

from tieline.console.components.mapping import *  # noqa: F403 - every part under its former name
