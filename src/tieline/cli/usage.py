"""``tieline usage``: what plans come to, what subscriptions use, what stands out; files of usage."""

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from tieline.cli.client import connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.platform.words import plural

app = typer.Typer(help="Usage and cost: plans, subscriptions, findings.", no_args_is_help=True)
Operator = Annotated[str, typer.Argument(help="Code of the operator.")]
Limit = Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, XLSX or JSON lines.")]
_MEGA = 1_000_000
_SHOWN = 10


@app.command("list")
def list_plans(
    *,
    operator: Annotated[str | None, typer.Option(help="Of one operator.")] = None,
    plan: Annotated[str | None, typer.Option(help="One plan.")] = None,
    day: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="In the billing periods of a day.")] = None,
    json: AsJson = False,
) -> None:
    """List plans by period: what was used, what is included, what it costs and is expected to cost."""
    with connect() as client:
        found: list[Any] = client.get("/usage/statements", operator=operator, plan=plan, since=day, until=day)["items"]
    if json:
        print_json(found)
        return
    columns = [
        "Period",
        "Operator",
        "Plan",
        "SIMs",
        "Used MB",
        "Included MB",
        "Fees",
        "Beyond",
        "Expected",
        "",
        "Lasts",
    ]
    print_table("", columns, [_row(one) for one in found], empty="Nothing was rated yet.")


def _row(one: Any) -> list[Any]:
    lasts = f"until {one['runs_over_on']}" if one["runs_over_on"] else "used up" if one["beyond"] else "yes"
    figures = [one["members"], one["octets"] // _MEGA, one["allowance"] // _MEGA]
    amounts = [one["fee"], one["overage"], one["forecast_total"], one["currency"]]
    return [one["first"], one["operator"], one["plan"], *figures, *amounts, lasts]


@app.command("top")
def top(
    operator: Operator,
    *,
    plan: Annotated[str | None, typer.Option(help="Of one plan.")] = None,
    day: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="In the billing period of a day.")] = None,
    limit: Limit = 20,
    json: AsJson = False,
) -> None:
    """List subscriptions by what they used in a period, the most first."""
    with connect() as client:
        pages = client.pages(f"/operators/{operator}/usage", plan=plan, day=day, limit=min(limit, 1000))
        found: list[Any] = list(islice(pages, limit))
    if json:
        print_json(found)
        return
    columns = ["Subscription", "Used kB", "Last used", "Plan", "State", "Site"]
    rows = [
        [one["ref"], one["octets"] // 1000, one["last_used"], one["plan"], one["state"] or "unknown", one["site_name"]]
        for one in found
    ]
    print_table("", columns, rows, empty="No records yet.")


@app.command("findings")
def list_findings(
    *,
    kind: Annotated[list[str] | None, typer.Option(help="high, silent, unexpected or pool; several times.")] = None,
    operator: Annotated[list[str] | None, typer.Option(help="Of an operator; several times.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Those seen to or over, too.")] = False,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """List what stands out, the latest first."""
    query = {"kind": kind, "operator": operator}
    with connect() as client:
        # An empty word is no choice of one: both kinds of finding are two lists.
        lists = [client.pages("/usage/findings", open=flag, limit=min(limit, 200), **query) for flag in _flags(every)]
        found: list[Any] = list(islice((one for pages in lists for one in pages), limit))
    if json:
        print_json(found)
        return
    columns = ["Finding", "Kind", "Operator", "What stands out", "Costs", "Seen to by"]
    rows = [
        [str(one["id"]), one["kind"], one["operator"], one["sentence"], one["cost"], one["acknowledged_by"]]
        for one in found
    ]
    print_table("", columns, rows, empty="Nothing stands out.")


def _flags(every: bool) -> tuple[str, ...]:
    return ("true", "false") if every else ("true",)


@app.command("acknowledge")
def acknowledge(
    finding: Annotated[int, typer.Argument(help="The finding's number.")],
    *,
    words: Annotated[str, typer.Option(help="What you will do.")] = "",
    json: AsJson = False,
) -> None:
    """Say that you see to a finding."""
    with connect() as client:
        found = client.post(f"/usage/findings/{finding}/acknowledge", {"words": words})
    if json:
        print_json(found)
        return
    out.print(plain(f"You see to finding {finding}: {found['sentence']}"))


@app.command("feeds")
def feeds(*, json: AsJson = False) -> None:
    """Show how operators' records come in, and which days are missing."""
    with connect() as client:
        found: list[Any] = client.get("/usage/feeds")["items"]
    if json:
        print_json(found)
        return
    columns = ["Operator", "Since", "Until", "Read", "Days missing", "What went wrong"]
    rows = [
        [one["operator"], one["first_day"], one["last_day"], one["read_at"], len(one["missing"]), one["error"] or None]
        for one in found
    ]
    print_table("", columns, rows, empty="No operator yet.")


@app.command("take")
def take(operator: Operator, file: File, *, json: AsJson = False) -> None:
    """Take usage in from a file, for an operator without an interface; exit code 1 when some rows are bad."""
    with connect() as client:
        found = client.upload(f"/operators/{operator}/usage-files", file, {})
    if json:
        print_json(found)
    else:
        days = found["days"]
        span = f", {days[0]} to {days[-1]}" if days else ""
        out.print(
            plain(
                f"{plural(found['records'], 'day')} of {plural(found['subscriptions'], 'subscription')} taken in{span}."
            )
        )
        tell_problems(found)
    if found["bad"]:
        raise CommandError(f"{found['bad']:,} rows are bad.", exit_code=Exit.PARTLY)


def tell_problems(found: Any) -> None:
    """Print the first rows that are bad."""
    rows = [[one["line"], one["field"], one["value"], one["message"]] for one in found["problems"][:_SHOWN]]
    if rows:
        print_table("Bad rows", ["Line", "Column", "Value", "What is wrong"], rows)
