"""The simulated field: what stands behind the operators' access points, reached through a SOCKS5 proxy.

Where a utility's own proxy leads into the operators' networks, this one leads to simulated remote terminal units that
speak IEC 60870-5-104. A connection comes about if, and only if, an operator's simulated network says that the
address is attached now; so it shows what moved, what is off, and what was fitted. Nothing of it is real.
"""

from tieline.lab.sites.field import Dead, Field
from tieline.lab.sites.networks import Networks, Office
from tieline.lab.sites.server import Sites

__all__ = ["Dead", "Field", "Networks", "Office", "Sites"]
