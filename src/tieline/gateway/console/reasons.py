"""Why changes of a plan failed, in words: the sentence for people first, what the utility reads beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tieline.gateway.console import words
from tieline.standards.mns.errors import ErrorDetail, ErrorReason, ErrorType
from tieline.standards.mns.plans import Result

_BY_REASON: Mapping[ErrorReason, str] = {
    ErrorReason.NEW_DATA_NODE_NAME_INVALID: "Nothing here is called that{of}.",
    ErrorReason.NEW_DATA_NODE_VALUE_INVALID: "The value cannot be used{of}.",
    ErrorReason.NEW_DATA_NODE_CONTAINMENT_INVALID: "It cannot stand where the plan puts it.",
    ErrorReason.FINAL_DATA_NODE_VALUE_INVALID: "The value does not go with what is there{of}.",
    ErrorReason.FINAL_DATA_NODE_UNIQUENESS_INVALID: "The value is taken already{of}.",
    ErrorReason.FINAL_DATA_NODE_MULTIPLICITY_INVALID: "There would be too many values{of}.",
    ErrorReason.FINAL_DATA_NODE_CARDINALITY_INVALID: "There would be too many objects of this kind.",
    ErrorReason.TARGET_DATA_NODE_NOT_FOUND: "There is no such object.",
    ErrorReason.TARGET_DATA_NODE_PARENT_NOT_FOUND: "What it should belong to is not there.",
    ErrorReason.TARGET_DATA_NODE_FOUND: "There is such an object already.",
    ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE: "A utility may not change this{of}.",
    ErrorReason.TARGET_DATA_NODE_INVARIANT: "This never changes once it is made{of}.",
    ErrorReason.TARGET_DATA_NODE_CREATION_NOT_ALLOWED: "Objects of this kind are made by the operator only.",
    ErrorReason.TARGET_DATA_NODE_DELETION_NOT_ALLOWED: "Objects of this kind are removed by the operator only.",
    ErrorReason.ACCESS_DENIED: "The utility may not do this.",
}
_BY_TYPE: Mapping[ErrorType, str] = {
    ErrorType.SCHEMA_VALIDATION_ERROR: "The utility wrote the change in a way that cannot be read.",
    ErrorType.DATA_NODE_TREE_ERROR: "It does not fit what is there.",
    ErrorType.MODIFICATION_NOT_ALLOWED: "This may not be changed now.",
    ErrorType.ACCESS_CONTROL_CONFLICT: "The utility may not do this.",
    ErrorType.APPLICATION_LAYER_ERROR: "The network refused it.",
    ErrorType.SERVER_ERROR: "Something went wrong here, in the gateway.",
}
_SINCE = "Somebody changed it since, so it was left alone."
_UNKNOWN = "No reason was given."


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason, how many changes it holds for, and what the utility reads of the first of them."""

    sentence: str
    count: int
    example: str


def sentence(error: ErrorDetail) -> str:
    """Why one change failed, for people."""
    if error.type is ErrorType.APPLICATION_LAYER_ERROR and error.reason is ErrorReason.FINAL_DATA_NODE_VALUE_INVALID:
        return _SINCE  # only what takes a plan back says so of a value that is there
    told = _BY_REASON.get(error.reason) if error.reason is not None else None
    if told is None:
        return _BY_TYPE.get(error.type, said(error))
    _, inside, name = error.bad_data_node.partition("/attributes/")
    return told.format(of=f": {words.attribute(name)}" if inside and name else "")


def said(error: ErrorDetail) -> str:
    """What the utility reads of it."""
    return error.detail or error.title or _UNKNOWN


def of(result: Result) -> str:
    """Why the change of a result failed; empty where it did not."""
    return " ".join(dict.fromkeys(map(sentence, result.errors or ())))


def counted(results: Iterable[Result]) -> tuple[Reason, ...]:
    """The reasons for what failed, the commonest first."""
    found: dict[str, list[ErrorDetail]] = {}
    for result in results:
        if result.errors:
            found.setdefault(of(result), []).append(result.errors[0])
    each = [Reason(why, len(errors), said(errors[0])) for why, errors in found.items()]
    return tuple(sorted(each, key=lambda one: -one.count))
