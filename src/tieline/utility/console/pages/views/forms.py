"""Forms and the table of saved views."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import FormData

from tieline.console.components.forms import Field
from tieline.console.components.frame import Action, PageHead
from tieline.console.components.tables import Column, Empty, Option, Row, Table
from tieline.console.components.values import Age, Badge, Link, Several, Tone
from tieline.console.components.work import Confirm
from tieline.platform.errors import Problem
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.views import NewView, Pin, SavedView, list_of

PINS = {Pin.NONE: "Not pinned", Pin.NAVIGATION: "In the navigation", Pin.LIST: "At the head of its list"}
_LONGEST = 4000
_COLUMNS = (
    Column("name", "View", narrow=True, fixed=True),
    Column("list", "List", narrow=True),
    Column("whose", "Whose"),
    Column("mine", "For you"),
    Column("changed", "Changed"),
    Column("edit", "Settings", narrow=True),
)
_LIST_ENTRIES = "Open a list, set its filters, and press Views, Save this view."


def text(typed: FormData, name: str) -> str:
    """What was typed, bounded."""
    value = typed.get(name, "")
    return value[:_LONGEST].strip() if isinstance(value, str) else ""


def hidden(typed: FormData) -> tuple[str, ...] | None:
    """The columns that the page did not show; None where it said nothing of columns."""
    return tuple(text(typed, "hidden").split()) if "hidden" in typed else None


def new_view(typed: FormData) -> NewView:
    """What is to be kept."""
    shared = text(typed, "shared") == "1"
    return NewView(text(typed, "path"), text(typed, "name"), text(typed, "query"), hidden(typed), shared)


def naming(typed: FormData, scope: Scope, problems: Sequence[Problem]) -> tuple[Field, ...]:
    """The questions of a new view, after something was wrong with the first answers."""
    wrong = {one.field: one.message for one in problems}
    fields = [Field("name", "Name", value=text(typed, "name")[:200], error=wrong.get("name", ""), maxlength=80)]
    if scope.may(Permission.VIEW_SHARE):
        fields.append(_share(text(typed, "shared")))
    return tuple(fields)


def carried(typed: FormData) -> tuple[tuple[str, str], ...]:
    """What a form sends along unseen."""
    names = ("path", "query", "hidden", "pin", "is_default")
    return tuple((name, text(typed, name)) for name in names if name in typed)


def settings(view: SavedView, scope: Scope, place: int, total: int, wrong: str = "") -> tuple[Field, ...]:
    """The questions about a view: those of its owner, and those that are each person's own."""
    fields = []
    if may_alter(view, scope):
        fields.append(Field("name", "Name", value=view.name, error=wrong, maxlength=80))
        if scope.may(Permission.VIEW_SHARE) or view.shared:
            fields.append(_share("1" if view.shared else ""))
    pins = [Option(pin.value, word, chosen=view.pin is pin) for pin, word in PINS.items()]
    return (
        *fields,
        Field("pin", "Pinned for you", "select", options=pins),
        Field("is_default", "Open it first when I come to its list", "check", "1" if view.is_default else ""),
        Field(
            "place", "Place among your views", "number", str(place), unit=f"of {total}",
            attributes={"min": "1", "max": str(total)},
        ),
    )  # fmt: skip


def _share(value: str) -> Field:
    hint = "Everybody who may see the list finds it in the list's views; you stay its owner."
    return Field("shared", "Share it with the team", "check", value, hint=hint, required=False)


def may_alter(view: SavedView, scope: Scope) -> bool:
    """Whether somebody may rename or delete it."""
    return view.own or scope.may(Permission.USER_WRITE)


def head() -> PageHead:
    """The title of the list of views."""
    state = "Lists with their filters, order and columns, kept under a name."
    return PageHead("Saved views", state)


def table(found: Sequence[SavedView]) -> Table:
    """All views of a person."""
    empty = Empty("No view is saved yet", _LIST_ENTRIES, (Action("Sites", "/sites", "building-2"),), "bookmark")
    return Table("saved-views", "Saved views", _COLUMNS, [_row(one) for one in found], empty=empty)


def _row(one: SavedView) -> Row:
    return Row(
        str(one.id),
        {
            "name": one.name,
            "list": Link(listing(one), one.path),
            "whose": Badge("Shared by you", Tone.OK, "users") if one.own and one.shared
            else "yours" if one.own else f"shared by {named(one.owner)}",
            "mine": mine(one),
            "changed": Age(one.updated_at),
            "edit": Link("Rename, pin, delete" if one.own else "Pin", f"/views/{one.id}"),
        },
        one.href,
    )  # fmt: skip


def mine(one: SavedView) -> object:
    """What the person chose about it."""
    words = [Badge("Opens first", Tone.OK)] if one.is_default else []
    pinned: list[object] = [] if one.pin is Pin.NONE else [PINS[one.pin].lower()]
    return Several((*words, *pinned)) if words or pinned else None


def listing(one: SavedView) -> str:
    """The list's name."""
    place = list_of(one.path)
    return place.title if place else one.path


def facts(one: SavedView) -> tuple[tuple[str, object], ...]:
    """What a view is."""
    asked = [f"{key} is {value}" for key, value in _pairs(one.query)]
    return (
        ("List", Link(listing(one), one.path)),
        ("Asks for", ", ".join(asked) or "everything"),
        ("Columns", "as they come" if one.hidden is None else f"without {', '.join(one.hidden)}" if one.hidden
         else "all"),
        ("Whose", f"{named(one.owner)}, shared with the team" if one.shared else named(one.owner)),
        ("Changed", Age(one.updated_at)),
    )  # fmt: skip


def _pairs(query: str) -> list[tuple[Any, Any]]:
    return [(key.replace("_", " "), value) for key, value in parse_qsl(query)]


def deletion(one: SavedView, csrf_token: str) -> Confirm:
    """Asks before a view is deleted."""
    whom = "It is gone for everybody who uses it." if one.shared else "It is gone for you."
    return Confirm(
        "delete-view", f"Delete {one.name}?", f"{whom} No site, SIM or change is touched.",
        f"/views/{one.id}/delete", "Delete the view", csrf_token, danger=True,
    )  # fmt: skip
