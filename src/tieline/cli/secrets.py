"""``tieline secrets``: how secrets at rest are doing, and changing the key that wraps them."""

from typing import Any

import typer

from tieline.cli.client import connect
from tieline.cli.errors import Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.platform.secrets import new_key
from tieline.platform.secrets.keyring import write_keys

app = typer.Typer(help="Secrets at rest: check, change the key.", no_args_is_help=True)


@app.command("check")
def check(*, json: AsJson = False) -> None:
    """Try every secret in the database. Exit code 1 when one does not open, or others may read the key file."""
    with connect() as client:
        found = client.get("/secrets")
    if json:
        print_json(found)
    else:
        _tell(found)
    if not found["ok"]:
        raise typer.Exit(Exit.PARTLY)


def _tell(found: Any) -> None:
    rows = [[key["id"], "yes" if key["current"] else "no", key["values"]] for key in found["keys"]]
    print_table("Keys", ["Key", "Seals", "Opens values"], rows)
    for place in found["unreadable"]:
        out.print(plain(f"✗ {place} does not open."))
    if not found["private"]:
        out.print("✗ Others than its owner may read the key file.")
    if found["ok"]:
        out.print(f"[bold green]✓[/] {found['values']:,} values, and every one opens.")
    if found["waiting"]:
        out.print(f"  {found['waiting']:,} are under an older key, and will be wrapped anew.", style="dim")


@app.command("rotate")
def rotate(*, json: AsJson = False) -> None:
    """Make a new key, and wrap every secret with it. The old key stays in the file until it is forgotten."""
    with connect() as client:
        made = client.post("/secrets/rotate")
        done = client.post("/secrets/rewrap")
    if json:
        print_json({**made, **done})
        return
    out.print(f"[bold green]✓[/] Key {made['key']} seals from now on; {done['values']:,} values were wrapped anew.")
    out.print("  Copy the key file to where you keep the other copy.", style="dim")


@app.command("rewrap")
def rewrap(*, json: AsJson = False) -> None:
    """Wrap with the first key of the file what others wrap: after a key was put there by hand."""
    with connect() as client:
        done = client.post("/secrets/rewrap")
    if json:
        print_json(done)
    else:
        out.print(f"[bold green]✓[/] {done['values']:,} values were wrapped anew.")


@app.command("forget")
def forget(*, json: AsJson = False) -> None:
    """Take keys that wrap nothing any more out of the file. Backups from before need a copy of them."""
    with connect() as client:
        gone = client.post("/secrets/forget")
    if json:
        print_json(gone)
        return
    out.print(plain(f"Forgotten: {', '.join(gone['keys'])}." if gone["keys"] else "Every key is in use."))


@app.command("key")
def key() -> None:
    """Print a key file with one new key, for a place of your own (TIELINE_SECRETS_KEY_FILE)."""
    typer.echo(write_keys([new_key()]).decode(), nl=False)
