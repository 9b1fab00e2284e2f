"""How two revisions of a notice differ, in sentences. Pure."""

from collections.abc import Mapping
from typing import Any

_WORDS = {"title": "Title", "description": "Words", "technology": "Technology", "priority": "Priority"}


def differences(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> list[str]:
    """What a later revision says otherwise: its words first, then phase by phase."""
    found = [
        f"{word}: “{earlier.get(name) or 'nothing'}” became “{later.get(name) or 'nothing'}”."
        for name, word in _WORDS.items()
        if (earlier.get(name) or None) != (later.get(name) or None)
    ]
    before = {phase["id"]: phase for phase in earlier.get("phases", ())}
    after = {phase["id"]: phase for phase in later.get("phases", ())}
    found += [f"Phase “{phase['name']}” is gone." for key, phase in before.items() if key not in after]
    found += [
        f"Phase “{phase['name']}” is new, from {_span(phase)}." for key, phase in after.items() if key not in before
    ]
    for key, phase in after.items():
        if key in before:
            found += _of_a_phase(before[key], phase)
    return found


def _of_a_phase(had: Mapping[str, Any], has: Mapping[str, Any]) -> list[str]:
    found = []
    if had["name"] != has["name"]:
        found.append(f"Phase “{had['name']}” is now called “{has['name']}”.")
    if had["period"] != has["period"]:
        found.append(f"Phase “{has['name']}”: from {_span(had)}, now from {_span(has)}.")
    if had["area"] != has["area"]:
        found.append(f"Phase “{has['name']}” has another area.")
    return found


def _span(phase: Mapping[str, Any]) -> str:
    period = phase["period"]
    return f"{str(period['startDateTime'])[:10]} to {str(period['endDateTime'])[:10]}"
