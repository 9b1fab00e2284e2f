"""``tieline story``: a seed's service flow from nothing to one line of JSON, on ports of its own."""

import shutil
import signal
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from tieline.cli import demo
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import err, print_json, progress
from tieline.cli.stack import Layout, build, free_layout
from tieline.cli.up import tell
from tieline.lab.fill import Platform
from tieline.lab.stories import Cast, Gateways, remediate
from tieline.platform.embedded import EmbeddedError
from tieline.platform.errors import TielineError


class Story(StrEnum):
    """The stories there are."""

    REMEDIATION = "3g-remediation"


def story(
    *,
    name: Annotated[Story, typer.Argument(help="Which story.")] = Story.REMEDIATION,
    sites: Annotated[int, typer.Option(help="Sites on 3G.", min=1)] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 1,
    faults: Annotated[Path | None, typer.Option(help="File of faults.", exists=True, dir_okay=False)] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running afterwards, until Ctrl-C.")] = False,
) -> None:
    """Perform a story through the public interfaces alone; the last line of output is one JSON object."""
    home = Path(tempfile.mkdtemp(prefix=f"tieline-{name.value}-"))
    layout = free_layout(home)
    supervisor = build(layout, faults=faults, seed=seed, tell=tell)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with supervisor:
            logins = demo.prepare(layout, sites=sites, seed=seed)
            figures = _perform(layout, logins)
            if keep:
                demo.introduce(layout, logins)
                err.print(f"  Token of the administrator   {logins.people['admin'].token}", highlight=False)
            print_json(figures)
            if keep:
                signal.sigwait({signal.SIGINT, signal.SIGTERM})
    except (EmbeddedError, TielineError) as error:
        raise CommandError(
            f"The story could not be told: {error.detail}",
            advice=f"Logs are kept in {home / 'logs'}",
            exit_code=Exit.PARTLY,
        ) from error
    except KeyboardInterrupt:
        shutil.rmtree(home, ignore_errors=True)
        raise
    shutil.rmtree(home, ignore_errors=True)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    """Being told to end is as Ctrl-C: nothing stays behind."""
    raise KeyboardInterrupt


def _perform(layout: Layout, logins: demo.Logins) -> dict[str, Any]:
    cast = Cast(*(Platform(layout.url, logins.people[who].token) for who in ("fred", "grace", "grace")))
    offices = {
        ports.code: (layout.backoffice_url(ports.code), layout.backoffice_token(ports.code))
        for ports in layout.gateways
    }
    with progress() as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        with cast:
            return remediate(cast, Gateways(offices), show)
