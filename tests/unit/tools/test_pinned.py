"""Everything installed is pinned by its hash, and nothing runs while it is installed."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
_ENTRY = re.compile(r"^(?=\S)(?!#)", re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_each_python_package_has_a_version_and_its_hashes(lock: Path) -> None:
    entries = [entry for entry in _ENTRY.split(lock.read_text(encoding="utf-8")) if entry and not entry.startswith("#")]
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^ ]+", entry), entry[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry[:80]


def test_each_npm_package_has_its_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    installed = {name: package for name, package in packages.items() if name and not package.get("link")}
    assert installed
    assert [name for name, package in installed.items() if not package.get("integrity", "").startswith("sha512-")] == []


def test_installing_asks_for_the_hashes_and_runs_no_scripts() -> None:
    text = (ROOT / "tools" / "bootstrap.sh").read_text(encoding="utf-8")
    locked = [line for line in text.splitlines() if re.search(r"pip\"? (install|sync)\b", line)]
    assert locked
    assert all("--require-hashes" in line or "--no-deps" in line for line in locked)
    npm = [line for line in text.splitlines() if re.search(r"npm\" (ci|install)\b", line)]
    assert npm
    assert all(" ci --ignore-scripts" in line for line in npm)
