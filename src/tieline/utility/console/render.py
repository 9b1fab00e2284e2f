"""See ``tieline.console.render``."""

from tieline.console.render import *  # noqa: F403 - all of it under its former name
