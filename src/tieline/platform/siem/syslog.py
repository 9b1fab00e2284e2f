"""Syslog messages (RFC 5424) and how they are set apart on a stream (RFC 5425, RFC 6587). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from tieline import __version__
from tieline.platform.siem import cef
from tieline.platform.siem.model import Event, Form
from tieline.platform.siem.words import person, sentence, syslog_severity

AUDIT_FACILITY = 13
"""Log audit (RFC 5424 table 1)."""
_NIL = "-"
_NOT_PRINTED = re.compile(r"[^\x21-\x7e]")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Style:
    """How messages are written. ``host`` is our own name, ``enterprise`` the number that owns our structured data.

    ``longest`` bounds a message in octets: the detail of a longer one is left out, and says so.
    """

    form: Form
    host: str
    app: str = "tieline"
    enterprise: int = 32473
    facility: int = AUDIT_FACILITY
    longest: int = 8192


def message(event: Event, style: Style) -> bytes:
    """One message for an entry, without its frame."""
    written = _written(event, style)
    if len(written) <= style.longest:
        return written
    note = f"{len(written)} octets were too many; read the entry where it is kept"
    short = _written(replace(event, detail={"left_out": note}), style)
    return short if len(short) <= style.longest else _cut(short, style.longest)


def framed(written: bytes, framing: str) -> bytes:
    """A message set apart from the next: ``octets`` counts (RFC 5425 clause 4.3), ``newline`` ends with a line feed."""
    return written + b"\n" if framing == "newline" else str(len(written)).encode() + b" " + written


def _written(event: Event, style: Style) -> bytes:
    structured = f"{_elements(event, style.enterprise) if style.form is Form.STRUCTURED else _NIL}"
    return f"{_head(event, style)} {structured} {_body(event, style.form)}".encode()


def _head(event: Event, style: Style) -> str:
    priority = style.facility * 8 + syslog_severity(event.action)
    host, app, kind = _word(style.host, 255), _word(style.app, 48), _word(event.action, 32)
    return f"<{priority}>1 {timestamp(event.at)} {host} {app} {_NIL} {kind}"


def timestamp(at: datetime) -> str:
    """RFC 5424 clause 6.2.3: RFC 3339, in UTC, with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _body(event: Event, form: Form) -> str:
    """Only plain text is announced as UTF-8 by a byte-order mark; CEF and JSON begin with their first character."""
    if form is Form.CEF:
        return cef.message(event, __version__)
    if form is Form.JSON:
        return msgspec.json.encode(_fields(event)).decode()
    return _BOM + cef.printable(sentence(event))


def _fields(event: Event) -> Mapping[str, object]:
    return {
        "source": event.source,
        "number": event.number,
        "at": timestamp(event.at),
        "actor": event.actor,
        "person": person(event.actor),
        "action": event.action,
        "subject": event.subject,
        "detail": event.detail,
        "request_id": event.request_id,
        "hash": event.hash,
    }


def _elements(event: Event, enterprise: int) -> str:
    """Structured data (RFC 5424 clause 6.3): one element of ours."""
    detail = msgspec.json.encode(event.detail).decode()
    values = {**_fields(event), "detail": detail}
    pairs = "".join(f' {name}="{in_element(str(value))}"' for name, value in values.items() if value != "")
    return f"[entry@{enterprise}{pairs}]"


def in_element(text: str) -> str:
    """A value of structured data: quotation mark, backslash and closing bracket are escaped (clause 6.3.3)."""
    return cef.printable(text.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]"))


def _word(text: str, longest: int) -> str:
    return _NOT_PRINTED.sub("_", text)[:longest] or _NIL


def _cut(written: bytes, longest: int) -> bytes:
    """The beginning of a message, not ending within a character."""
    return written[:longest].decode("utf-8", "ignore").encode()
