"""How commands print: tables for people, one JSON document for programs (``--json``)."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    typer.echo(msgspec.json.encode(value).decode())


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "None.") -> None:
    """Print rows; figures are right-aligned and thousands separated. `empty` is said instead where there are none."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    drawn = [[_cell(value) for value in row] for row in rows]
    if not drawn:
        out.print(plain(f"{title}: {empty}" if title else empty), style="dim")
        return
    for index, name in enumerate(columns):
        numeric = bool(drawn) and all(row[index][1] for row in drawn)
        table.add_column(name, justify="right" if numeric else "left")
    for row in drawn:
        table.add_row(*(plain(text) for text, _ in row))
    out.print(table)


def plain(text: str) -> Text:
    """Text from elsewhere as it is: no markup of ours in it, no control character that could steer the terminal."""
    return Text("".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in text))


def _cell(value: Any) -> tuple[str, bool]:
    if value is None:
        return "–", False
    if isinstance(value, bool):
        return ("yes" if value else "no"), False
    if isinstance(value, int | float):
        return f"{value:,}", True
    return str(value), False


def progress() -> Progress:
    """A progress bar on standard error, so that standard output stays clean for results."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=False,
    )
