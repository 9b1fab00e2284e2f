"""``tieline up``: the platform in one command; with ``--demo`` also two operators and a simulated world."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from tieline.cli import demo as demonstration
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import err, out
from tieline.cli.stack import Layout, build, default_layout, taken_ports
from tieline.platform.embedded import Event, State
from tieline.platform.errors import TielineError
from tieline.platform.settings import load

_SHOWN = {State.READY: "[green]✓[/] {part}", State.PAUSED: "[yellow]![/] {part} {text}"}


def tell(event: Event) -> None:
    """Show what a person wants to know of the parts: ready, fallen over, could not start."""
    line = _SHOWN.get(event.state)
    if line is not None:
        err.print(line.format(part=event.part, text=event.text), highlight=False)
    elif event.state is State.STOPPED and event.text:
        err.print(f"[red]✗[/] {event.part}\n{event.text}", highlight=False)


def up(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Also two operators' gateways and a simulated world.")] = False,
    sites: Annotated[int, typer.Option(help="Sites on 3G in the simulated world.", min=1)] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 1,
    faults: Annotated[Path | None, typer.Option(help="File of faults for the simulated networks.", exists=True)] = None,
) -> None:
    """Run everything until Ctrl-C; nothing is left running afterwards."""
    settings = load()
    layout = default_layout(settings, demo=demo)
    if demo and layout.certificate:
        raise CommandError(
            "The demonstration loads itself over plain HTTP on this machine, and TIELINE_TLS_CERTIFICATE is set.",
            advice="Unset TIELINE_TLS_CERTIFICATE and TIELINE_TLS_KEY, or leave --demo out.",
            exit_code=Exit.USAGE,
        )
    if taken := taken_ports(layout):
        told = ", ".join(f"{port} ({what})" for port, what in taken)
        raise CommandError(
            f"In use already: port {told}." if len(taken) == 1 else f"In use already: ports {told}.",
            advice="Is another Tieline running? Stop it with Ctrl-C where it was started. "
            "The platform's own ports are set by TIELINE_PORT and TIELINE_OPERATOR_PORT.",
            exit_code=Exit.UNREACHABLE,
        )
    url = settings.database_url.get_secret_value() if settings.database_url else None
    supervisor = build(layout, database_url=url, faults=faults, seed=seed, tell=tell)

    def ready() -> None:
        if not demo:
            _say_where(layout)
            return
        try:
            logins = demonstration.prepare(layout, sites=sites, seed=seed, charged=True)
        except TielineError as error:
            # Stopped while it was filling: that is what was asked for, and the next start goes on from there.
            err.print(f"[red]✗[/] The world could not be loaded: {error.detail}", highlight=False)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        demonstration.introduce(layout, logins)

    code = supervisor.run(ready)
    if code:
        raise CommandError(
            "Not everything could be started.",
            advice=f"The last lines are above; logs are in {layout.home / 'logs'}",
            exit_code=Exit.UNREACHABLE,
        )
    err.print(f"Stopped. What it kept stays in {layout.home}.", soft_wrap=True)
    sys.exit(Exit.DONE)


def _say_where(layout: Layout) -> None:
    out.print(f"\n  Console   {layout.url}\n  Logs      {layout.home / 'logs'}\n  Stop      Ctrl-C\n")
