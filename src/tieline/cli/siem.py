"""``tieline siem``: the export of the audit trail to a SIEM."""

from typing import Annotated, Any

import typer

from tieline.cli.client import connect
from tieline.cli.errors import Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table

app = typer.Typer(help="The export of the audit trail to a SIEM.", no_args_is_help=True)


@app.command("status")
def status(*, json: AsJson = False) -> None:
    """Say where the trail goes and how far it is. Exit code 1 when it waits because of an error."""
    with connect() as client:
        found = client.get("/siem")
    if json:
        print_json(found)
    else:
        _tell(found)
    if any(_stuck(one) for one in found["sources"]):
        raise typer.Exit(Exit.PARTLY)


def _stuck(one: Any) -> bool:
    late = one["error_at"] and (not one["sent_at"] or one["error_at"] >= one["sent_at"])
    return bool(one["waiting"] and late)


def _tell(found: Any) -> None:
    if not found["target"]:
        out.print("The audit trail is sent nowhere. Set TIELINE_SIEM_URL.")
        return
    rows = [
        [one["source"], one["sent"], one["end"], one["waiting"], _time(one["sent_at"]), _time(one["error_at"])]
        for one in found["sources"]
    ]
    columns = ["Trail", "Sent up to", "Of", "Waiting", "Last sent (UTC)", "Last error (UTC)"]
    print_table(f"To {found['target']} as {found['form']}", columns, rows)
    for one in found["sources"]:
        if one["error"]:
            out.print(plain(f"  {one['source']}: {one['error']}"), style="dim")


def _time(text: str | None) -> str | None:
    return text[:19].replace("T", " ") if text else None


@app.command("test")
def send_test(*, json: AsJson = False) -> None:
    """Send one message that says that it is a test."""
    with connect() as client:
        done = client.post("/siem/test")
    if json:
        print_json(done)
    else:
        out.print(plain(f"A test message went to {done['target']}. Look whether it arrived there."))


@app.command("replay")
def replay(
    *,
    first: Annotated[int, typer.Option("--from", min=1, help="The entry to begin with.")],
    json: AsJson = False,
) -> None:
    """Send the trail again from an entry on: the receiver lost them, or is a new one."""
    with connect() as client:
        found = client.post("/siem/replay", {"first": first})
    if json:
        print_json(found)
    else:
        out.print(f"Entries from {first:,} on are sent again.")
