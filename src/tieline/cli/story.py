"""``tieline story``: a seed's service flow from nothing to one line of JSON, on ports of its own."""

import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from tieline.cli import demo
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import err, print_json, progress
from tieline.cli.stack import Layout, build, free_layout, kept_secret
from tieline.cli.up import tell
from tieline.lab.crews import Mistakes
from tieline.lab.fill import Platform
from tieline.lab.offices import Office
from tieline.lab.people import SignedIn, hire
from tieline.lab.reach import STRAIGHT, Reach
from tieline.lab.stories import Cast, Desk, Gateways, phase_out, remediate
from tieline.lab.stories.crewing import Crews
from tieline.lab.stories.phaseout import crews_for, form_crews
from tieline.platform.embedded import EmbeddedError
from tieline.platform.errors import TielineError


class Story(StrEnum):
    """The stories there are."""

    REMEDIATION = "3g-remediation"
    PHASE_OUT = "phase-out"


MISTAKES = {"wrong_site": 0.01, "twice": 0.02, "offline": 0.02, "defective": 0.01, "lost_card": 0.0}
"""How often the crews of a story err, and have bad luck."""
FASTEST, SLOWEST = 200_000, 10_000
"""How many times faster the calendar of a phase-out runs: few sites are done quickly, and then wait for their dwell."""


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
    if name is Story.PHASE_OUT:
        layout = replace(layout, calendar=calendar(_speed(sites)))
    supervisor = build(layout, faults=faults, seed=seed, tell=tell)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with supervisor:
            logins = demo.prepare(layout, sites=sites, seed=seed)
            figures = (
                _perform(layout, logins)
                if name is Story.REMEDIATION
                else _phase_out(layout, logins, seed, _speed(sites))
            )
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


def _speed(sites: int) -> int:
    return max(SLOWEST, min(FASTEST, 200_000_000 // sites))


def calendar(speed: int) -> str:
    """A calendar that begins now and runs so many times faster than the clock."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    err.print(f"  The calendar of this story runs {speed:,} times faster than the clock.", highlight=False)
    return f"{now}@{now}*{speed}"


def _phase_out(layout: Layout, logins: demo.Logins, seed: int, speed: int) -> dict[str, Any]:
    with progress() as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        return perform_phase_out(layout, logins, show, seed=seed, speed=speed, mistakes=MISTAKES)


def perform_phase_out(
    layout: Layout,
    logins: demo.Logins,
    show: Callable[[str, int, int], None],
    *,
    seed: int,
    speed: int,
    mistakes: Mapping[str, float],
    reach: Reach = STRAIGHT,
) -> dict[str, Any]:
    """Hire the crews and perform the phase-out on a system that is filled; ``show`` is told how far it is."""
    with ExitStack() as stack:
        people = {
            name: stack.enter_context(Platform(layout.url, login.token, reach)) for name, login in logins.people.items()
        }
        desk = Desk(people["fred"], people["grace"], people["sam"], people["grace"])
        offices = [
            Office(ports.code, layout.backoffice_url(ports.code), layout.backoffice_token(ports.code), reach)
            for ports in layout.gateways
        ]
        summary = desk.technician.get("/fleet/summary", hanging_on="3G", by="region")
        regions = crews_for({str(one["region"] or ""): int(one["sites"]) for one in summary["groups"]})
        administrator = SignedIn(layout.url, "admin", logins.people["admin"].password)
        try:
            members = hire(
                layout.url,
                administrator,
                [f"crew-{number:02d}" for number in range(1, len(regions) + 1)],
                kept_secret(layout.home / "demo" / "password-crews"),
            )
        finally:
            administrator.close()
        logins_of_crews = form_crews(desk, regions, members)
        crews = Crews(layout.url, logins_of_crews, offices, Mistakes(seed=seed, **mistakes), speed=speed, reach=reach)
        return phase_out(desk, offices, crews, logins_of_crews, show)


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
