"""Nautobot, asked to do what its page "Bulk edit" does: one custom field on all devices, change log on.

It is installed from its package into an environment of its own, and runs as programs of its own on a PostgreSQL and a
Redis of its own. What was installed and filled stays under ``var/peers/nautobot`` for the next run.
"""

import json
import os
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tieline.platform.embedded import EmbeddedPostgres

VERSION = "3.2.7"
"""The release that is measured."""
_HOME = Path("var/peers/nautobot")
_JOB = "nautobot.core.jobs.bulk_actions.BulkEditObjects"

# What runs inside Nautobot's own shell. Devices are made below its forms, for it is the edit that is measured.
_FILL = """
from django.contrib.contenttypes.models import ContentType
from nautobot.dcim.models import Device, DeviceType, Location, LocationType, Manufacturer
from nautobot.extras.models import CustomField, Role, Status
devices = ContentType.objects.get_for_model(Device)
active = Status.objects.get(name="Active")
kind, _ = LocationType.objects.get_or_create(name="Substation")
kind.content_types.add(devices)
place, _ = Location.objects.get_or_create(name="Kent", location_type=kind, status=active)
role, _ = Role.objects.get_or_create(name="Router")
role.content_types.add(devices)
maker, _ = Manufacturer.objects.get_or_create(name="Maker")
model, _ = DeviceType.objects.get_or_create(manufacturer=maker, model="4G router")
field, _ = CustomField.objects.get_or_create(key="plan", defaults={"label": "Plan", "type": "text"})
field.content_types.add(devices)
Device.objects.all().delete()
Device.objects.bulk_create(
    [Device(name=f"router-{n:06d}", device_type=model, role=role, location=place, status=active) for n in range(COUNT)],
    batch_size=1000,
)
print("CONTENT_TYPE", devices.pk)
"""
_COUNT = """
from nautobot.dcim.models import Device
from nautobot.extras.models import ObjectChange
print("EDITED", Device.objects.filter(_custom_field_data__plan="VALUE").count())
print("LOGGED", ObjectChange.objects.filter(changed_object_type__model="device", action="update").count())
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit of all devices came to: seconds, seconds of processor time of its process, objects and log rows."""

    seconds: float
    cpu: float
    edited: int
    logged: int


def missing() -> str:
    """Why it cannot run here; nothing if it can."""
    return "" if shutil.which("redis-server") else "redis-server is not installed"


@dataclass(frozen=True, slots=True)
class Nautobot:
    """A Nautobot that is migrated and has an administrator."""

    home: Path
    environment: Mapping[str, str]

    def server(self, *words: str) -> str:
        """Run its management program; gives what it printed. Raises ``RuntimeError`` with the end of its errors."""
        program = self.home / "venv/bin/nautobot-server"
        done = subprocess.run(
            [program, *words], env=self.environment, cwd=self.home, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"nautobot-server {words[0]} failed: {done.stderr[-2000:]}")
        return done.stdout

    def fill(self, devices: int) -> int:
        """Have so many devices and no other; gives the number of the content type of devices."""
        return _figure(self.server("nbshell", "--command", _FILL.replace("COUNT", str(devices))), "CONTENT_TYPE")

    def edit(self, content_type: int, value: str) -> Edit:
        """Set the custom field of all devices by the job behind the page "Bulk edit", and count what came of it."""
        data = {"content_type": content_type, "edit_all": True, "form_data": {"cf_plan": value}}
        words = ("runjob", "--local", "--username", "admin", "--data", json.dumps(data), _JOB)
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        self.server(*words)
        took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        told = self.server("nbshell", "--command", _COUNT.replace("VALUE", value))
        return Edit(took, cpu, _figure(told, "EDITED"), _figure(told, "LOGGED"))


@contextmanager
def running(home: Path = _HOME) -> Iterator[Nautobot]:
    """Install what is not there yet, start its servers on loopback, make its schema; stop them afterwards."""
    home = home.absolute()
    _install(home / "venv")
    with EmbeddedPostgres(home) as server, _redis(home) as port:
        found = Nautobot(home, _environment(home, server.ensure_database("nautobot"), port))
        if not (home / "nautobot_config.py").exists():
            found.server("init", "--disable-installation-metrics", str(home / "nautobot_config.py"))
        if not (home / "ready").exists():
            found.server("migrate", "--no-input")
            found.server("createsuperuser", "--no-input", "--username", "admin", "--email", "admin@example.org")
            (home / "ready").touch()
        yield found


def _install(venv: Path) -> None:
    if (venv / "bin/nautobot-server").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin/pip", "install", "--quiet", f"nautobot=={VERSION}"], check=True)


def _environment(home: Path, url: str, redis_port: int) -> dict[str, str]:
    parts = urlsplit(url)
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    return kept | {
        "NAUTOBOT_CONFIG": str(home / "nautobot_config.py"),
        "NAUTOBOT_ROOT": str(home),
        "NAUTOBOT_DB_ENGINE": "django.db.backends.postgresql",
        "NAUTOBOT_DB_NAME": parts.path.lstrip("/"),
        "NAUTOBOT_DB_USER": parts.username or "",
        "NAUTOBOT_DB_PASSWORD": parts.password or "",
        "NAUTOBOT_DB_HOST": parts.hostname or "",
        "NAUTOBOT_DB_PORT": str(parts.port or ""),
        "NAUTOBOT_REDIS_HOST": "127.0.0.1",
        "NAUTOBOT_REDIS_PORT": str(redis_port),
        "NAUTOBOT_SECRET_KEY": secrets.token_urlsafe(40),
        "DJANGO_SUPERUSER_PASSWORD": secrets.token_urlsafe(20),
    }


@contextmanager
def _redis(home: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(home))
    server = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)  # noqa: S607
    try:
        _answers(port)
        yield port
    finally:
        server.terminate()
        server.wait(10)


def _answers(port: int, *, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while True:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > until:
            raise RuntimeError(f"Redis did not answer within {seconds:.0f} s.")
        time.sleep(0.05)


def _figure(told: str, name: str) -> int:
    return next(int(line.split()[1]) for line in told.splitlines() if line.startswith(f"{name} "))
