"""From a plan's changes to operations on objects, and from what went wrong to the errors of a result. Pure."""

from dataclasses import dataclass

from tieline.gateway.backends.port import Verdict
from tieline.gateway.objects.policy import Refused, Step, Tree
from tieline.gateway.plans.undo import Undoing
from tieline.standards.mns.errors import ErrorDetail, ErrorReason, ErrorType, PatchError, PlanError
from tieline.standards.mns.jsonpatch import merge_patch
from tieline.standards.mns.patch import CreateObject, DeleteObject, MergeObject, Operation
from tieline.standards.mns.plans import ConfigChange, ModifyOperator, PlannedChange, read_change


@dataclass(frozen=True, slots=True)
class Planned:
    """One operation of a job: its place in it, and either what is to be done or why it cannot be read.

    ``undoes`` is there when the job takes another one back.
    """

    place: int
    target: str
    operation: Operation | None
    label: str
    errors: tuple[ErrorDetail, ...] = ()
    undoes: Undoing | None = None


def planned(change: ConfigChange, place: int, index: int, undoes: Undoing | None = None) -> Planned:
    """Read one change; ``place`` counts through the job, ``index`` through its plan."""
    label = change.change_id if change.change_id is not None else str(place)
    try:
        read = read_change(change, index)
    except PlanError as error:
        return Planned(place, change.target, None, label, error.errors)
    return Planned(place, change.target, _operation(read), label, undoes=undoes)


def judge(tree: Tree, item: Planned, step: Step, verdict: Verdict | None) -> list[ErrorDetail]:
    """Carry one operation out on the tree; gives the errors if it is refused, and leaves the tree as it was."""
    if item.operation is None:
        return list(item.errors)
    if verdict is not None and verdict.refused is not None:
        return [_error(item, verdict.refused, ErrorType.APPLICATION_LAYER_ERROR, ErrorReason.OTHER)]
    if item.undoes is not None and item.undoes.is_stale(tree.nodes.get(item.operation.dn)):
        detail = "somebody changed the object since: it is left alone"
        return [_error(item, detail, ErrorType.APPLICATION_LAYER_ERROR, ErrorReason.FINAL_DATA_NODE_VALUE_INVALID)]
    try:
        tree.apply(item.operation, Step(step.actor, step.now, item.label))
    except PatchError as error:
        attribute = error.attribute if isinstance(error, Refused) else None
        return [_error(item, error.detail, error.type, error.reason, attribute)]
    return []


def _operation(change: PlannedChange) -> Operation:
    match change.operator:
        case ModifyOperator.CREATE:
            return CreateObject(change.dn, merge_patch({}, change.attributes), "")
        case ModifyOperator.DELETE:
            return DeleteObject(change.dn, "")
        case ModifyOperator.MERGE | ModifyOperator.MERGE_CREATE:
            creates = change.operator is ModifyOperator.MERGE_CREATE
            return MergeObject(change.dn, change.attributes, creates, "")


def _error(
    item: Planned, detail: str, kind: ErrorType, reason: ErrorReason | None, attribute: str | None = None
) -> ErrorDetail:
    node = f"{item.target}/attributes/{attribute}" if attribute else item.target
    return ErrorDetail(type=kind, reason=reason, title=detail, detail=detail, bad_data_node=node)
