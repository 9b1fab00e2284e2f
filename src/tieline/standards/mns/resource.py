"""How a managed object is written in JSON (TS 32.158 clause 7), alone and as a tree.

The general form keeps attributes apart from children: ``{"id", "objectClass", "objectInstance", "attributes":
{…}, "<Child class>": [{…}]}``. A few classes of the official schemas are written **flat**, their attributes
beside ``id``; the nested form passes their schema unchecked and the flat form is what it describes. We write
each class as its schema has it and read both forms.

A read of several objects is answered hierarchically (children inside their parents) or flat (an array).
Ours (INFERRED): an ancestor that the scope or the filter left out appears in the hierarchical form with its
``id``, ``objectClass`` and ``objectInstance`` alone, because its children need a place.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import RepresentationError
from tieline.standards.mns.scope import Selection

Attributes = Mapping[str, Any]

_ALL = None
_FLAT: dict[str, frozenset[str] | None] = {
    "OutageAndRecoveryInfo": _ALL,
    "DsoThresholdMonitor": frozenset({"targetThresholdLocation"}),
}
"""Classes whose schema has attributes beside ``id``: all of them, or the ones named (TS 28.318)."""

_SINGLE_CHILDREN = frozenset({"HeartbeatControl"})
"""Child classes that their parent's schema holds as one object instead of an array (TS 28.623)."""

_RESERVED = frozenset({"id", "objectClass", "objectInstance", "attributes"})
_EVERYTHING = Selection()
_ITEMS_PER_CHUNK = 500


class ManagedObject(NamedTuple):
    """A managed object as a store hands it over: its name, and its attributes without any wrapping."""

    dn: Dn
    attributes: Attributes


class Parsed(NamedTuple):
    """A resource body taken apart. ``id`` and ``object_class`` are None where the body leaves them out."""

    id: str | None
    object_class: str | None
    attributes: dict[str, Any]
    children: list[tuple[str, dict[str, Any]]]


def is_flat(class_name: str) -> bool:
    """Tell whether all attributes of the class stand beside ``id`` in the official schema."""
    return class_name in _FLAT and _FLAT[class_name] is _ALL


def represent(dn: Dn, attributes: Attributes, selection: Selection = _EVERYTHING) -> dict[str, Any]:
    """Write one object without its children, as the schema of its class has it."""
    class_name, identifier = dn.rdn
    body: dict[str, Any] = {"id": identifier, "objectClass": class_name, "objectInstance": str(dn)}
    chosen = attributes if selection.everything else select(attributes, selection)
    if class_name not in _FLAT:
        body["attributes"] = chosen
        return body
    flat = _FLAT[class_name]
    if flat is _ALL:
        body.update(chosen)
        return body
    body["attributes"] = {name: value for name, value in chosen.items() if name not in flat}
    body.update((name, value) for name, value in chosen.items() if name in flat)
    return body


def select(attributes: Attributes, selection: Selection) -> dict[str, Any]:
    """Keep the attributes and the fields of attributes that were asked for; what is absent stays absent."""
    chosen = {
        name: value
        for name, value in attributes.items()
        if selection.attributes is not None and name in selection.attributes
    }
    for field in selection.fields or ():
        _copy_field(attributes, chosen, field)
    return chosen


def _copy_field(source: Attributes, target: dict[str, Any], field: tuple[str, ...]) -> None:
    name, *rest = field
    if name not in source:
        return
    value = source[name]
    if not rest:
        target[name] = value
    elif isinstance(value, Mapping) and value is not target.get(name):
        inner = dict(target.get(name) or {})
        _copy_field(value, inner, tuple(rest))
        if inner:
            target[name] = inner


def flat_tree(objects: Iterable[ManagedObject], selection: Selection = _EVERYTHING) -> list[dict[str, Any]]:
    """Write objects as the flat form has them: an array, each without children."""
    return [represent(dn, attributes, selection) for dn, attributes in objects]


def flat_tree_chunks(objects: Iterable[ManagedObject], selection: Selection = _EVERYTHING) -> Iterator[bytes]:
    """Write the flat form as JSON piece by piece, so that tens of thousands of objects are never held whole."""
    encode = msgspec.json.Encoder().encode
    rest = iter(objects)
    opening = b"["
    while batch := flat_tree(islice(rest, _ITEMS_PER_CHUNK), selection):
        yield opening + encode(batch)[1:-1]
        opening = b","
    yield b"[]" if opening == b"[" else b"]"


def hierarchical_tree(base: Dn, objects: Iterable[ManagedObject], selection: Selection = _EVERYTHING) -> dict[str, Any]:
    """Write objects as the hierarchical form has them: one resource, the base, with the others inside.

    Raises:
        ValueError: if an object is neither the base nor below it.

    """
    written: dict[Dn, dict[str, Any]] = {}
    for dn, attributes in objects:
        if not dn.is_at_or_below(base):
            raise ValueError(f"{dn} is not below {base}")
        body = represent(dn, attributes, selection)
        if dn in written:
            body.update((key, value) for key, value in written[dn].items() if key not in body)
            written[dn].update(body)
        else:
            _place(written, base, dn, body)
    return written[base] if base in written else _bare(base)


def _place(written: dict[Dn, dict[str, Any]], base: Dn, dn: Dn, body: dict[str, Any]) -> None:
    """Put a body into its parent's, writing the ancestors that are not there yet."""
    written[dn] = body
    while dn != base:
        parent = Dn(dn[:-1])
        known = parent in written
        if not known:
            written[parent] = _bare(parent)
        if dn.class_name in _SINGLE_CHILDREN:
            written[parent][dn.class_name] = body
        else:
            written[parent].setdefault(dn.class_name, []).append(body)
        if known:
            return
        dn, body = parent, written[parent]


def _bare(dn: Dn) -> dict[str, Any]:
    return {"id": dn.id, "objectClass": dn.class_name, "objectInstance": str(dn)}


def parse_resource(body: object, class_name: str) -> Parsed:
    """Take a resource body of that class apart, written nested or flat.

    A member whose name begins with a capital letter is a child class, holding an array of resources or one.

    Raises:
        RepresentationError: naming the members at fault.

    """
    if not isinstance(body, dict):
        raise RepresentationError("a resource is a JSON object")
    identifier = _text_member(body, "id")
    object_class = _text_member(body, "objectClass")
    _text_member(body, "objectInstance")
    if object_class is not None and object_class != class_name:
        raise RepresentationError(f"objectClass is {object_class[:64]!r}, not {class_name!r}", "objectClass")
    attributes = body.get("attributes", {})
    if not isinstance(attributes, dict):
        raise RepresentationError("attributes is not a JSON object", "attributes")
    attributes = dict(attributes)
    children: list[tuple[str, dict[str, Any]]] = []
    for name, value in body.items():
        if name in _RESERVED:
            continue
        if name[:1].isupper():
            children.extend((name, child) for child in _children(name, value))
        elif _stands_beside_id(class_name, name):
            attributes[name] = value
        else:
            raise RepresentationError(f"{name[:64]!r} is neither a child class nor 'attributes'", name[:64])
    return Parsed(identifier, object_class, attributes, children)


def unwrap(body: Mapping[str, Any], class_name: str) -> dict[str, Any]:
    """Give the attributes of a body that a producer wrote, nested or flat, leaving children aside."""
    return parse_resource({key: value for key, value in body.items() if not key[:1].isupper()}, class_name).attributes


def flatten_tree(body: object, base: Dn) -> Iterator[ManagedObject]:
    """Read a hierarchical answer back into objects, parents before children.

    Raises:
        RepresentationError: where a body cannot be read or a child has no ``id``.

    """
    parsed = parse_resource(body, base.class_name)
    yield ManagedObject(base, parsed.attributes)
    for class_name, child in parsed.children:
        identifier = _text_member(child, "id")
        if identifier is None:
            raise RepresentationError(f"a {class_name} has no id", "id")
        yield from flatten_tree(child, base.child(class_name, identifier))


def _stands_beside_id(class_name: str, name: str) -> bool:
    if class_name not in _FLAT:
        return False
    flat = _FLAT[class_name]
    return flat is _ALL or name in flat


def _text_member(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise RepresentationError(f"{name} is not a string", name)


def _children(name: str, value: object) -> list[dict[str, Any]]:
    items: list[Any] = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in items):
        raise RepresentationError(f"{name[:64]} holds something that is no resource", name[:64])
    return items
