"""``tieline change hold``, ``storm``, ``veto`` and ``window``: what holds changes back."""

from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tieline.cli.client import connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, err, plain, print_json, print_table
from tieline.platform.scope import named

hold = typer.Typer(help="Holds: planned freezes, and whatever else holds changes back.", no_args_is_help=True)
storm = typer.Typer(help="Storm mode: hold everything but emergency changes, at once.", no_args_is_help=True)
veto = typer.Typer(help="The control room's no to one change.", no_args_is_help=True)
window = typer.Typer(help="When operators' contracts permit changes to be sent.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="The hold's number.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; everybody whose change it holds reads it.")]
Why = Annotated[str, typer.Option("--why", help="Why; it is recorded.")]
Until = Annotated[datetime | None, typer.Option("--until", help="When it ends by itself.")]


@hold.command("list")
def list_holds(
    *,
    every: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    kind: Annotated[list[str] | None, typer.Option(help="freeze, storm or veto; several times.")] = None,
    change: Annotated[int | None, typer.Option(help="Vetoes of this change alone.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """List holds, the newest first: those that hold now or will."""
    query = {"only_live": not every or None, "kind": kind, "change_id": change}
    with connect() as client:
        found = list(islice(client.pages("/change-holds", limit=min(limit, 1000), **query), limit))
    if json:
        print_json(found)
        return
    columns = ["Hold", "Kind", "What", "Why", "From (UTC)", "Until (UTC)", "State", "By"]
    print_table("", columns, [_row(one) for one in found], empty="Nothing is held.")


def _row(one: Any) -> list[Any]:
    until = _minute(one["ends_at"]) or "lifted"
    return [
        str(one["id"]),
        one["kind"],
        _what(one),
        one["reason"],
        _minute(one["starts_at"]),
        f"{until}, every year" if one["yearly_zone"] else until,
        _state(one),
        named(one["created_by"]),
    ]


def _what(one: Any) -> str:
    place = [f"change {one['change_id']}"] if one["change_id"] else []
    place += [one["region"]] if one["region"] else []
    place += [f"operator {one['operator']}"] if one["operator"] else []
    return ", ".join(place) or "everywhere"


def _state(one: Any) -> str:
    if one["lifted_at"]:
        return "lifted"
    if one["over"]:
        return "over"
    if one["kind"] == "veto" and one["change_type"] == "emergency" and not one["emergency_too"]:
        return "not insisted on"
    return "holds" if one["live"] else "to come"


def _minute(moment: str | None) -> str | None:
    return moment[:16].replace("T", " ") if moment else None


def moment_of(at: datetime | None) -> str | None:
    """The moment with its zone; one without is taken as this machine's own time."""
    return at.astimezone().isoformat() if at else None


@hold.command("add")
def add_hold(
    *,
    reason: Reason,
    starts: Annotated[datetime | None, typer.Option("--from", help="When it begins; unset: now.")] = None,
    until: Until = None,
    operator: Annotated[str | None, typer.Option(help="Only at this operator.")] = None,
    region: Annotated[str | None, typer.Option(help="Only in this region.")] = None,
    yearly: Annotated[
        str | None, typer.Option(metavar="ZONE", help="It returns every year at the same times of this time zone.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Freeze: nothing but emergency changes is sent while it lasts."""
    body = {
        "reason": reason,
        "starts_at": moment_of(starts),
        "ends_at": moment_of(until),
        "operator": operator,
        "region": region,
        "yearly": yearly,
    }
    with connect() as client:
        made = client.post("/change-holds", body)
    tell(made, f"Hold {made['id']} is made.", json=json)


@hold.command("lift")
def lift_hold(number: Number, *, why: Why = "", json: AsJson = False) -> None:
    """End a hold; a veto is lifted by the control room alone."""
    with connect() as client:
        client.post(f"/change-holds/{number}/lift", {"why": why})
    tell({"id": number, "lifted": True}, f"Hold {number} is lifted.", json=json)


@storm.command("begin")
def begin_storm(
    *,
    reason: Reason,
    region: Annotated[list[str] | None, typer.Option(help="Only in this region; several times.")] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="In every region.")] = False,
    until: Until = None,
    spare_crews: Annotated[
        bool, typer.Option("--spare-crews", help="What crews release at their sites goes on.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Storm mode from now on, in some regions or everywhere."""
    if bool(region) == everywhere:
        raise CommandError("Say either --region or --everywhere.", exit_code=Exit.USAGE)
    body = {"reason": reason, "regions": region or [], "ends_at": moment_of(until), "spare_crews": spare_crews}
    with connect() as client:
        made = client.post("/change-storms", body)
    tell(made, f"Storm {made['id']} has begun; end it with: tieline change storm end {made['id']}", json=json)


@storm.command("end")
def end_storm(
    number: Annotated[int, typer.Argument(help="The storm's number.")], *, why: Why = "", json: AsJson = False
) -> None:
    """End storm mode in all its regions."""
    with connect() as client:
        ended = client.post(f"/change-storms/{number}/end", {"why": why})
    tell(ended, f"Storm {number} has ended.", json=json)


@storm.command("list")
def list_storms(*, json: AsJson = False) -> None:
    """List the storms that last now."""
    with connect() as client:
        found = client.get("/change-storms")["items"]
    if json:
        print_json(found)
        return
    rows = [
        [
            str(one["id"]),
            ", ".join(one["regions"]) or "everywhere",
            one["reason"],
            _minute(one["starts_at"]),
            _minute(one["ends_at"]) or "ended by hand",
            one["spares_released"],
            named(one["created_by"]),
        ]
        for one in found
    ]
    columns = ["Storm", "Where", "What", "Since (UTC)", "Until (UTC)", "Crews go on", "By"]
    print_table("", columns, rows, empty="There is no storm.")


@veto.command("add")
def add_veto(
    change: Annotated[int, typer.Argument(help="The change's number.")],
    *,
    reason: Reason,
    region: Annotated[str | None, typer.Option(help="Only its part in this region.")] = None,
    operator: Annotated[str | None, typer.Option(help="Only its part at this operator.")] = None,
    json: AsJson = False,
) -> None:
    """Hold a change back from the control room, until the veto is lifted."""
    with connect() as client:
        made = client.post(f"/changes/{change}/veto", {"reason": reason, "region": region, "operator": operator})
    told = f"Hold {made['id']} holds change {change}."
    if made["change_type"] == "emergency":
        told = f"This is an emergency change: it is held once you say: tieline change veto insist {made['id']} --why …"
    tell(made, told, json=json)


@veto.command("insist")
def insist(
    number: Number,
    *,
    why: Annotated[str, typer.Option("--why", help="Why an emergency change may be held.")],
    json: AsJson = False,
) -> None:
    """The second act, by which a veto holds an emergency change."""
    with connect() as client:
        made = client.post(f"/change-holds/{number}/insist", {"why": why})
    tell(made, f"Hold {number} holds the emergency change.", json=json)


@veto.command("lift")
def lift_veto(number: Number, *, why: Why = "", json: AsJson = False) -> None:
    """Lift a veto; a change that runs goes on by itself."""
    lift_hold(number, why=why, json=json)


@window.command("list")
def list_windows(*, json: AsJson = False) -> None:
    """List the windows of operators' contracts; an operator that is not listed permits changes at any time."""
    with connect() as client:
        found = client.get("/operator-windows")["items"]
    if json:
        print_json(found)
        return
    rows = [
        [
            one["operator"],
            "; ".join(one["words"]),
            one["terms"] or None,
            _minute(one["opens_at"]),
            _minute(one["closes_at"]),
            named(one["updated_by"]),
        ]
        for one in found
    ]
    columns = ["Operator", "Changes are sent", "Where it stands", "Opens (UTC)", "Closes (UTC)", "Set by"]
    print_table("", columns, rows, empty="Every operator permits changes at any time.")


@window.command("set")
def set_windows(
    operator: Annotated[str, typer.Argument(help="The operator's code.")],
    *,
    window: Annotated[
        list[str] | None, typer.Option(help='For example "Mon-Thu 22:00-05:00 Europe/London"; several times.')
    ] = None,
    always: Annotated[bool, typer.Option("--always", help="At any time again.")] = False,
    terms: Annotated[str, typer.Option(help="Where that stands, for example a clause of the contract.")] = "",
    json: AsJson = False,
) -> None:
    """Set when an operator's contract permits changes to be sent; emergency changes are exempt."""
    if bool(window) == always:
        raise CommandError("Say either --window or --always.", exit_code=Exit.USAGE)
    body = {"rules": window or [], "terms": terms}
    with connect() as client:
        client.put(f"/operator-windows/{quote(operator, safe='')}", body)
    when = "at any time" if always else f"in {len(window or [])} windows" if len(window or []) > 1 else "in one window"
    tell({"operator": operator, **body}, f"Operator {operator} permits changes {when}.", json=json)


@window.command("history")
def window_history(
    operator: Annotated[str, typer.Argument(help="The operator's code.")], *, json: AsJson = False
) -> None:
    """List what stood before as an operator's windows, the latest first."""
    with connect() as client:
        found = client.get(f"/operator-windows/{quote(operator, safe='')}/history")["items"]
    if json:
        print_json(found)
        return
    rows = [
        [
            "; ".join(one["words"]),
            one["terms"] or None,
            _minute(one["updated_at"]),
            named(one["updated_by"]),
            _minute(one["replaced_at"]),
            named(one["replaced_by"]),
        ]
        for one in found
    ]
    columns = ["Changes were sent", "Where it stood", "From (UTC)", "By", "To (UTC)", "Replaced by"]
    print_table("", columns, rows, empty="Nothing stood there before.")


def tell(answer: Any, words: str, *, json: bool) -> None:
    """Say what was done, or give the answer to a program."""
    if json:
        print_json(answer)
    else:
        err.print(plain(words))
