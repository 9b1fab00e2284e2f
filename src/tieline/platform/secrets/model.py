"""Where sealed values stand, and how they are doing. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a value: table, row (its key as text), column. Authenticated with the value, not kept in it."""

    table: str
    row: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}/{self.row}/{self.column}"


@dataclass(frozen=True, slots=True)
class SecretColumn:
    """Where a context keeps sealed values, for whoever walks through all of them. All parts are SQL of its store.

    ``value`` reads the sealed value and ``assign`` sets it to ``%(sealed)s``; they are the column itself unless the
    value stands within a document. A before-image keeps the value as it was sealed at its first place, so that it can
    be put back: then ``of`` and ``row`` say where that was.
    """

    table: str
    key: str
    column: str
    value: str = ""
    assign: str = ""
    of: str = ""
    row: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", self.value or self.column)
        object.__setattr__(self, "assign", self.assign or f"{self.column} = %(sealed)s")
        object.__setattr__(self, "of", self.of or self.table)
        object.__setattr__(self, "row", self.row or self.key)


@dataclass(frozen=True, slots=True)
class Held:
    """A sealed value as it stands in the database."""

    key: str
    place: Place
    sealed: str


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key of the file and how many values it opens; ``current`` seals new ones."""

    id: str
    current: bool
    values: int


@dataclass(frozen=True, slots=True)
class Status:
    """How the secrets are doing.

    ``unreadable`` names the places of values that do not open. ``private``: nobody but its owner may read the file;
    ``ours``: it is where we make and change it ourselves.
    """

    keys: tuple[KeyUse, ...]
    values: int
    unreadable: tuple[str, ...]
    private: bool
    ours: bool

    @property
    def waiting(self) -> int:
        """Values that are still wrapped by an older key."""
        return sum(key.values for key in self.keys if not key.current)
