"""The people of a story at the utility's REST interface."""

from dataclasses import dataclass

from tieline.lab.fill import Platform


@dataclass(frozen=True, slots=True)
class Desk:
    """The people at the utility's REST interface."""

    technician: Platform
    approver: Platform
    storekeeper: Platform
    auditor: Platform
