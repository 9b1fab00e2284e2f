"""The smallest complete connector: an operator's platform held in memory, for tests and for authors of connectors."""

from tieline.utility.connectors.providers.reference.connector import ReferenceConnector, open_connector
from tieline.utility.connectors.providers.reference.platform import Behaviour, Platform

__all__ = ["Behaviour", "Platform", "ReferenceConnector", "open_connector"]
