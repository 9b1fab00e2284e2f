"""Looks at a file that nobody described yet: what is in it, and which mapping would probably fit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from tieline.platform.errors import Invalid
from tieline.utility.inventory.importing.kinds import KINDS, FieldSpec
from tieline.utility.inventory.importing.mapping import ENCODINGS, FileMapping, Format
from tieline.utility.inventory.importing.problems import shown
from tieline.utility.inventory.importing.readers import open_table
from tieline.utility.inventory.model import Kind

_SAMPLE = 20
_SHOWN_ROWS = 5
_SHOWN_CHARACTERS = 200
_CLOSE = 0.86
_NOT_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A mapping that would probably fit: ``columns`` field → header; what it still lacks, and what it leaves out."""

    kind: Kind
    columns: Mapping[str, str]
    missing: Sequence[str]
    unused: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a file: its form, its header, some rows, and a suggested mapping."""

    form: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    suggestion: Suggestion


def preview(path: Path, name: str, *, kind: Kind | None, encoding: str | None, unpacked_megabytes: int) -> Preview:
    """Look at a file. Raises ``FileRefused`` when nothing can be made of it, ``Invalid`` for an unknown encoding."""
    if encoding not in (None, *ENCODINGS):
        raise Invalid(f"There is no encoding {shown(encoding)}.", advice=f"One of {', '.join(ENCODINGS)}.")
    unmapped = FileMapping(kind or Kind.SITE, "preview", {}, {}, Format(encoding))
    table = open_table(path, name, unmapped, unpacked_megabytes=unpacked_megabytes)
    try:
        lines = list(islice(table.lines, _SAMPLE))
        header = list(table.extra) if table.form == "jsonl" else list(table.header)
        if table.form == "jsonl":
            table.close()
            named = FileMapping(
                kind or Kind.SITE, "preview", dict(zip(header, header, strict=True)), {}, Format(encoding)
            )
            table = open_table(path, name, named, unpacked_megabytes=unpacked_megabytes)
            lines = list(islice(table.lines, _SAMPLE))
    finally:
        table.close()
    rows = [[text[:_SHOWN_CHARACTERS] for text in line.cells] for line in lines if line.cells is not None]
    return Preview(table.form, header, rows[:_SHOWN_ROWS], suggest(header, kind))


def suggest(header: Sequence[str], kind: Kind | None = None) -> Suggestion:
    """The mapping of the kind (or of the kind that fits best) whose fields are called like the file's columns."""
    found = [_for_kind(header, each) for each in ([kind] if kind else KINDS)]
    return max(found, key=lambda one: (len(one.columns) - 2 * len(one.missing), -len(one.unused)))


def _for_kind(header: Sequence[str], kind: Kind) -> Suggestion:
    free = {_plain(name): name for name in reversed(header) if name}
    columns: dict[str, str] = {}
    for match in (_by_name, _by_other_names, _by_likeness):
        for spec in KINDS[kind]:
            if spec.name not in columns and (key := match(spec, free)):
                columns[spec.name] = free.pop(key)
    ordered = {spec.name: columns[spec.name] for spec in KINDS[kind] if spec.name in columns}
    missing = [spec.name for spec in KINDS[kind] if spec.required and spec.name not in columns]
    used = set(columns.values())
    return Suggestion(kind, ordered, missing, [name for name in header if name not in used])


def _by_name(spec: FieldSpec, free: Mapping[str, str]) -> str | None:
    return spec.name if spec.name in free else None


def _by_other_names(spec: FieldSpec, free: Mapping[str, str]) -> str | None:
    return next((name for name in spec.known_as if name in free), None)


def _by_likeness(spec: FieldSpec, free: Mapping[str, str]) -> str | None:
    close = [match for name in (spec.name, *spec.known_as) for match in get_close_matches(name, free, 1, _CLOSE)]
    return close[0] if close else None


def _plain(name: str) -> str:
    return _NOT_WORD.sub("_", name.casefold()).strip("_")
