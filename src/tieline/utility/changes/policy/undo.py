"""Taking a change back: the before-images become what is desired; what somebody changed since is left alone."""

from collections.abc import Mapping
from typing import Any

from tieline.utility.changes.model import Fields, Reason


def undone(before: Fields, desired: Fields) -> dict[str, Any]:
    """What to set so that an item's effect is gone: only the fields that it set, as they were before."""
    return {name: before.get(name) for name in desired}


def conflict(desired: Fields, current: Mapping[Any, Any]) -> Reason | None:
    """Why an item's effect cannot be taken back: a field has no longer the value that the item gave it."""
    changed = [name for name, value in desired.items() if current.get(name) != value]
    if not changed:
        return None
    told = "; ".join(f"{name} is now {_shown(current.get(name))}, not {_shown(desired[name])}" for name in changed)
    return Reason("changed-since", f"Somebody changed it since: {told}. It is left alone.")


def _shown(value: Any) -> str:
    if value is None or value in ("", [], ()):
        return "unset"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
