"""``tieline operator``: the operators there are, what their contracts allow, how they are reached, and reading them."""

import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from tieline.cli.client import Client, connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.platform.words import plural

app = typer.Typer(help="Operators: contracts, connections, full reads.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(help="The operator's code.")]
_LIMIT_S = 1800.0


@app.command("list")
def list_operators(*, json: AsJson = False) -> None:
    """List the operators, and how their lines are doing."""
    with connect() as client:
        found, health = client.get("/operators")["items"], client.get("/operator-health")["items"]
    lines = {one["operator"]: one for one in health}
    if json:
        print_json([{**one, "health": lines.get(one["code"])} for one in found])
        return
    rows = [[one["code"], one["name"], ", ".join(one["plmns"]), *_line(lines.get(one["code"]))] for one in found]
    columns = ["Code", "Name", "PLMN", "Line", "Last answer (UTC)", "Last heard of", "Last error"]
    print_table("", columns, rows, empty="No operator yet. tieline operator put makes one.")


def _line(health: Any) -> list[Any]:
    if health is None:
        return ["not connected", None, None, None]
    state = "silent" if health["silent"] else {"closed": "well", "open": "broken"}.get(health["circuit"], "on trial")
    return [state, _minute(health["last_ok_at"]), _minute(health["heard_at"]), health["last_error"] or None]


def _minute(moment: str | None) -> str | None:
    """A moment of REST, to the minute."""
    return None if moment is None else moment[:16].replace("T", " ")


@app.command("show")
def show(code: Code, *, json: AsJson = False) -> None:
    """Show an operator: what its contracts allow, how it is reached, and what its platform can do."""
    with connect() as client:
        one = _operator(client, code)
        contracts = client.get("/contracts", operator=one["code"])["items"]
        linked = {row["operator"] for row in client.get("/operator-connections")["items"]}
        connection = client.get(f"/operators/{one['code']}/connection") if one["code"] in linked else None
    if json:
        print_json({**one, "contracts": contracts, "connection": connection})
        return
    out.print(plain(f"{one['code']}: {one['name']}, PLMN {', '.join(one['plmns']) or 'not given'}"))
    for contract in contracts:
        _tell_contract(contract)
    if connection is None:
        out.print(plain(f"Not connected. Next: tieline operator connect {one['code']} --help"))
    else:
        _tell_connection(connection)


def _operator(client: Client, code: str) -> Any:
    for one in client.get("/operators")["items"]:
        if one["code"] == code:
            return one
    raise CommandError(f"There is no operator {code}.", exit_code=Exit.NOT_FOUND)


def _tell_contract(contract: Any) -> None:
    rate = f"{contract['calls_per_second']:g} calls a second" if contract["calls_per_second"] else "any rate"
    most = f"{plural(contract['max_batch'], 'change')} a call" if contract["max_batch"] else "any number a call"
    out.print(plain(f"Contract {contract['name']}: {rate}, {most}"))
    for words, name in (("APNs", "apns"), ("data plans", "data_plans"), ("groups", "subscription_groups")):
        out.print(plain(f"  {words}: {', '.join(contract[name]) or 'any'}"))


def _tell_connection(connection: Any) -> None:
    state = "" if connection["enabled"] else " (switched off)"
    out.print(plain(f"Connected by {connection['provider']} to {connection['base_url']}{state}, {connection['dn']}"))
    out.print(plain(f"  our certificate {connection['certificate']}, its authority {connection['authority']}"))
    out.print(plain(f"  notifies {connection['notification_url'] or 'nowhere'}"))
    can = connection["capabilities"]
    if can is None:
        return
    out.print(plain(f"  states {', '.join(can['states'])}"))
    out.print(plain(f"  writable {', '.join(can['writable'])}"))
    rate = f"{can['calls_per_second']:g} calls a second" if can["calls_per_second"] else "no rate given"
    out.print(plain(f"  {plural(can['max_batch'], 'change')} a call, {can['in_flight']} at once, {rate}"))


@app.command("put")
def put(
    code: Code,
    *,
    name: Annotated[str, typer.Option(help="Its name.")],
    plmn: Annotated[list[str] | None, typer.Option(help="MCC and MNC together (23415); several times.")] = None,
    json: AsJson = False,
) -> None:
    """Make an operator, or change its name and PLMNs."""
    with connect() as client:
        made = client.put(f"/operators/{code}", {"name": name, "plmns": plmn or []})
    _said(made, f"Operator {code} is {name}. Next: tieline operator connect {code} --help", json=json)


@app.command("contract")
def contract(
    code: Code,
    name: Annotated[str, typer.Argument(help="How the contract is called.")],
    *,
    apn: Annotated[list[str] | None, typer.Option(help="An APN that it has; several times. None: any.")] = None,
    plan: Annotated[list[str] | None, typer.Option(help="A data plan that it has; several times. None: any.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A subscription group; several times. None: any.")] = None,
    rate: Annotated[float | None, typer.Option(help="Calls a second that it permits.")] = None,
    batch: Annotated[int | None, typer.Option(help="Changes in one call that it permits.")] = None,
    json: AsJson = False,
) -> None:
    """Set what a contract allows; what is not given is not bounded. Plans are held to it."""
    body = {
        "apns": apn or [],
        "data_plans": plan or [],
        "subscription_groups": group or [],
        "calls_per_second": rate,
        "max_batch": batch,
    }
    with connect() as client:
        before = {one["name"]: one for one in client.get("/contracts", operator=code)["items"]}.get(name, {})
        made = client.put(f"/operators/{code}/contracts/{name}", {**body, "details": before.get("details", {})})
    _said(made, f"Contract {name} with operator {code} is set.", json=json)


@app.command("connect")
def connect_operator(
    code: Code,
    *,
    url: Annotated[str, typer.Option(help="Where its management interface is (https://…/3gpp-mns).")],
    dn: Annotated[str, typer.Option(help="Name of our part of its tree (SubNetwork=…).")],
    certificate: Annotated[str, typer.Option(help="File of our certificate, in the folder of keys.")],
    key: Annotated[str, typer.Option(help="File of its private key.")],
    authority: Annotated[str, typer.Option(help="File of the authority that its certificate is checked by.")],
    notify: Annotated[str, typer.Option(help="Where it is to notify us; empty: it is not asked to.")] = "",
    fingerprint: Annotated[str, typer.Option(help="SHA-256 of the certificate that it notifies with.")] = "",
    provider: Annotated[str, typer.Option(help="How its platform is spoken to.")] = "mns3gpp",
    off: Annotated[bool, typer.Option("--off", help="Keep it, but do not use it.")] = False,
    json: AsJson = False,
) -> None:
    """Set how an operator is reached. Other settings of the connection go back to what is usual."""
    body = {
        "provider": provider,
        "base_url": url,
        "dn": dn,
        "certificate": certificate,
        "private_key": key,
        "authority": authority,
        "notification_url": notify,
        "notification_fingerprint": fingerprint or None,
        "enabled": not off,
    }
    with connect() as client:
        made = client.put(f"/operators/{code}/connection", body)
    _said(made, f"Operator {code} is reached at {url}. Next: tieline operator read {code}", json=json)


@app.command("read")
def read(
    code: Code,
    *,
    reason: Annotated[str, typer.Option(help="Why.")] = "Asked for.",
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for its end.")] = False,
    json: AsJson = False,
) -> None:
    """Read everything an operator has: the test of a connection. Exit code 1 when it fails."""
    with connect() as client:
        asked = client.post(f"/operators/{code}/syncs", {"reason": reason})["id"]
        found = asked_for(client, code, asked) if no_wait else _ended(client, code, asked)
    if json:
        print_json(found)
    elif found["state"] == "done":
        read_, unknown = plural(found["read"], "subscription"), found["unknown"]
        out.print(plain(f"Read {read_}: {unknown:,} not in our inventory, {found['drifts']:,} not as desired here."))
    else:
        out.print(plain(f"The read is {found['state']}. {found['message']}".strip()))
    if found["state"] == "failed":
        raise typer.Exit(Exit.PARTLY)


def asked_for(client: Client, code: str, number: int) -> Any:
    """One full read among an operator's latest."""
    items: Sequence[Any] = client.get(f"/operators/{code}/syncs")["items"]
    return next(one for one in items if one["id"] == number)


def _ended(client: Client, code: str, number: int, *, pause: Callable[[float], None] = time.sleep) -> Any:
    until = time.monotonic() + _LIMIT_S
    while True:
        found = asked_for(client, code, number)
        if found["state"] in {"done", "failed"} or time.monotonic() > until:
            return found
        pause(0.5)


def _said(made: Any, words: str, *, json: bool) -> None:
    if json:
        print_json(made)
    else:
        out.print(plain(words))
