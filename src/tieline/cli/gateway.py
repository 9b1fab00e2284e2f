"""``tieline gateway``: serves one operator's gateway; its verbs do what its staff do in the console, for scripts.

They speak to the back office, whose token they read from its file; what they do is noted under your name.
"""

import getpass
import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import httpx
import msgspec
import typer

from tieline.cli.errors import CommandError, Exit, from_problem
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.platform import logs
from tieline.platform.process import run

app = typer.Typer(help="An operator's gateway: serve it, and do what its staff do.", invoke_without_command=True)
Url = Annotated[str, typer.Option(envvar="TIELINE_GATEWAY_URL", help="Where the back office answers.")]
Token = Annotated[
    Path, typer.Option(envvar="TIELINE_GATEWAY_BACKOFFICE_TOKEN_FILE", help="File with the back office's token.")
]
By = Annotated[str, typer.Option("--by", envvar="TIELINE_GATEWAY_BY", help="Who does it; you, unless said otherwise.")]
Code = Annotated[str, typer.Argument(help="The utility's code.")]
JobName = Annotated[str, typer.Argument(metavar="JOB", help="The job's name on the wire, as in aj-12.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept, and of plans and notices utilities read it.")]
_URL = "http://127.0.0.1:8411"
_TOKEN = Path("var/gateway-a/backoffice-token")


class Office:
    """The back office of one gateway."""

    def __init__(self, url: str, token: Path) -> None:
        try:
            secret = token.read_text("ascii").strip()
        except OSError as error:
            raise CommandError(
                f"The back office's token cannot be read: {error}",
                advice="Name its file with --token or TIELINE_GATEWAY_BACKOFFICE_TOKEN_FILE.",
                exit_code=Exit.NOT_ALLOWED,
            ) from error
        self._url = url
        self._http = httpx.Client(
            base_url=url.rstrip("/") + "/backoffice/v1", headers={"Authorization": f"Bearer {secret}"}, timeout=60
        )

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Send a request; gives the JSON answer. Raises ``CommandError`` with what the back office says."""
        params = {name: value for name, value in query.items() if value is not None}
        try:
            answer = self._http.request(method, path, json=body, params=params)
        except httpx.TransportError as error:
            raise CommandError(
                f"The back office at {self._url} does not answer ({type(error).__name__}).",
                advice="Is the gateway running? Name another address with --url.",
                exit_code=Exit.UNREACHABLE,
            ) from error
        if answer.is_error:
            raise from_problem(answer.status_code, _problem(answer))
        return msgspec.json.decode(answer.content) if answer.content else None


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return os.environ.get("USER", "command line")


@app.callback()
def gateway(context: typer.Context) -> None:
    """Serve one operator's gateway; settings come from TIELINE_GATEWAY_*. With a verb: do what its staff do."""
    if context.invoked_subcommand is not None:
        return
    from tieline.gateway import run as run_gateway  # noqa: PLC0415 - its settings are needed by this command alone
    from tieline.gateway.settings import load as load_gateway  # noqa: PLC0415 - as above

    settings = load_gateway()
    logs.configure(settings.log_level)
    run(lambda: run_gateway(settings))


@app.command("utilities")
def utilities(*, url: Url = _URL, token: Token = _TOKEN, json: AsJson = False) -> None:
    """List who is served, and on which terms."""
    office = Office(url, token)
    found = office.ask("GET", "/utilities")
    for one in found:
        one.update(office.ask("GET", f"/utilities/{one['code']}/standing"))
    if json:
        print_json(found)
        return
    rows = [
        [
            one["code"],
            one["name"],
            "suspended" if one["suspended_at"] else "served",
            f"{one['calls_per_second']:g}",
            one["max_changes_per_plan"],
            ", ".join(one["permitted"]) if one["permitted"] else "every kind",
        ]
        for one in found
    ]
    print_table("", ["Code", "Name", "State", "Calls a second", "Changes a plan", "May call"], rows)


@app.command("utility")
def utility(code: Code, *, url: Url = _URL, token: Token = _TOKEN, json: AsJson = False) -> None:
    """Show one utility: whether it is let in, told, and with which certificates it comes."""
    office = Office(url, token)
    found = {
        "standing": office.ask("GET", f"/utilities/{code}/standing"),
        "recipients": office.ask("GET", f"/utilities/{code}/recipients"),
        "certificates": office.ask("GET", f"/utilities/{code}/known-certificates"),
    }
    if json:
        print_json(found)
        return
    standing = found["standing"]
    state = f"suspended: {standing['suspended_reason']}" if standing["suspended_at"] else "served"
    out.print(plain(f"{code} is {state}."))
    told = [[one["kind"], one["address"], one["waiting"], one["last_error"]] for one in found["recipients"]]
    print_table("", ["Told of", "Address", "Waiting", "What went wrong"], told, empty="It has named no address yet.")
    held = [
        [one["fingerprint"][:16], one["client_id"], one["subject"], _day(one["not_after"]), _day(one["seen_at"])]
        for one in found["certificates"]
    ]
    print_table("", ["SHA-256", "Client", "Subject", "Over", "Last came in"], held, empty="It has no certificate.")


@app.command("suspend")
def suspend(
    code: Code, *, reason: Reason, by: By = "", url: Url = _URL, token: Token = _TOKEN, json: AsJson = False
) -> None:
    """Answer no call of a utility, within seconds; what it has running goes on."""
    body = {"by": by or _me(), "reason": reason}
    _said(Office(url, token).ask("POST", f"/utilities/{code}/suspend", body), f"{code} is suspended.", json=json)


@app.command("resume")
def resume(code: Code, *, by: By = "", url: Url = _URL, token: Token = _TOKEN, json: AsJson = False) -> None:
    """Answer a utility's calls again."""
    answer = Office(url, token).ask("POST", f"/utilities/{code}/resume", {"by": by or _me()})
    _said(answer, f"{code} is served again.", json=json)


@app.command("permit")
def permit(
    code: Code,
    kinds: Annotated[
        list[str] | None, typer.Argument(help="read, write, plans, notices, groups, events, usage.")
    ] = None,
    *,
    by: By = "",
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """Set which kinds of call a utility may make; none named: every kind."""
    body = {"by": by or _me(), "scopes": kinds or None}
    answer = Office(url, token).ask("PUT", f"/utilities/{code}/permitted", body)
    _said(answer, f"{code} may call: {', '.join(answer['permitted'] or ['every kind'])}.", json=json)


@app.command("plans")
def plans(
    *,
    utility: Annotated[str | None, typer.Option(help="Of one utility.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="RUNNING, COMPLETED, …; several times.")] = None,
    bad: Annotated[bool, typer.Option("--bad", help="Only those in which something failed.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=1000, help="At most so many.")] = 50,
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """List utilities' plans, the latest first."""
    query = {"utility": utility, "state": state, "bad": bad or None, "limit": limit}
    found = Office(url, token).ask("GET", "/jobs", **query)["items"]
    if json:
        print_json(found)
        return
    columns = ["Job", "Utility", "Name", "State", "Changes", "Done", "Failed", "Way back"]
    names = ("id", "utility", "name", "state", "total", "done", "failed", "fallback")
    print_table("", columns, [[one[name] for name in names] for one in found], empty="No plan.")


@app.command("plan")
def plan(
    job: JobName,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also the changes that went well.")] = False,
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """Show a plan, and what failed of it."""
    found = Office(url, token).ask("GET", f"/jobs/{job}", everything=everything)
    if json:
        print_json(found)
        return
    one = found["job"]
    out.print(plain(f"{one['name'] or job} of {one['utility']}: {one['state']}, {one['done']} of {one['total']} done."))
    rows = [[each["target"], each["state"], "; ".join(each["errors"])] for each in found["outcomes"]]
    print_table("", ["Object", "Outcome", "Why"], rows, empty="Nothing failed.")


@app.command("cancel")
def cancel(
    job: JobName, *, reason: Reason = "", by: By = "", url: Url = _URL, token: Token = _TOKEN, json: AsJson = False
) -> None:
    """Have a plan stop; what is done stays done."""
    answer = Office(url, token).ask("POST", f"/jobs/{job}/cancel", {"by": by or _me(), "reason": reason})
    _said(answer, f"{job} is being cancelled.", json=json)


@app.command("take-back")
def take_back(
    job: JobName, *, reason: Reason, by: By = "", url: Url = _URL, token: Token = _TOKEN, json: AsJson = False
) -> None:
    """Have the effects of a plan taken back, where a way back was kept."""
    answer = Office(url, token).ask("POST", f"/jobs/{job}/take-back", {"by": by or _me(), "reason": reason})
    _said(answer, f"{answer['job']} takes {job} back.", json=json)


@app.command("log")
def log(
    *,
    utility: Annotated[str | None, typer.Option(help="Of one utility.")] = None,
    party: Annotated[str | None, typer.Option(help="utility, staff or network.")] = None,
    job: Annotated[str | None, typer.Option(help="What one plan changed.")] = None,
    client: Annotated[str | None, typer.Option(help="What one API client changed.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only what came after this row.")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=5000, help="At most so many.")] = 100,
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """List changes of objects, the oldest first: who made them, before and after."""
    query = {"utility": utility, "party": party, "job": job, "client": client, "after": after, "limit": limit}
    found = Office(url, token).ask("GET", "/change-log", **query)["items"]
    if json:
        print_json(found)
        return
    rows = [
        [one["id"], one["at"], _by(one), one["operation"], one["dn"], _short(one["before"]), _short(one["after"])]
        for one in found
    ]
    print_table("", ["Row", "When", "By", "What", "Object", "Before", "After"], rows, empty="Nothing was changed.")


def _by(entry: Mapping[str, Any]) -> str:
    client = entry["client_name"] or entry["client"]
    return f"{entry['source']} ({client})" if client else str(entry["source"])


@app.command("notices")
def notices(*, url: Url = _URL, token: Token = _TOKEN, json: AsJson = False) -> None:
    """List notices, those that are being written too."""
    found = Office(url, token).ask("GET", "/notices", limit=500)["items"]
    if json:
        print_json(found)
        return
    rows = [
        [one["ref"], one["state"], one["kind"], (one["draft"] or one["published"] or {}).get("title"), one["revision"]]
        for one in found
    ]
    print_table("", ["Reference", "State", "Kind", "Title", "Revision"], rows, empty="No notice.")


@app.command("notice")
def notice(
    ref: Annotated[str, typer.Argument(help="The notice's reference.")],
    *,
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """Show a notice: its phases, how many subscriptions each hits now, and what utilities answered."""
    office = Office(url, token)
    found = office.ask("GET", f"/notices/{ref}")
    found["hits"] = office.ask("GET", f"/notices/{ref}/hits")
    if json:
        print_json(found)
        return
    said = found["draft"] or found["published"] or {}
    out.print(plain(f"{said.get('title')} ({ref}, {found['state']}, revision {found['revision']})"))
    rows = [
        [phase["name"], phase["period"]["startDateTime"][:10], phase["period"]["endDateTime"][:10], _hit(hit)]
        for phase, hit in zip(said.get("phases", []), found["hits"], strict=True)
    ]
    print_table("", ["Phase", "Begins", "Over by", "Hits now"], rows, empty="No phases.")
    answers = [[one["utility"], one["status"], one["revision"], one["reason"]] for one in found["answers"]]
    print_table("", ["Utility", "Answer", "To revision", "Words"], answers, empty="No answer yet.")


@app.command("write-notice")
def write_notice(
    ref: Annotated[str, typer.Argument(help="The notice's reference, your own.")],
    file: Annotated[Path, typer.Argument(help="What it says, as JSON (docs/reference/gateway.md).", exists=True)],
    *,
    by: By = "",
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """Write a notice, or what its next revision is to be; utilities see it once it is published."""
    try:
        body = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CommandError(f"{file} is not JSON: {error}", exit_code=Exit.USAGE) from error
    answer = Office(url, token).ask("PUT", f"/notices/{ref}", {"by": by or _me(), **body})
    _said(answer, f"{ref} is written; publish it with: tieline gateway publish {ref}", json=json)


@app.command("publish")
def publish(
    ref: Annotated[str, typer.Argument(help="The notice's reference.")],
    *,
    reason: Reason = "",
    by: By = "",
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """Publish what is written as the next revision, and tell utilities."""
    answer = Office(url, token).ask("POST", f"/notices/{ref}/publish", {"by": by or _me(), "reason": reason})
    _said(answer, f"Revision {answer['revision']} of {ref} is published.", json=json)


@app.command("withdraw")
def withdraw(
    ref: Annotated[str, typer.Argument(help="The notice's reference.")],
    *,
    reason: Reason,
    by: By = "",
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """Take a published notice back, and tell utilities."""
    answer = Office(url, token).ask("POST", f"/notices/{ref}/withdraw", {"by": by or _me(), "reason": reason})
    _said(answer, f"{ref} is withdrawn.", json=json)


@app.command("clients")
def clients(
    *,
    utility: Annotated[str | None, typer.Option(help="Of one utility.")] = None,
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """List the programs of utilities, and what each may do."""
    found = Office(url, token).ask("GET", "/clients", utility=utility)
    if json:
        print_json(found)
        return
    rows = [
        [
            one["client_id"],
            "disabled" if one["revoked_at"] else "may call",
            ", ".join(one["scopes"]),
            one["subject"],
            len(one["certificates"]),
            _day(one["token_at"]),
        ]
        for one in found
    ]
    print_table("", ["Client", "State", "May", "Subject", "Certificates", "Last token"], rows, empty="No client.")


@app.command("make-client")
def make_client(
    code: Code,
    name: Annotated[str, typer.Argument(help="Short name: small letters, digits, dashes.")],
    *,
    scope: Annotated[
        list[str], typer.Option(help="read, write, plans, notices, groups, events, usage; several times.")
    ],
    certificate: Annotated[list[str] | None, typer.Option(help="SHA-256 of a certificate; several times.")] = None,
    subject: Annotated[str | None, typer.Option(help="Subject of any certificate that counts: CN=scada,O=Grid")] = None,
    by: By = "",
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """Make an API client of a utility."""
    body = {"name": name, "scopes": scope, "certificates": certificate or [], "subject": subject, "by": by or _me()}
    answer = Office(url, token).ask("POST", f"/utilities/{code}/clients", body)
    _said(answer, f"{answer['client_id']} may call.", json=json)


@app.command("disable-client")
def disable_client(
    client: Annotated[str, typer.Argument(help="The client's id, as in DSO.scada.")],
    *,
    reason: Reason = "",
    by: By = "",
    url: Url = _URL,
    token: Token = _TOKEN,
    json: AsJson = False,
) -> None:
    """End a client for good: its certificates and tokens stop counting within seconds."""
    body = {"by": by or _me(), "reason": reason or None}
    _said(Office(url, token).ask("POST", f"/clients/{client}/revoke", body), f"{client} is disabled.", json=json)


def _said(answer: Any, words: str, *, json: bool) -> None:
    if json:
        print_json(answer)
    else:
        out.print(plain(words))


def _day(moment: str | None) -> str | None:
    return moment[:10] if moment else None


def _short(values: dict[str, Any] | None) -> str:
    return ", ".join(f"{name}={value}" for name, value in islice((values or {}).items(), 3))


def _hit(hit: dict[str, Any]) -> str:
    if hit["subscriptions"] is None:
        return "cannot be told"
    return ", ".join(f"{code} {count}" for code, count in hit["subscriptions"].items()) or "nobody"
