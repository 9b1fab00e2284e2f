"""``tieline contract``: what operators charge by contract."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tieline.cli.client import connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.cli.usage import tell_problems
from tieline.platform.words import plural

app = typer.Typer(help="Contracts: what plans cost, and who is on which.", no_args_is_help=True)
Operator = Annotated[str, typer.Argument(help="Code of the operator.")]
Plan = Annotated[str, typer.Argument(help="The data plan, as the operator calls it.")]


@app.command("show")
def show(operator: Operator, *, json: AsJson = False) -> None:
    """Show what an operator's plans cost, and have cost."""
    with connect() as client:
        held = [one for one in client.get("/usage/contracts")["items"] if one["operator"] == operator]
        found: list[Any] = client.get(f"/operators/{operator}/tariffs")["items"]
    if json:
        print_json({"contract": held[0] if held else None, "tariffs": found})
        return
    if not held:
        out.print(
            plain(f"Nothing is entered for operator {operator} yet: tieline contract set {operator} --currency GBP")
        )
        return
    one = held[0]
    told = f"{one['operator_name']} {one['reference']}: {one['currency']}, periods begin on day {one['billing_day']}; "
    out.print(plain(f"{told}a MB has {one['octets_per_mb']:,} octets."))
    columns = ["Plan", "From", "To", "Fee", "Included MB", "Pooled", "Prorated", "Beyond, a MB", "Usual MB"]
    names = (
        "plan",
        "valid_from",
        "valid_to",
        "monthly_fee",
        "included_mb",
        "pooled",
        "prorated",
        "overage_per_mb",
        "usual_mb",
    )
    print_table("", columns, [[each[name] for name in names] for each in found], empty="No plan yet.")


@app.command("set")
def put(
    operator: Operator,
    *,
    currency: Annotated[str, typer.Option(help="Three letters, like GBP.")],
    reference: Annotated[str, typer.Option(help="Number of the contract.")] = "",
    billing_day: Annotated[int, typer.Option(min=1, max=28, help="Day of the month on which a period begins.")] = 1,
    octets_per_mb: Annotated[int, typer.Option(help="1000000 or 1048576.")] = 1_000_000,
    minimum_months: Annotated[int, typer.Option(min=0, max=120, help="Minimum term of a subscription.")] = 0,
    silent_days: Annotated[int, typer.Option(min=1, max=400, help="Unused for so long, it stands out.")] = 30,
    json: AsJson = False,
) -> None:
    """Set what holds for all plans of an operator."""
    body = {
        "currency": currency,
        "reference": reference,
        "billing_day": billing_day,
        "octets_per_mb": octets_per_mb,
        "minimum_months": minimum_months,
        "silent_days": silent_days,
    }
    with connect() as client:
        found = client.put(f"/operators/{operator}/usage-contract", body)
    if json:
        print_json(found)
        return
    out.print(plain(f"The contract with operator {operator} is set; its plans are rated anew."))


@app.command("plan")
def plan(
    operator: Operator,
    name: Plan,
    *,
    fee: Annotated[str, typer.Option(help="Fee of a subscription and period, like 1.35.")],
    overage: Annotated[str, typer.Option(help="Price of a MB beyond, like 0.0215.")],
    included: Annotated[int, typer.Option(min=0, help="MB that are included for each subscription and period.")],
    since: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="The first day.")],
    until: Annotated[
        str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The last day, if there is one.")
    ] = None,
    pooled: Annotated[
        bool, typer.Option("--pooled/--single", help="Whether the plan's subscriptions share theirs.")
    ] = False,
    prorated: Annotated[bool, typer.Option("--prorated/--whole", help="Whether days count, or whole periods.")] = True,
    step: Annotated[int, typer.Option(min=1, help="Octets of a step of volume beyond.")] = 1000,
    usual: Annotated[int | None, typer.Option(min=1, help="A subscription stands out above so many MB.")] = None,
    apn: Annotated[list[str] | None, typer.Option(help="Also those without a data plan in this APN.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="Also those without a data plan in this group.")] = None,
    json: AsJson = False,
) -> None:
    """Set what a plan costs from a day on; the tariff before it ends the day before."""
    body = {
        "valid_from": since,
        "valid_to": until,
        "monthly_fee": fee,
        "included_mb": included,
        "pooled": pooled,
        "prorated": prorated,
        "overage_per_mb": overage,
        "step_octets": step,
        "usual_mb": usual,
        "apns": apn or [],
        "groups": group or [],
    }
    with connect() as client:
        found = client.put(f"/operators/{operator}/tariffs/{quote(name, safe='')}", body)
    if json:
        print_json(found)
        return
    out.print(plain(f"Plan {name} costs {fee} from {since} on."))


@app.command("drop")
def drop(
    operator: Operator,
    name: Plan,
    *,
    since: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="On which day it begins.")],
) -> None:
    """Take a tariff back that was entered by mistake."""
    with connect() as client:
        client.delete(f"/operators/{operator}/tariffs/{quote(name, safe='')}/{since}")
    out.print(plain(f"The tariff of {name} from {since} is taken back."))


@app.command("assign")
def assign(
    operator: Operator,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, XLSX or JSON lines.")],
    *,
    json: AsJson = False,
) -> None:
    """Take in from a file which subscription was on which plan, and since when."""
    with connect() as client:
        found = client.upload(f"/operators/{operator}/plan-assignments", file, {})
    if json:
        print_json(found)
    else:
        out.print(plain(f"{plural(found['taken'], 'row')} taken in."))
        tell_problems(found)
    if found["bad"]:
        raise CommandError(f"{found['bad']:,} rows are bad.", exit_code=Exit.PARTLY)


@app.command("history")
def history(operator: Operator, *, json: AsJson = False) -> None:
    """List what was set of a contract and its plans, the latest first."""
    with connect() as client:
        found: list[Any] = client.get(f"/operators/{operator}/usage-contract/history")["items"]
    if json:
        print_json(found)
        return
    rows = [[one["at"], one["actor"], one["plan"] or "contract", _what(one)] for one in found]
    print_table("", ["When", "By", "What", "Change"], rows, empty="Nothing was set yet.")


def _what(one: Any) -> str:
    before, after = one["before"], one["after"]
    if before is None:
        return "entered"
    if after is None:
        return "taken back"
    quiet = {"id", "operator_id", "version", "updated_at", "updated_by"}
    changed = [
        f"{name}: {before.get(name)} → {after[name]}"
        for name in after
        if name not in quiet and before.get(name) != after[name]
    ]
    return "; ".join(changed) or "the same"
