"""TMF635 v4 Usage Management, on the host of an operator's management services."""

from tieline.utility.usage.providers.tmf635.records import Tmf635Records

__all__ = ["Tmf635Records"]
