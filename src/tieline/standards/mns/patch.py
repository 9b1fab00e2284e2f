"""PATCH of managed objects in the four media types of TS 28.532.

| Media type | Changes | Standard |
|---|---|---|
| ``application/merge-patch+json`` | the base resource | RFC 7396 |
| ``application/json-patch+json`` | the base resource | RFC 6902 |
| ``application/3gpp-merge-patch+json`` | the base and resources below it | TS 32.158 clause 6 |
| ``application/3gpp-json-patch+json`` | the base and resources below it | TS 32.158 clause 6 |

``parse_patch`` turns each into the same few operations on objects; ``apply`` carries them out on a tree in
memory, wholly or not at all, and is what a store must agree with.

Read in TS 32.158 (annex A.6) and in public use: a 3GPP JSON patch path is the object's path below the base,
then ``#`` and a JSON Pointer into its representation (``/Child=2#/attributes/a``; ``#/attributes/a`` for the
base); a merge patch carries a resource representation with ``id`` and the attributes to change.

Ours (INFERRED): ``add`` of an object that exists fails; ``remove`` and deletion take the objects below along;
``move``, ``copy`` and ``test`` work inside one object; a path without ``#`` whose first segment has no equals
sign is a pointer into the base. In a 3GPP merge patch an object below the base is created if it is missing
and deleted by ``"attributes": null``. Only attributes can be changed: ``id``, ``objectClass`` and
``objectInstance`` are the object's name.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from tieline.standards.mns import jsonpatch
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import DnError, ErrorReason, ErrorType, PatchError, RepresentationError
from tieline.standards.mns.jsonpatch import PatchItem, PointerOperation
from tieline.standards.mns.resource import Parsed, is_flat, parse_resource

MERGE_PATCH: Final = "application/merge-patch+json"
MERGE_PATCH_3GPP: Final = "application/3gpp-merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
JSON_PATCH_3GPP: Final = "application/3gpp-json-patch+json"
PATCH_MEDIA_TYPES: Final = (MERGE_PATCH, MERGE_PATCH_3GPP, JSON_PATCH, JSON_PATCH_3GPP)

_NAMING = frozenset({"id", "objectClass", "objectInstance"})


class CreateObject(NamedTuple):
    """Make an object with these attributes; it must not exist, and its parent must."""

    dn: Dn
    attributes: dict[str, Any]
    bad_op: str


class ReplaceObject(NamedTuple):
    """Give an object that exists exactly these attributes."""

    dn: Dn
    attributes: dict[str, Any]
    bad_op: str


class MergeObject(NamedTuple):
    """Merge (RFC 7396) into an object's attributes; ``create_missing`` makes the object if need be."""

    dn: Dn
    changes: dict[str, Any]
    create_missing: bool
    bad_op: str


class DeleteObject(NamedTuple):
    """Remove an object and everything below it."""

    dn: Dn
    bad_op: str


class EditObject(NamedTuple):
    """Carry out one RFC 6902 operation on an object's attributes; pointers start at the attributes."""

    dn: Dn
    operation: PointerOperation
    bad_op: str


Operation = CreateObject | ReplaceObject | MergeObject | DeleteObject | EditObject


def parse_patch(media_type: str, body: bytes, base: Dn) -> list[Operation]:
    """Read a patch document for the resource ``base``.

    Raises:
        PatchError: with the operation at fault; status 415 for a media type that is none of the four.

    """
    match media_type:
        case "application/merge-patch+json" | "application/3gpp-merge-patch+json":
            return list(_merge_operations(_decode(body), base, below=media_type == MERGE_PATCH_3GPP))
        case "application/json-patch+json":
            return [_edit_of_base(item, base, f"/{n}") for n, item in _items(body)]
        case "application/3gpp-json-patch+json":
            return [found for n, item in _items(body) for found in _below(item, base, f"/{n}")]
        case _:
            allowed = ", ".join(PATCH_MEDIA_TYPES)
            raise PatchError(f"{media_type[:80]!r} is not one of {allowed}", "", status=415)


def apply(tree: Mapping[Dn, Mapping[str, Any]], operations: Sequence[Operation]) -> dict[Dn, Mapping[str, Any]]:
    """Carry out operations in order on objects in memory: give the new tree, or raise and change nothing.

    Raises:
        PatchError: with the operation at fault.

    """
    result = dict(tree)
    for operation in operations:
        _apply_one(result, operation)
    return result


def merge_body(dn: Dn, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Write the body of a merge patch of one object, as the schema of its class has it."""
    return {"id": dn.id, **changes} if is_flat(dn.class_name) else {"id": dn.id, "attributes": dict(changes)}


def json_patch_items(base: Dn, operations: Sequence[Operation]) -> list[PatchItem]:
    """Write operations as the items of a 3GPP JSON patch of ``base``.

    Raises:
        ValueError: for an object that is not at or below ``base``, or a ``MergeObject``, which has no JSON
        patch.

    """
    return [_item(base, operation) for operation in operations]


def _decode(body: bytes) -> Any:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PatchError(f"the patch document cannot be read: {error}", "") from error
    if jsonpatch.is_too_deep(document):
        raise PatchError(f"a patch document nests at most {jsonpatch.MAX_NESTING} levels", "")
    return document


def _items(body: bytes) -> Iterator[tuple[int, PatchItem]]:
    return enumerate(jsonpatch.decode_items(body))


def _merge_operations(body: object, base: Dn, *, below: bool) -> Iterator[Operation]:
    pending: list[tuple[Dn, object, str]] = [(base, body, "")]
    count = 0
    while pending:
        dn, document, pointer = pending.pop(0)
        count += 1
        if count > jsonpatch.MAX_OPERATIONS:
            raise PatchError(f"a patch changes at most {jsonpatch.MAX_OPERATIONS} objects", pointer)
        if dn != base and isinstance(document, dict) and document.get("attributes", ...) is None:
            yield DeleteObject(dn, pointer)
            continue
        parsed = _resource(document, dn, pointer)
        if parsed.attributes or dn != base:
            yield MergeObject(dn, parsed.attributes, create_missing=dn != base, bad_op=pointer)
        if parsed.children and not below:
            raise PatchError(f"resources below the base need {MERGE_PATCH_3GPP}", f"/{parsed.children[0][0]}")
        pending.extend(_child_documents(dn, parsed, pointer))


def _child_documents(dn: Dn, parsed: Parsed, pointer: str) -> Iterator[tuple[Dn, object, str]]:
    places: dict[str, int] = {}
    for class_name, child in parsed.children:
        place = places[class_name] = places.get(class_name, -1) + 1
        where = f"{pointer}/{class_name}/{place}"
        identifier = child.get("id")
        if not isinstance(identifier, str):
            raise PatchError(f"a {class_name} has no id", where)
        yield _named(dn, class_name, identifier, where), child, where


def _named(parent: Dn, class_name: str, identifier: str, bad_op: str) -> Dn:
    try:
        return parent.child(class_name, identifier)
    except DnError as error:
        raise PatchError(str(error), bad_op, reason=error.reason) from error


def _resource(document: object, dn: Dn, bad_op: str) -> Parsed:
    try:
        parsed = parse_resource(document, dn.class_name)
    except RepresentationError as error:
        raise PatchError(str(error), bad_op) from error
    if parsed.id is not None and parsed.id != dn.id:
        raise PatchError(
            f"the id is {parsed.id[:80]!r}, but the object is {dn.id!r}",
            bad_op,
            type=ErrorType.MODIFICATION_NOT_ALLOWED,
            reason=ErrorReason.TARGET_DATA_NODE_INVARIANT,
        )
    return parsed


def _edit_of_base(item: PatchItem, base: Dn, bad_op: str) -> Operation:
    if not item.path:
        return _whole(item, base, bad_op)[0]
    origin = item.from_ if isinstance(item.from_, str) else None
    return _edit(item, base, item.path, origin, bad_op)


def _below(item: PatchItem, base: Dn, bad_op: str) -> list[Operation]:
    dn, pointer = _target(item.path, base, bad_op)
    if pointer is None:
        return _whole(item, dn, bad_op)
    origin = None
    if isinstance(item.from_, str):
        other, origin = _target(item.from_, base, bad_op)
        if other != dn or origin is None:
            raise PatchError(f"{item.op} works inside one object", bad_op)
    return [_edit(item, dn, pointer, origin, bad_op)]


def _target(path: str, base: Dn, bad_op: str) -> tuple[Dn, str | None]:
    """Take a 3GPP path apart: the object, and the pointer into it or None for the object as a whole."""
    ldn, mark, pointer = path.partition("#")
    if not mark and ldn and "=" not in ldn.removeprefix("/").partition("/")[0]:
        return base, ldn
    dn = base
    if ldn:
        try:
            for level in Dn.from_uri(ldn):
                dn = dn.child(level.class_name, level.id)
        except DnError as error:
            raise PatchError(str(error), bad_op, reason=error.reason) from error
    return dn, pointer if mark else None


def _whole(item: PatchItem, dn: Dn, bad_op: str) -> list[Operation]:
    match item.op:
        case "remove":
            return [DeleteObject(dn, bad_op)]
        case "add":
            return list(_creations(item.value, dn, bad_op))
        case "replace":
            parsed = _resource(item.value, dn, bad_op)
            if parsed.children:
                raise PatchError("the objects below one that is replaced need operations of their own", bad_op)
            return [ReplaceObject(dn, parsed.attributes, bad_op)]
        case _:
            raise PatchError(f"{item.op} works inside one object", bad_op)


def _creations(value: object, dn: Dn, bad_op: str) -> Iterator[Operation]:
    pending: list[tuple[Dn, object]] = [(dn, value)]
    while pending:
        name, document = pending.pop(0)
        parsed = _resource(document, name, bad_op)
        yield CreateObject(name, parsed.attributes, bad_op)
        pending.extend((child, body) for child, body, _ in _child_documents(name, parsed, bad_op))


def _edit(item: PatchItem, dn: Dn, path: str, origin: str | None, bad_op: str) -> EditObject:
    try:
        target = _within_attributes(jsonpatch.parse_pointer(path), dn)
        source = () if origin is None else _within_attributes(jsonpatch.parse_pointer(origin), dn)
    except ValueError as error:
        raise PatchError(str(error), bad_op, type=ErrorType.MODIFICATION_NOT_ALLOWED) from error
    value = None if item.value is msgspec.UNSET else item.value
    if not target and not (item.op == "test" or isinstance(value, dict)):
        raise PatchError(f"{item.op} would leave the object without attributes", bad_op)
    return EditObject(dn, PointerOperation(item.op, target, source, value), bad_op)


def _within_attributes(pointer: jsonpatch.Pointer, dn: Dn) -> jsonpatch.Pointer:
    if pointer and pointer[0] == "attributes":
        return pointer[1:]
    if pointer and is_flat(dn.class_name) and pointer[0] not in _NAMING and not pointer[0][:1].isupper():
        return pointer
    raise ValueError(f"{jsonpatch.format_pointer(pointer)[:80]!r} is not an attribute of {dn.class_name}")


def _apply_one(tree: dict[Dn, Mapping[str, Any]], operation: Operation) -> None:
    dn, bad_op = operation.dn, operation.bad_op
    missing = dn not in tree
    match operation:
        case CreateObject(_, attributes):
            if not missing:
                raise _refused(f"{dn} exists", bad_op, ErrorReason.TARGET_DATA_NODE_FOUND)
            _create(tree, dn, attributes, bad_op)
        case MergeObject(_, changes, True) if missing:
            _create(tree, dn, jsonpatch.merge_patch({}, changes), bad_op)
        case _ if missing:
            raise _refused(f"{dn} does not exist", bad_op, ErrorReason.TARGET_DATA_NODE_NOT_FOUND)
        case ReplaceObject(_, attributes):
            tree[dn] = attributes
        case MergeObject(_, changes):
            tree[dn] = jsonpatch.merge_patch(tree[dn], changes)
        case DeleteObject():
            for name in [name for name in tree if name.is_at_or_below(dn)]:
                del tree[name]
        case EditObject(_, edit):
            tree[dn] = jsonpatch.apply_operation(tree[dn], edit, bad_op)


def _create(tree: dict[Dn, Mapping[str, Any]], dn: Dn, attributes: dict[str, Any], bad_op: str) -> None:
    if dn.parent is not None and dn.parent not in tree:
        raise _refused(f"{dn.parent} does not exist", bad_op, ErrorReason.TARGET_DATA_NODE_PARENT_NOT_FOUND)
    tree[dn] = attributes


def _refused(detail: str, bad_op: str, reason: ErrorReason) -> PatchError:
    status = 409 if reason is ErrorReason.TARGET_DATA_NODE_FOUND else 404
    return PatchError(detail, bad_op, type=ErrorType.DATA_NODE_TREE_ERROR, reason=reason, status=status)


def _item(base: Dn, operation: Operation) -> PatchItem:
    dn = operation.dn
    if not dn.is_at_or_below(base):
        raise ValueError(f"{dn} is not at or below {base}")
    ldn = "".join(f"/{level.segment}" for level in dn[len(base) :])
    match operation:
        case CreateObject(_, attributes):
            return PatchItem(op="add", path=ldn, value=merge_body(dn, attributes))
        case ReplaceObject(_, attributes):
            return PatchItem(op="replace", path=ldn, value=merge_body(dn, attributes))
        case DeleteObject():
            return PatchItem(op="remove", path=ldn)
        case EditObject(_, edit):
            return _edit_item(dn, ldn, edit)
        case MergeObject():
            raise ValueError("a merge is written as a merge patch")


def _edit_item(dn: Dn, ldn: str, edit: PointerOperation) -> PatchItem:
    prefix = f"{ldn}#" if is_flat(dn.class_name) else f"{ldn}#/attributes"
    origin: str | msgspec.UnsetType = msgspec.UNSET
    if edit.op in {"move", "copy"}:
        origin = prefix + jsonpatch.format_pointer(edit.from_)
    value = edit.value if edit.op in {"add", "replace", "test"} else msgspec.UNSET
    return PatchItem(op=edit.op, path=prefix + jsonpatch.format_pointer(edit.path), from_=origin, value=value)
