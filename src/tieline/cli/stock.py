"""``tieline stock``: where cards and routers are, orders and deliveries, issuing, losses, stocktakes, the balance."""

import re
import secrets
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from tieline.cli.client import Client, connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.platform.words import agree, plural

app = typer.Typer(help="Stock: where goods are, issuing, losses, deliveries, stocktakes.", no_args_is_help=True)
Serials = Annotated[list[str] | None, typer.Argument(help="Serials; none: read from standard input, one a line.")]
Routers = Annotated[bool, typer.Option("--routers", help="Routers, not cards.")]
Reason = Annotated[str, typer.Option("--why", "-w", help="Why.")]
Key = Annotated[str, typer.Option("--key", help="Names the act: sent again with it, nothing happens twice.")]
Limit = Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")]
_SPLIT = re.compile(r"[\s,;]+")
_CODES = re.compile(r"([a-z]+):(.+)")


@app.command("list")
def totals(*, json: AsJson = False) -> None:
    """List how many of what are where."""
    with connect() as client:
        found = client.get("/stock/totals")["items"]
    if json:
        print_json(found)
        return
    names = ["Place", "Kind", "Goods", "Operator", "Sort", "Generation", "Condition", "Number"]
    rows = [
        [one["name"], one["kind"], one["goods"], one["operator"], one["variety"] or None, one["generation"] or None,
         "used" if one["used"] else "new", one["number"]]
        for one in found
    ]  # fmt: skip
    print_table("", names, rows, empty="The ledger is empty.")


@app.command("where")
def where(serials: Serials = None, *, routers: Routers = False, json: AsJson = False) -> None:
    """Tell where items are. Exit code 1 when some are not in the ledger."""
    wanted, goods = _serials(serials), _goods(routers=routers)
    found: list[Any] = []
    unknown: list[str] = []
    with connect() as client:
        for start in range(0, len(wanted), 200):
            part = client.get(f"/stock/where/{goods}", serial=wanted[start : start + 200])
            found += part["items"]
            unknown += part["unknown"]
    if json:
        print_json({"items": found, "unknown": unknown})
    else:
        rows = [[one["serial"], one["place"]["name"], one["place"]["kind"], one["since"]] for one in found]
        print_table("", ["Serial", "Place", "Kind", "Since"], rows)
        for one in unknown:
            out.print(plain(f"{one}: not in the ledger."))
    if unknown:
        raise typer.Exit(Exit.PARTLY)


@app.command("show")
def show(serial: str, *, routers: Routers = False, json: AsJson = False) -> None:
    """Show the life of one item, the newest first."""
    with connect() as client:
        items = client.get("/stock/items", goods=_goods(routers=routers), q=serial, limit=10)["items"]
        exact = [one for one in items if one["serial"] == serial] or items
        if len(exact) != 1:
            raise CommandError(f"There is no one item {serial}.", exit_code=Exit.REFUSED)
        item = client.get(f"/stock/items/{exact[0]['id']}")
    if json:
        print_json(item)
        return
    out.print(
        plain(f"{item['goods'].capitalize()} {item['serial']}, in {item['place']['name']} since {item['since']}.")
    )
    rows = [
        [one["at"], one["act"], one["from_name"], one["to_name"], one["actor"], one["irregular"] or one["reason"]]
        for one in item["life"]
    ]
    print_table("", ["When", "What", "From", "To", "By", "Why"], rows)


@app.command("places")
def places(*, json: AsJson = False) -> None:
    """List warehouses, crews and the other places goods can be in."""
    with connect() as client:
        found = client.get("/stock/places")["items"]
    if json:
        print_json(found)
        return
    rows = [[str(one["id"]), f"{one['kind']}:{one['code']}", one["name"], one["region"]] for one in found]
    print_table("", ["Number", "Place", "Name", "Region"], rows)


@app.command("warehouse")
def warehouse(
    code: str,
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    region: Annotated[str | None, typer.Option(help="Whose it is; unset: everybody's.")] = None,
) -> None:
    """Make a warehouse, or give one another name."""
    with connect() as client:
        client.put(f"/stock/warehouses/{code}", {"name": name, "region": region})
    out.print(plain(f"Warehouse {code} is {name}."))


@app.command("crew")
def crew(
    number: int,
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    region: Annotated[str | None, typer.Option(help="Where it works.")] = None,
) -> None:
    """Make a place for what a crew carries."""
    with connect() as client:
        client.put(f"/stock/crews/{number}", {"name": name, "region": region})
    out.print(plain(f"Crew {number} is {name}."))


From = Annotated[str, typer.Option("--from", help="kind:CODE or number of the warehouse.")]
To = Annotated[str, typer.Option("--to", help="kind:CODE (crew:CREW-3) or number of a place.")]


@app.command("issue")
def issue(
    serials: Serials = None,
    *,
    to: To,
    source: From = "warehouse:MAIN",
    routers: Routers = False,
    why: Reason = "",
    order: Annotated[str, typer.Option("--for", help="For which work order.")] = "",
    key: Key = "",
    json: AsJson = False,
) -> None:
    """Hand items of a warehouse to a crew. Exit code 1 when some were refused, 5 when all were."""
    wanted = _serials(serials)
    with connect() as client:
        body = {
            "goods": _goods(routers=routers),
            "serials": wanted,
            "warehouse_id": _place(client, source),
            "to_place": _place(client, to),
            "key": _key(key),
            "reason": why,
            "reference": order,
        }
        _tell(client.post("/stock/issues", body), json=json)


@app.command("move")
def move(
    serials: Serials = None,
    *,
    to: To,
    routers: Routers = False,
    why: Reason = "",
    key: Key = "",
    json: AsJson = False,
) -> None:
    """Take items back, transfer them, send them to repair or scrap them. Exit codes as of `tieline stock issue`."""
    wanted = _serials(serials)
    with connect() as client:
        body = {
            "goods": _goods(routers=routers),
            "serials": wanted,
            "to_place": _place(client, to),
            "key": _key(key),
            "reason": why,
        }
        _tell(client.post("/stock/moves", body), json=json)


@app.command("lose")
def lose(
    serials: Serials = None,
    *,
    why: Annotated[str, typer.Option("--why", "-w", help="What happened; becomes the reason of the change.")],
    stolen: Annotated[bool, typer.Option("--stolen", help="Stolen, not lost.")] = False,
    routers: Annotated[bool, typer.Option("--routers", help="Routers; the cards in them are lost with them.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Say what would be blocked; change nothing.")] = False,
    json: AsJson = False,
) -> None:
    """Report items as lost: the lines of their cards are suspended by a change."""
    body = {"goods": _goods(routers=routers), "serials": _serials(serials), "why": why, "stolen": stolen}
    with connect() as client:
        found = client.post("/stock/losses/preview" if preview else "/stock/losses", body)
    if json:
        print_json(found)
    elif preview:
        kind = f", by an {found['change_type']} change" if found["change_type"] == "emergency" else ""
        kind = f", by a standard change under {found['policy']}" if found["policy"] else kind
        out.print(plain(f"{plural(len(found['blocked']), 'line')} would be suspended{kind}."))
        print_table(
            "", ["Card", "Operator", "State"], [[one["iccid"], one["operator"], one["state"]] for one in found["cards"]]
        )
    else:
        change = (
            f"change {found['change_id']} suspends their lines" if found["change_id"] else "no line of theirs is live"
        )
        out.print(
            plain(
                f"{plural(len(found['serials']), 'item')} {agree(len(found['serials']), 'is', 'are')} lost; {change}."
            )
        )


@app.command("orders")
def orders(*, state: Annotated[str | None, typer.Option(help="open, complete or closed.")] = None,
           limit: Limit = 50, json: AsJson = False) -> None:  # fmt: skip
    """List orders with what is outstanding."""
    with connect() as client:
        found = list(islice(client.pages("/stock/orders", state=state, limit=min(limit, 1000)), limit))
    if json:
        print_json(found)
        return
    rows = [
        [str(one["id"]), one["reference"], one["goods"], one["operator"], one["state"], one["number"], one["accepted"],
         one["outstanding"], one["expected_on"]]
        for one in found
    ]  # fmt: skip
    names = ["Number", "Order", "Goods", "Operator", "State", "Ordered", "Delivered", "Outstanding", "Expected"]
    print_table("", names, rows)


@app.command("order")
def order(
    reference: str,
    number: int,
    *,
    operator: Annotated[str | None, typer.Option(help="Of cards; routers have none.")] = None,
    variety: Annotated[str, typer.Option("--sort", help="plastic or euicc; make and model of routers.")] = "",
    generation: Annotated[str, typer.Option(help="The least that will do.")] = "",
    supplier: Annotated[str, typer.Option(help="Who delivers.")],
    expected: Annotated[str, typer.Option(help="Day, 2026-01-31.")],
    json: AsJson = False,
) -> None:
    """Enter an order: cards of an operator, or routers."""
    body = {
        "reference": reference,
        "goods": "card" if operator else "router",
        "number": number,
        "operator": operator,
        "variety": variety,
        "generation": generation,
        "supplier": supplier,
        "expected_on": expected,
    }
    with connect() as client:
        made = client.post("/stock/orders", body)
    if json:
        print_json(made)
    else:
        out.print(plain(f"Order {made['reference']} has number {made['id']}."))


@app.command("deliver")
def deliver(
    order_number: Annotated[int, typer.Argument(metavar="ORDER")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Delivery note: CSV, XLSX or JSON lines.")],
    *,
    into: Annotated[str, typer.Option("--into", help="kind:CODE or number of the warehouse.")] = "warehouse:MAIN",
    note: Annotated[str, typer.Option(help="Number of the delivery note.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be; change nothing.")] = False,
    json: AsJson = False,
) -> None:
    """Take a delivery note in. Exit code 1 when rows were bad, 5 when all were."""
    with connect() as client:
        fields = {
            "warehouse_id": str(_place(client, into)),
            "note": note,
            "dry_run": "true" if dry_run else "false",
        }
        done = client.upload(f"/stock/orders/{order_number}/deliveries", file, fields)
    if json:
        print_json(done)
    else:
        columns = ["Line", "Field", "Value", "Rule", "What is wrong"]
        bad = [[str(one["line"]), one["field"], one["value"], one["rule"], one["message"]] for one in done["problems"]]
        if bad:
            print_table("Bad rows", columns, bad[:50])
        would = "would be " if dry_run else ""
        again = " (this note was taken in before)" if done["repeated"] else ""
        counts = f"{done['accepted']:,} {would}taken in{again}, {done['bad']:,} bad"
        out.print(plain(f"{counts}, {done['outstanding']:,} outstanding."))
    if done["bad"] and not done["repeated"]:
        raise typer.Exit(Exit.PARTLY if done["accepted"] else Exit.REFUSED)


@app.command("count")
def count(place: str, serials: Serials = None, *, routers: Routers = False, json: AsJson = False) -> None:
    """Compare what lies in a place with the ledger. Exit code 1 when it differs."""
    wanted = _serials(serials)
    with connect() as client:
        body = {"place_id": _place(client, place), "goods": _goods(routers=routers), "serials": wanted}
        made = client.post("/stock/counts", body)
        found = list(client.pages(f"/stock/counts/{made['id']}/differences", limit=1000))
    if json:
        print_json({**made, "differences": found})
    else:
        rows = [[one["serial"], one["verdict"].replace("_", " "), one["place_name"]] for one in found]
        print_table("", ["Serial", "Differs", "The ledger has it in"], rows, empty="Nothing differs.")
        out.print(
            plain(f"Stocktake {made['id']}: {made['listed']:,} found, {made['present']:,} as the ledger has them.")
        )
    if found:
        raise typer.Exit(Exit.PARTLY)


@app.command("adjust")
def adjust(
    stocktake: int,
    *,
    why: Annotated[str, typer.Option("--why", "-w", help="Who counted, and what was looked into.")],
    lose_missing: Annotated[bool, typer.Option("--lose-missing", help="Report what is missing as lost.")] = False,
    json: AsJson = False,
) -> None:
    """Put the ledger right by a stocktake."""
    with connect() as client:
        done = client.post(f"/stock/counts/{stocktake}/adjust", {"why": why, "lose_missing": lose_missing})
    _tell(done, json=json)


@app.command("take-in")
def take_in(
    *,
    into: Annotated[str, typer.Option("--into", help="Where what is fitted nowhere begins.")] = "warehouse:MAIN",
    json: AsJson = False,
) -> None:
    """Open the books: take up everything that the inventory has and the ledger does not."""
    with connect() as client:
        done = client.post("/stock/take-in", {"warehouse_id": _place(client, into), "key": _key("")})
    _tell(done, json=json)


@app.command("balance")
def balance(*, json: AsJson = False) -> None:
    """Tell whether the ledger balances. Exit code 1 when it does not."""
    with connect() as client:
        found = client.get("/stock/balance")
    if json:
        print_json(found)
    else:
        names = ["Goods", "Ordered", "At the opening", "Delivered", "In all places"]
        rows = [[one[key] for key in ("goods", "ordered", "opening", "delivered", "present")] for one in found["goods"]]
        print_table("", names, rows)
        if found["differences"]:
            differing = [[one["goods"], one["serial"], one["words"]] for one in found["differences"]]
            print_table("Differences", ["Goods", "Serial", "What does not agree"], differing)
        for goods, number in sorted(found["untracked"].items()):
            out.print(plain(f"{number:,} of the inventory's ({goods}) are not in the ledger."))
        said = "It balances." if found["ok"] else f"{plural(found['difference_count'], 'difference')}."
        out.print(plain(f"{said} {plural(found['items'], 'item')}, {plural(found['movements'], 'movement')} replayed."))
    if not found["ok"]:
        raise typer.Exit(Exit.PARTLY)


@app.command("forecast")
def forecast(*, json: AsJson = False) -> None:
    """Tell on which day stock runs out. Exit code 1 when it does."""
    with connect() as client:
        found = client.get("/stock/forecast")
    if json:
        print_json(found)
    else:
        names = ["Goods", "Operator", "Generation", "Needed", "In stock", "On order", "First day short", "Short by"]
        rows = [
            [one["goods"], one["operator"] or None, one["generation"] or None, one["needed"], one["in_stock"],
             one["coming"], one["first_short"], one["short_by"] or None]
            for one in found["items"]
        ]  # fmt: skip
        print_table("", names, rows, empty="Nothing is needed.")
    if any(one["first_short"] for one in found["items"]):
        raise typer.Exit(Exit.PARTLY)


def _goods(*, routers: bool) -> str:
    return "router" if routers else "card"


def _key(given: str) -> str:
    return given or f"cli:{secrets.token_hex(12)}"


def _serials(given: Sequence[str] | None) -> list[str]:
    """Serials as arguments, or from standard input: so that a scanner or another command can give them."""
    found = list(given) if given else [one for one in _SPLIT.split(sys.stdin.read()) if one]
    if not found:
        raise CommandError("Give the serials, as arguments or on standard input.", exit_code=Exit.USAGE)
    return list(dict.fromkeys(found))


def _place(client: Client, text: str) -> int:
    """The number of a place that is named by number, or by kind and code."""
    if text.isdigit():
        return int(text)
    named = _CODES.fullmatch(text)
    if named is not None:
        for one in client.get("/stock/places", kind=named[1])["items"]:
            if one["code"] == named[2]:
                return int(one["id"])
    raise CommandError(f"There is no place {text}.", advice="See: tieline stock places", exit_code=Exit.USAGE)


def _tell(done: Any, *, json: bool) -> None:
    if json:
        print_json(done)
    else:
        if done["refused"]:
            rows = [[one["serial"], one["rule"], one["message"]] for one in done["refused"]]
            print_table("Refused", ["Serial", "Rule", "Why"], rows)
        again = f", {done['repeated']:,} had been before" if done["repeated"] else ""
        out.print(plain(f"{done['moved']:,} moved{again}, {len(done['refused']):,} refused."))
    if done["refused"]:
        raise typer.Exit(Exit.PARTLY if done["moved"] or done["repeated"] else Exit.REFUSED)
