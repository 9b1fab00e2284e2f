r"""Distinguished names of managed objects, and the URIs that carry them.

TS 32.300 writes a name from the root down, ``SubNetwork=U,UtilitySubscription=7``; TS 32.158 clause 4.2.3
maps each relative name to one path segment, ``/SubNetwork=U/UtilitySubscription=7``.

Readings of ours (the text of TS 32.300 was not at hand): the characters ``, = + < > # ; \ "`` inside a value
are escaped with a backslash; a backslash and two hexadecimal digits stand for one octet of UTF-8 (both as in
RFC 4514, which TS 32.300 follows); spaces around a separator are dropped; a name has at most 400 octets and
16 levels.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple, Self
from urllib.parse import quote, unquote_to_bytes

from tieline.standards.mns.errors import DnError, ErrorReason

MAX_OCTETS = 400
MAX_LEVELS = 16
MAX_CLASS_NAME = 64
MAX_URI = 3 * MAX_OCTETS + MAX_LEVELS

_CLASS_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_SPECIAL = re.compile(r'[,=+<>#;\\"]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE_SEQUENCE = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)
_ONE_LEVEL = re.compile(r"((?:[^,\\]|\\.)*)(,|\Z)", re.DOTALL)
_UNSAFE_IN_SEGMENT = "!$&'()*+,;:@"


class Rdn(NamedTuple):
    """One level of a name: the object's class and its identifier below the parent."""

    class_name: str
    id: str

    def __str__(self) -> str:
        """Write the level as TS 32.300 does, escaped."""
        return f"{self.class_name}={_SPECIAL.sub(_escape, self.id)}"

    @property
    def segment(self) -> str:
        """The level as one percent-encoded path segment (TS 32.158 clause 4.2.3)."""
        return f"{self.class_name}={quote(self.id, safe=_UNSAFE_IN_SEGMENT)}"


class Dn(tuple[Rdn, ...]):
    """The name of a managed object: its levels from the root down. Never empty, hashable."""

    __slots__ = ()

    @classmethod
    def of(cls, *levels: tuple[str, str]) -> Self:
        """Make a name from ``(class, id)`` pairs.

        Raises:
            DnError: a level that no name can have, or a name that is too long.

        """
        return cls._checked(Rdn(class_name, identifier) for class_name, identifier in levels)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the TS 32.300 form ``Class=id,Class=id``.

        Raises:
            DnError: with the level at fault.

        """
        if len(text) > 2 * MAX_OCTETS:
            raise DnError(f"a distinguished name has at most {MAX_OCTETS} octets")
        if "\\" not in text:
            return cls._checked(_split_plain(part) for part in text.split(","))
        return cls._checked(_split_escaped(part) for part in _escaped_parts(text))

    @classmethod
    def from_uri(cls, path: str) -> Self:
        """Read the URI form ``/Class=id/Class=id``, percent-encoded as it came over the wire.

        Give the raw path of the request: once decoded, ``%2F`` inside an identifier would separate levels.

        Raises:
            DnError: with the segment at fault.

        """
        if len(path) > MAX_URI:
            raise DnError(f"a resource path has at most {MAX_URI} characters")
        return cls._checked(_segment(part) for part in path.removeprefix("/").split("/"))

    @classmethod
    def from_href(cls, href: str) -> Self:
        """Read the name out of a whole URI such as ``https://host/ProvMnS/v1/SubNetwork=U``.

        The name begins at the first path segment with an equals sign (a reading of ours: the root of a URI
        has no such segment in any published example). A fragment (``#/attributes/apn``) is left aside.

        Raises:
            DnError: if no segment begins a name, or one cannot be read.

        """
        path = href.partition("#")[0].partition("?")[0]
        segments = path.split("://", 1)[-1].split("/")
        for index, segment in enumerate(segments):
            if "=" in segment:
                return cls.from_uri("/".join(segments[index:]))
        raise DnError(f"{href[:200]!r} names no managed object")

    @classmethod
    def _checked(cls, levels: Iterable[Rdn]) -> Self:
        dn = cls(levels)
        for level in dn:
            _check(level)
        if len(dn) > MAX_LEVELS:
            raise DnError(f"a distinguished name has at most {MAX_LEVELS} levels")
        if not dn:
            raise DnError("a distinguished name has at least one level")
        if len(str(dn).encode()) > MAX_OCTETS:
            raise DnError(f"a distinguished name has at most {MAX_OCTETS} octets")
        return dn

    def __str__(self) -> str:
        """Write the TS 32.300 form."""
        return ",".join(map(str, self))

    def __repr__(self) -> str:
        """Show the TS 32.300 form."""
        return f"Dn({str(self)!r})"

    @property
    def uri(self) -> str:
        """The URI form with a leading slash, percent-encoded."""
        return "".join(f"/{level.segment}" for level in self)

    @property
    def rdn(self) -> Rdn:
        """The last level: the object itself below its parent."""
        return self[-1]

    @property
    def class_name(self) -> str:
        """The class of the object."""
        return self[-1].class_name

    @property
    def id(self) -> str:
        """The identifier of the object below its parent."""
        return self[-1].id

    @property
    def parent(self) -> "Dn | None":
        """The name of the containing object, or None for a root."""
        return Dn(self[:-1]) if len(self) > 1 else None

    def child(self, class_name: str, identifier: str) -> "Dn":
        """Name an object directly below this one.

        Raises:
            DnError: if no object can be named so.

        """
        return Dn._checked((*self, Rdn(class_name, identifier)))

    def is_below(self, other: "Dn") -> bool:
        """Tell whether this object is contained, at any depth, in ``other``."""
        return len(self) > len(other) and self[: len(other)] == other

    def is_at_or_below(self, other: "Dn") -> bool:
        """Tell whether this object is ``other`` or is contained in it."""
        return self[: len(other)] == other


def _escape(match: re.Match[str]) -> str:
    return "\\" + match[0]


def _unescape(match: re.Match[str]) -> str:
    octets, character = match.groups()
    if octets is None:
        return str(character)
    try:
        return bytes.fromhex(octets.replace("\\", "")).decode()
    except UnicodeDecodeError as error:
        raise DnError(f"the octets {octets!r} are not UTF-8") from error


def _escaped_parts(text: str) -> list[str]:
    parts: list[str] = []
    position = 0
    while True:
        match = _ONE_LEVEL.match(text, position)
        if match is None:
            raise DnError("a distinguished name ends in the middle of an escape")
        parts.append(match[1])
        if not match[2]:
            return parts
        position = match.end()


def _split_plain(part: str) -> Rdn:
    class_name, equals, identifier = part.partition("=")
    if not equals:
        raise DnError(f"{part[:80]!r} is not of the form Class=id")
    identifier = identifier.strip(" ")
    if found := _SPECIAL.search(identifier):
        raise DnError(f"the character {found[0]!r} in {part[:80]!r} must be escaped with a backslash")
    return Rdn(class_name.strip(" "), identifier)


def _split_escaped(part: str) -> Rdn:
    class_name, equals, identifier = part.partition("=")
    if not equals:
        raise DnError(f"{part[:80]!r} is not of the form Class=id")
    if found := _SPECIAL.search(_ESCAPE_SEQUENCE.sub("", identifier)):
        raise DnError(f"the character {found[0]!r} in {part[:80]!r} must be escaped with a backslash")
    return Rdn(class_name.strip(" "), _ESCAPE_SEQUENCE.sub(_unescape, identifier.strip(" ")))


def _segment(part: str) -> Rdn:
    class_name, equals, identifier = part.partition("=")
    if not equals:
        raise DnError(f"the path segment {part[:80]!r} is not of the form Class=id")
    if "%" in identifier:
        if _BROKEN_PERCENT.search(identifier):
            raise DnError(f"the path segment {part[:80]!r} has a broken percent-encoding")
        try:
            identifier = unquote_to_bytes(identifier).decode()
        except UnicodeDecodeError as error:
            raise DnError(f"the path segment {part[:80]!r} is not UTF-8") from error
    return Rdn(class_name, identifier)


def _check(level: Rdn) -> None:
    class_name, identifier = level
    if len(class_name) > MAX_CLASS_NAME or not _CLASS_NAME.match(class_name):
        raise DnError(
            f"{class_name[:80]!r} is no class name: a letter, then letters, digits, '_' or '-', "
            f"at most {MAX_CLASS_NAME}",
            reason=ErrorReason.NEW_DATA_NODE_NAME_INVALID,
        )
    if not identifier:
        raise DnError(f"{class_name} has an empty identifier", reason=ErrorReason.NEW_DATA_NODE_NAME_INVALID)
    if identifier != identifier.strip(" "):
        raise DnError(
            f"the identifier of {class_name} begins or ends with a space",
            reason=ErrorReason.NEW_DATA_NODE_NAME_INVALID,
        )
    if _CONTROL.search(identifier):
        raise DnError(
            f"the identifier of {class_name} has a control character",
            reason=ErrorReason.NEW_DATA_NODE_NAME_INVALID,
        )
