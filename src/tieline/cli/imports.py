"""``tieline import``: a file of things, sent, followed, and told row by row what was wrong with it."""

import time
import tomllib
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tieline.cli.client import Client, connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, err, out, plain, print_json, print_table, progress
from tieline.platform.words import plural

_ENDED = frozenset({"done", "refused", "failed"})
_EVERY = 0.5
_SHOWN = 20


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, XLSX or JSON lines, gzipped or not.")],
    *,
    mapping: Annotated[
        str,
        typer.Option("--mapping", "-m", help="A mapping file (.toml), or the name of a saved mapping."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be; change nothing.")] = False,
    all_or_nothing: Annotated[bool, typer.Option("--all-or-nothing", help="Take nothing if a row is bad.")] = False,
    problems: Annotated[int, typer.Option(min=0, help="Show at most so many bad rows.")] = _SHOWN,
    json: AsJson = False,
) -> None:
    """Import a file. Exit code 1 when rows were bad, 5 when nothing was taken."""
    mode = "all_or_nothing" if all_or_nothing else "keep_good"
    fields = {**_mapping(mapping), "mode": mode, "dry_run": "true" if dry_run else "false"}
    with connect() as client:
        began = client.upload("/imports", file, fields)
        run = _follow(client, began["id"], file)
        bad = list(islice(client.pages(f"/imports/{run['id']}/problems", limit=max(1, min(problems, 1000))), problems))
    if json:
        print_json({**run, "problems": bad})
    else:
        _tell(run, bad)
    if run["state"] != "done":
        raise typer.Exit(Exit.REFUSED)
    if run["rows_bad"]:
        raise typer.Exit(Exit.PARTLY)


def _mapping(given: str) -> dict[str, str]:
    if not given.endswith(".toml"):
        if Path(given).is_file():
            raise CommandError(
                f"{given} is a file, and no mapping: those end in .toml.",
                advice="Is it the other way round? tieline import FILE --mapping MAPPING.toml",
                exit_code=Exit.USAGE,
            )
        return {"mapping": given}
    try:
        described = tomllib.loads(Path(given).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CommandError(f"The mapping {given} cannot be read: {why}", exit_code=Exit.USAGE) from error
    return {"spec": msgspec.json.encode(described).decode()}


def _follow(client: Client, number: int, file: Path) -> Any:
    """Show how far the import is until it is over."""
    with progress() as bar:
        task = bar.add_task(file.name, total=None)
        while True:
            run = client.get(f"/imports/{number}")
            bar.update(task, completed=run["bytes_read"], total=run["size_bytes"] or None)
            if run["state"] in _ENDED:
                bar.update(task, completed=run["size_bytes"])
                return run
            time.sleep(_EVERY)


def _tell(run: Any, bad: list[Any]) -> None:
    notes = run["notes"] or {}
    for word, key in (
        ("Columns of the file that nothing was taken from", "unknown_columns"),
        ("Columns that the mapping names and the file has not", "missing_columns"),
    ):
        if notes.get(key):
            err.print(plain(f"{word}: {', '.join(map(str, notes[key]))}"))
    if bad:
        columns = ["Line", "Field", "Value", "Rule", "What is wrong"]
        rows = [[str(one["line"]), one["field"], one["value"], one["rule"], one["message"]] for one in bad]
        print_table("Bad rows", columns, rows)
        if run["problem_count"] > len(bad):
            out.print(f"… and {run['problem_count'] - len(bad):,} more problems.", style="dim")
    would = "would be " if run["dry_run"] or run["state"] != "done" else ""
    out.print(
        plain(
            f"Import {run['id']}: {plural(run['rows_read'], 'row')} read, {run['rows_created']:,} {would}created, "
            f"{run['rows_updated']:,} {would}updated, {run['rows_unchanged']:,} as they were, {run['rows_bad']:,} bad."
        )
    )
    if run["message"]:
        out.print(plain(run["message"]))
