"""The driver: carries running changes out, one lane an operator, each under a lease.

Every batch goes the same way, each step committed before the next: *intended* (the batch and its key are in the
database) → call → *sent* (the operator's reference is) → its outcome is asked for → *settled* (results are, and the
inventory has what was accepted) → its operational state is read back → *closed*. After a crash a batch goes on where it
was; one that was intended is looked up at the operator by its key before anything is sent again.
"""

from tieline.utility.changes.driver.driver import Driver, Pace

__all__ = ["Driver", "Pace"]
