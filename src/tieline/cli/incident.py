"""``tieline incident``: what is wrong, who looks after it, and how it is put right."""

from datetime import datetime
from itertools import islice
from typing import Annotated, Any

import typer

from tieline.cli.client import connect
from tieline.cli.holding import moment_of
from tieline.cli.output import AsJson, err, out, plain, print_json, print_table
from tieline.platform.scope import named
from tieline.platform.words import plural

app = typer.Typer(help="Incidents: see, acknowledge, assign, put right, resolve.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="The incident's number.")]
Numbers = Annotated[list[int], typer.Argument(help="Numbers of incidents.")]


@app.command("list")
def list_incidents(
    *,
    state: Annotated[
        list[str] | None, typer.Option(help="open, acknowledged, expected or resolved; several times.")
    ] = None,
    severity: Annotated[
        list[str] | None, typer.Option(help="critical, major, minor or warning; several times.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="For example configuration; several times.")] = None,
    operator: Annotated[list[str] | None, typer.Option(help="Only at this operator; several times.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Only in this region; several times.")] = None,
    q: Annotated[str | None, typer.Option(help="Part of the title, a site, a subscription.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """List incidents, the worst first; without a state those that are open or acknowledged."""
    query = {"state": state, "severity": severity, "kind": kind, "operator": operator, "region": region, "q": q}
    given = {name: value for name, value in query.items() if value}
    with connect() as client:
        found = list(islice(client.pages("/incidents", limit=min(limit, 1000), **given), limit))
    if json:
        print_json(found)
        return
    columns = ["Number", "Severity", "State", "What", "Subscriptions", "Since (UTC)", "Assigned to"]
    print_table("", columns, [_row(one) for one in found], empty="No incident is open.")


def _row(one: Any) -> list[Any]:
    who = named(one["assignee"]) if one["assignee"] else "–"
    since = _minute(one["opened_at"])
    return [str(one["id"]), one["severity"], one["state"], one["title"], one["members"] or None, since, who]


@app.command("show")
def show(number: Number, *, json: AsJson = False) -> None:
    """Show an incident: what, both values, who, since when, its journal, and what you may do."""
    with connect() as client:
        found = client.get(f"/incidents/{number}")
    if json:
        print_json(found)
        return
    one = found["incident"]
    out.print(plain(f"Incident {one['id']}: {one['title']}"), style="bold")
    out.print(plain(f"{one['severity'].capitalize()}, {one['state']}, since {one['opened_at'][:16]}Z."))
    for text in (one["sentence"], found["means"], one["resolved_why"]):
        if text:
            out.print(plain(text))
    if found["first"]:
        _values(found["first"])
    counts = found["members"]
    if counts["total"] > 1:
        out.print(plain(f"{counts['live']:,} of {counts['seen']:,} deviate now: tieline incident members {number}"))
    rows = [[row["at"][:19].replace("T", " "), named(row["actor"]), row["words"]] for row in found["journal"]]
    print_table("Journal (UTC)", ["When", "Who", "What"], rows)
    if found["acts"]:
        out.print(f"You may: {', '.join(found['acts'])}", style="dim")


def _values(member: Any) -> None:
    rows = [
        [name, _word(kept["ours"]), _word(kept["theirs"]), str(kept["at"] or "")[:19].replace("T", " ")]
        for name, kept in member["fields"].items()
    ]
    if rows:
        print_table("", ["Field", "We want", "The operator has", "Observed (UTC)"], rows)


def _word(value: Any) -> str:
    return "not set" if value in (None, "", []) else ",".join(value) if isinstance(value, list) else str(value)


@app.command("members")
def members(
    number: Number,
    *,
    live: Annotated[bool, typer.Option("--live", help="Only what deviates now.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 100,
    json: AsJson = False,
) -> None:
    """List what an incident is about."""
    with connect() as client:
        pages = client.pages(f"/incidents/{number}/members", live=live or None, limit=min(limit, 1000))
        found = list(islice(pages, limit))
    if json:
        print_json(found)
        return
    rows = [[one["site_name"] or one["site"] or "–", one["operator"], one["ref"], _differences(one),
             "right again" if one["ended_at"] else "deviates"] for one in found]  # fmt: skip
    print_table("", ["Site", "Operator", "Subscription", "Ours → the operator's", "Now"], rows)


def _differences(one: Any) -> str:
    parts = (f"{name}: {_word(kept['ours'])} → {_word(kept['theirs'])}" for name, kept in one["fields"].items())
    return "; ".join(parts)


@app.command("ack")
def ack(numbers: Numbers, *, json: AsJson = False) -> None:
    """Say that you look after incidents."""
    _many(numbers, "acknowledge", "", json=json)


@app.command("assign")
def assign(
    numbers: Numbers,
    *,
    to: Annotated[str, typer.Option("--to", help="A user's name; empty: nobody.")],
    json: AsJson = False,
) -> None:
    """Say who looks after incidents."""
    _many(numbers, "assign", to, json=json)


@app.command("comment")
def comment(
    number: Number, text: Annotated[str, typer.Argument(help="What is added.")], *, json: AsJson = False
) -> None:
    """Add to an incident's journal."""
    _many([number], "comment", text, json=json)


@app.command("resolve")
def resolve(
    numbers: Numbers,
    *,
    why: Annotated[str, typer.Option("--why", help="Why; it is recorded.")],
    json: AsJson = False,
) -> None:
    """End incidents; what deviates still is accepted as it is, and told again only when it changes."""
    _many(numbers, "resolve", why, json=json)


def _many(numbers: list[int], act: str, text: str, *, json: bool) -> None:
    with connect() as client:
        told = client.post("/incidents/acts", {"ids": numbers, "act": act, "text": text})
    if json:
        print_json(told)
    else:
        done = ", ".join(map(str, told["done"])) or "none"
        err.print(plain(f"Done: {done}."))
        for number, why in told["refused"]:
            err.print(plain(f"Incident {number}: {why}"))
    if told["refused"]:
        raise typer.Exit(1)


@app.command("reopen")
def reopen(
    number: Number, *, why: Annotated[str, typer.Option("--why", help="Why; it is recorded.")], json: AsJson = False
) -> None:
    """Take a resolved incident up again."""
    with connect() as client:
        told = client.post(f"/incidents/{number}/reopen", {"why": why})
    if json:
        print_json(told)
    else:
        err.print(plain(f"Incident {number} is {told['state']}."))


@app.command("revert")
def revert(number: Number, *, json: AsJson = False) -> None:
    """Plan a change that writes our values again where the operator has others. Nothing is sent."""
    _way_out(number, "revert", {}, json=json)


@app.command("keep")
def keep(number: Number, *, json: AsJson = False) -> None:
    """Plan a change that makes the operator's value ours. Nothing is sent."""
    _way_out(number, "keep", None, json=json)


@app.command("block")
def block(number: Number, *, json: AsJson = False) -> None:
    """Plan a change that suspends SIMs seen in a foreign device. Nothing is sent."""
    _way_out(number, "block", None, json=json)


def _way_out(number: int, act: str, body: Any, *, json: bool) -> None:
    with connect() as client:
        made = client.post(f"/incidents/{number}/{act}", body)
    if json:
        print_json(made)
    else:
        change = made["change_id"]
        err.print(plain(f"Change {change} is being planned: tieline change show {change}, then submit and start it."))


@app.command("reconciliation")
def reconciliation(
    *,
    operator: Annotated[list[str] | None, typer.Option(help="Only of this operator; several times.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Not only the last of each operator.")] = False,
    json: AsJson = False,
) -> None:
    """Show how full reads of operators compared with what we have."""
    with connect() as client:
        query = {"operator": operator or None, "latest": None if every else True}
        found = client.get("/reconciliations", **query)["items"]
    if json:
        print_json(found)
        return
    names = ("read", "equal", "differing", "explained", "missing", "unknown")
    rows = [[one["operator"], _minute(one["at"]), *(one[name] for name in names)] for one in found]
    columns = ["Operator", "Read (UTC)", "Subscriptions", "Equal", "Differing", "Explained", "Missing", "Unknown"]
    print_table("", columns, rows, empty="No operator was read as a whole yet.")


@app.command("expect")
def expect(
    *,
    why: Annotated[str, typer.Option("--why", help="The known work; everybody reads it.")],
    until: Annotated[datetime, typer.Option("--until", help="When it is over by itself.")],
    starts: Annotated[datetime | None, typer.Option("--from", help="When it begins; unset: now.")] = None,
    operator: Annotated[str | None, typer.Option(help="Only at this operator.")] = None,
    region: Annotated[str | None, typer.Option(help="Only in this region.")] = None,
    site: Annotated[list[int] | None, typer.Option(help="Only at this site, by its number; several times.")] = None,
    subscription: Annotated[list[int] | None, typer.Option(help="Only of this one, by its number; several.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Only this field, for example apn; several times.")] = None,
    json: AsJson = False,
) -> None:
    """Record known work: what deviates meanwhile is an incident only if it is so still afterwards."""
    body = {
        "why": why,
        "starts_at": moment_of(starts),
        "ends_at": moment_of(until),
        "operator": operator,
        "region": region,
        "site_ids": site or [],
        "subscription_ids": subscription or [],
        "fields": field,
    }
    with connect() as client:
        made = client.post("/expectations", body)
    if json:
        print_json(made)
    else:
        err.print(plain(f"Expectation {made['id']} is recorded: tieline incident unexpect {made['id']} ends it."))


@app.command("expected")
def expected(*, json: AsJson = False) -> None:
    """List what is expected to deviate, now or soon."""
    with connect() as client:
        found = client.get("/expectations")["items"]
    if json:
        print_json(found)
        return
    rows = [_expectation(one) for one in found]
    columns = ["Number", "Why", "Of what", "Fields", "From (UTC)", "Until (UTC)", "Recorded by"]
    print_table("", columns, rows, empty="Nothing is expected.")


def _expectation(one: Any) -> list[Any]:
    fields = ", ".join(one["fields"] or []) or "any"
    return [str(one["id"]), one["why"], _of_what(one), fields, _minute(one["starts_at"]), _minute(one["ends_at"]),
            named(one["made_by"])]  # fmt: skip


def _of_what(one: Any) -> str:
    parts = [f"operator {one['operator']}"] if one["operator"] else []
    parts += [one["region"]] if one["region"] else []
    parts += [plural(len(one["site_ids"]), "site")] if one["site_ids"] else []
    parts += [plural(len(one["subscription_ids"]), "subscription")] if one["subscription_ids"] else []
    return ", ".join(parts)


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


@app.command("unexpect")
def unexpect(number: Annotated[int, typer.Argument(help="The expectation's number.")], *, json: AsJson = False) -> None:
    """End known work before its time: what deviates still is an incident now."""
    with connect() as client:
        told = client.post(f"/expectations/{number}/end")
    if json:
        print_json(told)
    else:
        err.print(plain(f"Expectation {number} is over."))
