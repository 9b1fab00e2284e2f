"""JSON Pointer (RFC 6901), JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396) on plain JSON values.

Documents are never changed in place: a result shares what was not touched with its input. A patch is applied
wholly or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from tieline.standards.mns.errors import ErrorReason, ErrorType, PatchError

PatchOperator = Literal["add", "remove", "replace", "move", "copy", "test"]
Pointer = tuple[str, ...]

MAX_POINTER = 1024
MAX_OPERATIONS = 10_000
MAX_NESTING = 32
"""Levels of a JSON value from outside, far below what the interpreter's stack takes."""
_DIGITS = len(str(MAX_OPERATIONS)) + 1


class PatchItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item of a JSON Patch document as it stands on the wire (TS 28.532 ``PatchItem``)."""

    op: PatchOperator
    path: str
    from_: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="from")
    value: Any = msgspec.UNSET


class PointerOperation(NamedTuple):
    """One RFC 6902 operation with its pointers taken apart."""

    op: PatchOperator
    path: Pointer
    from_: Pointer = ()
    value: Any = None


_items_decoder = msgspec.json.Decoder(list[PatchItem])


def parse_pointer(text: str) -> Pointer:
    """Take a JSON Pointer apart (RFC 6901 clause 4).

    Raises:
        ValueError: if it does not begin with a slash, has a broken escape, or is too long.

    """
    if not text:
        return ()
    if len(text) > MAX_POINTER:
        raise ValueError(f"a JSON Pointer has at most {MAX_POINTER} characters")
    if not text.startswith("/"):
        raise ValueError(f"the JSON Pointer {text[:80]!r} does not begin with '/'")
    if "~" in text.replace("~0", "").replace("~1", ""):
        raise ValueError(f"the JSON Pointer {text[:80]!r} has a '~' that is neither '~0' nor '~1'")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))


def format_pointer(pointer: Sequence[str]) -> str:
    """Write a JSON Pointer (RFC 6901 clause 3)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in pointer)


def decode_items(body: bytes) -> list[PatchItem]:
    """Read a JSON Patch document, checking what each operation needs (RFC 6902 clause 4).

    Raises:
        PatchError: with the operation at fault, ``/`` and its index.

    """
    try:
        items = _items_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PatchError(f"the patch document cannot be read: {error}", _index_in(str(error))) from error
    if len(items) > MAX_OPERATIONS:
        raise PatchError(f"a patch has at most {MAX_OPERATIONS} operations", f"/{MAX_OPERATIONS}")
    for index, item in enumerate(items):
        if item.op in {"add", "replace", "test"} and item.value is msgspec.UNSET:
            raise PatchError(f"{item.op} needs a value", f"/{index}")
        if item.op in {"move", "copy"} and item.from_ is msgspec.UNSET:
            raise PatchError(f"{item.op} needs a from", f"/{index}")
        if is_too_deep(item.value):
            raise PatchError(f"a value nests at most {MAX_NESTING} levels", f"/{index}")
    return items


def parse_json_patch(body: bytes) -> list[PointerOperation]:
    """Read a plain RFC 6902 document.

    Raises:
        PatchError: with the operation at fault.

    """
    operations = []
    for index, item in enumerate(decode_items(body)):
        try:
            path = parse_pointer(item.path)
            origin = parse_pointer(item.from_) if isinstance(item.from_, str) else ()
        except ValueError as error:
            raise PatchError(str(error), f"/{index}") from error
        operations.append(PointerOperation(item.op, path, origin, item.value))
    return operations


def apply_json_patch(document: Any, operations: Sequence[PointerOperation]) -> Any:
    """Apply operations in order (RFC 6902 clause 5): give the new document, or raise and change nothing.

    Raises:
        PatchError: with the operation at fault.

    """
    for index, operation in enumerate(operations):
        document = apply_operation(document, operation, f"/{index}")
    return document


def apply_operation(document: Any, operation: PointerOperation, bad_op: str) -> Any:
    """Apply one operation; ``bad_op`` is what a ``PatchError`` then names."""
    op, path, origin, value = operation
    try:
        match op:
            case "add":
                return _edit(document, path, lambda container, key: _added(container, key, value), value)
            case "remove":
                return _edit(document, path, _removed, None)
            case "replace":
                return _edit(document, path, lambda container, key: _replaced(container, key, value), value)
            case "move":
                return _moved(document, origin, path)
            case "copy":
                found = read(document, origin)
                return _edit(document, path, lambda container, key: _added(container, key, found), found)
            case "test":
                if not same(read(document, path), value):
                    raise PatchError(
                        f"the value at {format_pointer(path)!r} is not the one tested for",
                        bad_op,
                        type=ErrorType.DATA_NODE_TREE_ERROR,
                        reason=ErrorReason.FINAL_DATA_NODE_VALUE_INVALID,
                        status=409,
                    )
                return document
    except LookupError as error:
        raise PatchError(
            f"{op} {format_pointer(path)!r}: {error.args[0]}",
            bad_op,
            type=ErrorType.DATA_NODE_TREE_ERROR,
            reason=ErrorReason.TARGET_DATA_NODE_NOT_FOUND,
            status=422,
        ) from error


def is_too_deep(value: Any, levels: int = MAX_NESTING) -> bool:
    """Tell whether a JSON value nests more than so many levels."""
    if isinstance(value, dict):
        return not levels or any(is_too_deep(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return not levels or any(is_too_deep(item, levels - 1) for item in value)
    return False


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply an RFC 7396 merge patch: members of objects merge, ``null`` removes, anything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def inverse_merge(before: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Give the merge patch that takes ``merge_patch(before, patch)`` back to ``before``.

    Where a member that was null, which no merge patch can set, was overwritten, its removal is the nearest.
    """
    return {
        name: inverse_merge(before[name], value)
        if isinstance(value, Mapping) and isinstance(before.get(name), Mapping)
        else before.get(name)
        for name, value in patch.items()
    }


def read(document: Any, pointer: Pointer) -> Any:
    """Give the value that a pointer leads to.

    Raises:
        LookupError: where the way ends early; its first argument says why.

    """
    for key in pointer:
        document = _member(document, key)
    return document


def same(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are equal (RFC 6902 clause 4.6): ``1`` is ``1.0``, but ``true`` is not ``1``."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def _edit(document: Any, path: Pointer, change: Callable[[Any, str], Any], whole: Any) -> Any:
    """Rebuild the containers along ``path`` with ``change`` made in the last; an empty path is the document."""
    if not path:
        return whole
    key, *rest = path
    if not rest:
        return change(document, key)
    child = _edit(_member(document, key), tuple(rest), change, whole)
    return _replaced(document, key, child)


def _member(container: Any, key: str) -> Any:
    if isinstance(container, Mapping):
        if key not in container:
            raise LookupError(f"there is no member {key[:64]!r}")
        return container[key]
    if isinstance(container, list):
        return container[_position(key, len(container))]
    raise LookupError(f"{key[:64]!r} is sought in a value that has no members")


def _position(key: str, size: int) -> int:
    """Read an array index: digits without leading zeros (RFC 6901 clause 4), below ``size``."""
    if not (key.isascii() and key.isdigit() and len(key) <= _DIGITS) or (key[0] == "0" and key != "0"):
        raise LookupError(f"{key[:64]!r} is no array index")
    if int(key) >= size:
        raise LookupError(f"the array has no item {key}")
    return int(key)


def _added(container: Any, key: str, value: Any) -> Any:
    if isinstance(container, list):
        at = len(container) if key == "-" else _position(key, len(container) + 1)
        return [*container[:at], value, *container[at:]]
    if isinstance(container, Mapping):
        return {**container, key: value}
    raise LookupError(f"{key[:64]!r} is to be added to a value that has no members")


def _replaced(container: Any, key: str, value: Any) -> Any:
    _member(container, key)
    if isinstance(container, list):
        return [value if at == int(key) else item for at, item in enumerate(container)]
    return {**container, key: value}


def _removed(container: Any, key: str) -> Any:
    _member(container, key)
    if isinstance(container, list):
        return [item for at, item in enumerate(container) if at != int(key)]
    return {name: value for name, value in container.items() if name != key}


def _moved(document: Any, origin: Pointer, path: Pointer) -> Any:
    if len(path) > len(origin) and path[: len(origin)] == origin:
        raise LookupError("a value cannot be moved into itself")
    found = read(document, origin)
    without = _edit(document, origin, _removed, None)
    return _edit(without, path, lambda container, key: _added(container, key, found), found)


def _index_in(message: str) -> str:
    """Give the pointer to the item that msgspec complains of (``… - at `$[3].op` ``), or the whole document."""
    _, found, rest = message.partition("$[")
    index = rest.partition("]")[0]
    return f"/{index}" if found and index.isdigit() else ""
