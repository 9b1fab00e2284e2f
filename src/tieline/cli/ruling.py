"""``tieline change policy``, ``template``, ``calendar`` and ``outcomes``."""

from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tieline.cli import telling
from tieline.cli.client import connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.holding import moment_of, tell
from tieline.cli.output import AsJson, print_json, print_table
from tieline.cli.selecting import Where, filter_of
from tieline.platform.scope import named

policy = typer.Typer(help="Policies of standard changes: approved beforehand.", no_args_is_help=True)
template = typer.Typer(help="Templates: what changes say, kept under a name.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="Its number.")]


@policy.command("list")
def list_policies(*, json: AsJson = False) -> None:
    """List policies, by name."""
    with connect() as client:
        found = client.get("/change-policies")["items"]
    if json:
        print_json(found)
        return
    rows = [
        [
            str(one["id"]),
            one["name"],
            one["kind"],
            one["max_items"],
            one["critical_sites"],
            "retired" if one["retired_at"] else "in force" if one["approved_at"] else "waits for approval",
            named(one["created_by"]),
        ]
        for one in found
    ]
    columns = ["Policy", "Name", "Kind", "At most", "Critical sites", "State", "By"]
    print_table("", columns, rows, empty="No policy yet.")


@policy.command("propose")
def propose(
    name: Annotated[str, typer.Argument(help="What people will call it.")],
    kind: Annotated[str, typer.Argument(help="The kind of change it allows.")],
    *,
    most: Annotated[int, typer.Option("--most", min=1, help="Subscriptions at most.")],
    critical_sites: Annotated[bool, typer.Option("--critical-sites", help="Critical sites are allowed.")] = False,
    window: Annotated[list[str] | None, typer.Option(help="Only then, in words; several times.")] = None,
    template_version: Annotated[
        int | None, typer.Option(help="The id of an approved version of a template to stand on.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Propose a policy; somebody else approves it."""
    body = {
        "name": name,
        "kind": kind,
        "max_items": most,
        "critical_sites": critical_sites,
        "windows": window or [],
        "template_version_id": template_version,
    }
    with connect() as client:
        made = client.post("/change-policies", body)
    tell(made, f"Policy {made['id']} is proposed.", json=json)


@policy.command("approve")
def approve_policy(number: Number, *, json: AsJson = False) -> None:
    """Put a policy of somebody else in force."""
    with connect() as client:
        tell(client.post(f"/change-policies/{number}/approve"), f"Policy {number} is in force.", json=json)


@policy.command("retire")
def retire_policy(number: Number, *, json: AsJson = False) -> None:
    """Take a policy out of force."""
    with connect() as client:
        tell(client.post(f"/change-policies/{number}/retire"), f"Policy {number} is retired.", json=json)


@template.command("list")
def list_templates(*, json: AsJson = False) -> None:
    """List templates, by name."""
    with connect() as client:
        found = client.get("/change-templates")["items"]
    if json:
        print_json(found)
        return
    rows = [
        [str(one["id"]), one["name"], one["body"]["kind"], one["version"], one["approved_version"], one["note"]]
        for one in found
    ]
    columns = ["Template", "Name", "Kind", "Version", "Approved", "Note"]
    print_table("", columns, rows, empty="No template yet. tieline change template save keeps one.")


@template.command("save")
def save_template(
    change: Annotated[int, typer.Argument(help="The change whose description is kept.")],
    name: Annotated[str, typer.Argument(help="Under a name that is there: as its next version.")],
    *,
    with_selection: Annotated[bool, typer.Option("--with-selection", help="Keep which subscriptions, too.")] = False,
    note: Annotated[str, typer.Option(help="What is new in this version.")] = "",
    json: AsJson = False,
) -> None:
    """Keep what a change says as a template."""
    body = {"name": name, "change_id": change, "with_selection": with_selection, "note": note}
    with connect() as client:
        made = client.post("/change-templates", body)
    tell(made, f"Template {made['id']}, version {made['versions'][0]['version']}, is kept.", json=json)


@template.command("use")
def use_template(
    number: Number,
    *,
    where: Where = None,
    title: Annotated[str, typer.Option("--title", "-t", help="Another title.")] = "",
    reason: Annotated[str, typer.Option(help="Another reason.")] = "",
    policy_number: Annotated[int | None, typer.Option("--policy", help="As a standard change under it.")] = None,
    json: AsJson = False,
) -> None:
    """Make a change from a template and begin to plan it. Nothing is sent."""
    chosen = filter_of(where)
    body = {
        "title": title,
        "reason": reason,
        "policy_id": policy_number,
        "selection": {"filter": chosen} if chosen else None,
    }
    with connect() as client:
        made = client.post(f"/change-templates/{number}/changes", body)
    if json:
        print_json(made)
    else:
        telling.change(made)


@template.command("approve")
def approve_template(
    number: Number, version: Annotated[int, typer.Argument(help="Which version.")], *, json: AsJson = False
) -> None:
    """Approve a version of somebody else's template."""
    with connect() as client:
        done = client.post(f"/change-templates/{number}/approve?version={version}")
    tell(done, f"Version {version} of template {number} is approved.", json=json)


@template.command("retire")
def retire_template(number: Number, *, json: AsJson = False) -> None:
    """Offer a template no more."""
    with connect() as client:
        client.post(f"/change-templates/{number}/retire")
    tell({"id": number, "retired": True}, f"Template {number} is retired.", json=json)


@template.command("export")
def export_template(
    number: Number, file: Annotated[Path | None, typer.Argument(help="Unset: to standard output.")] = None
) -> None:
    """Write a template's newest version as JSON."""
    with connect() as client:
        found = client.get(f"/change-templates/{number}/export")
    if file is None:
        print_json(found)
    else:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


@template.command("import")
def import_template(
    file: Annotated[Path, typer.Argument(help="A file that was exported.", exists=True, dir_okay=False)],
    *,
    json: AsJson = False,
) -> None:
    """Take a template from a file; it has to be approved here."""
    try:
        body = msgspec.json.decode(file.read_bytes())
    except msgspec.DecodeError as error:
        raise CommandError(f"{file} is no JSON: {error}", exit_code=Exit.USAGE) from error
    with connect() as client:
        made = client.post("/change-templates/import", body)
    tell(made, f"Template {made['id']}, version {made['versions'][0]['version']}, is kept.", json=json)


def calendar(
    *,
    start: Annotated[datetime | None, typer.Option("--from", help="Unset: now.")] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="So many days.")] = 28,
    json: AsJson = False,
) -> None:
    """Show what comes: changes, freezes, storms, vetoes, and where changes meet."""
    first = (start or datetime.now().astimezone()).astimezone()
    query = {"start": moment_of(first), "end": moment_of(first + timedelta(days=days))}
    with connect() as client:
        found = client.get("/changes/calendar", **query)["items"]
    if json:
        print_json(found)
        return
    rows = [
        [
            one["starts_at"][:16].replace("T", " "),
            one["ends_at"][:16].replace("T", " ") if one["ends_at"] else "open",
            one["kind"],
            f"{one['title']} (not approved yet)" if one["tentative"] else one["title"],
            ", ".join(one["operators"]) or None,
            " ".join(one["conflicts"]) or None,
        ]
        for one in found
    ]
    print_table("", ["From (UTC)", "To (UTC)", "What", "Title", "Operators", "Meets"], rows, empty="Nothing comes.")


def outcomes(
    *,
    by: Annotated[str | None, typer.Option(help="In groups: kind, type, operator or month.")] = None,
    due: Annotated[bool, typer.Option("--review-due", help="Emergency changes that nobody has reviewed.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """Show what came of changes beside what was planned."""
    with connect() as client:
        if by is not None:
            found = client.get("/change-outcomes/report", by=by)["items"]
        else:
            pages = client.pages("/change-outcomes", limit=min(limit, 1000), review_due=due or None)
            found = list(islice(pages, limit))
    if json:
        print_json(found)
    elif by is not None:
        columns = ["Group", "Changes", "Planned", "Verified", "Done in time", "Sites that lost a link"]
        rows = [
            [one["key"], one["changes"], one["planned"], one["verified"], one["in_time"], one["sites_hurt"]]
            for one in found
        ]
        print_table("", columns, rows, empty="Nothing has ended yet.")
    else:
        columns = ["Change", "Title", "Planned", "Verified", "Failed", "Took (s)", "Expected (s)", "Review"]
        print_table("", columns, [_outcome(one) for one in found], empty="Nothing has ended yet.")


def _outcome(one: Any) -> list[Any]:
    known = one["least_seconds"] is not None and one["most_seconds"] is not None
    expected = f"{one['least_seconds']:,.0f} to {one['most_seconds']:,.0f}" if known else None
    review = one["worked"] or ("due" if one["review_due"] else None)
    return [
        str(one["change_id"]),
        one["title"],
        one["planned"],
        one["verified"],
        one["failed"],
        round(one["seconds"]),
        expected,
        review,
    ]


def review(
    number: Annotated[int, typer.Argument(help="The change's number.")],
    *,
    worked: Annotated[str, typer.Option(help="As planned? yes, partly or no.")],
    note: Annotated[str, typer.Option(help="What happened, and what is to be learnt.")],
    json: AsJson = False,
) -> None:
    """Review a change that has ended; emergency changes need it."""
    with connect() as client:
        kept = client.post(f"/changes/{number}/reviews", {"worked": worked, "note": note})
    tell(kept, f"The review of change {number} is kept.", json=json)
