"""``tieline view``: lists' filters, order and columns, kept under a name."""

from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from tieline.cli.client import Client, connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table

app = typer.Typer(help="Saved views of the console's lists.", no_args_is_help=True)
View = Annotated[int, typer.Argument(min=1, metavar="VIEW")]
_PINS = ("none", "navigation", "list")


@app.command("list")
def list_views(
    *,
    path: Annotated[str | None, typer.Option("--list", help="Only of this list, by its path: /sites.")] = None,
    json: AsJson = False,
) -> None:
    """List your views and those that are shared, in your order."""
    with connect() as client:
        found = client.get("/views", list=path)["items"]
    if json:
        print_json(found)
        return
    rows = [
        [
            str(one["id"]),
            one["name"],
            one["path"],
            "shared" if one["shared"] else "",
            one["owner"].removeprefix("user:"),
            ", ".join(_mine(one)),
        ]
        for one in found
    ]
    columns = ["View", "Name", "List", "", "Owner", "For you"]
    print_table("", columns, rows, empty="No view is saved yet. tieline view save keeps one.")


@app.command("show")
def show(view: View, *, json: AsJson = False) -> None:
    """Show a view: what it asks for, and where the console opens it."""
    with connect() as client:
        found = client.get(f"/views/{view}")
    _print(found, json=json)


@app.command("save")
def save(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    url: Annotated[str, typer.Argument(help="The list's address as the browser shows it, or /sites?region=Wales.")],
    *,
    hide: Annotated[list[str] | None, typer.Option(help="A column that is not shown; several times.")] = None,
    shared: Annotated[bool, typer.Option("--shared", help="Share it with the team.")] = False,
    json: AsJson = False,
) -> None:
    """Keep a list's address under a name."""
    parts = urlsplit(url)
    body = {"path": parts.path, "query": parts.query, "name": name, "hidden": hide, "shared": shared}
    with connect() as client:
        found = client.post("/views", body)
    _print(found, json=json)


@app.command("rename")
def rename(view: View, name: str, *, json: AsJson = False) -> None:
    """Give a view another name."""
    _edit(view, {"name": name}, json=json)


@app.command("share")
def share(
    view: View,
    *,
    off: Annotated[bool, typer.Option("--off", help="Share it no more.")] = False,
    json: AsJson = False,
) -> None:
    """Share a view with the team, or no more."""
    _edit(view, {"shared": not off}, json=json)


@app.command("pin")
def pin(
    view: View,
    *,
    to: Annotated[str, typer.Option(help="navigation, list (its head), or none.")] = "list",
    json: AsJson = False,
) -> None:
    """Have a view at hand; for yourself alone."""
    if to not in _PINS:
        raise CommandError("--to is one of navigation, list and none.", exit_code=Exit.USAGE)
    _choose(view, {"pin": to}, json=json)


@app.command("first")
def first(
    view: View,
    *,
    off: Annotated[bool, typer.Option("--off", help="Open the list as it is again.")] = False,
    json: AsJson = False,
) -> None:
    """Open a view first on its list; for yourself alone."""
    _choose(view, {"is_default": not off}, json=json)


@app.command("order")
def order(views: Annotated[list[int], typer.Argument(min=1, metavar="VIEW…")], *, json: AsJson = False) -> None:
    """Put your views in this order; those not named come after."""
    with connect() as client:
        found = client.put("/views/order", {"ids": views})["items"]
    if json:
        print_json(found)
        return
    for one in found:
        out.print(plain(f"{one['id']}  {one['name']}"))


@app.command("delete")
def delete(view: View) -> None:
    """Delete a view, for everybody who uses it."""
    with connect() as client:
        client.delete(f"/views/{view}")
    out.print(plain(f"View {view} is gone."))


def _edit(view: int, body: dict[str, Any], *, json: bool) -> None:
    with connect() as client:
        _print(client.patch(f"/views/{view}", body), json=json)


def _choose(view: int, body: dict[str, Any], *, json: bool) -> None:
    with connect() as client:
        _print(_chosen(client, view, body), json=json)


def _chosen(client: Client, view: int, body: dict[str, Any]) -> Any:
    return client.put(f"/views/{view}/choice", body)


def _mine(one: Any) -> list[str]:
    words = ["opens first"] if one["is_default"] else []
    return words + ([] if one["pin"] == "none" else [f"pinned to the {one['pin']}"])


def _print(found: Any, *, json: bool) -> None:
    if json:
        print_json(found)
        return
    out.print(plain(f"{found['id']}. {found['name']}"), style="bold")
    out.print(plain(found["href"]))
    words = ["shared with the team" if found["shared"] else "yours alone", *_mine(found)]
    out.print(plain(f"{', '.join(words)}; owner {found['owner'].removeprefix('user:')}"), style="dim")
