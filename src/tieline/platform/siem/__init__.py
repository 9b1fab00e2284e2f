"""Export of an audit trail to a SIEM: syslog over TLS, TCP or UDP, with CEF, JSON or structured data.

``exporting`` gives the background service that follows one or several trails (:class:`Source`) and sends what is new,
in order and at least once: how far it came stands in the database, and moves only when the receiver's machine has the
message. ``cef`` and ``syslog`` write messages and do nothing else.
"""

from tieline.platform.siem.destination import Destination, SiemSettings, destination_of
from tieline.platform.siem.exporter import Exporter
from tieline.platform.siem.model import Event, Form, Source, SourceState, State
from tieline.platform.siem.service import AuditSource, replay, send_test, state

__all__ = [
    "AuditSource",
    "Destination",
    "Event",
    "Exporter",
    "Form",
    "SiemSettings",
    "Source",
    "SourceState",
    "State",
    "destination_of",
    "replay",
    "send_test",
    "state",
]
