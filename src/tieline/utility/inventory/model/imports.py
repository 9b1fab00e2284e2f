"""Imports and saved mappings, as they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class ImportMode(StrEnum):
    """What becomes of the good rows of a file that has bad ones."""

    KEEP_GOOD = "keep_good"
    ALL_OR_NOTHING = "all_or_nothing"


class ImportState(StrEnum):
    """Where an import is. Refused: nothing was taken, because of the file; failed: because of us."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """One import of one file: what was asked for, how far it is, what came of it.

    ``notes``: ``form`` of the file, its ``unknown_columns``, the mapping's ``missing_columns``, how many values of each
    of the ``fields`` changed, and how often each of the ``rules`` was broken. Rows are read = skipped + bad + created +
    updated + unchanged; in a dry run, and when nothing was taken, these say what would have become of them.
    """

    id: int
    kind: str
    mapping: Mapping[str, Any]
    file_name: str
    file_path: str
    size_bytes: int
    sha256: str
    mode: str
    dry_run: bool
    state: str
    created_by: str
    permissions: list[str]
    regions: list[str] | None
    operators: list[str] | None
    request_id: str
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
    notes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """A mapping kept under a name; ``spec`` is the mapping as JSON."""

    id: int
    name: str
    kind: str
    spec: Mapping[str, Any]
    created_by: str
    updated_at: datetime
