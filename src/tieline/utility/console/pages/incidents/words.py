"""Severities and states of incidents as badges: icon, word and colour together."""

from collections.abc import Mapping

from tieline.console.components.values import Badge, Tone

SEVERITIES: Mapping[str, Badge] = {
    "critical": Badge("Critical", Tone.BAD, "octagon-alert", "A critical site, both links of a site, or a great many."),
    "major": Badge("Major", Tone.WARN, "triangle-alert", "A link does not work as it should."),
    "minor": Badge("Minor", Tone.HELD, "info", "Something deviates that carries no traffic."),
    "warning": Badge("Warning", Tone.UNKNOWN, "circle-help", "No site depends on it."),
}
STATES: Mapping[str, Badge] = {
    "open": Badge("New", Tone.BAD, "bell-ring", "Nobody looks after it yet."),
    "acknowledged": Badge("Acknowledged", Tone.BUSY, "eye"),
    "expected": Badge("Expected", Tone.HELD, "hourglass", "Known work: an incident only if it is so still afterwards."),
    "resolved": Badge("Resolved", Tone.OK, "circle-check"),
}


def severity(name: str) -> Badge:
    """A severity."""
    return SEVERITIES.get(name, Badge(name.capitalize()))


def state(name: str) -> Badge:
    """A state."""
    return STATES.get(name, Badge(name.capitalize()))
