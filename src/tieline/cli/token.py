"""``tieline token``: API tokens, one's own or everybody's."""

from typing import Annotated, Any

import typer

from tieline.cli.client import Client, connect, find_credentials
from tieline.cli.login import password, session
from tieline.cli.output import AsJson, out, print_json, print_table

app = typer.Typer(help="API tokens: list, make, revoke.", no_args_is_help=True)


@app.command("list")
def list_tokens(
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's; for administrators.")] = False,
    json: AsJson = False,
) -> None:
    """List your tokens, the latest first."""
    with connect() as client:
        found = list(client.pages("/tokens", all=everybody or None))
    if json:
        print_json(found)
        return
    columns = ["Number", "Name", "Begins with", "May", "Expires", "Last used", "State"]
    print_table("API tokens", columns, [_row(one) for one in found])


def _row(one: Any) -> list[Any]:
    state = "revoked" if one["revoked_at"] else "valid"
    used = (one["used_at"] or "")[:16].replace("T", " ") or None
    return [
        str(one["id"]),
        one["name"],
        one["hint"],
        ", ".join(one["permissions"]),
        one["expires_at"][:10],
        used,
        state,
    ]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    may: Annotated[
        list[str] | None,
        typer.Option("--may", help="A permission, such as inventory.read; several times. Left out: all yours."),
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option("--region", help="Only within this region; several times.")
    ] = None,
    operator: Annotated[
        list[str] | None, typer.Option("--operator", help="Only at this operator; several times.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days it is valid; as long as allowed otherwise.")] = None,
    password_stdin: Annotated[bool, typer.Option(help="Read your password from standard input.")] = False,
    json: AsJson = False,
) -> None:
    """Make a token; its secret is shown this once. Asks for your password, since a token cannot make tokens."""
    body = {"name": name, "permissions": may, "regions": region, "operators": operator, "days": days}
    credentials = find_credentials()
    with Client(credentials) as client:
        me = client.get("/me")["name"]
    with session(credentials.url, me, password(from_stdin=password_stdin, of=me)) as client:
        made = client.post("/tokens", {key: value for key, value in body.items() if value})
    if json:
        print_json(made)
        return
    out.print(f"Token {made['token']['id']}, valid until {made['token']['expires_at'][:10]}, shown this once:")
    typer.echo(made["secret"])


@app.command("revoke")
def revoke(number: Annotated[int, typer.Argument(help="The token's number.")], *, json: AsJson = False) -> None:
    """End a token at once."""
    with connect() as client:
        client.delete(f"/tokens/{number}")
    if json:
        print_json({"revoked": number})
    else:
        out.print(f"Token {number} stops working now.")
