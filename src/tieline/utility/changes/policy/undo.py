"""Taking a change back: the before-images become what is desired; what somebody changed since is left alone."""

from collections.abc import Mapping
from typing import Any

from tieline.utility.changes.model import Fields, Reason
from tieline.utility.changes.policy.words import field_word, shown


def undone(before: Fields, desired: Fields) -> dict[str, Any]:
    """What to set so that an item's effect is gone: only the fields that it set, as they were before."""
    return {name: before.get(name) for name in desired}


def conflict(desired: Fields, current: Mapping[Any, Any]) -> Reason | None:
    """Why an item's effect cannot be taken back: a field has no longer the value that the item gave it."""
    changed = [name for name, value in desired.items() if current.get(name) != value]
    if not changed:
        return None
    told = "; ".join(
        f"{field_word(name)} is now {shown(current.get(name))}, not {shown(desired[name])}" for name in changed
    )
    return Reason("changed-since", f"Somebody changed it since: {told}. It is left alone.")


def conflict_there(one: Fields, other: Fields, operational: Mapping[Any, Any]) -> Reason | None:
    """Why an effect cannot be taken back: the operator reports a field as neither of the two values we know it by.

    Somebody changed it there. ``operational`` is empty before the first report, which says nothing.
    """
    changed = [
        name
        for name in one
        if name in operational and not any(_same(operational[name], known.get(name)) for known in (one, other))
    ]
    if not changed:
        return None
    told = "; ".join(f"{field_word(name)} as {shown(operational[name])}, not {shown(one[name])}" for name in changed)
    return Reason("changed-since", f"Somebody changed it at the operator, which reports {told}. It is left alone.")


def _same(one: Any, other: Any) -> bool:
    return (one or None) == (other or None)
