"""The one place where the commands are put together.

A command's module is loaded when somebody asks for it: ``tieline change list`` needs neither the platform nor a
gateway, and a gateway needs no platform.
"""

import sys
from collections import UserDict
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from tieline import __version__
from tieline.cli.errors import CommandError, explain

_PLACES: Mapping[str, str] = {
    "up": "up.up",
    "story": "story.story",
    "migrate": "serve.migrate",
    "api": "serve.api",
    "worker": "serve.worker",
    "backup": "keeping.backup",
    "restore": "keeping.restore",
    "login": "login.login",
    "import": "imports.import_file",
    **{
        group: f"{group}.app"
        for group in (
            "fleet",
            "change",
            "notice",
            "programme",
            "usage",
            "bill",
            "contract",
            "incident",
            "probe",
            "lab",
            "stock",
            "group",
            "operator",
            "field",
            "view",
            "audit",
            "user",
            "token",
            "secrets",
            "siem",
            "certificate",
            "gateway",
        )
    },
}
"""Where each command, in the order of the help, is to be found: module of this package, and name in it."""


class _Commands(UserDict[str, Any]):
    """The commands by name, each loaded at its first use; the names alone load nothing."""

    def __getitem__(self, name: str) -> Any:
        if (command := super().__getitem__(name)) is None:
            command = self[name] = _load(name)
        return command


def _load(name: str) -> Any:
    module, _, attribute = _PLACES[name].partition(".")
    found = getattr(import_module(f"tieline.cli.{module}"), attribute)
    around = typer.Typer()
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    return typer.main.get_group(around).commands[name]


class _Late(TyperGroup):
    """A group whose commands are loaded when they are asked for."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Commands(dict.fromkeys(_PLACES))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the base class's signature
        return list(self.commands)


app = typer.Typer(
    name="tieline",
    help="Joins a utility and its mobile operators: one system for the cellular connectivity of the grid.",
    cls=_Late,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context, *, version: Annotated[bool, typer.Option("--version", help="Say which one.")] = False
) -> None:
    if version:
        typer.echo(f"tieline {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; every expected failure ends in one plain message and a meaningful exit code."""
    try:
        app()
    except CommandError as error:
        Console(stderr=True).print(explain(error))
        sys.exit(error.exit_code)
