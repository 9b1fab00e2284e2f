"""``tieline login``: sign in once, and keep an API token for the commands that follow."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tieline.cli.client import Client, Credentials, credentials_file
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, err, out, plain, print_json

_LONGEST_NAME = 100


def login(
    url: Annotated[str, typer.Argument(help="Where the platform answers.")] = "http://127.0.0.1:8400",
    *,
    name: Annotated[str, typer.Option("--name", "-n", help="Name to sign in with; asked for otherwise.")] = "",
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
    token_stdin: Annotated[bool, typer.Option(help="Read an API token from standard input instead.")] = False,
    days: Annotated[
        int | None, typer.Option(min=1, help="Days the token is valid; as long as allowed otherwise.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Sign in, and keep an API token for this machine under your configuration folder."""
    if not url.startswith(("http://", "https://")):
        raise CommandError(f"{url} is no address.", advice="For example: http://127.0.0.1:8400", exit_code=Exit.USAGE)
    token = _from_stdin("token") if token_stdin else _sign_in(url, name, days, from_stdin=password_stdin)
    credentials = Credentials(url.rstrip("/"), token)
    with Client(credentials) as client:
        me = client.get("/me")
    path = keep(credentials)
    if json:
        print_json({"url": credentials.url, "me": me, "kept": str(path)})
    else:
        roles = ", ".join(me["roles"])
        told = f"Signed in to {credentials.url} as {me['name']} ({roles}). Kept in {path}."
        out.print(plain(told), soft_wrap=True)


def keep(credentials: Credentials) -> Path:
    """Write the credentials so that only their owner can read them; returns where."""
    path = credentials_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(credentials))
    fresh.replace(path)
    return path


def _sign_in(url: str, name: str, days: int | None, *, from_stdin: bool) -> str:
    if not name:
        name = str(typer.prompt("Name", err=True))
    with session(url, name, password(from_stdin=from_stdin)) as client:
        asked: dict[str, Any] = {"name": f"tieline on {socket.gethostname()}"[:_LONGEST_NAME]}
        if days is not None:
            asked["days"] = days
        made = client.post("/tokens", asked)
    err.print(f"A token was made, valid until {made['token']['expires_at'][:10]}.", style="dim")
    return str(made["secret"])


@contextmanager
def session(url: str, name: str, password: str) -> Iterator[Client]:
    """A client that is signed in as a browser is, for what a token may not do; signed out at the end."""
    with Client(Credentials(url, "")) as client:
        begun = client.post("/session", {"name": name, "password": password})
        client.keep_header("X-CSRF-Token", begun["csrf_token"])
        try:
            yield client
        finally:
            client.delete("/session")


def password(*, from_stdin: bool, of: str = "") -> str:
    """The password, from standard input or typed by the person."""
    if from_stdin:
        return _from_stdin("password")
    return str(typer.prompt(f"Password of {of}" if of else "Password", hide_input=True, err=True))


def _from_stdin(what: str) -> str:
    text = sys.stdin.readline().strip()
    if not text:
        raise CommandError(f"There is no {what} on standard input.", exit_code=Exit.USAGE)
    return text
