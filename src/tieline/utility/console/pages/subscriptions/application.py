"""What the application at the site answered last, and the button that asks it."""

from datetime import datetime, timedelta

from tieline.console.components.frame import Action
from tieline.console.components.values import Age, Badge, Ident, Tone
from tieline.platform.scope import Permission
from tieline.utility.console.http import Page
from tieline.utility.inventory import FleetRow
from tieline.utility.probing import Latest, Why

OLD = timedelta(days=7)
"""An answer older than this says little about now."""
_TONES = {
    Why.ANSWERED: ("In service", Tone.OK),
    Why.NO_ADDRESS: ("Not asked", Tone.OFF),
    Why.NOT_ALLOWED: ("Not asked", Tone.WARN),
    Why.UNREACHABLE: ("Not reached", Tone.BAD),
    Why.NO_CONNECTION: ("Not reached", Tone.BAD),
    Why.NO_WAY: ("Not known", Tone.UNKNOWN),
}
_DEAD = ("Does not answer", Tone.BAD)


def verdict(why: Why) -> tuple[str, Tone]:
    """What an outcome says of an application, in a word, and how bad that is."""
    return _TONES.get(why, _DEAD)


def shown(one: FleetRow, answer: Latest | None, asked: datetime | None) -> tuple[tuple[str, object], ...]:
    """The last answer with its age; before the first one, what there is to be asked."""
    if answer is None:
        address = one.op_ip_address or one.ip_address
        state: object = Badge("Being asked", Tone.BUSY) if asked else "It was never asked."
        return (("Application", state), ("Address", Ident(address) if address else None))
    word, tone = verdict(answer.why)
    pairs: list[tuple[str, object]] = [
        ("Application", Badge(word, tone, tip=answer.why.sentence)),
        ("What came of it", answer.why.sentence),
        ("Asked", Age(answer.at, "our own test frame", OLD)),
        ("Round trip", None if answer.rtt_ms is None else f"{answer.rtt_ms:,.0f} ms"),
        ("Address", Ident(answer.address) if answer.address else None),
    ]
    return (*pairs, ("Now", Badge("Being asked", Tone.BUSY))) if asked else tuple(pairs)


def button(page: Page, one: FleetRow, asked: datetime | None) -> Action | None:
    """The button for those who may ask."""
    if not page.scope.may(Permission.INCIDENT_WRITE):
        return None
    unless = ""
    if asked is not None:
        unless = "It is being asked: the answer comes within a minute."
    elif not (one.op_ip_address or one.ip_address):
        unless = "It has no fixed address at which it could be asked."
    return Action("Ask now", f"/subscriptions/{one.subscription_id}/ask", "plug-zap", method="post", unless=unless)
