"""``tieline bill``: operators' bills, checked line by line."""

import time
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from tieline.cli.client import Client, connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table

app = typer.Typer(help="Operators' bills: check, show, accept, dispute.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="The bill's number here.")]
Words = Annotated[str, typer.Option(help="They stand with the decision.")]
_PATIENCE_S = 600


@app.command("check")
def check(
    operator: Annotated[str, typer.Argument(help="Code of the operator.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The operator's file: CSV, XLSX, JSONL.")],
    *,
    json: AsJson = False,
) -> None:
    """Send a bill's file and wait until every line is checked; exit code 1 when some are not explained."""
    with connect() as client:
        made = client.upload(f"/operators/{operator}/bills", file, {})
        found = _checked(client, made["id"])
    _tell(found, json=json)


def _checked(client: Client, bill: int) -> Any:
    end = time.monotonic() + _PATIENCE_S
    while True:
        found = client.get(f"/bills/{bill}")
        if found["state"] != "received":
            return found
        if time.monotonic() > end:
            raise CommandError("The bill is not checked yet.", advice=f"Look again: tieline bill show {bill}")
        time.sleep(0.5)


def _tell(found: Any, *, json: bool) -> None:
    wrong = sum(value[0] for name, value in found["counts"].items() if name != "explained")
    if json:
        print_json(found)
    else:
        out.print(plain(f"Bill {found['number']} of operator {found['operator']}, {found['first']} to {found['last']}"))
        print_table(
            "", ["Verdict", "Lines", "Claimed", "Due"], [[name, *value] for name, value in found["counts"].items()]
        )
        told = f"Claimed {found['claimed']}, due {found['expected']}: {found['difference']} {found['currency']} apart."
        out.print(plain(told), style="bold" if wrong else "")
        if found["bad_lines"]:
            out.print(plain(f"{found['bad_lines']:,} lines of the file could not be read."))
    if wrong:
        raise CommandError(
            f"{wrong:,} lines are not explained.",
            advice=f"See them: tieline bill lines {found['id']}; to send them: tieline bill export {found['id']} FILE",
            exit_code=Exit.PARTLY,
        )


@app.command("list")
def list_bills(
    *,
    operator: Annotated[list[str] | None, typer.Option(help="Of an operator; several times.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="received, checked, accepted or disputed.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """List bills, the newest first."""
    with connect() as client:
        pages = client.pages("/bills", operator=operator, state=state, limit=min(limit, 200))
        found: list[Any] = list(islice(pages, limit))
    if json:
        print_json(found)
        return
    columns = ["Bill", "Number", "Operator", "Period", "State", "Lines", "Claimed", "Due", "Difference", ""]
    rows = [
        [
            str(one["id"]),
            one["number"],
            one["operator"],
            one["first"],
            one["state"],
            one["lines"],
            one["claimed"],
            one["expected"],
            one["difference"],
            one["currency"],
        ]
        for one in found
    ]
    print_table("", columns, rows, empty="No bill yet.")


@app.command("show")
def show(bill: Number, *, json: AsJson = False) -> None:
    """Show a bill: lines by verdict, what is claimed and what is due."""
    with connect() as client:
        found = client.get(f"/bills/{bill}")
    try:
        _tell(found, json=json)
    except CommandError as error:
        if not json:
            out.print(plain(error.advice or ""), style="dim")


@app.command("lines")
def lines(
    bill: Number,
    *,
    verdict: Annotated[
        list[str] | None, typer.Option(help="explained, differs, not-ours, after-end, repeated, missing.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 100,
    json: AsJson = False,
) -> None:
    """List lines that are not explained, or those of some verdicts."""
    wanted = verdict or ["differs", "not-ours", "after-end", "repeated", "missing"]
    with connect() as client:
        found: list[Any] = list(
            islice(client.pages(f"/bills/{bill}/lines", verdict=wanted, limit=min(limit, 1000)), limit)
        )
    if json:
        print_json(found)
        return
    columns = ["Line", "For", "Charge", "Plan", "Claimed", "Due", "Verdict", "Why"]
    rows = [
        [
            one["line"],
            one["ref"] or one["iccid"] or one["msisdn"] or "pool",
            one["charge"],
            one["plan"],
            one["amount"],
            one["expected"],
            one["verdict"],
            one["why"],
        ]
        for one in found
    ]
    print_table("", columns, rows, empty="None of these.")


@app.command("export")
def export(bill: Number, file: Annotated[Path, typer.Argument(help="Where to write it.")]) -> None:
    """Write the lines in dispute to a CSV file, to send to the operator."""
    with connect() as client:
        file.write_bytes(client.download(f"/bills/{bill}/dispute.csv"))
    out.print(plain(f"Written to {file}."))


@app.command("accept")
def accept(bill: Number, *, words: Words = "", json: AsJson = False) -> None:
    """Accept a bill that was checked."""
    _decide(bill, "accepted", words, json=json)


@app.command("dispute")
def dispute(bill: Number, *, words: Words, json: AsJson = False) -> None:
    """Dispute a bill that was checked, and say what."""
    _decide(bill, "disputed", words, json=json)


def _decide(bill: int, state: str, words: str, *, json: bool) -> None:
    with connect() as client:
        found = client.post(f"/bills/{bill}/decide", {"state": state, "words": words})
    if json:
        print_json(found)
        return
    out.print(plain(f"Bill {found['number']} is {found['state']}."))


@app.command("again")
def again(bill: Number, *, json: AsJson = False) -> None:
    """Check a bill again, after records came in late or the contract was put right."""
    with connect() as client:
        before = client.post(f"/bills/{bill}/check")
        end = time.monotonic() + _PATIENCE_S
        while (found := client.get(f"/bills/{bill}"))["checked_at"] == before["checked_at"]:
            if time.monotonic() > end:
                raise CommandError("The bill is not checked yet.", advice=f"Look again: tieline bill show {bill}")
            time.sleep(0.5)
    _tell(found, json=json)


@app.command("drop")
def drop(bill: Number) -> None:
    """Take a bill away that was sent by mistake."""
    with connect() as client:
        client.delete(f"/bills/{bill}")
    out.print(plain(f"Bill {bill} is taken away."))
