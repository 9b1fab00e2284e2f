"""The reference page of faults names tests that there are."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/reference/faults.md"
NAMED = re.compile(r"`((?:unit|integration|contract|e2e)/[\w/]+)`(?:: ([^`|]+?))?(?=;|\||$| \(needs)")


def _tests(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = (one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    return {name.removeprefix("test_").replace("_", " ") for name in names if name.startswith("test_")}


def test_each_test_that_the_page_names_is_there() -> None:
    found, missing = 0, []
    for row in PAGE.read_text().splitlines():
        for file, words in NAMED.findall(row):
            found += 1
            path = ROOT / "tests" / f"{file}.py"
            if not path.exists():
                missing.append(file)
                continue
            missing += [f"{file}: {one}" for one in words.split(", ") if one and one.strip() not in _tests(path)]
    assert found > 30
    assert missing == []
