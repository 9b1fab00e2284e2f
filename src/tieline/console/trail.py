"""What pages of an audit trail show, in every console: from entries and verdicts to parts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import Query

from tieline.console import lists
from tieline.console.components import formats
from tieline.console.components.tables import Column, Empty, Filter, FilterBar, FilterKind, Paging, Row, Table
from tieline.console.components.values import Age, Ident, IdentKind, Link, Observed
from tieline.console.components.work import Evidence, Problem
from tieline.platform.audit import Filter as Wanted
from tieline.platform.audit import Record, Verdict, Wrong
from tieline.platform.paging import Page
from tieline.platform.scope import named
from tieline.platform.siem import State

_SHOWN_DETAIL = 3
_HASH = re.compile(r"[0-9a-f]{32,}")
_OURS = re.compile(r"[a-z]+(?:-[a-z]+)*:[\w.+-]+")
"""A subject as this system writes it; whatever else stands there, somebody typed."""
_ONLY_WHOLE = frozenset({"sha256", "plan_hash"})
"""Facts that say nothing to a reader; an entry's own page has them."""
_WORDS: Mapping[str, str] = {"lane": "operator's part"}
"""Words of actions that say nothing to people."""
_CALLED: Mapping[str, Mapping[str, str]] = {"session.began": {"by": "signed in with", "address": "from"}}
"""What facts of some actions are called, where their own name says little."""
_MEANING: Mapping[Wrong, str] = {
    Wrong.TAMPERED: "Somebody altered an entry after it was written, past the database's own protection.",
    Wrong.DELETED: "Somebody removed entries. What they told is lost from the trail.",
    Wrong.INSERTED: "Somebody added an entry that this system did not write.",
    Wrong.REORDERED: "Somebody moved entries to another place of the trail.",
    Wrong.CUT: "Somebody removed the end of the trail.",
    Wrong.REWRITTEN: "Somebody computed the trail anew; it disagrees with the heads that were signed at the time.",
    Wrong.WITNESS: "The file of signed heads itself was altered, so it cannot vouch for the trail.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the filter bar asks for, as it was typed: days are those of the utility's own time zone."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    at_from: str = ""
    at_to: str = ""

    def wanted(self, zone: tzinfo) -> Wanted:
        """As the trail takes it; a day that is none is left out, and the last day counts as a whole."""
        since, until = lists.days(self.at_from, self.at_to, zone)
        return Wanted(
            actor=self.actor or None,
            action=self.action or None,
            subject=self.subject or None,
            since=since,
            until=until,
        )


_Text = Annotated[str, Query(max_length=200)]


async def asked(
    actor: _Text = "", action: _Text = "", subject: _Text = "", at_from: _Text = "", at_to: _Text = ""
) -> Asked:
    """What the filter bar asks for, out of a request's query."""
    return Asked(actor.strip(), action.strip(), subject.strip(), at_from, at_to)


def filters(url: str, asked: Asked) -> FilterBar:
    """The filter bar of the trail."""
    return FilterBar(
        url,
        (
            Filter("actor", "Who", FilterKind.TEXT, value=asked.actor, pinned=True),
            Filter("action", "Action", FilterKind.TEXT, value=asked.action, pinned=True),
            Filter("subject", "Subject", FilterKind.TEXT, value=asked.subject, pinned=True),
            Filter("at", "When", FilterKind.DATES, low=asked.at_from, high=asked.at_to, pinned=True),
        ),
    )


Places = Mapping[str, str]
"""Where a kind of subject has its page: ``/changes/{}`` by number, ``/utilities/{name}`` by name."""


def trail(page: Page[Record], first: str, older: str, places: Places, called: Mapping[str, str] | None = None) -> Table:
    """A page of the trail; ``first`` and ``older`` are URLs, or empty; ``called``: names of subjects, where known."""
    columns = (
        Column("what", "What", fixed=True, narrow=True, wrap=True),
        Column("actor", "Who", narrow=True),
        Column("at", "When", narrow=True),
        Column("subject", "Subject"),
        Column("detail", "Detail", wrap=True),
        Column("seq", "Entry", numeric=True),
        Column("request", "Request", hidden=True),
    )
    empty = Empty(
        "No such entry",
        "Whatever alters anything is recorded here: who, when, what, and to what. Take a filter away to see more.",
        icon="scroll-text",
    )
    shown = formats.plural(len(page.items), "entry", "entries")
    paging = Paging(newer=first, older=older, shown=shown if page.items else "", newer_label="Newest")
    return Table(
        "audit",
        "Entries of the audit trail",
        columns,
        [_row(one, places, called) for one in page.items],
        paging,
        empty=empty,
    )


def _row(entry: Record, places: Places, called: Mapping[str, str] | None) -> Row:
    cells: dict[str, object] = {
        "at": entry.at,
        "actor": named(entry.actor),
        "what": action(entry.action),
        "subject": subject(entry.subject, places, called),
        "detail": summary(entry.detail, entry.action),
        "seq": entry.seq,
        "request": Ident(entry.request_id) if entry.request_id else None,
    }
    return Row(str(entry.seq), cells, f"/audit/{entry.seq}", sheet=True)


def action(name: str) -> str:
    """An action in words: ``change.approved`` is "Change approved"."""
    return " ".join(_WORDS.get(word, word) for word in re.split(r"[._-]", name)).capitalize()


def subject(name: str, places: Places, called: Mapping[str, str] | None = None) -> object:
    """What it was done to, with a link to its page where it has one; ``called``: what people call it, where known."""
    kind, _, key = name.partition(":")
    where, shown = places.get(kind), (called or {}).get(name) or f"{kind.replace('-', ' ')} {key}"
    if not key or where is None:
        return shown if _OURS.fullmatch(name) else name or None
    named_page = "{name}" in where
    return Link(shown, where.format(key, name=quote(key, safe=""))) if named_page or key.isdigit() else shown


def summary(detail: Mapping[str, object], name: str = "") -> str:
    """The first few facts of the detail of an entry in one line; ``name`` is its action."""
    every = _facts(detail)
    called = _CALLED.get(name, {})
    plain = [(one, said) for one, value in every if one not in _ONLY_WHOLE and (said := _said(value))]
    told = [f"{called.get(one) or one.replace('_', ' ')}: {said}" for one, said in plain[:_SHOWN_DETAIL]]
    more = len(every) - len(told)
    return "; ".join(told) + (f"; {more} more" if more else "")


def _facts(detail: Mapping[str, object]) -> list[tuple[str, object]]:
    """Facts one by one: what something is after a change stands there itself, beside what it was where it was other."""
    before, after = detail.get("before"), detail.get("after")
    if not isinstance(after, Mapping):
        return list(detail.items())
    known = before if isinstance(before, Mapping) else None
    inner = [
        (str(name), _Became(known.get(name), value) if known is not None else value)
        for name, value in after.items()
        if known is None or known.get(name) != value
    ]
    return [*inner, *((name, value) for name, value in detail.items() if name not in {"before", "after"})]


@dataclass(frozen=True, slots=True)
class _Became:
    """What something was, and what it is now."""

    before: object
    after: object


def _said(value: object) -> str:
    """A fact's value in a few words; empty where it says nothing."""
    if isinstance(value, _Became):
        before, after = (_short(one) if one not in (None, "") else "none" for one in (value.before, value.after))
        return f"{before} to {after}"
    return "" if value in (None, "") else _short(value)


def _short(value: object) -> str:
    text, limit = _words(value), 60
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _words(value: object) -> str:
    """A value of an entry's detail as people write it; hashes are cut, the whole entry has them."""
    if isinstance(value, Mapping):
        told = [f"{name.replace('_', ' ')} {_words(one)}" for name, one in value.items() if one not in (None, "", [])]
        return ", ".join(told) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"{value[:12]}…" if _HASH.fullmatch(value) else value
    return msgspec.json.encode(value).decode()


def facts(entry: Record, places: Places) -> tuple[tuple[str, object], ...]:
    """Everything about one entry."""
    return (
        ("Entry", entry.seq),
        ("When", entry.at),
        ("Who", entry.actor),
        ("Action", entry.action),
        ("Subject", subject(entry.subject, places)),
        ("Request", Ident(entry.request_id) if entry.request_id else None),
        ("Hash", Ident(entry.hash, IdentKind.HASH)),
    )


def detail_json(entry: Record) -> str:
    """The raw detail, indented."""
    return msgspec.json.format(msgspec.json.encode(entry.detail), indent=2).decode()


def exported(found: State) -> Evidence | None:
    """Where the trail goes besides, how far it is there, and what went wrong last; None where it goes nowhere."""
    if not found.target:
        return None
    (one,) = found.sources
    stuck = one.troubled and one.waiting
    facts: list[tuple[str, object]] = [("To", Ident(found.target, copy=False)), ("Form", found.form.upper())]
    facts.append(("Sent up to", f"entry {formats.number(one.cursor.sent)} of {formats.number(one.end)}"))
    if one.cursor.error:
        facts.append(("Last error", Observed(one.cursor.error, Age(one.cursor.error_at, "the exporter"))))
    if stuck:
        waits = formats.plural(one.waiting, "entry waits", "entries wait")
        sentence = f"The SIEM does not take entries: {waits}, and none is lost. {one.cursor.error} Last tried"
    elif one.waiting:
        sentence = f"The SIEM is being sent {formats.plural(one.waiting, 'entry', 'entries')}."
    else:
        sentence = "The SIEM has every entry. It was sent the last one"
    at = one.cursor.error_at if stuck else one.cursor.sent_at if not one.waiting else None
    return Evidence(sentence, tuple(facts), at=at, source="the exporter", tone="warn" if stuck else "ok")


def verdict(found: Verdict, at: datetime) -> Evidence | Problem:
    """The result of a verification in words: evidence when the trail is whole, a problem when it is not."""
    if found.fault is not None:
        place = f"entry {formats.number(found.fault.seq)}" if found.fault.seq else "the file of signed heads"
        return Problem(
            f"The trail is not what was written: {place}",
            f"{found.fault.detail} {_MEANING[found.fault.wrong]}",
            "Stop and tell whoever is responsible for security. Keep the database and the file of signed heads as they "
            f"are: entries up to {formats.number(found.head.seq)} are good evidence.",
        )
    count = formats.plural(found.head.seq, "entry", "entries")
    signed = (
        f" The heads up to entry {formats.number(found.witnessed)} are signed in a second place, and agree."
        if found.witnessed
        else " No head was signed yet in the second place, so a complete rewrite would not show."
    )
    return Evidence(
        f"The trail is whole: {count}, each following from the one before.{signed}",
        (
            ("Entries", found.head.seq),
            ("Signed up to", found.witnessed or None),
            ("Hash of the last", Ident(found.head.hash.hex(), IdentKind.HASH)),
        ),
        at=at,
        source="verified by following the whole chain",
        tone="ok" if found.witnessed or not found.head.seq else "warn",
    )
