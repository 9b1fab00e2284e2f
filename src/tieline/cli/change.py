"""``tieline change``: plan, approve, run, watch and take back changes."""

import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

import msgspec
import typer

from tieline.cli import following, holding, kinds, ruling, telling
from tieline.cli.client import Client, connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, print_json, print_table
from tieline.cli.selecting import Where, filter_of
from tieline.platform.scope import named
from tieline.platform.words import plural

app = typer.Typer(help="Changes: plan, approve, run, watch, undo.", no_args_is_help=True)
app.add_typer(holding.hold, name="hold")
app.add_typer(holding.storm, name="storm")
app.add_typer(holding.veto, name="veto")
app.add_typer(holding.window, name="window")
app.add_typer(ruling.policy, name="policy")
app.add_typer(ruling.template, name="template")
app.command("kinds")(kinds.kinds)
app.command("calendar")(ruling.calendar)
app.command("outcomes")(ruling.outcomes)
app.command("review")(ruling.review)
Number = Annotated[int, typer.Argument(help="The change's number.")]
Why = Annotated[str, typer.Option("--why", help="Why; it is recorded.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the plan.")]
_TYPED_FROM = 1001


@app.command("list")
def list_changes(
    *,
    state: Annotated[list[str] | None, typer.Option(help="Only in this state; several times.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only of this kind; several times.")] = None,
    q: Annotated[str | None, typer.Option(help="Part of the title.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """List changes, the newest first."""
    with connect() as client:
        pages = client.pages("/changes", state=state or None, kind=kind or None, q=q, limit=min(limit, 1000))
        found = list(islice(pages, limit))
    if json:
        print_json(found)
        return
    rows = [_row(one) for one in found]
    columns = ["Number", "Title", "Kind", "State", "Subscriptions", "By", "Made (UTC)"]
    print_table("", columns, rows, empty="No changes here. tieline change new makes one.")


def _row(one: Any) -> list[Any]:
    items = one["summary"]["impact"]["items"] if one["summary"] else None
    made = one["created_at"][:16].replace("T", " ")
    return [str(one["id"]), one["title"], one["kind"], one["state"], items, named(one["created_by"]), made]


@app.command("show")
def show(number: Number, *, json: AsJson = False) -> None:
    """Show a change: its plan, decisions, and how it stands."""
    with connect() as client:
        one = client.get(f"/changes/{number}")
        found = client.get(f"/changes/{number}/progress")
    if json:
        print_json({**one, "progress": found})
        return
    telling.change(one)
    telling.outcome(found)


@app.command("record")
def record(
    number: Number,
    *,
    items: Annotated[int, typer.Option(help="How many items stand in it at most.", min=1, max=1000)] = 200,
    json: AsJson = False,
) -> None:
    """Show all of a change in one piece, to be kept: with --json as the REST interface gives it."""
    with connect() as client:
        found = client.get(f"/changes/{number}/record", items=items)
    if json:
        print_json(found)
        return
    telling.record(found)


@app.command("new")
def new(
    kind: Annotated[str, typer.Argument(help="For example subscription.configure; tieline change kinds lists them.")],
    *,
    title: Annotated[str, typer.Option("--title", "-t", help="What people will call it.")],
    where: Where = None,
    subscription: Annotated[list[int] | None, typer.Option(help="Only this subscription; several times.")] = None,
    whole_fleet: Annotated[bool, typer.Option("--whole-fleet", help="Everything, nothing narrowed.")] = False,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="NAME=VALUE", help="A parameter of the kind; JSON or text; several times."),
    ] = None,
    waves: Annotated[
        str, typer.Option(help="once, size:100,1000 (sites), percent:5,25,70, or region:Wales,Kent.")
    ] = "once",
    canary: Annotated[int, typer.Option(min=0, help="So many sites go first.")] = 0,
    success: Annotated[float, typer.Option(min=0, max=100, help="Go on at so many per cent verified.")] = 90,
    error: Annotated[float, typer.Option(min=0, max=100, help="Hold above so many per cent failed.")] = 10,
    opens: Annotated[datetime | None, typer.Option(help="Nothing is sent before.")] = None,
    closes: Annotated[datetime | None, typer.Option(help="Nothing new is sent after.")] = None,
    window: Annotated[
        list[str] | None,
        typer.Option(help='Only then, for example "Mon-Thu 22:00-05:00 Europe/London"; several times.'),
    ] = None,
    type_: Annotated[str, typer.Option("--type", help="normal, standard or emergency.")] = "normal",
    policy: Annotated[int | None, typer.Option(help="The policy of a standard change.")] = None,
    reason: Annotated[str, typer.Option(help="Why; an emergency has to say.")] = "",
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Make a change and plan it. Nothing is sent."""
    body = {
        "kind": kind,
        "title": title,
        "type": type_,
        "reason": reason,
        "selection": _selection(where, subscription, whole_fleet=whole_fleet),
        "parameters": dict(_parameter(one) for one in sets or ()),
        "waves": {**_waves(waves), "canary": canary},
        "thresholds": {"success": success / 100, "error": error / 100},
        "window": {"opens": _moment(opens), "closes": _moment(closes), "rules": window or []},
        "policy_id": policy,
    }
    with connect() as client:
        made = client.post("/changes", body)
        _planned(client, made["id"], wait=not no_wait, json=json)


def _selection(where: Sequence[str] | None, ids: Sequence[int] | None, *, whole_fleet: bool) -> dict[str, Any]:
    if ids:
        return {"subscription_ids": list(ids)}
    chosen = filter_of(where)
    if not chosen and not whole_fleet:
        raise CommandError(
            "Nothing says which subscriptions.",
            advice="Narrow with --where, name them with --subscription, or say --whole-fleet.",
            exit_code=Exit.USAGE,
        )
    return {"filter": chosen}


def _parameter(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise CommandError(f"{text} is no parameter.", advice="NAME=VALUE", exit_code=Exit.USAGE)
    try:
        return name.strip(), msgspec.json.decode(value.encode())
    except msgspec.DecodeError:
        return name.strip(), value


def _waves(text: str) -> dict[str, Any]:
    by, _, rest = text.partition(":")
    parts = [part.strip() for part in rest.split(",") if part.strip()]
    if by == "region":
        return {"by": by, "regions": parts}
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise CommandError(f"{text} are no waves.", advice="For example percent:5,25,70", exit_code=Exit.USAGE)
    return {"by": by, "steps": [int(part) for part in parts]}


def _moment(at: datetime | None) -> str | None:
    """The moment with its zone; one without is taken as this machine's own time."""
    return at.astimezone().isoformat() if at else None


@app.command("plan")
def plan(number: Number, *, no_wait: NoWait = False, json: AsJson = False) -> None:
    """Plan a change again; earlier approvals are void."""
    with connect() as client:
        client.post(f"/changes/{number}/plan")
        _planned(client, number, wait=not no_wait, json=json)


def _planned(client: Client, number: int, *, wait: bool, json: bool) -> None:
    one = following.planned(client, number) if wait else client.get(f"/changes/{number}")
    if json:
        print_json(one)
    else:
        telling.change(one)
    if one["summary"] and not one["summary"]["impact"]["items"]:
        raise typer.Exit(Exit.PARTLY)  # a plan that does nothing is not what was asked for


@app.command("items")
def items(
    number: Number,
    *,
    state: Annotated[list[str] | None, typer.Option(help="Only in this state; several times.")] = None,
    reason: Annotated[list[str] | None, typer.Option(help="Only with this reason; several times.")] = None,
    operator: Annotated[list[str] | None, typer.Option(help="Only at this operator; several times.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Only in this region; several times.")] = None,
    wave: Annotated[list[int] | None, typer.Option(help="Only of this wave; several times.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """List what a change does to each subscription, and how far it is."""
    query = {"state": state, "reason": reason, "operator": operator, "region": region, "wave": wave}
    given = {name: value for name, value in query.items() if value}
    with connect() as client:
        found = list(islice(client.pages(f"/changes/{number}/items", limit=min(limit, 1000), **given), limit))
    if json:
        print_json(found)
    else:
        telling.items(found)


@app.command("try")
def try_out(number: Number, *, json: AsJson = False) -> None:
    """Ask the operators what they would say to the plan, and wait for it; nothing takes effect.

    Why they would refuse stands in the notes of the items.
    """
    with connect() as client:
        asked = client.post(f"/changes/{number}/dry-run")["operators"]
        verdicts = following.tried(client, number, asked)
    if json:
        print_json({"operators": asked, "verdicts": verdicts})
    else:
        telling.verdicts(verdicts)
    if any(one.get("why") or one["refused"] for one in verdicts.values()):
        raise typer.Exit(Exit.PARTLY)


@app.command("submit")
def submit(number: Number, *, json: AsJson = False) -> None:
    """Ask for approval; where the policy needs no second person the change is approved at once."""
    _act(number, "submit", None, json=json)


@app.command("approve")
def approve(
    number: Number,
    *,
    plan_hash: Annotated[str, typer.Option("--hash", help="The plan that you looked at.")] = "",
    comment: Annotated[str, typer.Option(help="Said with it.")] = "",
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Approve a plan; never one's own. Without --hash the plan is shown and you are asked."""
    _decide(number, "approve", plan_hash, comment, yes=yes, json=json)


@app.command("reject")
def reject(
    number: Number,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    plan_hash: Annotated[str, typer.Option("--hash", help="The plan that you looked at.")] = "",
    json: AsJson = False,
) -> None:
    """Reject a plan, saying why."""
    _decide(number, "reject", plan_hash, reason, yes=True, json=json)


def _decide(number: int, act: str, plan_hash: str, comment: str, *, yes: bool, json: bool) -> None:
    with connect() as client:
        one = client.get(f"/changes/{number}")
        if not plan_hash and act == "approve":
            if yes:
                raise CommandError("--yes needs --hash: say which plan you looked at.", exit_code=Exit.USAGE)
            telling.change(one)
            if "approve" not in one.get("acts", ["approve"]):
                advice = "A plan is approved once it is submitted, by an approver who neither made nor planned it."
                raise CommandError("You may not approve this change now.", advice=advice, exit_code=Exit.REFUSED)
            _confirm(one, "Approve exactly this plan")
        body = {"plan_hash": plan_hash or one["plan_hash"], "comment": comment}
        decided = client.post(f"/changes/{number}/{act}", body)
    _tell(decided, json=json)


@app.command("start")
def start(
    number: Number,
    *,
    yes: Yes = False,
    follow: Annotated[bool, typer.Option("--watch", help="Watch it until it ends.")] = False,
    json: AsJson = False,
) -> None:
    """Start an approved change."""
    with connect() as client:
        if not yes:
            _confirm(client.get(f"/changes/{number}"), "Start this change")
        begun = client.post(f"/changes/{number}/start")
        if follow:
            _watched(client, number, json=json)
            return
    _tell(begun, json=json)


def _confirm(one: Any, what: str) -> None:
    """Ask before something is done; above 1,000 subscriptions the number is typed."""
    if not _somebody_is_there():
        advice = "Say --yes once you have looked at the plan; approving needs its --hash too."
        raise CommandError(f"{what}? Nobody is there to be asked.", advice=advice, exit_code=Exit.USAGE)
    count = one["summary"]["impact"]["items"] if one["summary"] else 0
    if count >= _TYPED_FROM:
        typed = str(typer.prompt(f"{what}: it touches {plural(count, 'subscription')}. Type the number", err=True))
        if typed.replace(",", "").replace(" ", "") != str(count):
            raise CommandError("That is not the number; nothing was done.")
    elif not typer.confirm(f"{what}: it touches {plural(count, 'subscription')}. Go on?", err=True):
        raise CommandError("Nothing was done.")


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


@app.command("pause")
def pause(number: Number, *, why: Why = "", json: AsJson = False) -> None:
    """Send nothing more for now; what is at the operators is finished."""
    _act(number, "pause", {"why": why}, json=json)


@app.command("resume")
def resume(number: Number, *, json: AsJson = False) -> None:
    """Go on, in spite of the failures so far."""
    _act(number, "resume", None, json=json)


@app.command("stop")
def stop(number: Number, *, why: Why = "", json: AsJson = False) -> None:
    """Stop for good; what is done stays done."""
    _act(number, "stop", {"why": why}, json=json)


@app.command("retry")
def retry(number: Number, *, json: AsJson = False) -> None:
    """Try again what failed, and only that."""
    _act(number, "retry", None, json=json)


@app.command("undo")
def undo(
    number: Number,
    *,
    region: Annotated[list[str] | None, typer.Option(help="Only in this region; several times.")] = None,
    operator: Annotated[list[str] | None, typer.Option(help="Only at this operator; several times.")] = None,
    wave: Annotated[list[int] | None, typer.Option(help="Only this wave; several times.")] = None,
    title: Annotated[str, typer.Option("--title", "-t", help="What people will call it.")] = "",
    reason: Annotated[str, typer.Option(help="Why it is taken back.")] = "",
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Make a change that takes this one back, wholly or in part, and plan it; conflicts are left out."""
    part = {"regions": region or [], "operators": operator or [], "waves": wave or []}
    with connect() as client:
        made = client.post(f"/changes/{number}/undo", {**part, "title": title, "reason": reason})
        _planned(client, made["id"], wait=not no_wait, json=json)


@app.command("watch")
def watch(number: Number, *, json: AsJson = False) -> None:
    """Watch a change until it ends or pauses. Exit code 1 when some of it failed."""
    with connect() as client:
        _watched(client, number, json=json)


def _watched(client: Client, number: int, *, json: bool) -> None:
    found = following.watch(client, number, stop_at_pause=True)
    if json:
        print_json(found)
    else:
        telling.outcome(found)
    if code := following.ended(found):
        raise typer.Exit(code)


def _act(number: int, act: str, body: dict[str, Any] | None, *, json: bool) -> None:
    with connect() as client:
        done = client.post(f"/changes/{number}/{act}", body)
    _tell(done, json=json)


def _tell(one: Any, *, json: bool) -> None:
    if json:
        print_json(one)
    else:
        telling.change(one)
