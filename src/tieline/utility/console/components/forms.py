"""See ``tieline.console.components.forms``."""

from tieline.console.components.forms import *  # noqa: F403 - every part under its former name
