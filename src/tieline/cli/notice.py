"""``tieline notice``: what operators announce, whom it strikes, and what is answered."""

from itertools import islice
from typing import Annotated, Any

import typer

from tieline.cli.client import connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table

app = typer.Typer(help="Operators' notices: list, show, answer.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="The notice's number.")]


@app.command("list")
def list_notices(
    *,
    operator: Annotated[list[str] | None, typer.Option(help="Of an operator; several times.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="phase-out, planned-work or other; several times.")] = None,
    coming: Annotated[bool, typer.Option("--open", help="Only those of which something is still to come.")] = False,
    waits: Annotated[bool, typer.Option("--waits", help="Only those that wait for an answer.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """List what operators announce, the latest to come in first."""
    query = {"operator": operator, "kind": kind, "open": coming or None, "waits": waits or None}
    with connect() as client:
        found: list[Any] = list(islice(client.pages("/notices", limit=min(limit, 200), **query), limit))
    if json:
        print_json(found)
        return
    columns = ["Notice", "Operator", "Kind", "Technology", "Title", "Status", "Begins", "Over by", "Revision"]
    print_table("", columns, [_row(one) for one in found])


def _row(one: Any) -> list[Any]:
    status = f"{one['status']} (answer it)" if one["waits"] else one["status"]
    if one.get("gone_at"):
        status = "not listed any more"
    return [
        str(one["id"]),
        one["operator"],
        one["kind"],
        one["technology"],
        one["title"],
        status,
        _day(one["starts_at"]),
        _day(one["ends_at"]),
        one["revision"],
    ]


def _day(moment: str | None) -> str | None:
    return moment[:10] if moment else None


@app.command("show")
def show(
    notice: Number,
    *,
    against: Annotated[
        int | None, typer.Option(metavar="REVISION", help="Also say how it differs from an earlier revision.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show a notice: what it means, its phases, and how many sites each strikes."""
    with connect() as client:
        found = client.get(f"/notices/{notice}")
        if against is not None:
            query = {"earlier": against, "later": found["revision"]}
            found["differences"] = client.get(f"/notices/{notice}/differences", **query)["items"]
    if json:
        print_json(found)
        return
    out.print(plain(f"{found['title']} ({found['operator_name']}, {found['ref']}, revision {found['revision']})"))
    out.print(plain(found["sentence"]))
    columns = ["Phase", "Begins", "Over by", "Sites", "Nothing else", "High importance"]
    rows = [
        [one["title"], _day(one["starts_at"]), _day(one["ends_at"]), one["sites"], one["alone"], one["critical"]]
        for one in found["phases"]
    ]
    print_table("", columns, rows, empty="No phases.")
    if found["waits"]:
        out.print(plain(f"{found['operator_name']} waits for an answer: tieline notice answer {notice}"), style="bold")
    if against is not None:
        told = [one["words"] for one in found["differences"]] or [f"It says the same as revision {against}."]
        for words in told:
            out.print(plain(f"- {words}"))


@app.command("answer")
def answer(
    notice: Number,
    *,
    accept: Annotated[bool, typer.Option("--accept", help="Agree.")] = False,
    decline: Annotated[bool, typer.Option("--decline", help="Do not agree; say why with --words.")] = False,
    words: Annotated[str, typer.Option(help="For the operator to read.")] = "",
    revision: Annotated[int | None, typer.Option(help="The revision that was read; a newer one is refused.")] = None,
    json: AsJson = False,
) -> None:
    """Accept or decline a notice; the operator is told at once, or as soon as it can be reached."""
    if accept == decline:
        raise CommandError("Say either --accept or --decline.", exit_code=Exit.USAGE)
    body = {"answer": "accept" if accept else "decline", "words": words}
    with connect() as client:
        found = client.post(f"/notices/{notice}/answer", {**body, **({"revision": revision} if revision else {})})
    if json:
        print_json(found)
        return
    said = "accepted" if accept else "declined"
    out.print(plain(f"Notice {notice} is {said}; the answer is on its way to {found['operator_name']}."))
