"""The seeds' service flows, driven through the public interfaces alone: REST, and the wire to the operators."""

from tieline.lab.stories.remediation import Cast, Gateways, remediate

__all__ = ["Cast", "Gateways", "remediate"]
