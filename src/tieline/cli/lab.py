"""``tieline lab``: parts of the simulated world that run by themselves."""

from pathlib import Path
from typing import Annotated

import typer

from tieline.cli.errors import CommandError, Exit
from tieline.lab.sites import Field, Networks, Office, Sites
from tieline.platform import logs
from tieline.platform.process import run
from tieline.standards.socks5 import Credentials

app = typer.Typer(help="Parts of the simulated world.", no_args_is_help=True)
USER = "utility"
"""Who comes in at the proxy of the simulated field."""


@app.callback()
def _lab() -> None:
    """Parts of the simulated world."""


@app.command("sites")
def sites(
    *,
    operator: Annotated[
        list[str], typer.Option(metavar="URL=FILE", help="A back office, and the file with its token; several times.")
    ],
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the SOCKS5 proxy.")] = 8430,
    password_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help=f"Password of {USER}; without it all come in.")
    ] = None,
    dead_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the sites whose application is dead though the link is up.")
    ] = 0.0,
    hurry: Annotated[float, typer.Option(min=0, help="Divides the simulated round trips; 0: none.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Chooses the sites that are dead.")] = 1,
) -> None:
    """Serve the simulated field: a SOCKS5 proxy, and behind it a terminal unit at every address that is attached."""
    offices = [_office(text) for text in operator]
    login = None if password_file is None else Credentials(USER, password_file.read_text("ascii").strip())
    logs.configure("info", "json")

    async def serve() -> None:
        async with Networks(offices) as networks:
            field = Field(seed=seed, dead_share=dead_share, hurry=hurry)
            await Sites(networks, field, login).serve(host, port, ready=_say)

    run(serve)


def _say(port: int) -> None:
    typer.echo(f"The simulated field is reached through socks5 port {port}. None of it is real.", err=True)


def _office(text: str) -> Office:
    url, _, file = text.rpartition("=")
    try:
        token = Path(file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The token of {url or text} cannot be read: {error}", exit_code=Exit.USAGE) from error
    return Office(url, token)
