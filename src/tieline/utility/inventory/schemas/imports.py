"""Imports and mappings."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class ImportOut(BaseModel):
    """An import: what was asked for, how far it is, what came of it."""

    id: int
    kind: str
    mapping: dict[str, Any]
    file_name: str
    size_bytes: int
    sha256: str
    mode: Literal["keep_good", "all_or_nothing"]
    dry_run: bool
    state: Literal["queued", "running", "done", "refused", "failed"]
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    bytes_read: int
    rows_read: int
    rows_skipped: int
    rows_bad: int
    rows_created: int
    rows_updated: int
    rows_unchanged: int
    problem_count: int
    message: str
    notes: dict[str, Any] = Field(
        description="Form, unknown and missing columns, changed values by field, rules broken."
    )
    can_repeat: bool = Field(description="The file is still kept: it can be imported again, or for real.")


class ImportProblem(BaseModel):
    """One broken rule in one line."""

    id: int
    line: int
    field: str
    rule: str
    value: str | None
    message: str


class MappingOut(BaseModel):
    """A saved mapping."""

    id: int
    name: str
    kind: str
    spec: dict[str, Any]
    created_by: str
    updated_at: datetime


class Mappings(BaseModel):
    """The saved mappings."""

    items: list[MappingOut]


class SuggestIn(BaseModel):
    """A header, and the kind if it is known."""

    header: list[str] = Field(max_length=2000)
    kind: str | None = None


class SuggestOut(BaseModel):
    """A mapping that would probably fit: field → column; required fields that it lacks; columns it leaves out."""

    kind: str
    columns: dict[str, str]
    missing: list[str]
    unused: list[str]


class PreviewOut(BaseModel):
    """The beginning of a file."""

    form: Literal["csv", "xlsx", "jsonl"]
    header: list[str]
    rows: list[list[str]]
    suggestion: SuggestOut


class FieldOut(BaseModel):
    """A field that can be imported."""

    name: str
    meaning: str
    required: bool


class ImportKinds(BaseModel):
    """What can be imported, with its fields; and what a mapping may do to values."""

    kinds: dict[str, list[FieldOut]]
    transforms: list[str]
    encodings: list[str]
