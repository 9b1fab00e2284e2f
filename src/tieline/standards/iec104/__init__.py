"""IEC 60870-5-104: the frames (APCI) that carry telecontrol over TCP, and how a station answers those about the link.

Only the link is here: formats I, S and U (clause 5.1), start, stop and test (clauses 5.2, 5.3). What an I frame carries
(the ASDU of IEC 60870-5-101) stays octets. No I/O: octets in, frames out.
"""

from tieline.standards.iec104.frames import (
    LONGEST_APDU,
    PORT,
    Frame,
    Function,
    Information,
    Reader,
    Supervisory,
    Unnumbered,
    Unreadable,
    write,
)
from tieline.standards.iec104.station import Controlled

__all__ = [
    "LONGEST_APDU",
    "PORT",
    "Controlled",
    "Frame",
    "Function",
    "Information",
    "Reader",
    "Supervisory",
    "Unnumbered",
    "Unreadable",
    "write",
]
