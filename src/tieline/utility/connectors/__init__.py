"""Connectors: how the platform talks to operators, whatever their platforms are.

The port (:class:`Connector`) is small and typed; a provider is a folder under ``providers`` that passes the contract
suite; a :class:`Line` puts manners around it: the permitted rate, retries where safe, a circuit breaker. An operator's
reports and notifications come in here and go to the inventory.
"""

from tieline.utility.connectors.capabilities import PROFILE_TRANSITIONS, Capabilities
from tieline.utility.connectors.channel import Channel
from tieline.utility.connectors.errors import (
    ConnectorError,
    Denied,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from tieline.utility.connectors.leases import Lease, LeaseLost
from tieline.utility.connectors.leases import take as take_lease
from tieline.utility.connectors.line import Health, Line, Manners
from tieline.utility.connectors.lines import Lines, lines_of
from tieline.utility.connectors.model import (
    Batch,
    Desired,
    Field,
    Group,
    Operation,
    OperationResult,
    Outcome,
    OutcomeState,
    Report,
    ResultState,
    ServingCell,
    SimState,
    Slice,
    Value,
    Verdict,
)
from tieline.utility.connectors.port import Connector, Feed
from tieline.utility.connectors.registry import Connection, Providers
from tieline.utility.connectors.reporting import as_inventory_report
from tieline.utility.connectors.retry import Patience, backoff
from tieline.utility.connectors.service import CHANGED, READ, REPORTED, operator_of
from tieline.utility.connectors.store import connections as every_connection

__all__ = [
    "CHANGED",
    "PROFILE_TRANSITIONS",
    "READ",
    "REPORTED",
    "Batch",
    "Capabilities",
    "Channel",
    "Connection",
    "Connector",
    "ConnectorError",
    "Denied",
    "Desired",
    "Feed",
    "Field",
    "Group",
    "Health",
    "Lease",
    "LeaseLost",
    "Line",
    "Lines",
    "Manners",
    "Operation",
    "OperationResult",
    "Outcome",
    "OutcomeState",
    "Patience",
    "Providers",
    "Rejected",
    "Report",
    "ResultState",
    "ServingCell",
    "SimState",
    "Slice",
    "Throttled",
    "Unknown",
    "Unreachable",
    "Value",
    "Verdict",
    "as_inventory_report",
    "backoff",
    "every_connection",
    "lines_of",
    "operator_of",
    "take_lease",
]
