"""What an operation does to the objects it concerns, or why it may not. Pure: a store loads and writes them.

One ``Tree`` holds what a transaction has locked. Operations are applied one after the other; each is carried out
wholly or refused and leaves the tree as it was, so that a plan may go on after a failure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tieline.gateway.model import Actor, Consumer, Party
from tieline.gateway.objects.addresses import Addresses, held_by
from tieline.gateway.objects.classes import CLASSES, ManagedClass
from tieline.gateway.objects.model import META, Effect, Happened, Node, Stamp
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import ErrorReason, ErrorType, PatchError, RepresentationError
from tieline.standards.mns.jsonpatch import apply_operation, merge_patch
from tieline.standards.mns.patch import (
    CreateObject,
    DeleteObject,
    EditObject,
    MergeObject,
    Operation,
    ReplaceObject,
)
from tieline.standards.mns.profile import SUBSCRIPTION_CLASS

_REFUSED: Mapping[ErrorReason, tuple[ErrorType, int]] = {
    ErrorReason.TARGET_DATA_NODE_FOUND: (ErrorType.DATA_NODE_TREE_ERROR, 409),
    ErrorReason.TARGET_DATA_NODE_NOT_FOUND: (ErrorType.DATA_NODE_TREE_ERROR, 404),
    ErrorReason.TARGET_DATA_NODE_PARENT_NOT_FOUND: (ErrorType.DATA_NODE_TREE_ERROR, 404),
    ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE: (ErrorType.MODIFICATION_NOT_ALLOWED, 403),
    ErrorReason.TARGET_DATA_NODE_CREATION_NOT_ALLOWED: (ErrorType.MODIFICATION_NOT_ALLOWED, 403),
    ErrorReason.TARGET_DATA_NODE_DELETION_NOT_ALLOWED: (ErrorType.MODIFICATION_NOT_ALLOWED, 403),
    ErrorReason.NEW_DATA_NODE_NAME_INVALID: (ErrorType.SCHEMA_VALIDATION_ERROR, 422),
    ErrorReason.NEW_DATA_NODE_VALUE_INVALID: (ErrorType.SCHEMA_VALIDATION_ERROR, 422),
    ErrorReason.NEW_DATA_NODE_CONTAINMENT_INVALID: (ErrorType.SCHEMA_VALIDATION_ERROR, 422),
    ErrorReason.FINAL_DATA_NODE_VALUE_INVALID: (ErrorType.MODIFICATION_NOT_ALLOWED, 422),
    ErrorReason.FINAL_DATA_NODE_CARDINALITY_INVALID: (ErrorType.APPLICATION_LAYER_ERROR, 422),
    ErrorReason.ACCESS_DENIED: (ErrorType.ACCESS_CONTROL_CONFLICT, 422),
    ErrorReason.OTHER: (ErrorType.APPLICATION_LAYER_ERROR, 422),
}


class Refused(PatchError):
    """An operation that may not be carried out; ``attribute`` is the one at fault, if it is one."""

    def __init__(self, detail: str, operation: Operation, reason: ErrorReason, attribute: str | None = None) -> None:
        kind, status = _REFUSED.get(reason, (ErrorType.APPLICATION_LAYER_ERROR, 422))
        super().__init__(detail, operation.bad_op, type=kind, reason=reason, status=status)
        self.dn = operation.dn
        self.attribute = attribute


@dataclass(frozen=True, slots=True)
class Step:
    """Who carries an operation out, when, and under which name in its plan or patch."""

    actor: Actor
    now: datetime
    change: str | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An operation's outcome for one object before it is written: changed attributes, and orders not to be kept."""

    changed: dict[str, Any]
    signal: str | None = None


class Tree:
    """The objects that a set of operations concerns, and what the operations have made of them."""

    def __init__(
        self,
        consumer: Consumer,
        nodes: Iterable[Node],
        counts: Mapping[tuple[Dn, str], int] | None = None,
        addresses: Addresses | None = None,
    ) -> None:
        """Take the objects as they are stored, how many children parents hold, and who holds the addresses to give."""
        self.consumer = consumer
        self.stored = {node.dn: node for node in nodes}
        self.nodes = dict(self.stored)
        self.touched: set[Dn] = set()
        self.effects: list[Effect] = []
        self._counts = dict(counts or {})
        self._addresses = addresses or Addresses({})

    def apply(self, operation: Operation, step: Step) -> list[Effect]:
        """Carry out one operation.

        Raises:
            PatchError: when it may not be; the tree is then unchanged.

        """
        found = self._effects(operation, step)
        self.effects += found
        return found

    def _effects(self, operation: Operation, step: Step) -> list[Effect]:
        kind, party = class_of(operation), step.actor.party
        node = self.nodes.get(operation.dn)
        match operation:
            case CreateObject(_, attributes):
                if node is not None:
                    raise Refused(f"{operation.dn} exists", operation, ErrorReason.TARGET_DATA_NODE_FOUND)
                return [self._create(operation, kind, attributes, step)]
            case MergeObject(_, changes, True) if node is None:
                return [self._create(operation, kind, merge_patch({}, changes), step)]
            case _ if node is None:
                raise Refused(f"{operation.dn} does not exist", operation, ErrorReason.TARGET_DATA_NODE_NOT_FOUND)
            case MergeObject(_, changes):
                wanted = _merged(operation, kind, node, changes, party)
            case ReplaceObject(_, attributes):
                wanted = _replaced(operation, kind, node, attributes, party)
            case EditObject():
                wanted = _edited(operation, kind, node, party)
            case DeleteObject():
                return self._delete(operation, kind, step)
        return self._change(operation, kind, node, _reviewed(operation, kind, self.consumer, node, wanted), step)

    def _create(self, operation: Operation, kind: ManagedClass, attributes: Mapping[str, Any], step: Step) -> Effect:
        dn, actor = operation.dn, step.actor
        self._check_place(operation, kind, actor)
        for name, value in attributes.items():
            _check_value(operation, kind, name, value, actor.party)
        kept = {name: value for name, value in attributes.items() if not kind.attributes[name].trigger}
        signal = next((kind.attributes[name].trigger for name, value in attributes.items() if value is True), None)
        if missing := kind.required - kept.keys():
            name = min(missing)
            raise Refused(f"{name} is missing", operation, ErrorReason.NEW_DATA_NODE_VALUE_INVALID, name)
        _review(operation, kind, self.consumer, {}, kept)
        node = Node(dn, kept, {}, step.now, actor.source, actor.plan if kind.meta else None)
        self._take_address(operation, {}, node)
        self._put(node)
        if dn.parent is not None:
            self._counts[dn.parent, kind.name] = self._counts.get((dn.parent, kind.name), 0) + 1
        stamp: Stamp | None = ({}, node.meta()) if kind.meta else None
        return Effect(dn, Happened.CREATED, None, kept, node.version, step.change, signal, stamp)

    def _check_place(self, operation: Operation, kind: ManagedClass, actor: Actor) -> None:
        dn = operation.dn
        if actor.party not in kind.makers:
            raise Refused(
                f"{kind.name} is made by the operator", operation, ErrorReason.TARGET_DATA_NODE_CREATION_NOT_ALLOWED
            )
        parent = dn.parent
        if parent is None or parent.class_name not in kind.parents:
            allowed = ", ".join(sorted(kind.parents))
            raise Refused(
                f"{kind.name} stands below {allowed}", operation, ErrorReason.NEW_DATA_NODE_CONTAINMENT_INVALID
            )
        if parent not in self.nodes:
            raise Refused(f"{parent} does not exist", operation, ErrorReason.TARGET_DATA_NODE_PARENT_NOT_FOUND)
        if kind.most is not None and self._counts.get((parent, kind.name), 0) >= kind.most:
            raise Refused(
                f"{parent} holds at most {kind.most} {kind.name}",
                operation,
                ErrorReason.FINAL_DATA_NODE_CARDINALITY_INVALID,
            )

    def _change(
        self, operation: Operation, kind: ManagedClass, node: Node, wanted: _Wanted, step: Step
    ) -> list[Effect]:
        actor, changed = step.actor, wanted.changed
        if not changed:
            if kind.meta and actor.plan is not None and actor.plan != node.last_plan:
                self._put(replace(node, last_plan=actor.plan))
            elif kind.desired:
                self.touched.add(node.dn)
            # An order that changes nothing is acted upon, and neither logged nor notified.
            empty = Effect(node.dn, Happened.CHANGED, {}, {}, node.version, step.change, wanted.signal)
            return [empty] if wanted.signal else []
        own, observed = _with(kind, node, changed)
        new = replace(node, attributes=own, observed=observed, version=node.version + 1)
        self._take_address(operation, node.attributes, new)
        stamp: Stamp | None = None
        if kind.meta and actor.party is not Party.NETWORK:
            new = replace(new, modified_at=step.now, modified_by=actor.source, last_plan=actor.plan)
            stamp = node.meta(), new.meta()
        self._put(new)
        before = {name: _present(node, name) for name in changed}
        return [Effect(node.dn, Happened.CHANGED, before, changed, new.version, step.change, wanted.signal, stamp)]

    def _take_address(self, operation: Operation, before: Mapping[str, Any], node: Node) -> None:
        """Give a subscription the address that it is to have. Raises ``Refused`` while another one holds it."""
        held = held_by(node.attributes) if node.dn.class_name == SUBSCRIPTION_CLASS else None
        if held is None or held == held_by(before):
            return
        holder = self._addresses.holder(held, node.dn, self.nodes, self.stored)
        if holder is not None:
            where = f"{held.address} in the APN {held.apn}" if held.apn else held.address
            why = (
                "has been told to give it up, but the network has not followed yet"
                if holder.leaving
                else "is to have it; it has to give it up first"
            )
            detail = f"{where} is taken: {holder.dn.class_name}={holder.dn.id} {why}"
            raise Refused(detail, operation, ErrorReason.FINAL_DATA_NODE_VALUE_INVALID, "ipAddress")
        self._addresses.take(held, node.dn)

    def _delete(self, operation: Operation, kind: ManagedClass, step: Step) -> list[Effect]:
        if step.actor.party not in kind.makers:
            raise Refused(
                f"{kind.name} is deleted by the operator", operation, ErrorReason.TARGET_DATA_NODE_DELETION_NOT_ALLOWED
            )
        doomed = sorted((dn for dn in self.nodes if dn.is_at_or_below(operation.dn)), key=len, reverse=True)
        effects = []
        for dn in doomed:
            node = self.nodes.pop(dn)
            self.touched.add(dn)
            if dn.parent is not None and (dn.parent, dn.class_name) in self._counts:
                self._counts[dn.parent, dn.class_name] -= 1
            effects.append(Effect(dn, Happened.DELETED, node.attributes, None, node.version, step.change))
        return effects

    def _put(self, node: Node) -> None:
        self.nodes[node.dn] = node
        self.touched.add(node.dn)


def class_of(operation: Operation) -> ManagedClass:
    """Give the class of the object that an operation is about.

    Raises:
        Refused: for a class that is not served here.

    """
    kind = CLASSES.get(operation.dn.class_name)
    if kind is None:
        raise Refused(f"there is no class {operation.dn.class_name}", operation, ErrorReason.NEW_DATA_NODE_NAME_INVALID)
    return kind


def document(node: Node) -> dict[str, Any]:
    """Give all attributes of an object as they are read over the wire."""
    kind = CLASSES.get(node.dn.class_name)
    meta = node.meta() if kind is not None and kind.meta else {}
    return {**node.attributes, **node.observed, **meta}


def lags(node: Node) -> bool:
    """Tell whether the network does something else than what the object says it should."""
    kind = CLASSES[node.dn.class_name]
    operational = node.observed.get("operational") or {}
    return any(node.attributes.get(name) != operational.get(name) for name in kind.desired)


def operational_twin(node: Node, since: str) -> dict[str, Any]:
    """Give the operational state of a network that does exactly what the object says."""
    kind = CLASSES[node.dn.class_name]
    twin = {name: node.attributes[name] for name in kind.desired if name in node.attributes}
    return {**twin, "since": since}


def _present(node: Node, name: str) -> Any:
    return node.attributes.get(name, node.observed.get(name))


def _with(kind: ManagedClass, node: Node, changed: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    own, observed = dict(node.attributes), dict(node.observed)
    for name, value in changed.items():
        target = observed if name in kind.observed else own
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value
    return own, observed


def _reviewed(operation: Operation, kind: ManagedClass, consumer: Consumer, node: Node, wanted: _Wanted) -> _Wanted:
    if wanted.changed and kind.review is not None:
        _review(operation, kind, consumer, node.attributes, _with(kind, node, wanted.changed)[0])
    return wanted


def _merged(
    operation: MergeObject, kind: ManagedClass, node: Node, changes: Mapping[str, Any], party: Party
) -> _Wanted:
    changed: dict[str, Any] = {}
    signal = None
    for name, value in changes.items():
        old = _present(node, name)
        new = merge_patch(old, value) if isinstance(value, Mapping) else value
        trigger = _check_value(operation, kind, name, new, party)
        if trigger is not None:
            signal = trigger if new is True else signal
        elif new != old:
            changed[name] = new
    return _Wanted(changed, signal)


def _replaced(
    operation: ReplaceObject, kind: ManagedClass, node: Node, attributes: Mapping[str, Any], party: Party
) -> _Wanted:
    """Replace what the party may write; what it may not has to be left out, or be as it is."""
    shown = document(node)
    gone = [
        name
        for name, spec in kind.attributes.items()
        if party in spec.writers and name in shown and name not in attributes
    ]
    news = {name: value for name, value in attributes.items() if name not in shown or shown[name] != value}
    return _merged(
        MergeObject(operation.dn, news, create_missing=False, bad_op=operation.bad_op),
        kind,
        node,
        {**news, **dict.fromkeys(gone)},
        party,
    )


def _edited(operation: EditObject, kind: ManagedClass, node: Node, party: Party) -> _Wanted:
    before = document(node)
    after = apply_operation(before, operation.operation, operation.bad_op)
    changed: dict[str, Any] = {}
    signal = None
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        trigger = _check_value(operation, kind, name, new, party)
        if trigger is not None:
            signal = trigger if new is True else signal
        else:
            changed[name] = new
    return _Wanted(changed, signal)


def _check_value(operation: Operation, kind: ManagedClass, name: str, value: Any, party: Party) -> str | None:
    """Check that the party may write the attribute and that the value is right; give the order it stands for."""
    spec = kind.attributes.get(name)
    if spec is None or party not in spec.writers:
        if spec is None and not (kind.meta and name in META):
            detail = f"{kind.name} has no attribute {name[:64]!r}"
            raise Refused(detail, operation, ErrorReason.NEW_DATA_NODE_NAME_INVALID, name[:64])
        raise Refused(
            f"{name} is not the {party}'s to write", operation, ErrorReason.TARGET_DATA_NODE_NOT_WRITABLE, name
        )
    if value is not None and (rule := spec.check(value)):
        raise Refused(f"{name} {rule}", operation, ErrorReason.NEW_DATA_NODE_VALUE_INVALID, name)
    if value is None and name in kind.required:
        raise Refused(f"{name} cannot be unset", operation, ErrorReason.NEW_DATA_NODE_VALUE_INVALID, name)
    return spec.trigger


def _review(
    operation: Operation,
    kind: ManagedClass,
    consumer: Consumer,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    if kind.review is None:
        return
    try:
        kind.review(consumer, before, after)
    except RepresentationError as error:
        attribute = error.attributes[0] if error.attributes else None
        reason = error.reason or ErrorReason.NEW_DATA_NODE_VALUE_INVALID
        raise Refused(str(error), operation, reason, attribute) from error
