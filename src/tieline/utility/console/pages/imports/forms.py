"""The two forms before an import: which file, and which of its columns means what."""

import asyncio
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tieline.console.components.forms import Field, FileDrop
from tieline.console.components.tables import Column, Option, Row, Table
from tieline.platform.errors import Conflict
from tieline.platform.settings import Settings
from tieline.utility.console.pages.imports.views import KINDS
from tieline.utility.inventory import (
    IMPORT_FIELDS,
    FileMapping,
    Kind,
    Operator,
    Preview,
    SavedMapping,
    Upload,
    from_object,
)

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".jsonl", ".gz")
CONSTANT = "const:"
"""Begins the value of a choice that is the same in every row instead of a column."""
_MEGABYTE = 1_000_000
_TOKEN = re.compile(r"[0-9a-f]{32}")
_CHUNK = 1 << 20
_LONGEST_SAMPLE = 40
_LABELS: Mapping[str, str] = {
    "lat": "Latitude",
    "lon": "Longitude",
    "voltage_kv": "Voltage, kV",
    "stand_in": "Stand-in",
    "imei": "IMEI",
    "iccid": "ICCID",
    "eid": "EID",
    "imsi": "IMSI",
    "msisdn": "MSISDN",
    "apn": "APN",
    "ip_address": "IP address",
}
"""Fields whose name alone does not read well."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the first form says besides the file."""

    kind: str = ""
    mapping: str = ""
    mode: str = "keep_good"


def drop(settings: Settings, error: str = "") -> FileDrop:
    """Where the file is dropped."""
    hint = "CSV, Excel or JSON lines, gzipped or not. Columns may have any names; you match them on the next page."
    return FileDrop("file", "File", ENDINGS, settings.upload_megabytes * _MEGABYTE, hint, error)


def first(chosen: Chosen, saved: Sequence[SavedMapping]) -> tuple[Field, ...]:
    """What is in the file, how its columns are read, and what becomes of bad rows."""
    kinds = (Option("", "Find out from its columns"), *(Option(kind, word) for kind, word in KINDS.items()))
    mappings = (
        Option("", "Suggest one, and let me look"),
        *(Option(one.name, f"{one.name} ({KINDS.get(one.kind, one.kind).lower()})") for one in saved),
    )
    return (
        Field("kind", "What is in it", "select", chosen.kind, options=kinds, required=False),
        Field("mapping", "Column mapping", "select", chosen.mapping, options=mappings, required=False),
        mode(chosen.mode),
    )


def mode(chosen: str) -> Field:
    """What becomes of the good rows of a file with bad ones."""
    options = (
        Option("keep_good", "Keep the good rows", hint="Bad rows are left out and reported, each with its rule."),
        Option("all_or_nothing", "Take nothing", hint="One bad row, and nothing of the file is taken."),
    )
    return Field("mode", "If some rows are bad", "radio", chosen, options=options)


def fields_of(kind: str) -> tuple[str, ...]:
    """Names of the fields that a kind has; none for a word that is no kind."""
    return tuple(spec.name for spec in IMPORT_FIELDS[Kind(kind)]) if kind in KINDS else ()


def matching(
    preview: Preview, operators: Sequence[Operator], chosen: Mapping[str, str] | None = None
) -> tuple[Field, ...]:
    """For each field of the kind, the column that it comes from; suggested, or as it was chosen before."""
    kind = preview.suggestion.kind
    samples = _samples(preview)
    picked = chosen if chosen is not None else preview.suggestion.columns
    found = []
    for spec in IMPORT_FIELDS[kind]:
        options = [Option("", "\u2013 leave alone \u2013" if not spec.required else "\u2013 choose a column \u2013")]
        if spec.name == "operator":
            options += [Option(f"{CONSTANT}{one.code}", f"always {one.name}") for one in operators]
        options += [Option(name, f"{name}{samples.get(name, '')}") for name in preview.header if name]
        value = picked.get(spec.name, "")
        error = "The import cannot do without it." if spec.required and chosen is not None and not value else ""
        found.append(
            Field(
                f"column_{spec.name}",
                _LABELS.get(spec.name, spec.name.replace("_", " ").capitalize()),
                "select",
                value,
                spec.meaning[:1].upper() + spec.meaning[1:] if spec.meaning != spec.name else "",
                error,
                options,
                required=spec.required,
            )
        )
    return tuple(found)


def _samples(preview: Preview) -> dict[str, str]:
    """For each column, a value of it as a hint."""
    samples: dict[str, str] = {}
    for place, name in enumerate(preview.header):
        value = next((row[place] for row in preview.rows if place < len(row) and row[place].strip()), "")
        if value:
            samples[name] = f" ({value[:_LONGEST_SAMPLE]})"
    return samples


def sample_table(preview: Preview) -> Table:
    """The first rows of the file, as they are."""
    columns = tuple(Column(f"c{place}", name or f"column {place + 1}") for place, name in enumerate(preview.header))
    rows = [
        Row(str(number), {f"c{place}": text for place, text in enumerate(cells)})
        for number, cells in enumerate(preview.rows, 2)
    ]
    return Table("sample", "The first rows of the file", columns, rows, chooser=False)


def mapping_of(kind: str, name: str, columns: Mapping[str, str]) -> FileMapping:
    """The mapping that was put together. Raises ``Invalid`` with every rule that it breaks."""
    return from_object({"kind": kind, "name": name, "columns": dict(_columns(columns))})


def _columns(chosen: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    for field, source in chosen.items():
        if source.startswith(CONSTANT):
            yield field, {"const": source.removeprefix(CONSTANT)}
        elif source:
            yield field, source


async def kept(settings: Settings, token: str, name: str) -> Upload:
    """A file that was sent with the first form, by its token. Raises ``Conflict`` when it is no longer there."""
    path = settings.home / "uploads" / token
    if not _TOKEN.fullmatch(token) or not await asyncio.to_thread(path.is_file):
        raise Conflict("The file is no longer kept.", advice="Send it again.")
    size, digest = await asyncio.to_thread(_measured, path)
    return Upload(path, name[:200] or "upload", size, digest)


def _measured(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()
