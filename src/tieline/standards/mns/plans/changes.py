"""Reading the changes of a plan, putting them into effect on an object, and taking them back.

The value of an OPENAPI_BASED change is the resource representation that a ProvMnS PATCH of the target would
carry: ``{"attributes": {…}}``, merged by RFC 7396 (so ``null`` unsets an attribute), with ``id`` and
``objectClass`` optional. TS 28.572 leaves the shape open (``additionalProperties: true``) and its examples
differ among themselves: a parent with an array of children to create, bare attributes to merge. We chose this
one because the target then always names the object that changes, one reader serves plans and patches, a flat
class stays flat, and nothing depends on whether an attribute happens to be called ``id``. Bare attributes are
refused, not guessed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import (
    DnError,
    ErrorDetail,
    ErrorReason,
    ErrorType,
    PlanError,
    RepresentationError,
)
from tieline.standards.mns.jsonpatch import MAX_NESTING, inverse_merge, is_too_deep, merge_patch
from tieline.standards.mns.plans.model import (
    ConfigChange,
    MemberConflict,
    MemberOp,
    ModifyOperator,
    Result,
)
from tieline.standards.mns.plans.states import OperationState
from tieline.standards.mns.resource import is_flat, parse_resource


class PlannedChange(NamedTuple):
    """A change of a plan with its target and value read. ``position`` counts from 0; ``change_id`` may be None."""

    position: int
    change_id: str | None
    operator: ModifyOperator
    dn: Dn
    attributes: dict[str, Any]


class AppliedChange(NamedTuple):
    """A change that took effect, and the object's attributes before it (None: there was no object)."""

    change: PlannedChange
    before: Mapping[str, Any] | None


def make_change(
    operator: ModifyOperator, dn: Dn, attributes: Mapping[str, Any] | None = None, change_id: str | None = None
) -> ConfigChange:
    """Write a change; ``attributes`` are left out for ``delete``."""
    value: dict[str, Any] | None = None
    if operator is not ModifyOperator.DELETE:
        value = dict(attributes or {}) if is_flat(dn.class_name) else {"attributes": dict(attributes or {})}
    return ConfigChange(modify_operator=operator, target=dn.uri, change_id=change_id, value=value)


def read_change(change: ConfigChange, index: int) -> PlannedChange:
    """Read one change.

    Raises:
        PlanError: with every fault of the change.

    """
    try:
        dn = Dn.from_uri(change.target)
    except DnError as error:
        raise _fault(change, str(error), error.reason or ErrorReason.NEW_DATA_NODE_NAME_INVALID) from error
    attributes = {} if change.modify_operator is ModifyOperator.DELETE else _attributes(change, dn)
    return PlannedChange(index, change.change_id, change.modify_operator, dn, attributes)


def read_changes(changes: Iterable[ConfigChange]) -> Iterator[PlannedChange | Result]:
    """Read changes in order, giving in the place of each that cannot be read its failed result."""
    for index, change in enumerate(changes):
        try:
            yield read_change(change, index)
        except PlanError as error:
            yield Result(
                target=change.target,
                state=OperationState.FAILED,
                change_id=change.change_id,
                change_index=None if change.change_id is not None else index,
                errors=list(error.errors),
            )


def result_of(
    change: PlannedChange, state: OperationState, errors: Iterable[ErrorDetail] = (), *, plan: str | None = None
) -> Result:
    """Write the result of a change; ``plan`` is the member's descriptor when a group is activated."""
    return Result(
        target=change.dn.uri,
        state=state,
        change_id=change.change_id,
        change_index=None if change.change_id is not None else change.position,
        plan_config_descr_id=plan,
        errors=list(errors) or None,
    )


def apply_change(change: PlannedChange, before: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give the object's attributes after the change; None where there is no object.

    Raises:
        PlanError: when the operator does not fit what is there.

    """
    exists = before is not None
    match change.operator:
        case ModifyOperator.CREATE if exists:
            raise _refused(change, f"{change.dn} exists", ErrorReason.TARGET_DATA_NODE_FOUND)
        case ModifyOperator.MERGE | ModifyOperator.DELETE if not exists:
            raise _refused(change, f"{change.dn} does not exist", ErrorReason.TARGET_DATA_NODE_NOT_FOUND)
        case ModifyOperator.DELETE:
            return None
        case _:
            merged: dict[str, Any] = merge_patch(before or {}, change.attributes)
            return merged


def undo_change(applied: AppliedChange) -> ConfigChange:
    """Give the change that takes one back: it touches only what was touched, and keeps the ``changeId``."""
    change, before = applied
    if before is None:
        return make_change(ModifyOperator.DELETE, change.dn, change_id=change.change_id)
    if change.operator is ModifyOperator.DELETE:
        return make_change(ModifyOperator.CREATE, change.dn, before, change.change_id)
    return make_change(ModifyOperator.MERGE, change.dn, inverse_merge(before, change.attributes), change.change_id)


def undo_changes(applied: Iterable[AppliedChange]) -> list[ConfigChange]:
    """Give the changes of an UNDO fallback: the last that took effect is taken back first."""
    return [undo_change(item) for item in reversed(list(applied))]


def member_conflicts(members: Mapping[str, Iterable[PlannedChange]]) -> list[MemberConflict]:
    """Find operations of different members of a group that cannot both hold.

    Two conflict when they touch one object and one creates or deletes it, or when they give one attribute
    different values. The order is that of the members.
    """
    touching: dict[Dn, list[tuple[str, PlannedChange]]] = {}
    for plan, changes in members.items():
        for change in changes:
            touching.setdefault(change.dn, []).append((plan, change))
    return [
        MemberConflict(member_conflict=[_member_op(plan, change) for plan, change in group])
        for group in touching.values()
        if _conflict(group)
    ]


def _conflict(group: list[tuple[str, PlannedChange]]) -> bool:
    if len({plan for plan, _ in group}) < 2:  # noqa: PLR2004 - a conflict takes two members
        return False
    if any(change.operator in {ModifyOperator.CREATE, ModifyOperator.DELETE} for _, change in group):
        return True
    seen: dict[str, tuple[str, Any]] = {}
    for plan, change in group:
        for name, value in change.attributes.items():
            other_plan, other = seen.setdefault(name, (plan, value))
            if other_plan != plan and other != value:
                return True
    return False


def _member_op(plan: str, change: PlannedChange) -> MemberOp:
    return MemberOp(
        plan_config_descr_id=plan,
        target=change.dn.uri,
        change_id=change.change_id,
        change_index=None if change.change_id is not None else change.position,
    )


def _attributes(change: ConfigChange, dn: Dn) -> dict[str, Any]:
    if change.value is None:
        raise _fault(change, f"{change.modify_operator} needs a value", ErrorReason.NEW_DATA_NODE_VALUE_INVALID)
    if is_too_deep(change.value):
        detail = f"a value nests at most {MAX_NESTING} levels"
        raise _fault(change, detail, ErrorReason.NEW_DATA_NODE_VALUE_INVALID)
    try:
        parsed = parse_resource(change.value, dn.class_name)
    except RepresentationError as error:
        raise _fault(change, str(error), ErrorReason.NEW_DATA_NODE_VALUE_INVALID) from error
    if parsed.children:
        detail = f"a change is of one object: {parsed.children[0][0]} needs a change of its own"
        raise _fault(change, detail, ErrorReason.NEW_DATA_NODE_CONTAINMENT_INVALID)
    if parsed.id is not None and parsed.id != dn.id:
        raise _fault(change, f"the id is {parsed.id[:80]!r}, not {dn.id!r}", ErrorReason.TARGET_DATA_NODE_INVARIANT)
    return parsed.attributes


def _fault(change: ConfigChange, detail: str, reason: ErrorReason) -> PlanError:
    node = change.target[:400]
    kind = ErrorType.SCHEMA_VALIDATION_ERROR
    return PlanError([ErrorDetail(type=kind, reason=reason, detail=detail, bad_data_node=node)])


def _refused(change: PlannedChange, detail: str, reason: ErrorReason) -> PlanError:
    kind = ErrorType.DATA_NODE_TREE_ERROR
    error = ErrorDetail(type=kind, reason=reason, detail=detail, bad_data_node=change.dn.uri)
    return PlanError([error], status=409)
