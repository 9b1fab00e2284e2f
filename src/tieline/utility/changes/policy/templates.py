"""What a template says of a change, and how a change may differ from the one behind its policy."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tieline.utility.changes.model import Change, Thresholds, Waves, Window
from tieline.utility.inventory import Selection

FORMAT = "tieline-change-template/1"


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a template says of a change. ``selection`` None: it is asked for at each use."""

    kind: str
    title: str
    reason: str = ""
    parameters: dict[str, Any] = {}
    waves: Waves = Waves()
    thresholds: Thresholds = Thresholds()
    window: Window = Window()
    selection: Selection | None = None


class Exported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template as a file; its approval does not travel with it."""

    format: str
    name: str
    body: Body
    note: str = ""


def body_of(change: Change, *, with_selection: bool) -> Body:
    """What a change says, as a template's body; the day of its window is its own and stays behind."""
    return Body(
        change.kind,
        change.title,
        change.reason,
        dict(change.parameters),
        change.waves,
        change.thresholds,
        Window(rules=change.window.rules),
        msgspec.convert(change.selection, Selection) if with_selection else None,
    )


def deviates(change: Change, body: Mapping[str, Any]) -> str | None:
    """How a change differs from the template behind its policy in what it does; None: it does the same.

    Title, reason, selection and steps may differ: the policy bounds those.
    """
    wanted = msgspec.convert(body, Body)
    if change.kind != wanted.kind:
        return f"is of another kind than {wanted.kind}"
    names = sorted({*wanted.parameters, *change.parameters})
    differing = [name for name in names if wanted.parameters.get(name) != change.parameters.get(name)]
    if differing:
        return f"has other values for {', '.join(differing)}"
    if wanted.window.rules and change.window.rules != wanted.window.rules:
        return "has another window"
    return None
