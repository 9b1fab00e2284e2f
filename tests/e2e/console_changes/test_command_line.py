"""The command line against a running platform: the same change as in the browser, by exit codes and JSON."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tools.served import PASSWORD

pytestmark = pytest.mark.slow


@dataclass
class Shell:
    """Somebody at a terminal."""

    url: str
    token: str
    home: Path

    def run(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        """Run ``tieline``; its exit code has to be the one expected."""
        environment = {
            **os.environ,
            "TIELINE_URL": self.url,
            "TIELINE_TOKEN": self.token,
            "XDG_CONFIG_HOME": str(self.home),
            "COLUMNS": "200",
        }
        if not self.token:
            environment.pop("TIELINE_TOKEN")
        ended = subprocess.run(  # noqa: S603 - our own program, arguments of the test
            [sys.executable, "-m", "tieline", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=environment,
            timeout=120,
            check=False,
        )
        assert ended.returncode == code, ended.stderr or ended.stdout
        return ended.stdout

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run it with ``--json``."""
        return json.loads(self.run(*arguments, "--json", code=code))


def test_a_change_is_planned_approved_run_and_taken_back(served: Any, tmp_path: Path) -> None:
    mara = Shell(served.url, served.token("mara"), tmp_path)
    dirk = Shell(served.url, served.token("dirk"), tmp_path)
    assert mara.json("fleet", "summary")["sites"] == 60

    made = mara.json(
        "change", "new", "subscription.configure", "--title", "Group of the north", "--where", "region=North",
        "--where", "linked=yes", "--set", "subscription_group=north", "--waves", "percent:50,50",
    )  # fmt: skip
    number, items = str(made["id"]), made["summary"]["impact"]["items"]
    assert items == 60
    mara.run("change", "submit", number)
    mara.run("change", "approve", number, "--hash", made["plan_hash"], code=3)
    dirk.run("change", "approve", number, "--hash", "0" * 64, code=5)
    dirk.run("change", "approve", number, "--hash", made["plan_hash"], "--comment", "Seen.")
    assert mara.json("change", "start", number, "--yes", "--watch")["counts"] == {"verified": items}
    assert "subscription_group: substations → north" in mara.run("change", "items", number, "--limit", "1")

    back = mara.json("change", "undo", number, "--operator", "A", "--reason", "Only the other one")
    assert back["summary"]["impact"]["by_operator"] == {"A": items // 2}
    assert dirk.json("audit", "verify")["ok"] is True
    assert {one["action"] for one in dirk.json("audit", "list", "--subject", f"change:{number}")} >= {
        "change.approved",
        "change.started",
    }


def test_signing_in_and_what_one_may_not(served: Any, tmp_path: Path) -> None:
    nobody = Shell(served.url, "", tmp_path)
    nobody.run("change", "list", code=3)
    nobody.run("login", served.url, "--name", "ada", "--password-stdin", stdin="wrong\n", code=3)
    nobody.run("login", served.url, "--name", "ada", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert {one["name"] for one in nobody.json("user", "list")} >= {"ada", "mara", "dirk"}
    words = f"{PASSWORD}\n"
    made = nobody.run("token", "create", "export", "--may", "inventory.read", "--password-stdin", stdin=words)
    Shell(served.url, made.strip().splitlines()[-1], tmp_path).run("fleet", "sites", "--limit", "1")
    nobody.run("change", "show", "99999", code=4)
    mara = Shell(served.url, served.token("mara"), tmp_path)
    mara.run("user", "list", code=3)
    Shell("http://127.0.0.1:1", "tl_x", tmp_path).run("change", "list", code=6)
