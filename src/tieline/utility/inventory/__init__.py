"""The inventory: what there is. Operators, sites, devices, cards, subscriptions, links, cells, addresses.

What other contexts may call stands here. Every function takes a transaction and the asker's scope, and neither opens
nor ends a transaction:

- :func:`resolve_selection` freezes a filter into rows; :func:`subscriptions` reads some again;
- :func:`take_stock`, :func:`issue_stock`, :func:`release_stock`: cards from an operator's stock, by key;
- :func:`reserve_addresses`, :func:`release_addresses`: addresses from the address plan, by key;
- :func:`apply_desired` sets desired values by compare-and-set, with the before-image in ``history``;
- :func:`apply_reports` takes what operators report, and says where it differs from what is desired;
- :func:`operators`, :func:`contracts`: whom we work with and what they grant.
"""

from tieline.utility.inventory.model import (
    FIELDS,
    TECHNOLOGIES,
    AddressWant,
    Applied,
    ApplyOutcome,
    Contract,
    Desired,
    DesiredChange,
    Drift,
    Field,
    FleetFilter,
    FleetRow,
    NoAddress,
    Operator,
    OperatorReport,
    ReportOutcome,
    Reserved,
    Selection,
    StockCard,
    StockState,
    StockWant,
    VersionConflict,
)
from tieline.utility.inventory.service.fleet import apply_desired, apply_reports, resolve_selection, subscriptions
from tieline.utility.inventory.service.stock import (
    issue_stock,
    release_addresses,
    release_stock,
    reserve_addresses,
    take_stock,
)
from tieline.utility.inventory.store.operators import contracts, operators

__all__ = [
    "FIELDS",
    "TECHNOLOGIES",
    "AddressWant",
    "Applied",
    "ApplyOutcome",
    "Contract",
    "Desired",
    "DesiredChange",
    "Drift",
    "Field",
    "FleetFilter",
    "FleetRow",
    "NoAddress",
    "Operator",
    "OperatorReport",
    "ReportOutcome",
    "Reserved",
    "Selection",
    "StockCard",
    "StockState",
    "StockWant",
    "VersionConflict",
    "apply_desired",
    "apply_reports",
    "contracts",
    "issue_stock",
    "operators",
    "release_addresses",
    "release_stock",
    "reserve_addresses",
    "resolve_selection",
    "subscriptions",
    "take_stock",
]
