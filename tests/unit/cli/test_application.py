"""The commands are loaded when they are asked for, and all of them can be."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from tieline.cli.application import app

COMMANDS = list(typer.main.get_group(app).commands)
HEAVY = ("alembic", "fastapi", "httpx", "psycopg", "tieline.gateway", "tieline.platform.db", "tieline.utility")


def loaded(*words: str) -> set[str]:
    """Which of the heavy modules a fresh process has loaded once it was asked for the help of a command."""
    code = (
        "import sys\nfrom tieline.cli.application import app\n"
        f"app({[*words]!r}, standalone_mode=False)\n"
        f"print('loaded', *(name for name in {HEAVY!r} if name in sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own interpreter
    return set(said.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_can_be_loaded_and_has_a_help(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert f"tieline {name} [OPTIONS]" in result.output


def test_a_name_that_is_almost_one_is_suggested() -> None:
    result = CliRunner().invoke(app, ["fleeet"])
    assert result.exit_code == 2
    assert "Did you mean 'fleet'?" in result.output


def test_asking_for_one_command_loads_no_other() -> None:
    assert loaded("--version") == set()
    assert loaded("change", "list", "--help") == {"httpx"}
    assert loaded("gateway", "--help") <= {"httpx", "tieline.platform.db"}
