"""Pages of the reference that are made from the code say what the code says."""

from pathlib import Path

import pytest
from tools.reference import __main__ as command
from tools.reference import pages

from tieline.platform.errors import TielineError


@pytest.mark.parametrize("name", pages.PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    assert (pages.FOLDER / name).read_text("utf-8") == pages.PAGES[name](), "run: python -m tools.reference"


def test_what_is_behind_is_told_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    monkeypatch.setattr(command, "PAGES", {"errors.md": pages.errors})
    assert command.main(["--check"]) == 1
    assert "python -m tools.reference" in capsys.readouterr().out
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0
    assert f"| {TielineError.status} | `internal` |" in (tmp_path / "errors.md").read_text("utf-8")
