"""``python -m tieline.lab.world --out DIR``: build a world and write its files."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tieline.lab.world import STAGES, World, WorldSpec, build_world, write_world
from tieline.lab.world.description import figures
from tieline.platform.errors import Invalid, TielineError

EXIT_OK, EXIT_REFUSED = 0, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Build and write; 0 when done, 2 when the figures or the data folder make no world."""
    options = _parser().parse_args(arguments)
    data = None if options.invented or not options.data else Path(options.data)
    spec = WorldSpec(sites=options.sites, seed=options.seed, data=data, modern_share=options.modern)
    shown = Console(stderr=True, quiet=options.quiet)
    try:
        world = _make(spec, Path(options.out), shown)
    except TielineError as error:
        sys.stderr.write("\n".join(_lines(error)) + "\n")
        return EXIT_REFUSED
    _summary(world, Path(options.out), shown)
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tieline.lab.world", description="Write the files that a utility and two operators hand over."
    )
    parser.add_argument("--out", required=True, help="folder to write into")
    parser.add_argument("--sites", type=int, default=20_000, help="sites on 3G (default 20000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another world (default 1)")
    parser.add_argument(
        "--data",
        default=os.environ.get("TIELINE_DATA", ""),
        help="folder of public data of Great Britain (default TIELINE_DATA; without: an invented country)",
    )
    parser.add_argument("--invented", action="store_true", help="an invented country even if data is there")
    parser.add_argument("--modern", type=float, default=0.03, help="sites already on 4G/5G, in addition (share)")
    parser.add_argument("--quiet", action="store_true", help="no progress and no summary")
    return parser


def _make(spec: WorldSpec, out: Path, shown: Console) -> World:
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    steps = len(STAGES) + 4
    with Progress(*columns, console=shown) as bar:
        task = bar.add_task("", total=steps)

        def report(stage: str) -> None:
            bar.update(task, advance=1, description=stage)

        world = build_world(spec, report)
        write_world(world, out, report)
        bar.update(task, completed=steps, description="done")
    return world


def _lines(error: TielineError) -> list[str]:
    broken = error.problems if isinstance(error, Invalid) else ()
    problems = [f"  {problem.field}: {problem.message} (not {problem.value})" for problem in broken]
    return [error.detail, *problems, *([error.advice] if error.advice else [])]


def _summary(world: World, out: Path, shown: Console) -> None:
    counted = figures(world)
    table = Table(title=f"{world.terrain.origin.value} world in {out}", title_justify="left")
    table.add_column("what")
    for operator in world.terrain.operators:
        table.add_column(f"{operator.name} ({operator.plmn})", justify="right")
    both = counted["perOperator"].values()
    for name in ("subscriptions", "stock", "cellsInvented", "masts", "notAttached"):
        table.add_row(name, *(f"{part[name]:,}" for part in both))
    shown.print(table)
    shown.print(f"{counted['sites']:,} sites, {counted['sitesOn3g']:,} of them on 3G, {counted['links']:,} links")
    shown.print(", ".join(f"{oddity.name} {len(oddity.ids)}" for oddity in world.oddities))
    shown.print(world.terrain.statement)


if __name__ == "__main__":
    sys.exit(main())
