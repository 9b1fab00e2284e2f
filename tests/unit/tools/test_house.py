"""Each house rule finds what it is for, and spares what only looks like it."""

import subprocess
from pathlib import Path

import pytest
from tools import house

SLASH = "/"  # so that this file names no path of a machine itself


def check(rule: str, path: str, text: str) -> list[str]:
    return [f"{found.line} {found.rule}" for found in house.RULES[rule](house.Source(Path(path), text))]


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ("size", "src/tieline/a.py", "x = 1\n" * 601),
        ("function-size", "src/tieline/a.py", "def f():\n" + "    x = 1\n" * 80),
        ("sql", "src/tieline/utility/inventory/service.py", "q = 'SELECT 1'"),
        ("sql", "src/tieline/utility/inventory/service.py", "q = '  INSERT INTO site (id) VALUES (1)'"),
        ("sql", "src/tieline/utility/inventory/service.py", "q = 'update site set name = %s'"),
        ("sql", "src/tieline/utility/inventory/service.py", "q = f'WITH {x} AS (SELECT 1) DELETE FROM site'"),
        ("sql", "src/tieline/platform/clock.py", "q = 'select now() from site where id = 1'"),
        ("unfinished", "src/tieline/a.py", "x = 1  # TODO later"),
        ("unfinished", "src/tieline/a.ts", "// FIXME"),
        ("unfinished", "src/tieline/a.py", "raise NotImplementedError"),
        ("unfinished", "src/tieline/a.py", "if x:  # pragma: no cover"),
        ("sleep", "tests/unit/test_a.py", "import time\ntime.sleep(1)"),
        ("sleep", "tests/unit/test_a.py", "from time import sleep"),
        ("skip", "tests/unit/test_a.py", "pytest.skip()"),
        ("skip", "tests/unit/test_a.py", "@pytest.mark.skip\ndef test_a(): ..."),
        ("skip", "tests/unit/test_a.py", "@pytest.mark.skipif(x)\ndef test_a(): ..."),
        ("skip", "tests/unit/test_a.py", "@pytest.mark.xfail(strict=True)\ndef test_a(): ..."),
        ("hosts", "docs/a.md", "see https://" + "pypi" + ".org/simple"),
        ("hosts", "requirements/run.lock", "--index-url https://registry." + "npmjs" + ".org"),
        ("hosts", "README.md", f"cd {SLASH}work{SLASH}main"),
        ("hosts", "a.sh", f'"{SLASH}root{SLASH}.cache"'),
        ("print", "src/tieline/platform/db.py", "print('hello')"),
        ("docstring", "src/tieline/utility/inventory/policy.py", "def may(x): return x"),
        ("docstring", "src/tieline/utility/inventory/service/sites.py", "async def move(x): ..."),
        ("faces", "src/tieline/utility/console/pages/a.py", "from tieline.utility.inventory.store import sites"),
        ("faces", "src/tieline/utility/changes/a.py", "import tieline.utility.connectors.port"),
    ],
)
def test_found(rule: str, path: str, text: str) -> None:
    found = check(rule, path, text)
    assert found
    assert {line.split()[1] for line in found} == {rule}


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ("faces", "src/tieline/utility/console/pages/a.py", "from tieline.utility.inventory import Kind"),
        ("faces", "src/tieline/utility/inventory/a.py", "from tieline.utility.inventory.store import sites"),
        ("faces", "src/tieline/utility/application.py", "from tieline.utility.inventory.wiring import register"),
        ("size", "src/tieline/a.py", "x = 1\n" * 400),
        ("size", "tests/unit/test_a.py", "x = 1\n" * 700),
        ("function-size", "src/tieline/a.py", 'def f():\n    """Say.\n' + "\n" * 60 + '    """\n' + "    x = 1\n" * 79),
        ("sql", "src/tieline/utility/inventory/store.py", "q = 'SELECT 1'"),
        ("sql", "src/tieline/utility/changes/store/items.py", "q = 'SELECT 1'"),
        ("sql", "src/tieline/gateway/migrations/versions/0001_first.py", "q = 'CREATE TABLE site (id int)'"),
        ("sql", "src/tieline/platform/audit.py", "q = 'SELECT 1'"),
        ("sql", "src/tieline/platform/outbox/delivery.py", "q = 'SELECT 1'"),
        ("sql", "src/tieline/utility/inventory/service.py", '"""SELECT nothing here."""'),
        ("sql", "src/tieline/utility/inventory/service.py", "t = 'Select a site from the list'"),
        ("sql", "src/tieline/utility/inventory/service.py", "t = 'Copy, then update the plan'"),
        ("sql", "tests/unit/test_a.py", "q = 'SELECT 1'"),
        ("unfinished", "tests/unit/test_a.py", "# TODO"),
        ("unfinished", "src/tieline/a.py", "x = 'XXXL'"),
        ("sleep", "src/tieline/a.py", "import time\ntime.sleep(1)"),
        ("sleep", "tests/unit/test_a.py", "clock.sleep(1)"),
        ("skip", "tests/unit/test_a.py", "pytest.skip('no schemas here')"),
        ("skip", "tests/unit/test_a.py", "@pytest.mark.skipif(x, reason='Linux only')\ndef test_a(): ..."),
        ("skip", "tests/unit/test_a.py", "@pytest.mark.skip('not here')\ndef test_a(): ..."),
        ("hosts", "README.md", f"frame{SLASH}work{SLASH}shop and http://example.org{SLASH}work{SLASH}"),
        ("print", "src/tieline/cli/fleet.py", "print('hello')"),
        ("docstring", "src/tieline/utility/inventory/policy.py", "def _may(x): return x"),
        ("docstring", "src/tieline/utility/inventory/model.py", "def may(x): return x"),
    ],
)
def test_spared(rule: str, path: str, text: str) -> None:
    assert check(rule, path, text) == []


def test_a_long_file_is_a_warning_before_it_is_an_error() -> None:
    source = house.Source(Path("src/tieline/a.py"), "x = 1\n" * 401)
    assert [found.warning for found in house.file_size(source)] == [True]


def test_a_line_names_file_line_rule_and_what_to_do() -> None:
    [found] = house.sleeping_tests(house.Source(Path("tests/test_a.py"), "import time\n\ntime.sleep(3)"))
    assert str(found) == "tests/test_a.py:3 sleep: wait on a condition with a time limit instead"


def test_a_dependency_without_a_row_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs" / "reference").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["psycopg[binary]>=3", "alembic"]\n[dependency-groups]\ndev = ["pytest>=9"]\n'
    )
    (tmp_path / "docs/reference/dependencies.md").write_text("| Name | Why |\n|---|---|\n| `psycopg` | database |\n")
    assert [found.advice.split()[4].rstrip(":") for found in house.dependencies(tmp_path)] == ["alembic", "pytest"]


def test_a_page_that_names_a_missing_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    text = "`tools/` is there,\n`tools/gone.py` is not; `tools/<name>.py` and /tools/other are no paths of ours"
    found = house.documented_paths(tmp_path, [house.Source(Path("CONTRIBUTING.md"), text)])
    assert [(one.line, one.advice.split()[0]) for one in found] == [(2, "tools/gone.py")]


def test_only_files_of_the_project_are_looked_at(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)  # noqa: S603, S607 - git of whoever runs the tests
    (tmp_path / ".gitignore").write_text("var/\n")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "a.py").write_text("")
    (tmp_path / "new.py").write_text("")
    assert house.project_files(tmp_path) == [Path(".gitignore"), Path("new.py")]


def test_the_code_exits_with_1_only_when_a_rule_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(house, "ROOT", tmp_path)
    monkeypatch.setattr(house, "project_files", lambda _root: [Path("src/tieline/a.py")])
    (tmp_path / "src" / "tieline").mkdir(parents=True)
    file = tmp_path / "src" / "tieline" / "a.py"
    file.write_text("print(1)\n")
    assert house.main(["--only", "print"]) == 1
    assert "src/tieline/a.py:1 print: log it" in capsys.readouterr().out
    file.write_text("x = 1\n")
    assert house.main(["--only", "print,size"]) == 0
    assert "0 broken" in capsys.readouterr().out
