"""``tieline programme``: a phase-out from its opening to the last retired subscription."""

from itertools import islice
from typing import Annotated, Any

import typer

from tieline.cli.client import Client, connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.platform.words import plural

app = typer.Typer(help="Programmes: phase-outs, site by site.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(min=1, help="Number of the programme.")]
Sites = Annotated[list[int], typer.Argument(min=1, help="Numbers of sites.")]
Regions = Annotated[list[str] | None, typer.Option("--region", help="Only this region; several times.")]
_FIELD_DONE = ("dwelling", "retiring", "done")


@app.command("list")
def list_programmes(
    *, limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 50, json: AsJson = False
) -> None:
    """List programmes, the newest first."""
    with connect() as client:
        found: list[Any] = list(islice(client.pages("/programmes", limit=min(limit, 200)), limit))
    if json:
        print_json(found)
        return
    rows = [
        [
            str(one["id"]),
            one["title"],
            one["state"],
            one["technology"],
            one["sites"],
            one["done"],
            _day(one["started_at"]),
        ]
        for one in found
    ]
    print_table("", ["Programme", "Title", "State", "Ends", "Sites", "Done", "Started"], rows)


def _day(moment: str | None) -> str | None:
    return moment[:10] if moment else None


@app.command("show")
def show(programme: Number, *, json: AsJson = False) -> None:
    """Show where a programme stands: by phase and region, who will be late, what its changes wait for."""
    with connect() as client:
        found = client.get(f"/programmes/{programme}")
    if json:
        print_json(found)
        return
    whole = found["whole"]
    out.print(plain(f"{found['title']}: {found['state']}"), style="bold")
    out.print(
        plain(f"{whole['field_done']:,} of {plural(whole['sites'], 'site')} done in the field. {_expected(whole)}")
    )
    states = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in whole["states"].items())
    out.print(plain(states or "No site."))
    phases = [[one["name"] or "none", _day(one["due_at"]), one["sites"], one["field_done"]] for one in found["phases"]]
    print_table("Phases", ["Phase", "Due", "Sites", "Done"], phases)
    print_table("Regions", ["Region", "Left", "A day lately", "Needed a day", "Will end", "Late"], _regions(found))
    waiting = [one for one in found["changes"] if one["state"] in {"planned", "submitted", "approved", "paused"}]
    changes = [[str(one["change_id"]), one["part"], one["state"], one["title"]] for one in waiting]
    print_table("Changes that wait", ["Change", "Part", "State", "Title"], changes)
    if found["acts"]:
        out.print(plain(f"You may: {', '.join(found['acts'])}."))


def _expected(whole: Any) -> str:
    expected = whole["forecast"]
    if expected is None or not expected["left"]:
        return ""
    if expected["ends_at"] is None:
        return f"None was done {'lately' if whole['field_done'] else 'yet'}: nothing can be said of the end."
    ends, late = _day(expected["ends_at"]), expected["late"]
    return f"At {expected['a_day']:g} a day the last is done on {ends}; {late:,} will be late."


def _late(part: Any) -> int | None:
    """How many will be late; nothing before the first is done, unless some are overdue."""
    expected = part["forecast"]
    begun = part["field_done"] or expected["a_day"] or expected["needed_a_day"] is None
    return expected["late"] if begun else None


def _regions(found: Any) -> list[list[Any]]:
    return [
        [
            one["name"],
            one["forecast"]["left"],
            one["forecast"]["a_day"],
            "overdue" if one["forecast"]["needed_a_day"] is None else one["forecast"]["needed_a_day"],
            _day(one["forecast"]["ends_at"]),
            _late(one),
        ]
        for one in found["regions"]
    ]


@app.command("open")
def open_programme(
    title: Annotated[str, typer.Argument(help="How it is called.")],
    *,
    technology: Annotated[str, typer.Option(help="What ends: 3G or 2G.")] = "3G",
    notice: Annotated[list[int] | None, typer.Option(help="A notice that it answers; several times.")] = None,
    region: Regions = None,
    term: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A term, as in dwell_hours=336; several times.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Open a programme with every site that hangs on a technology; nothing is sent to an operator."""
    body = {
        "title": title,
        "technology": technology,
        "notice_ids": notice or [],
        "regions": region or [],
        "terms": dict(_term(one) for one in term or []),
    }
    with connect() as client:
        found = client.post("/programmes", body)
    if json:
        print_json(found)
        return
    out.print(plain(f"Programme {found['id']} is opened, in draft."))
    out.print(plain(f"Next: tieline programme prepare {found['id']}"), style="dim")


def _term(text: str) -> tuple[str, Any]:
    """A term as it was typed; numbers, yes and no are taken as such."""
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"{text} is no term; write it as in dwell_hours=336.", exit_code=Exit.USAGE)
    if value.lower() in {"yes", "no", "true", "false"}:
        return name, value.lower() in {"yes", "true"}
    try:
        return name, int(value)
    except ValueError:
        pass
    try:
        return name, float(value)
    except ValueError:
        return name, value


@app.command("approve")
def approve(programme: Number, *, json: AsJson = False) -> None:
    """Approve a programme that somebody else opened: its cut-overs and retirements are approved beforehand."""
    with connect() as client:
        found = client.post(f"/programmes/{programme}/approve")
    if json:
        print_json(found)
        return
    out.print(plain(f"Programme {programme} is approved: its cut-overs and retirements are not asked for again."))


@app.command("prepare")
def prepare(
    programme: Number,
    *,
    region: Regions = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many sites.")] = 100_000,
    json: AsJson = False,
) -> None:
    """Make the change that prepares new subscriptions; it is approved and started like any other."""
    with connect() as client:
        found = client.post(f"/programmes/{programme}/prepare", {"regions": region or [], "limit": limit})
    if json:
        print_json(found)
        return
    out.print(plain(f"Change {found['change_id']} is being planned. Next: tieline change show {found['change_id']}"))


@app.command("schedule")
def schedule(
    programme: Number,
    *,
    crew: Annotated[list[str], typer.Option(help="A crew, by code or number; several times.")],
    first_day: Annotated[str, typer.Option("--from", help="The first day (2026-03-02).")],
    region: Regions = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many sites.")] = 500,
    hours: Annotated[float, typer.Option(help="Working hours a day.")] = 8.0,
    speed: Annotated[float, typer.Option(help="km/h between visits, over the great circle.")] = 50.0,
    json: AsJson = False,
) -> None:
    """Plan visits to ready sites, put them into routes, and make the change that cuts their links over."""
    with connect() as client:
        body = {
            "crew_ids": [_crew(client, one) for one in crew],
            "first_day": first_day,
            "regions": region or [],
            "limit": limit,
            "hours_a_day": hours,
            "speed_km_h": speed,
        }
        found = client.post(f"/programmes/{programme}/schedule", body)
    if json:
        print_json(found)
        return
    days = (
        found["first_day"]
        if found["first_day"] == found["last_day"]
        else f"{found['first_day']} to {found['last_day']}"
    )
    visits, orders = plural(found["sites"], "visit"), plural(len(found["orders"]), "order")
    out.print(plain(f"{visits} in {orders}, {days}, {found['km']:,.0f} km."))
    if found["change_id"] is not None:
        out.print(plain(f"Change {found['change_id']} cuts them over, once it is approved."))


def _crew(client: Client, wanted: str) -> int:
    """The number of a crew, by code or number."""
    for one in client.get("/field/crews")["items"]:
        if wanted in {one["code"], str(one["id"])}:
            return int(one["id"])
    raise CommandError(f"There is no crew {wanted}.", exit_code=Exit.NOT_FOUND)


@app.command("sites")
def sites(
    programme: Number,
    *,
    state: Annotated[list[str] | None, typer.Option(help="Only in this state; several times.")] = None,
    region: Regions = None,
    phase: Annotated[list[str] | None, typer.Option(help="Only in this phase; several times.")] = None,
    late: Annotated[bool, typer.Option("--late", help="Only those that are overdue.")] = False,
    will_be_late: Annotated[bool, typer.Option("--will-be-late", help="Only those late at the pace of late.")] = False,
    q: Annotated[str, typer.Option("--q", help="An identifier's beginning, or part of a name.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 100,
    json: AsJson = False,
) -> None:
    """List the sites of a programme, each with where it stands and why."""
    query = {"state": state, "region": region, "phase": phase, "late": late or None,
             "will_be_late": will_be_late or None, "q": q or None}  # fmt: skip
    with connect() as client:
        pages = client.pages(f"/programmes/{programme}/sites", limit=min(limit, 1000), **query)
        found: list[Any] = list(islice(pages, limit))
    if json:
        print_json(found)
        return
    rows = [
        [
            str(one["site_id"]),
            one["name"],
            one["region"],
            one["state"].replace("_", " "),
            one["why"],
            f"{_day(one['due_at'])}, late" if one["late"] else _day(one["due_at"]),
            one["attempts"],
        ]
        for one in found
    ]
    print_table("", ["Site", "Name", "Region", "State", "Why", "Due", "Visits"], rows)


@app.command("site")
def site(
    programme: Number,
    which: Annotated[str, typer.Argument(metavar="SITE", help="Its identifier, or its number here.")],
    *,
    json: AsJson = False,
) -> None:
    """Show one site: why it waits, and what the test of each link found."""
    with connect() as client:
        found = client.get(f"/programmes/{programme}/sites/{_site_number(client, which)}")
    if json:
        print_json(found)
        return
    why = f": {found['why']}" if found["why"] else ""
    out.print(plain(f"{found['name']} ({found['external_id']}): {found['state'].replace('_', ' ')}{why}"), style="bold")
    planned = [f"visit {found['visit_id']}" if found["visit_id"] else "", _change(found["change_id"])]
    out.print(plain(f"Due {_day(found['due_at']) or 'at no time'}. {', '.join(filter(None, planned))}"))
    for link in found["links"]:
        out.print(plain(f"{link['position']}. Operator {link['operator']}, {link['role']}: {link['state']}"))
        rows = [[one["name"], one["ok"], one["wanted"], one["found"]] for one in link["checks"]]
        print_table("", ["Check", "Holds", "Wanted", "Found"], rows, empty="Not tested yet.")


def _site_number(client: Client, which: str) -> int:
    """The number of a site by the utility's identifier, or as it was given."""
    rows = client.get("/sites", q=which, limit=50)["items"]
    known = next((int(one["id"]) for one in rows if one["external_id"] == which), None)
    if known is None and not (which.isascii() and which.isdigit()):
        raise CommandError(
            f"There is no site {which}.", advice="tieline fleet sites lists them.", exit_code=Exit.NOT_FOUND
        )
    return known or int(which)


def _change(change_id: int | None) -> str:
    return f"cut over by change {change_id}" if change_id else ""


def _act(programme: int, act: str, why: str, *, json: bool) -> None:
    with connect() as client:
        found = client.post(f"/programmes/{programme}/act", {"act": act, "why": why})
    if json:
        print_json(found)
        return
    out.print(plain(f"{found['title']}: {found['state']}."))


Why = Annotated[str, typer.Option(help="Why; it stands in the log.")]


@app.command("start")
def start(programme: Number, *, json: AsJson = False) -> None:
    """Start a programme: visits can be scheduled from then on."""
    _act(programme, "start", "", json=json)


@app.command("pause")
def pause(programme: Number, *, why: Why, json: AsJson = False) -> None:
    """Pause it: nothing new is scheduled or retired; what crews and changes have begun goes on."""
    _act(programme, "pause", why, json=json)


@app.command("resume")
def resume(programme: Number, *, json: AsJson = False) -> None:
    """Let a paused programme go on."""
    _act(programme, "resume", "", json=json)


@app.command("close")
def close(
    programme: Number,
    *,
    why: Why,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; it stays closed.")] = False,
    json: AsJson = False,
) -> None:
    """Close it for good: planned visits are cancelled, and what is not done stays as it is."""
    if not yes:
        typer.confirm(f"Close programme {programme} for good?", abort=True, err=True)
    _act(programme, "close", why, json=json)


@app.command("leave-out")
def leave_out(programme: Number, site_ids: Sites, *, why: Why, json: AsJson = False) -> None:
    """Take sites out of a programme."""
    _move(programme, "leave-out", {"site_ids": site_ids, "why": why}, json=json)


@app.command("take-in")
def take_in(programme: Number, site_ids: Sites, *, json: AsJson = False) -> None:
    """Take sites that were left out in again."""
    _move(programme, "take-in", {"site_ids": site_ids}, json=json)


def _move(programme: int, act: str, body: Any, *, json: bool) -> None:
    with connect() as client:
        found = client.post(f"/programmes/{programme}/{act}", body)
    if json:
        print_json(found)
        return
    count = len(found["sites"])
    out.print(plain(f"{plural(count, 'site')} {'left out' if act == 'leave-out' else 'taken in'}."))
