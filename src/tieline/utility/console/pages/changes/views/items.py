"""Items of a change, one by one: what each sets, how far it is, and why it is not done where it is not."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import msgspec

from tieline.console.components.tables import Filter, FilterBar, FilterKind, Option
from tieline.console.components.values import Badge, Link
from tieline.console.components.work import Delta, Evidence, PlanDiff, Planned
from tieline.utility.console.pages.changes.views import words
from tieline.utility.console.pages.changes.views.tally import Tally
from tieline.utility.console.words import FIELD_WORDS
from tieline.utility.inventory import csv_row

GRADES = ("none", "accepted", "operational", "seen", "in_service")
_NOT_DONE = frozenset({"blocked", "conflict", "cancelled"})


def href(change_id: int, **query: object) -> str:
    """The list of some of a change's items."""
    asked = [(name, value) for name, value in query.items() if value not in (None, "")]
    return f"/changes/{change_id}/items" + (f"?{urlencode(asked, doseq=True)}" if asked else "")


def diff(change_id: int, rows: Sequence[Mapping[str, Any]], *, ran: bool) -> PlanDiff:
    """Items as a plan shows them before it runs, and with their state and evidence once it ``ran``."""
    return PlanDiff("What the change does to each subscription", [_planned(change_id, row, ran=ran) for row in rows])


def _planned(change_id: int, row: Mapping[str, Any], *, ran: bool) -> Planned:
    state = str(row["state"])
    left = state in _NOT_DONE
    return Planned(
        label(row),
        () if left else deltas(row),
        href=f"/changes/{change_id}/items/{row['position']}",
        skipped=str(row["reason"] or words.badge(words.ITEM_STATES, state).word) if left else "",
        state=_badge(row) if ran or (left and state != "blocked") else None,
        note=_note(row),
    )


def label(row: Mapping[str, Any]) -> str:
    """What an item is about, in words: the site where there is one, else the subscription."""
    name = str(row["site_name"] or row["site"] or row["ref"] or f"subscription {row['source_id']}")
    return f"{name}, operator {row['operator']}"


def deltas(row: Mapping[str, Any]) -> tuple[Delta, ...]:
    """Each field that the item sets, before and after."""
    return tuple(
        Delta(
            words.field_name(name), words.field_value(name, row["before"].get(name)), words.field_value(name, desired)
        )
        for name, desired in sorted(row["desired"].items(), key=_place)
    )


def _place(field: tuple[str, Any]) -> tuple[int, str]:
    """Fields stand in the order that people know them in, whatever order the database keeps."""
    known = [str(name) for name in FIELD_WORDS]
    return (known.index(field[0]) if field[0] in known else len(known), field[0])


def grade(row: Mapping[str, Any]) -> Badge:
    """How good the evidence is that the item is in effect."""
    found = row["grade"]
    word = GRADES[found] if isinstance(found, int) and found < len(GRADES) else str(found)
    return words.badge(words.GRADES, word)


def _badge(row: Mapping[str, Any]) -> Badge:
    if row.get("undone_by"):
        return Badge("Taken back", words.ITEM_STATES["cancelled"].tone, "undo-2")
    badge = words.badge(words.ITEM_STATES, str(row["state"]))
    if row["state"] != "verified":
        return badge
    reached = grade(row)
    return replace(badge, word=f"{badge.word}: {reached.word.lower()}", tip=reached.tip)


def _note(row: Mapping[str, Any]) -> str:
    parts = [f"wave {row['wave']}"] if row["wave"] else []
    if row["ref"]:
        parts.append(f"subscription {row['ref']}")
    if row["criticality"] == "critical":
        parts.append("critical site")
    parts += [str(note["text"]).rstrip(".") for note in row["notes"]]
    if row["state"] == "failed" and row["reason"]:
        parts.append(str(row["reason"]).rstrip("."))
    return " · ".join(parts)


def facts(row: Mapping[str, Any]) -> tuple[tuple[str, object], ...]:
    """Everything about one item, for its own page."""
    return (
        ("State", _badge(row)),
        ("Evidence", grade(row)),
        ("Why", row["reason"] or None),
        ("Site", _site(row)),
        ("Region", row["region"] or None),
        ("Criticality", row["criticality"]),
        ("Link", row["role"] or None),
        ("Operator", row["operator"]),
        ("Subscription there", row["ref"] or None),
        ("Wave", row["wave"] or None),
        ("Attempts", row["attempts"]),
        ("Sent", row["queued_at"]),
        ("Accepted", row["accepted_at"]),
        ("Read back as operational", row.get("operational_at")),
        ("Seen in a session", row.get("seen_at")),
        ("Ended", row["ended_at"]),
    )


def _site(row: Mapping[str, Any]) -> object:
    name = row["site_name"] or row["site"] or None
    return Link(str(name), f"/sites/{row['site_id']}") if name and row.get("site_id") else name


def filters(
    url: str, chosen: Mapping[str, Sequence[str]], tally: Tally, reasons: Sequence[Mapping[str, Any]]
) -> FilterBar:
    """The filters of the list of items, with how many each choice has."""
    states = tally.states()
    operators = {one: tally.states(operator=one).total() for one in tally.by_operator}
    waves = {str(one): tally.states(wave=one).total() for one in tally.by_wave}
    text = next(iter(chosen.get("q", ())), "")
    return FilterBar(
        url,
        (
            _choice(
                "state", "State", {one: states[one] for one in words.ITEM_STATES if states[one]}, chosen, _state_word
            ),
            _choice("reason", "Reason", {str(one["code"]): one["items"] for one in reasons}, chosen, reason_word),
            _choice("operator", "Operator", operators, chosen),
            _choice("wave", "Wave", waves, chosen),
            Filter("q", "Site or subscription", FilterKind.TEXT, value=text, pinned=True),
        ),
    )


def _choice(
    key: str,
    name: str,
    counts: Mapping[str, int],
    chosen: Mapping[str, Sequence[str]],
    word: Callable[[str], str] = str,
) -> Filter:
    picked = chosen.get(key, ())
    options = tuple(Option(value, word(value), count, value in picked) for value, count in counts.items())
    return Filter(key, name, FilterKind.CHOICE, options, pinned=len(options) > 1)


def _state_word(state: str) -> str:
    return words.badge(words.ITEM_STATES, state).word


def reason_word(code: str) -> str:
    """A reason's code as words."""
    return code.replace("-", " ").replace("_", " ").capitalize()


_SENTENCES: Mapping[str, str] = {
    "blocked": "It is left out of the plan.",
    "waiting": "Nothing was sent for it yet: it waits until a crew has fitted the card, or somebody releases it.",
    "planned": "Nothing was sent for it yet.",
    "queued": "It is being sent.",
    "sent": "The operator has it, and has not said that it is done.",
    "accepted": "The operator took it; that it is in effect was not read back yet.",
    "verified": "It is in effect: the values were read back from the operator's operational state.",
    "failed": "It failed.",
    "conflict": "Somebody changed it meanwhile; it was left alone.",
    "cancelled": "It was not done: the change was stopped before.",
}


def evidence(row: Mapping[str, Any]) -> Evidence:
    """What is known of an item, as a sentence and the facts behind it."""
    state = str(row["state"])
    told = f"{_SENTENCES.get(state, state)} {row['reason'] or ''}".strip()
    if row.get("undone_by"):
        told = f"{told} It was taken back since."
    tone = words.badge(words.ITEM_STATES, state).tone
    facts: tuple[tuple[str, object], ...] = (("Evidence", grade(row)), ("Attempts", row["attempts"]))
    raw = msgspec.json.format(msgspec.json.encode(dict(row)), indent=2).decode()
    return Evidence(told, facts, raw, at=row["ended_at"] or row["accepted_at"] or row["queued_at"], tone=tone)


CSV_COLUMNS = (
    "position", "wave", "operator", "subscription", "site", "site name", "region", "criticality", "state", "evidence",
    "reason", "before", "after",
)  # fmt: skip


def csv_cells(row: Mapping[str, Any]) -> tuple[object, ...]:
    """An item as a line of a file."""
    return (
        row["position"], row["wave"], row["operator"], row["ref"], row["site"], row["site_name"], row["region"],
        row["criticality"], row["state"], grade(row).word, row["reason"], _plain(row["before"]), _plain(row["desired"]),
    )  # fmt: skip


def _plain(values: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}={words.value_words(name, value)}" for name, value in values.items())


def csv_line(cells: Sequence[object]) -> bytes:
    """A line of a CSV file; a text that a spreadsheet would take for a formula is made harmless."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(csv_row(cells))
    return text.getvalue().encode()
