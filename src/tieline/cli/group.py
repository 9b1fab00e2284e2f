"""``tieline group``: 5G LAN groups, listed and shown; what alters them is planned as a change."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tieline.cli import following, telling
from tieline.cli.client import connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.cli.selecting import Where, filter_of

app = typer.Typer(help="5G LAN groups: list, make, change who is in, end.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The group's name, local@domain.")]
Title = Annotated[str, typer.Option("--title", "-t", help="What the change will be called.")]
Reason = Annotated[str, typer.Option(help="Why.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the plan.")]


@app.command("list")
def list_groups(*, json: AsJson = False) -> None:
    """List the groups at every operator."""
    with connect() as client:
        found = client.get("/lan-groups")["items"]
    if json:
        print_json(found)
        return
    columns = ["Group", "Operator", "Data network", "Slice", "Members", "In the network", "Called"]
    rows = [
        [one["name"], one["operator_code"], one["dnn"], _slice(one), one["members"], one["settled"], one["title"]]
        for one in found
    ]
    print_table("", columns, rows, empty="No 5G LAN group. tieline group make makes one.")


@app.command("show")
def show(name: Name, *, json: AsJson = False) -> None:
    """Show a group at each operator that has it, with the use of its address pools."""
    with connect() as client:
        groups = client.get("/lan-groups", name=name)["items"]
        if not groups:
            raise CommandError(f"There is no group {name}.", exit_code=Exit.NOT_FOUND)
        found = [client.get(f"/lan-groups/{one['id']}") for one in groups]
    if json:
        print_json(found)
        return
    for one in found:
        _tell(one["group"], one["pools"])


def _tell(group: Any, pools: Sequence[Any]) -> None:
    aaa = f"{group['aaa_address']} ({', '.join(group['aaa_usages']) or 'not used'})" if group["aaa_address"] else "none"
    out.print(plain(f"{group['name']} at operator {group['operator_code']}: {group['title'] or 'no title'}"))
    out.print(plain(f"  Data network {group['dnn']}, slice {_slice(group)}, sessions {group['session_type']}"))
    out.print(plain(f"  AAA server {aaa}"))
    out.print(plain(f"  {group['members']:,} members, {group['settled']:,} of them in the network"))
    for pool in pools:
        out.print(plain(f"  Pool {pool['cidr']}: {pool['used']:,} of {pool['size']:,} addresses in use"))


def _slice(group: Any) -> str:
    return f"{group['sst']}-{group['sd']}" if group["sd"] else str(group["sst"])


@app.command("make")
def make(
    name: Name,
    *,
    dnn: Annotated[str, typer.Option(help="The data network that its sessions go to.")],
    where: Where = None,
    called: Annotated[str, typer.Option(help="What people call the group.")] = "",
    sst: Annotated[int, typer.Option(min=0, max=255, help="Slice: service type.")] = 1,
    sd: Annotated[str | None, typer.Option(help="Slice: differentiator, six hexadecimal digits.")] = None,
    session_type: Annotated[str, typer.Option(help="IPV4, IPV6, IPV4V6, UNSTRUCTURED or ETHERNET.")] = "IPV4",
    aaa: Annotated[str | None, typer.Option(help="Address of our AAA server.")] = None,
    aaa_usage: Annotated[list[str] | None, typer.Option(help="AUTH or IP_ALLOC; several times.")] = None,
    title: Title = "",
    reason: Reason = "",
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Plan a change that makes a group of the chosen subscriptions. Nothing is sent."""
    parameters = {
        "group": name, "dnn": dnn, "title": called, "sst": sst, "sd": sd, "session_type": session_type,
        "aaa_address": aaa, "aaa_usages": aaa_usage or [],
    }  # fmt: skip
    body = _change("group.create", title or f"Make group {name}", reason, parameters, _chosen(where))
    _planned(body, wait=not no_wait, json=json)


@app.command("add")
def add(
    name: Name,
    *,
    where: Where = None,
    title: Title = "",
    reason: Reason = "",
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Plan a change that takes the chosen subscriptions into a group."""
    parameters = {"group": name, "act": "add"}
    body = _change("group.members", title or f"Into group {name}", reason, parameters, _chosen(where))
    _planned(body, wait=not no_wait, json=json)


@app.command("remove")
def remove(
    name: Name,
    *,
    where: Where = None,
    title: Title = "",
    reason: Reason = "",
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Plan a change that takes the chosen members out of a group."""
    chosen = {**_chosen(where), "lan_groups": [name]}
    parameters = {"group": name, "act": "remove"}
    body = _change("group.members", title or f"Out of group {name}", reason, parameters, chosen)
    _planned(body, wait=not no_wait, json=json)


@app.command("end")
def end(
    name: Name,
    *,
    where: Where = None,
    title: Title = "",
    reason: Reason = "",
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Plan a change that takes every member out, at every operator unless narrowed: the group ends with the last."""
    chosen = {**filter_of(where), "lan_groups": [name]}
    body = _change("group.remove", title or f"End group {name}", reason, {"group": name}, chosen)
    _planned(body, wait=not no_wait, json=json)


def _chosen(where: Sequence[str] | None) -> dict[str, Any]:
    chosen = filter_of(where)
    if not chosen:
        raise CommandError(
            "Nothing says which subscriptions.", advice="Narrow with --where, for example region=Wales.",
            exit_code=Exit.USAGE,
        )  # fmt: skip
    return chosen


def _change(kind: str, title: str, reason: str, parameters: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    selection = {"filter": chosen}
    return {"kind": kind, "title": title, "reason": reason, "parameters": parameters, "selection": selection}


def _planned(body: dict[str, Any], *, wait: bool, json: bool) -> None:
    with connect() as client:
        made = client.post("/changes", body)
        one = following.planned(client, made["id"]) if wait else made
    if json:
        print_json(one)
    else:
        telling.change(one)
