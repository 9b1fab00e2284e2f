"""The network behind a gateway: a port, and one folder for each kind of network.

``tests/contract/gateway/test_backends.py`` is the other half of the port: every backend has to pass it.
"""

from tieline.gateway.backends.port import Backend, Fate, Hold, Order, Outcome, Verdict

__all__ = ["Backend", "Fate", "Hold", "Order", "Outcome", "Verdict"]
