"""``tieline probe``: ask the applications at sites whether they answer."""

import sys
import time
from itertools import islice
from typing import Annotated, Any

import typer

from tieline.cli.client import Client, connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, err, out, plain, print_json, print_table
from tieline.cli.selecting import Where, query_of

app = typer.Typer(help="Ask the applications at sites whether they answer.", no_args_is_help=True)
MOST = 10_000
_EVERY_S = 0.5


@app.command("ask")
def ask(
    subscription: Annotated[list[int] | None, typer.Argument(help="Numbers of subscriptions.")] = None,
    *,
    where: Where = None,
    key: Annotated[str | None, typer.Option(help="Asks each application once, however often it is given.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for answers; 0: do not wait.", min=0)] = 120,
    json: AsJson = False,
) -> None:
    """Ask by number or by --where, and wait for the answers; ends with 1 when one of them is not good."""
    with connect() as client:
        ids = list(subscription or ()) or _selected(client, where)
        asked = client.post("/probes", {"subscription_ids": ids, "key": key})
        if not wait:
            print_json(asked) if json else out.print(plain(f"{asked['asked']:,} are asked under {asked['key']}."))
            return
        answers = _answers(client, asked, wait)
    if json:
        print_json(answers)
    else:
        _show(answers)
    sys.exit(Exit.DONE if answers and all(one["ok"] for one in answers) else Exit.PARTLY)


@app.command("list")
def list_probes(
    *,
    subscription: Annotated[int | None, typer.Option(help="Only of this subscription.")] = None,
    why: Annotated[str | None, typer.Option(help="Only with this outcome: answered, unreachable, silent, …")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only where no application answered.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """List probes, the newest first."""
    query = {"subscription_id": subscription, "why": why, "ok": False if failed else None}
    with connect() as client:
        found = list(islice(client.pages("/probes", limit=min(limit, 200), **query), limit))
    if json:
        print_json(found)
        return
    _show(found)


@app.command("latest")
def latest(
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only where no application answered.")] = False,
    why: Annotated[list[str] | None, typer.Option(help="Only with this outcome; several times.")] = None,
    operator: Annotated[list[str] | None, typer.Option(help="Only at this operator; several times.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Only in this region; several times.")] = None,
    older_than: Annotated[float | None, typer.Option(help="Only asked so many hours ago, or earlier.", min=0)] = None,
    q: Annotated[str, typer.Option("--q", help="Part of a site's name or a SIM, or an address's beginning.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 100,
    json: AsJson = False,
) -> None:
    """List the last answer of each application that was ever asked, the newest first."""
    query = {"ok": False if failed else None, "why": why, "operator": operator, "region": region,
             "older_than_hours": older_than, "q": q or None}  # fmt: skip
    with connect() as client:
        found = list(islice(client.pages("/probes/latest", limit=min(limit, 1000), **query), limit))
    if json:
        print_json(found)
        return
    rows = [
        [one["site_name"] or "", one["operator"], one["ref"], one["at"][:16].replace("T", " "), one["sentence"]]
        for one in found
    ]
    columns = ["Site", "Operator", "SIM", "At (UTC)", "Outcome"]
    print_table("", columns, rows, empty="No application was asked yet. tieline probe ask asks.")


@app.command("summary")
def summary(*, json: AsJson = False) -> None:
    """Count what waits, and what came of the probes of the last day."""
    with connect() as client:
        found = client.get("/probes/summary")
    if json:
        print_json(found)
        return
    rows = [[name.replace("_", " "), count] for name, count in found.items()]
    print_table("", ["Outcome", "Probes"], rows, empty="Nothing was asked within a day.")


def _selected(client: Client, where: list[str] | None) -> list[int]:
    if not where:
        raise CommandError("Name subscriptions, or narrow by --where.", exit_code=Exit.USAGE)
    found = islice(client.pages("/subscriptions", limit=1000, **query_of(where)), MOST + 1)
    ids = [one["subscription_id"] for one in found]
    if not ids:
        raise CommandError("No subscription is like that.", exit_code=Exit.USAGE)
    if len(ids) > MOST:
        raise CommandError(
            f"That is more than {MOST:,} subscriptions.", advice="Narrow by --where.", exit_code=Exit.USAGE
        )
    return ids


def _answers(client: Client, asked: Any, wait: float) -> list[Any]:
    """Wait until none waits any more, or for so long."""
    about = {"origin": asked["origin"], "key": asked["key"]}
    end = time.monotonic() + wait
    while client.get("/probes", waiting=True, limit=1, **about)["items"]:
        if time.monotonic() > end:
            err.print(plain("Some have not answered yet: tieline probe list shows them later."))
            break
        time.sleep(_EVERY_S)
    return list(client.pages("/probes", waiting=False, limit=200, **about))


def _show(found: list[Any]) -> None:
    rows = [
        [
            str(one["subscription_id"]),
            one["operator"],
            one["address"] or "",
            "" if one["rtt_ms"] is None else f"{one['rtt_ms']:g} ms",
            (one["answered_at"] or "")[:16].replace("T", " "),
            one["sentence"],
        ]
        for one in found
    ]
    columns = ["Subscription", "Operator", "Address", "Round trip", "At (UTC)", "Outcome"]
    print_table("", columns, rows, empty="Nothing was asked yet. tieline probe ask asks.")
