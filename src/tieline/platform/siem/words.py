"""An entry in words, and how much it matters: 0 to 10 as CEF has it. Pure."""

from tieline.platform.scope import named
from tieline.platform.siem.model import Event

_ORDINARY = 3
_BY_BEGIN = (
    ("session.refused", 6),
    ("audit.", 9),
    ("secrets.", 6),
    ("client.", 6),
    ("certificate.", 6),
    ("connection.", 6),
    ("utility.", 6),
    ("user.", 5),
    ("token.", 5),
    ("policy.", 5),
    ("change.item.conflict", 6),
    ("feed.silent", 6),
    ("siem.test", 1),
)
_WARNING_FROM = 6


def severity(action: str) -> int:
    """How much an action matters: who may do what, and with which keys, more than ordinary work."""
    return next((grade for begin, grade in _BY_BEGIN if action.startswith(begin)), _ORDINARY)


def syslog_severity(action: str) -> int:
    """The same as syslog has it (RFC 5424 table 2): 4 is a warning, 5 a notice."""
    return 4 if severity(action) >= _WARNING_FROM else 5


def category(event: Event) -> str:
    """What an action is about: its first word, within its trail."""
    return f"{event.source}/{event.action.partition('.')[0]}"


def person(actor: str) -> str:
    """Who acted, without the kind of actor in front and without the token behind."""
    return actor.partition("/")[0].partition(":")[2] or actor


def sentence(event: Event) -> str:
    """One line for a person."""
    done = event.action.replace(".", " ").replace("-", " ").replace("_", " ")
    return f"{done}: {event.subject} by {named(event.actor)}" if event.subject else f"{done} by {named(event.actor)}"
