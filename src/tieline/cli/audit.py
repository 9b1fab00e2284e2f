"""``tieline audit``: what was done, by whom, and whether the trail that tells it is whole."""

import asyncio
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from pydantic import SecretStr

from tieline.cli.client import connect
from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.platform import audit
from tieline.platform.db import Database, is_lost
from tieline.platform.settings import load
from tieline.platform.words import plural

app = typer.Typer(help="The audit trail: list and verify.", no_args_is_help=True)
_MOST_SHOWN = 80


@app.command("list")
def list_entries(
    *,
    actor: Annotated[str | None, typer.Option(help="Who, for example user:mara.")] = None,
    action: Annotated[str | None, typer.Option(help="What, for example change.approved or change.*")] = None,
    subject: Annotated[str | None, typer.Option(help="To what, for example change:12.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From this moment on.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this moment.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """List what was done, the latest first."""
    query = {"actor": actor, "action": action, "subject": subject, "since": _iso(since), "until": _iso(until)}
    with connect() as client:
        found = list(islice(client.pages("/audit", limit=min(limit, 1000), **query), limit))
    if json:
        print_json(found)
        return
    print_table(
        "Audit trail", ["Entry", "When (UTC)", "Who", "Action", "Subject", "Detail"], [_row(one) for one in found]
    )


def _iso(moment: datetime | None) -> str | None:
    """The moment with its zone; one without is taken as this machine's own time."""
    return moment.astimezone().isoformat() if moment else None


def _row(one: Any) -> list[Any]:
    detail = "; ".join(f"{name}: {value}" for name, value in one["detail"].items())
    short = detail if len(detail) <= _MOST_SHOWN else f"{detail[: _MOST_SHOWN - 1]}…"
    return [str(one["seq"]), one["at"][:19].replace("T", " "), one["actor"], one["action"], one["subject"], short]


@app.command("verify")
def verify(
    *,
    offline: Annotated[
        str, typer.Option(metavar="DATABASE_URL", help="Follow the chain in a database directly, without the platform.")
    ] = "",
    home: Annotated[
        Path | None, typer.Option(help="With --offline: the folder with the signing key and signed heads.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Follow the whole chain beside its signed heads. Exit code 1 when the trail is not what was written."""
    verdict = _offline(offline, home) if offline else _online()
    if json:
        print_json(verdict)
    else:
        _tell(verdict)
    if not verdict["ok"]:
        raise typer.Exit(Exit.PARTLY)


def _online() -> dict[str, Any]:
    with connect() as client:
        found: dict[str, Any] = client.get("/audit/verify")
    return found


def _offline(url: str, home: Path | None) -> dict[str, Any]:
    try:
        verdict = asyncio.run(_follow(url, home))
    except Exception as error:
        if not is_lost(error):
            raise
        raise CommandError("The database does not answer.", exit_code=Exit.UNREACHABLE) from error
    fault = verdict.fault
    return {
        "ok": verdict.ok,
        "entries": verdict.head.seq,
        "hash": verdict.head.hash.hex(),
        "witnessed": verdict.witnessed,
        "fault": {"wrong": fault.wrong.value, "seq": fault.seq, "detail": fault.detail} if fault else None,
    }


async def _follow(url: str, home: Path | None) -> audit.Verdict:
    settings = load().model_copy(update={"database_url": SecretStr(url), **({"home": home} if home else {})})
    witness = None
    if settings.witness_file.exists():
        _require_key(settings.home)
        witness = await asyncio.to_thread(audit.open_witness, settings)
    await (await psycopg.AsyncConnection.connect(url)).close()  # a pool would try for long before it gives up
    database = await Database.open(url, size=2, name="tieline-audit-verify")
    try:
        async with database.snapshot() as tx:
            return await audit.verify(tx, witness)
    finally:
        await database.close()


def _require_key(home: Path) -> None:
    """Opening the witness would make a new key where there is none, and no head is signed by that one."""
    if not (home / "keys" / "audit.pem").exists():
        raise CommandError(
            f"There are signed heads, but not the key that signed them: {home / 'keys' / 'audit.pem'}.",
            advice="Copy it from the platform's home, or name the folder that holds both with --home.",
            exit_code=Exit.USAGE,
        )


def _tell(verdict: dict[str, Any]) -> None:
    fault = verdict["fault"]
    if fault:
        out.print(plain(f"✗ The trail is not what was written: {fault['detail']}"), style="bold")
        out.print(
            f"  Entries up to {verdict['entries']:,} are good. Keep database and signed heads as they are.", style="dim"
        )
        return
    signed = f"signed up to {verdict['witnessed']:,}" if verdict["witnessed"] else "no signed head was found"
    out.print(f"[bold green]✓[/] The trail is whole: {plural(verdict['entries'], 'entry', 'entries')}, {signed}.")
    out.print(f"  Hash of the last: {verdict['hash']}", style="dim")
