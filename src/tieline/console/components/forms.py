"""Forms: fields with label, hint and error; the file drop of imports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tieline.console.components.formats import data_size
from tieline.console.components.tables import Option


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form.

    ``kind``: text, password, email, number, date, search, textarea, select, radio, checks (several), check (one), or
    readonly. ``error`` says what is wrong and what would be right; the field then keeps what was typed.
    ``unit`` stands behind a number. ``attributes`` are further attributes of the input ("min", "pattern").
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    hint: str = ""
    error: str = ""
    options: Sequence[Option] = ()
    required: bool = True
    unit: str = ""
    placeholder: str = ""
    autocomplete: str = "off"
    maxlength: int = 200
    autofocus: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id of the input, for links to it."""
        return f"field-{self.name}"

    @property
    def described(self) -> str:
        """Ids of what describes the field to a screen reader."""
        parts = [f"{self.id}-hint"] * bool(self.hint) + [f"{self.id}-error"] * bool(self.error)
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Form:
    """A form as a whole. ``wide`` lets it grow beyond the width that reads well; ``danger``: it stops others' work."""

    action: str
    fields: tuple[Field, ...]
    csrf_token: str
    submit: str = "Save"
    cancel_href: str = ""
    method: str = "post"
    multipart: bool = False
    wide: bool = False
    danger: bool = False

    @property
    def errors(self) -> tuple[Field, ...]:
        """The fields that were refused."""
        return tuple(one for one in self.fields if one.error)


def typed_text(typed: Mapping[str, Any], name: str, default: str = "") -> str:
    """What was typed into a field, without blanks around it and without NUL, which no database keeps."""
    value = typed.get(name, default)
    return value.strip().replace("\0", "") if isinstance(value, str) else default


@dataclass(frozen=True, slots=True)
class FileDrop:
    """Where a file to import is dropped or chosen. ``kinds`` are endings; ``limit`` is in octets (0: none)."""

    name: str
    label: str
    kinds: tuple[str, ...] = ()
    limit: int = 0
    hint: str = ""
    error: str = ""

    @property
    def limit_words(self) -> str:
        """The limit as it is written."""
        return data_size(self.limit) if self.limit else ""
