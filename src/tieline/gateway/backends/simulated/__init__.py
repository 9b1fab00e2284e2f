"""A simulated network: does what it is told after a while, and goes wrong as a file says (docs/reference/world.md)."""

from tieline.gateway.backends.simulated.faults import Faults, Rule, read_faults
from tieline.gateway.backends.simulated.network import SimulatedNetwork

__all__ = ["Faults", "Rule", "SimulatedNetwork", "read_faults"]
