"""The seeds' service flows, driven through the public interfaces alone: REST, and the wire to the operators."""

from tieline.lab.stories.desk import Desk
from tieline.lab.stories.phaseout import phase_out
from tieline.lab.stories.remediation import Cast, Gateways, carry_out, remediate

__all__ = ["Cast", "Desk", "Gateways", "carry_out", "phase_out", "remediate"]
