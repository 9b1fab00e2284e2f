"""``tieline user``: people who may sign in, and what each may do."""

import secrets
import sys
from typing import Annotated, Any

import typer

from tieline.cli.client import Client, connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, print_json, print_table
from tieline.platform.scope import Role

app = typer.Typer(help="People: list, add, change, disable, new passwords.", no_args_is_help=True)
Who = Annotated[str, typer.Argument(help="Name or number.")]
Roles = Annotated[list[str] | None, typer.Option("--role", help=f"{', '.join(Role)}; several times.")]
Regions = Annotated[list[str] | None, typer.Option("--region", help="Only this region; several times.")]
Operators = Annotated[list[str] | None, typer.Option("--operator", help="Only this operator; several times.")]
FromStdin = Annotated[bool, typer.Option(help="Read the password from standard input; made up otherwise.")]


@app.command("list")
def list_users(*, json: AsJson = False) -> None:
    """List everybody, by name."""
    with connect() as client:
        found = list(client.pages("/users"))
    if json:
        print_json(found)
        return
    columns = ["Number", "Name", "Person", "Roles", "Regions", "Operators", "Sign-in", "Signed in"]
    print_table("People", columns, [_row(one) for one in found])


def _row(one: Any) -> list[Any]:
    return [
        str(one["id"]),
        one["name"],
        one["display_name"],
        ", ".join(one["roles"]),
        _bound(one["regions"]),
        _bound(one["operators"]),
        "allowed" if one["active"] else "disabled",
        (one["signed_in_at"] or "")[:16].replace("T", " ") or None,
    ]


def _bound(values: list[str] | None) -> str:
    return "all" if values is None else ", ".join(values)


@app.command("show")
def show(who: Who, *, json: AsJson = False) -> None:
    """Show one person."""
    with connect() as client:
        _tell(find(client, who), json=json)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    *,
    role: Roles = None,
    display_name: Annotated[str, typer.Option(help="The person's name.")] = "",
    email: Annotated[str, typer.Option(help="E-mail.")] = "",
    region: Regions = None,
    operator: Operators = None,
    password_stdin: FromStdin = False,
    json: AsJson = False,
) -> None:
    """Add a person. Without --password-stdin a password is made up, and printed this once."""
    password = _password(from_stdin=password_stdin)
    body = {
        "name": name,
        "display_name": display_name,
        "email": email,
        "password": password,
        "roles": role or ["viewer"],
        "regions": region or None,
        "operators": operator or None,
    }
    with connect() as client:
        made = client.post("/users", body)
    _tell(made, json=json, password="" if password_stdin else password)


@app.command("change")
def change(
    who: Who,
    *,
    role: Roles = None,
    display_name: Annotated[str | None, typer.Option(help="The person's name.")] = None,
    email: Annotated[str | None, typer.Option(help="E-mail.")] = None,
    region: Regions = None,
    all_regions: Annotated[bool, typer.Option("--all-regions", help="No bound on regions.")] = False,
    operator: Operators = None,
    all_operators: Annotated[bool, typer.Option("--all-operators", help="No bound on operators.")] = False,
    json: AsJson = False,
) -> None:
    """Change roles, bounds or names; what is left out stays. Roles and bounds are replaced as a whole."""
    given: dict[str, Any] = {"roles": role, "display_name": display_name, "email": email}
    given |= {"regions": region, "operators": operator}
    body = {key: value for key, value in given.items() if value is not None and value != []}
    body |= {key: None for key, wanted in (("regions", all_regions), ("operators", all_operators)) if wanted}
    if not body:
        raise CommandError(
            "Nothing to change was given.", advice="See: tieline user change --help", exit_code=Exit.USAGE
        )
    _patch(who, body, json=json)


@app.command("disable")
def disable(who: Who, *, json: AsJson = False) -> None:
    """Shut a person out: sessions end, tokens stop working."""
    _patch(who, {"active": False}, json=json)


@app.command("enable")
def enable(who: Who, *, json: AsJson = False) -> None:
    """Let a person in again."""
    _patch(who, {"active": True}, json=json)


@app.command("password")
def password(who: Who, *, password_stdin: FromStdin = False, json: AsJson = False) -> None:
    """Give a person a new password; every session of theirs ends."""
    chosen = _password(from_stdin=password_stdin)
    with connect() as client:
        found = find(client, who)
        client.put(f"/users/{found['id']}/password", {"password": chosen})
    _tell(found, json=json, password="" if password_stdin else chosen)


def find(client: Client, who: str) -> Any:
    """A person by number, or by name."""
    if who.isascii() and who.isdigit():
        return client.get(f"/users/{who}")
    for one in client.pages("/users", limit=1000):
        if one["name"] == who.casefold():
            return one
    raise CommandError(f"There is nobody called {who}.", advice="See: tieline user list", exit_code=Exit.NOT_FOUND)


def _patch(who: str, body: dict[str, Any], *, json: bool) -> None:
    with connect() as client:
        found = find(client, who)
        _tell(client.patch(f"/users/{found['id']}", {**body, "version": found["version"]}), json=json)


def _password(*, from_stdin: bool) -> str:
    if not from_stdin:
        return "-".join(secrets.token_hex(3) for _ in range(4))
    text = sys.stdin.readline().rstrip("\n")
    if not text:
        raise CommandError("There is no password on standard input.", exit_code=Exit.USAGE)
    return text


def _tell(one: Any, *, json: bool, password: str = "") -> None:
    if json:
        print_json({**one, "password": password} if password else one)
        return
    columns = ["Number", "Name", "Person", "Roles", "Regions", "Operators", "Sign-in", "Signed in"]
    print_table("", columns, [_row(one)])
    if password:
        out.print("The password, shown this once:")
        typer.echo(password)
