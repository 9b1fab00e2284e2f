"""A whole running system to measure: platform, two gateways and a world, on ports of its own, gone afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from tieline.cli import demo
from tieline.cli.serve import FIRST_ADMINISTRATOR
from tieline.cli.stack import Layout, build, free_layout
from tieline.lab.fill import Platform
from tieline.lab.stories import Cast, Gateways
from tieline.platform.embedded import Supervisor
from tieline.platform.errors import Unavailable

SITES = int(os.environ.get("BENCH_SITES", "20000"))


@dataclass(frozen=True, slots=True)
class System:
    """What is running, and who may ask it."""

    layout: Layout
    logins: demo.Logins
    supervisor: Supervisor

    def as_(self, who: str) -> Platform:
        """The REST API as one person."""
        return Platform(self.layout.url, self.logins.people[who].token)

    def cast(self) -> Cast:
        """The people of the story."""
        return Cast(self.as_("fred"), self.as_("grace"), self.as_("grace"))

    def gateways(self) -> Gateways:
        """The operators' back offices."""
        return Gateways(
            {
                ports.code: (self.layout.backoffice_url(ports.code), self.layout.backoffice_token(ports.code))
                for ports in self.layout.gateways
            }
        )

    @contextmanager
    def browser(self, who: str) -> Iterator[httpx.Client]:
        """A client that is signed in as a browser is, with the session's cookie."""
        login = self.logins.people[who]
        with httpx.Client(base_url=self.layout.url, timeout=60) as client:
            answer = client.post("/api/v1/session", json={"name": login.name, "password": login.password})
            answer.raise_for_status()
            yield client

    @contextmanager
    def staff(self, code: str) -> Iterator[httpx.Client]:
        """A client that is signed in at an operator's console as its first administrator."""
        file = self.layout.home / f"gateway-{code.lower()}" / FIRST_ADMINISTRATOR
        name, password = file.read_text(encoding="utf-8").split()
        with httpx.Client(base_url=self.layout.backoffice_url(code), timeout=60) as client:
            answer = client.post("/sign-in", data={"name": name, "password": password})
            if not answer.is_redirect:
                answer.raise_for_status()
                raise Unavailable(f"Operator {code}'s console did not let {name} in.")
            yield client


@contextmanager
def running(
    sites: int, *, limits: Mapping[str, tuple[float, int]] = demo.LIMITS, calendar: str = ""
) -> Iterator[System]:
    """Start and fill a system of so many sites on 3G; stop it and remove every trace of it afterwards.

    ``limits``: calls a second and changes a plan, by operator. ``calendar``: one that runs faster than the clock.
    """
    home = Path(tempfile.mkdtemp(prefix="tieline-bench-"))
    layout = replace(free_layout(home), calendar=calendar)
    try:
        with build(layout, tell=lambda _event: None) as supervisor:
            yield System(layout, demo.prepare(layout, sites=sites, seed=1, limits=limits), supervisor)
    finally:
        shutil.rmtree(home, ignore_errors=True)
