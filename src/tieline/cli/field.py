"""``tieline field``: work orders, crews, and reports from a site."""

import uuid
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from tieline.cli.client import Client, connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.platform.words import plural

app = typer.Typer(help="Field work: orders, crews, reports from a site.", no_args_is_help=True)
Limit = Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")]
OrderNumber = Annotated[int, typer.Argument(min=1, help="Number of the order.")]
_FORMS = ("csv", "geojson")


@app.command("orders")
def orders(
    *,
    region: Annotated[str | None, typer.Option(help="Only this region.")] = None,
    crew: Annotated[str | None, typer.Option(help="Only this crew, by code or number.")] = None,
    day: Annotated[str | None, typer.Option(help="Only this day (2026-03-02).")] = None,
    every: Annotated[bool, typer.Option("--all", help="Finished and cancelled ones, too.")] = False,
    limit: Limit = 100,
    json: AsJson = False,
) -> None:
    """List work orders by day."""
    with connect() as client:
        number = _crew(client, crew)["id"] if crew else None
        query = {"region": region, "crew": number, "first_day": day, "last_day": day, "open": str(not every).lower()}
        found = list(islice(client.pages("/field/orders", limit=min(limit, 1000), **query), limit))
    if json:
        print_json(found)
        return
    columns = ["Order", "Day", "Crew", "Region", "Visits", "Finished", "Drive km", "Saved km", "Look at"]
    print_table("Work orders", columns, [_row(one) for one in found])


def _row(one: Any) -> list[Any]:
    shares = [one["visits"], one["finished"], round(one["km"], 1), round(one["km_saved"], 1), one["attention"]]
    return [str(one["id"]), one["day"], one["crew"], one["region"], *shares]


@app.command("make")
def make(
    *,
    region: Annotated[str, typer.Option(help="Whose visits that wait.")],
    crew: Annotated[list[str], typer.Option(help="A crew, by code or number; several times.")],
    first_day: Annotated[str, typer.Option("--from", help="The first day (2026-03-02).")],
    hours: Annotated[float, typer.Option(help="Working hours a day.")] = 7.5,
    speed: Annotated[float, typer.Option(help="km/h between visits, over the great circle.")] = 40,
    home: Annotated[float, typer.Option(help="Minutes a day for driving out and home.")] = 60,
    weekends: Annotated[bool, typer.Option(help="Work on Saturdays and Sundays, too.")] = False,
    json: AsJson = False,
) -> None:
    """Put visits that wait into orders, a day and a crew each, in the best sequence."""
    with connect() as client:
        body = {
            "region": region,
            "crew_ids": [_crew(client, one)["id"] for one in crew],
            "first_day": first_day,
            "hours_per_day": hours,
            "speed_kmh": speed,
            "home_minutes": home,
            "weekends": weekends,
        }
        made = client.post("/field/orders", body)
    if json:
        print_json(made)
        return
    if not made["order_ids"]:
        out.print(plain(f"No visit in {region} waits for an order."))
        return
    span = f"{made['first_day']} to {made['last_day']}"
    way = f"{made['km']:,.0f} km to drive, {made['km_saved']:,.0f} km less than as they came"
    out.print(
        plain(f"{plural(len(made['order_ids']), 'order')} with {plural(made['visits'], 'visit')}, {span}: {way}.")
    )


@app.command("order")
def order(number: OrderNumber, *, json: AsJson = False) -> None:
    """Show an order with its visits in their sequence."""
    with connect() as client:
        found = client.get(f"/field/orders/{number}")
    if json:
        print_json(found)
        return
    columns = ["", "Visit", "Site", "Postcode", "State", "Outcome", "Cards passed", "Trouble"]
    rows = [
        [
            str(one["position"]),
            str(one["id"]),
            one["site_name"],
            one["postcode"],
            one["state"].replace("_", " "),
            one["outcome"],
            f"{sum(step['state'] == 'passed' for step in one['steps'])} of {len(one['steps'])}",
            one["trouble"] or None,
        ]
        for one in found["visits"]
    ]
    print_table(f"Order {number}, {found['day']}, {found['crew']}", columns, rows)
    out.print(plain(f"{found['km']:.1f} km, {found['minutes'] / 60:.1f} h."), style="dim")


@app.command("export")
def export(
    number: OrderNumber,
    *,
    form: Annotated[str, typer.Option("--format", "-f", help="csv or geojson.")] = "csv",
    file: Annotated[Path | None, typer.Option("--output", "-o", help="A file; standard output otherwise.")] = None,
) -> None:
    """Write an order for a spreadsheet (CSV) or a map (GeoJSON, RFC 7946)."""
    if form not in _FORMS:
        raise CommandError(f"There is no format {form}.", advice="Use csv or geojson.", exit_code=Exit.USAGE)
    with connect() as client:
        content = client.download(f"/field/orders/{number}/route.{form}")
    if file is None:
        typer.echo(content.decode(), nl=False)
        return
    file.write_bytes(content)
    out.print(plain(f"Order {number} is in {file}."))


@app.command("crews")
def crews(*, json: AsJson = False) -> None:
    """List crews and their members."""
    with connect() as client:
        found = client.get("/field/crews")["items"]
    if json:
        print_json(found)
        return
    rows = [
        [str(one["id"]), one["code"], one["name"], one["region"], ", ".join(one["members"]), one["active"]]
        for one in found
    ]
    print_table("Crews", ["Number", "Code", "Name", "Region", "Members", "Works"], rows)


@app.command("report")
def report(
    visit: Annotated[int, typer.Argument(min=1, help="Number of the visit.")],
    kind: Annotated[str, typer.Argument(help="arrived, fitted, test-asked, finished, trouble or left.")],
    *,
    step: Annotated[str, typer.Option(help="Which card: fitted, test-asked.")] = "",
    iccid: Annotated[str, typer.Option(help="The card's number: fitted.")] = "",
    router: Annotated[str, typer.Option(help="Number of the new router, as the inventory has it: fitted.")] = "",
    imei: Annotated[str, typer.Option(help="The router's IMEI: fitted.")] = "",
    outcome: Annotated[str, typer.Option(help="done, again or not-possible: finished.")] = "",
    why: Annotated[str, typer.Option(help="Why not done, or why one left.")] = "",
    words: Annotated[str, typer.Option(help="What is wrong: trouble.")] = "",
    old_router: Annotated[str, typer.Option(help="Router that was taken away: finished.")] = "",
    old_card: Annotated[list[str] | None, typer.Option(help="Card that was taken away: finished; several.")] = None,
    json: AsJson = False,
) -> None:
    """Report from a visit, as a crew's phone does. Exit code 5 when the report was refused."""
    body: dict[str, Any] = {
        "step": step, "iccid": iccid, "router": router, "imei": imei, "outcome": outcome, "why": why, "words": words,
    }  # fmt: skip
    said = {name: value for name, value in body.items() if value}
    if old_router or old_card:
        said["removed"] = {"router": old_router, "iccids": old_card or []}
    now = datetime.now(UTC).isoformat()
    one = {"id": str(uuid.uuid4()), "visit": visit, "kind": kind, "at": now, **said}
    with connect() as client:
        (answer,) = client.post("/field/reports", {"sent_at": now, "reports": [one]})["answers"]
    if json:
        print_json(answer)
    else:
        out.print(plain(f"{answer['sentence']} {answer['advice']}".strip()))
    if answer["state"] == "refused":
        raise typer.Exit(Exit.REFUSED)


def _crew(client: Client, wanted: str) -> Any:
    for one in client.get("/field/crews")["items"]:
        if wanted in {one["code"], str(one["id"])}:
            return one
    raise CommandError(f"There is no crew {wanted}, or none that you may see.", exit_code=Exit.NOT_FOUND)
