"""See ``tieline.console.components.frame``."""

from tieline.console.components.frame import *  # noqa: F403 - every part under its former name
