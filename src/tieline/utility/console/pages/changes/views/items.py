"""Items of a change, one by one: what each sets, how far it is, and why it is not done where it is not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from tieline.utility.console.components.tables import Filter, FilterBar, FilterKind, Option
from tieline.utility.console.components.values import Badge
from tieline.utility.console.components.work import Delta, PlanDiff, Planned
from tieline.utility.console.pages.changes.views import words
from tieline.utility.console.pages.changes.views.tally import Tally

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
        href=f"/changes/{change_id}/items/{row['id']}",
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
        for name, desired in row["desired"].items()
    )


def grade(row: Mapping[str, Any]) -> Badge:
    """How good the evidence is that the item is in effect."""
    found = row["grade"]
    word = GRADES[found] if isinstance(found, int) and found < len(GRADES) else str(found)
    return words.badge(words.GRADES, word)


def _badge(row: Mapping[str, Any]) -> Badge:
    if row.get("undone_by"):
        return Badge("Taken back", words.ITEM_STATES["cancelled"].tone, "undo-2")
    return words.badge(words.ITEM_STATES, str(row["state"]))


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
        ("Ended", row["ended_at"]),
    )


def _site(row: Mapping[str, Any]) -> object:
    return row["site_name"] or row["site"] or None


def filters(
    url: str, chosen: Mapping[str, Sequence[str]], tally: Tally, reasons: Sequence[Mapping[str, Any]]
) -> FilterBar:
    """The filters of the list of items, with how many each choice has."""
    states = tally.states()
    operators = {one: tally.states(operator=one).total() for one in tally.operators()}
    waves = {str(one): tally.states(wave=one).total() for one in tally.waves()}
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
