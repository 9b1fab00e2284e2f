r"""ArcSight Common Event Format, version 0 of the header (implementation standard, revision 25). Pure.

``CEF:0|vendor|product|version|class|name|severity|extension``. In the header, backslash and pipe are escaped with a
backslash, and lines cannot break. In an extension's value, backslash and equals sign are escaped and breaks of lines
are written ``\n`` and ``\r``; a pipe stands as it is. Other control characters have no place in either and become
U+FFFD. Lengths are those of the standard's dictionary.
"""

import msgspec

from tieline.platform.siem.model import Event
from tieline.platform.siem.words import category, person, sentence, severity

_HEADER = "CEF:0|Tieline|Tieline|"
_SHORT, _LONG = 1023, 4000


def message(event: Event, version: str) -> str:
    """An entry as a CEF message."""
    head = (version, event.action, sentence(event), str(severity(event.action)))
    return _HEADER + "|".join(in_header(field[:_SHORT]) for field in head) + "|" + _extension(event)


def _extension(event: Event) -> str:
    """Keys of the standard's dictionary where there is one, and custom strings with their labels where not."""
    pairs = [
        ("rt", str(round(event.at.timestamp() * 1000)), _SHORT),
        ("externalId", str(event.number), 40),
        ("cat", category(event), _SHORT),
        ("act", event.action, 63),
        ("suser", person(event.actor), _SHORT),
        ("suid", event.actor, _SHORT),
        ("msg", sentence(event), _SHORT),
        ("cs1Label", "subject", _SHORT),
        ("cs1", event.subject, _LONG),
        ("cs2Label", "requestId", _SHORT),
        ("cs2", event.request_id, _LONG),
        ("cs3Label", "entryHash", _SHORT),
        ("cs3", event.hash, _LONG),
        ("cs4Label", "detail", _SHORT),
        ("cs4", msgspec.json.encode(event.detail).decode(), _LONG),
        ("cs5Label", "trail", _SHORT),
        ("cs5", event.source, _LONG),
    ]
    return " ".join(f"{key}={in_extension(value[:longest])}" for key, value, longest in pairs if value)


def in_header(text: str) -> str:
    """A value as it stands in the header."""
    flat = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    return printable(flat.replace("\\", "\\\\").replace("|", "\\|"))


def in_extension(text: str) -> str:
    """A value as it stands in the extension."""
    escaped = text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")
    return printable(escaped)


def printable(text: str) -> str:
    """Without control characters and lone surrogates, which would end a message early or break its encoding."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if _is_control(sign) else sign for sign in text)


def _is_control(sign: str) -> bool:
    code = ord(sign)
    return code < 0x20 or 0x7F <= code < 0xA0 or code in {0x2028, 0x2029} or 0xD800 <= code < 0xE000  # noqa: PLR2004 - Unicode
