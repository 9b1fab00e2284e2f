"""See ``tieline.console.components.formats``."""

from tieline.console.components.formats import *  # noqa: F403 - every part under its former name
