"""What can go wrong with the servers that Tieline brings along."""

from tieline.platform.errors import Unavailable


class EmbeddedError(Unavailable):
    """A server could not be started, stopped or adopted; the text says to a person what to do."""

    code = "embedded-server"
    title = "A server that Tieline brings along does not run"
