"""The demonstration: a world is made, both operators and the platform are filled with it, people get their logins."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tieline.cli.errors import CommandError
from tieline.cli.output import err, out, progress
from tieline.cli.serve import FIRST_ADMINISTRATOR
from tieline.cli.stack import Layout, kept_secret
from tieline.lab import fill, people
from tieline.lab.world import WorldSpec, build_world, write_world
from tieline.platform.pki import Authority

CLIENT = "utility-client"
LIMITS: Mapping[str, tuple[float, int]] = {"A": (50.0, 2000), "B": (20.0, 1000)}
"""Calls per second and changes a plan, by operator: two operators, two contracts."""


class Login(msgspec.Struct, frozen=True):
    """A person of the demonstration: how they sign in, and a token for programs."""

    name: str
    password: str
    token: str


class Logins(msgspec.Struct, frozen=True):
    """Everybody who can sign in."""

    people: dict[str, Login]


@dataclass(frozen=True, slots=True)
class WorldAt:
    """A written world: where, and from how many sites and which seed."""

    folder: Path
    sites: int
    seed: int


def prepare(
    layout: Layout,
    *,
    sites: int,
    seed: int,
    limits: Mapping[str, tuple[float, int]] = LIMITS,
    charged: bool = False,
) -> Logins:
    """Make people and world, and load everything that is not loaded yet; shows what it does on standard error.

    ``charged``: with two months of usage and the operators' bills.
    """
    logins = _people(layout)
    marker = layout.home / "demo" / f"loaded-{sites}-{seed}"
    if marker.exists():
        return logins
    with progress() as bar:
        task = bar.add_task("Making the world", total=None)

        def tell(what: str) -> None:
            bar.update(task, description=what, advance=1)

        world = _world(layout, sites, seed, tell)
        _fill(layout, logins, world.folder, operator_sides(layout, limits), tell, charged=charged)
        bar.update(task, description="The world is loaded", total=1, completed=1)
    marker.touch()
    return logins


def introduce(layout: Layout, logins: Logins) -> None:
    """Say where everything is and who may sign in."""
    out.print(f"\n  Console     {layout.url}")
    out.print(f"  REST API    {layout.url}/api/v1   (described by /api/v1/openapi.json)")
    for ports in layout.gateways:
        out.print(f"\n  Operator {ports.code}  {layout.standard_url(ports.code)} (mutual TLS)", soft_wrap=True)
        _staff_of(layout, ports.code)
    out.print(f"\n  Logs        {layout.home / 'logs'}\n", soft_wrap=True)
    out.print("  Sign in as one of these:\n")
    roles = {name: ", ".join(held) for name, _shown, held in people.STAFF}
    for login in logins.people.values():
        what = roles.get(login.name, "administrator")
        out.print(f"  {login.name:<8} {what:<14} {login.password}", highlight=False, soft_wrap=True)
    out.print("\n  The networks are simulated. Ctrl-C stops everything.\n")


def _staff_of(layout: Layout, code: str) -> None:
    """Say where the console of an operator's staff is, and who was the first that may sign in there."""
    first = layout.home / f"gateway-{code.lower()}" / FIRST_ADMINISTRATOR
    who = f"   {first.read_text(encoding='utf-8').strip()}" if first.exists() else ""
    out.print(
        f"              the console of its own staff {layout.backoffice_url(code)}{who}",
        highlight=False,
        soft_wrap=True,
    )


def operator_sides(layout: Layout, limits: Mapping[str, tuple[float, int]] = LIMITS) -> list[fill.OperatorSide]:
    """Both operators as their own staff reaches them, and what their contracts permit."""
    authority = Authority(layout.home / "pki")
    return [
        fill.OperatorSide(
            code=ports.code,
            backoffice_url=layout.backoffice_url(ports.code),
            backoffice_token=layout.backoffice_token(ports.code),
            standard_url=layout.standard_url(ports.code),
            notifier_fingerprint=authority.client(f"operator-{ports.code.lower()}").fingerprint,
            calls_per_second=limits[ports.code][0],
            max_changes_per_plan=limits[ports.code][1],
        )
        for ports in layout.gateways
    ]


def mappings_folder() -> Path:
    """Where the example mappings lie in this checkout. Raises ``CommandError`` where there are none."""
    folder = Path(__file__).resolve().parents[3] / "examples" / "mappings"
    if not folder.is_dir():
        raise CommandError("The example mappings are not here.", advice="Run the demonstration from a checkout.")
    return folder


def _people(layout: Layout) -> Logins:
    kept = layout.home / "demo" / "logins.json"
    if kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=Logins)
    name, password = (layout.home / FIRST_ADMINISTRATOR).read_text(encoding="utf-8").split()
    staff = [
        people.Person(person, shown, roles, kept_secret(layout.home / "demo" / f"password-{person}"))
        for person, shown, roles in people.STAFF
    ]
    administrator = people.SignedIn(layout.url, name, password)
    administrator.add(staff)
    found = {name: Login(name, password, administrator.token("demonstration"))}
    administrator.close()
    for person in staff:
        session = people.SignedIn(layout.url, person.name, person.password)
        found[person.name] = Login(person.name, person.password, session.token("demonstration"))
        session.close()
    logins = Logins(found)
    kept.touch(mode=0o600)
    kept.write_bytes(msgspec.json.encode(logins))
    return logins


def _world(layout: Layout, sites: int, seed: int, tell: Callable[[str], None]) -> WorldAt:
    folder = layout.home / "worlds" / f"{sites}-{seed}"
    if not (folder / "world.json").exists():
        data = os.environ.get("TIELINE_DATA")
        if not data:
            err.print("  TIELINE_DATA is not set: the country is invented.")
        spec = WorldSpec(sites=sites, seed=seed, data=Path(data) if data else None)
        write_world(build_world(spec, tell), folder, tell)
    return WorldAt(folder, sites, seed)


def _fill(
    layout: Layout,
    logins: Logins,
    world: Path,
    sides: list[fill.OperatorSide],
    tell: Callable[[str], None],
    *,
    charged: bool,
) -> None:
    credential = Authority(layout.home / "pki").client(CLIENT)
    utility = fill.UtilitySide(f"localhost:{layout.operators_in}", credential.fingerprint)
    for side in sides:
        fill.fill_operator(side, utility, world, tell, charged=charged)
    ways = fill.Ways(CLIENT, f"https://localhost:{layout.operators_in}", mappings_folder())
    with fill.Platform(layout.url, logins.people["admin"].token) as platform:
        fill.fill_platform(platform, sides, world, ways, tell)
        if charged:
            fill.check_bills(platform, sides, tell)
