"""See ``tieline.console.components.figures``."""

from tieline.console.components.figures import *  # noqa: F403 - every part under its former name
