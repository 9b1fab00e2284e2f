"""See ``tieline.console.components.values``."""

from tieline.console.components.values import *  # noqa: F403 - every part under its former name
