"""``tieline certificate``: the certificates in the folder of keys on this machine, and their renewal."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tieline.cli.errors import CommandError, Exit
from tieline.cli.output import AsJson, out, plain, print_json, print_table
from tieline.platform.pki import Authority, Expiry, certificates
from tieline.platform.pki.expiry import SOON
from tieline.platform.settings import load

app = typer.Typer(help="Certificates on this machine: list, check, renew.", no_args_is_help=True)
Folder = Annotated[Path | None, typer.Option(help="Folder of keys; unset: as the settings say.")]
Name = Annotated[str, typer.Argument(help="Name of the certificate: its file without .pem.")]


def _folder(given: Path | None) -> Path:
    return given or load().pki_folder


def _found(given: Path | None) -> list[Expiry]:
    return certificates(_folder(given), None if given else load().tls_certificate)


@app.command("list")
def list_certificates(*, folder: Folder = None, json: AsJson = False) -> None:
    """List certificates, what is over first."""
    now = datetime.now(UTC)
    found = _found(folder)
    if json:
        print_json([_shown(one, now) for one in found])
        return
    columns = ["Name", "Kind", "Until", "Time to go", "Fingerprint (SHA-256)"]
    rows = [[one.name, one.kind, f"{one.not_after:%Y-%m-%d}", one.words(now), one.fingerprint] for one in found]
    print_table("Certificates", columns, rows, empty="None. They are made when the platform is first started.")


def _shown(one: Expiry, now: datetime) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "subject": one.subject,
        "fingerprint": one.fingerprint,
        "not_before": one.not_before,
        "not_after": one.not_after,
        "days_left": one.left(now).days,
        "file": str(one.path),
    }


@app.command("check")
def check(
    *,
    days: Annotated[int, typer.Option(min=1, help="How many days are enough.")] = SOON.days,
    folder: Folder = None,
    json: AsJson = False,
) -> None:
    """Exit code 1 when a certificate has fewer days to go; for whatever tells somebody when a command fails."""
    now = datetime.now(UTC)
    late = [one for one in _found(folder) if one.left(now).days < days]
    if json:
        print_json([_shown(one, now) for one in late])
    elif not late:
        out.print(f"[bold green]✓[/] Every certificate has {days} days or more to go.")
    else:
        for one in late:
            out.print(plain(f"✗ {one.name}: {one.words(now)}"))
    if late:
        raise typer.Exit(Exit.PARTLY)


@app.command("renew")
def renew(
    name: Name,
    *,
    certificate: Annotated[Path | None, typer.Option(exists=True, help="PEM file of another authority.")] = None,
    key: Annotated[Path | None, typer.Option(exists=True, help="Its key.")] = None,
    folder: Folder = None,
    json: AsJson = False,
) -> None:
    """Put a successor beside a certificate: issued by the built-in authority, or the pair that is given."""
    if (certificate is None) != (key is None):
        raise CommandError("Name --certificate and --key together, or neither.", exit_code=Exit.USAGE)
    authority = Authority(_folder(folder))
    try:
        if certificate is not None and key is not None:
            staged = authority.stage(name, certificate.read_bytes(), key.read_bytes())
        else:
            staged = authority.renew(name)
    except ValueError as error:
        raise CommandError(f"It cannot be renewed: {error}.") from error
    if json:
        print_json({"name": name, "file": str(staged.certificate), "fingerprint": staged.fingerprint})
        return
    out.print(plain(f"The successor of {name} lies beside it. Fingerprint: {staged.fingerprint}"), soft_wrap=True)
    out.print(plain(f"  Make it known to the other side, then: tieline certificate switch {name}"), style="dim")


@app.command("switch")
def switch(name: Name, *, folder: Folder = None, json: AsJson = False) -> None:
    """Take the successor. Running processes take it up within seconds; nothing is started anew."""
    try:
        taken = Authority(_folder(folder)).switch(name)
    except ValueError as error:
        raise CommandError(f"It cannot be taken: {error}.") from error
    if json:
        print_json({"name": name, "fingerprint": taken.fingerprint})
    else:
        out.print(plain(f"{name} is renewed. Fingerprint: {taken.fingerprint}"), soft_wrap=True)
