"""``tieline fleet``: what there is, counted, listed and found."""

from collections.abc import Sequence
from itertools import islice
from typing import Annotated, Any

import typer

from tieline.cli.client import connect
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.cli.selecting import Where, query_of
from tieline.platform.words import plural

app = typer.Typer(help="The fleet: summary, lists, search.", no_args_is_help=True)
Limit = Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")]


@app.command("summary")
def summary(
    *,
    by: Annotated[
        str, typer.Option(help="What to count by, with commas: operator, technology, band, state, region, …")
    ] = "operator,technology",
    where: Where = None,
    json: AsJson = False,
) -> None:
    """Count sites and fitted subscriptions."""
    with connect() as client:
        found = client.get("/fleet/summary", by=by, **query_of(where))
    if json:
        print_json(found)
        return
    hanging = ", ".join(f"{count:,} on {name} only" for name, count in sorted(found["hanging"].items()))
    links, bare = f"{plural(found['links'], 'link')}", f"{found['sites_without_link']:,} without a link"
    rest = f"{found['mixed']:,} mixed, {found['unknown']:,} unknown"
    out.print(plain(f"{plural(found['sites'], 'site')}, {bare}, {links}."))
    out.print(plain(f"Sites by technology: {hanging or 'none reported'}, {rest}."))
    names = found["by"]
    groups = sorted(found["groups"], key=lambda group: [(group[name] is None, str(group[name])) for name in names])
    rows = [[*(group[name] for name in names), group["subscriptions"], group["sites"]] for group in groups]
    print_table("", [*(name.capitalize() for name in names), "Subscriptions", "Sites"], rows)


@app.command("sites")
def sites(*, where: Where = None, limit: Limit = 50, json: AsJson = False) -> None:
    """List sites."""
    columns = ("id", "external_id", "name", "region", "criticality", "customers")
    _listed("/sites", columns, where, limit, json=json)


@app.command("subscriptions")
def subscriptions(*, where: Where = None, limit: Limit = 50, json: AsJson = False) -> None:
    """List subscriptions with their serving cell and what the operator reports."""
    columns = ("subscription_id", "operator_code", "operator_ref", "state", "op_state", "rat", "band", "site_name")
    _listed("/subscriptions", columns, where, limit, json=json)


def _listed(path: str, columns: Sequence[str], where: Sequence[str] | None, limit: int, *, json: bool) -> None:
    query = query_of(where)
    with connect() as client:
        found: list[Any] = list(islice(client.pages(path, limit=min(limit, 1000), **query), limit))
        matching = client.get(f"{path}/count", **query)["count"] if not json else 0
    if json:
        print_json(found)
        return
    names = [name.replace("_", " ").capitalize() for name in columns]
    print_table("", names, [[_cell(name, one.get(name)) for name in columns] for one in found])
    out.print(f"{len(found):,} of {matching:,}", style="dim")


def _cell(name: str, value: Any) -> Any:
    """Numbers that name something are no figures."""
    return str(value) if name.endswith("id") and value is not None else value


@app.command("search")
def search(
    text: Annotated[
        str, typer.Argument(help="An identifier's beginning or end, words of a name or title, a postcode, a number.")
    ],
    *,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=50, help="At most so many.")] = 20,
    json: AsJson = False,
) -> None:
    """Find anything by what it is called."""
    with connect() as client:
        found = client.get("/search", q=text, limit=limit)["items"]
    if json:
        print_json(found)
        return
    if not found:
        out.print(plain(f"Nothing is called {text}."))
        return
    columns = ["Kind", "Number", "Name", "Found by", "Site", "Region"]
    print_table("", columns, [_hit(one) for one in found])


def _hit(one: Any) -> list[Any]:
    found_by = f"{one['label']} {one['value']}" if one["value"] != one["title"] else one["label"]
    site = one["site_name"] if one["kind"] != "site" else None
    return [one["kind"], str(one["id"]), one["title"], found_by, site, one["region"]]
