"""The one place where the commands are put together."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from tieline import __version__
from tieline.cli import (
    audit,
    bill,
    certificate,
    change,
    contract,
    field,
    fleet,
    gateway,
    group,
    imports,
    incident,
    keeping,
    lab,
    login,
    notice,
    operator,
    probe,
    programme,
    secrets,
    serve,
    siem,
    stock,
    story,
    token,
    up,
    usage,
    user,
    view,
)
from tieline.cli.errors import CommandError, explain

app = typer.Typer(
    name="tieline",
    help="Joins a utility and its mobile operators: one system for the cellular connectivity of the grid.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("story")(story.story)
serve.register(app)
app.command("backup")(keeping.backup)
app.command("restore")(keeping.restore)
app.command("login")(login.login)
app.command("import")(imports.import_file)
app.add_typer(fleet.app, name="fleet")
app.add_typer(change.app, name="change")
app.add_typer(notice.app, name="notice")
app.add_typer(programme.app, name="programme")
app.add_typer(usage.app, name="usage")
app.add_typer(bill.app, name="bill")
app.add_typer(contract.app, name="contract")
app.add_typer(incident.app, name="incident")
app.add_typer(probe.app, name="probe")
app.add_typer(lab.app, name="lab")
app.add_typer(stock.app, name="stock")
app.add_typer(group.app, name="group")
app.add_typer(operator.app, name="operator")
app.add_typer(field.app, name="field")
app.add_typer(view.app, name="view")
app.add_typer(audit.app, name="audit")
app.add_typer(user.app, name="user")
app.add_typer(token.app, name="token")
app.add_typer(secrets.app, name="secrets")
app.add_typer(siem.app, name="siem")
app.add_typer(certificate.app, name="certificate")
app.add_typer(gateway.app, name="gateway")


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
