"""House rules: what ruff and mypy cannot know about this code base.

    python -m tools.house                       all rules over the whole project; code 1 if one is broken
    python -m tools.house --only hosts FILE...  some rules, some files

Each line of output is `file:line rule: what to do`. A rule is a function from a `Source` to findings, listed in
`RULES`; to add one, write it, list it, and show in `tests/unit/tools/test_house.py` that it finds and that it spares.
"""

import argparse
import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).resolve().parent.parent
LINES_MAX, LINES_WARN, FUNCTION_MAX = 600, 400, 80
_TEXT = {".py", ".ts", ".mjs", ".js", ".css", ".html", ".sql", ".sh", ".md", ".toml", ".yml", ".yaml", ".json", ".lock",
         ".txt", ".in", ".cfg", ".ini", ".svg", ".xml", ".csv", ""}  # fmt: skip
_CODE = {".py", ".ts", ".mjs", ".css", ".html", ".sql"}
# Assembled, so that this file does not break the rule it holds others to.
_HOSTS = [".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
    ("deb", "debian", "org"), ("crates", "io"),
)]  # fmt: skip
_PLACES = re.compile(r"(?:^|[^\w.\-])/(?:work|farm|root)/")
_UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b|pragma:\s*no cover")
_SQL = re.compile(
    r"^\s*(?:SELECT|INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|CREATE\s+[A-Z]+|ALTER\s+[A-Z]+|DROP\s+[A-Z]+"
    r"|TRUNCATE|WITH\s+(?:RECURSIVE\s+)?\w+\s+AS|LOCK\s+TABLE|COPY\s+\w+|LISTEN|NOTIFY|VACUUM|ANALYZE)\b"
    r"|\bselect\b.+\bfrom\s+\w+\s+(?:where|order|group|join|limit)\b|\binsert\s+into\s+\w+\s*\("
    r"|\bdelete\s+from\s+\w+\s+where\b|\bupdate\s+\w+\s+set\s+\w+\s*=",
    re.DOTALL,
)
_NAMED_PATH = re.compile(r"`((?:src|tests|tools|docs|examples|benchmarks|requirements)/[\w./\-]+)`")
_UTILITY = ("src", "tieline", "utility")
_CONTEXTS = (
    "views|inventory|connectors|changes|notices|usage|probing|incidents|logistics|fieldwork|programmes|console"
)  # fmt: skip
_ROOM = re.compile(rf"tieline\.utility\.({_CONTEXTS})\.(\w+)")
_SQL_ROOMS = {"store", "migrations"}
_SQL_PLATFORM = re.compile(r"store|^audit$|^outbox$|^jobs$|^db$|^migrate$")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A broken rule: where, which, and what to do. A warning does not fail the check."""

    path: str
    line: int
    rule: str
    advice: str
    warning: bool = False

    def __str__(self) -> str:
        kind = f"{self.rule} (warning)" if self.warning else self.rule
        return f"{self.path}:{self.line} {kind}: {self.advice}"


@dataclass(frozen=True)
class Source:
    """A text file of the project; `path` is relative to the project's root."""

    path: Path
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The text, line by line."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree of a Python file; None for others, and for what does not parse (ruff says so)."""
        if self.path.suffix != ".py":
            return None
        try:
            return ast.parse(self.text)
        except SyntaxError:
            return None

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the tree."""
        return list(ast.walk(self.tree)) if self.tree else []

    @property
    def in_src(self) -> bool:
        """Whether it is part of the product."""
        return self.path.parts[0] == "src"

    @property
    def in_tests(self) -> bool:
        """Whether it is a test or helps one."""
        return self.path.parts[0] == "tests"

    @property
    def rooms(self) -> set[str]:
        """The names of its folders and its own, without the suffix."""
        return {*self.path.parts[:-1], self.path.stem}

    def found(self, line: int, rule: str, advice: str, *, warning: bool = False) -> Finding:
        """Make a finding in this file."""
        return Finding(self.path.as_posix(), line, rule, advice, warning)


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(source: Source) -> list[Function]:
    """Return the functions and methods of a file."""
    return [node for node in source.nodes if isinstance(node, Function)]


def length(function: Function) -> int:
    """Return the lines of a function from `def` to its end, without its docstring: words are not held against it."""
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    said = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - said


def file_size(source: Source) -> Iterator[Finding]:
    """A file in src has at most 600 lines; above 400 it should become a folder."""
    if source.in_src and source.path.suffix in _CODE:
        count = len(source.lines)
        if count > LINES_MAX:
            yield source.found(
                1, "size", f"{count} lines; split it into a folder of the same name (at most {LINES_MAX})"
            )
        elif count > LINES_WARN:
            yield source.found(1, "size", f"{count} lines; think of splitting it (above {LINES_WARN})", warning=True)


def function_size(source: Source) -> Iterator[Finding]:
    """A function has at most 80 lines."""
    for function in functions(source):
        if (count := length(function)) > FUNCTION_MAX:
            yield source.found(
                function.lineno,
                "function-size",
                f"{function.name} has {count} lines; split it (at most {FUNCTION_MAX})",
            )


def sql(source: Source) -> Iterator[Finding]:
    """SQL stands in stores and migrations only."""
    if not source.in_src or source.rooms & _SQL_ROOMS:
        return
    if "platform" in source.path.parts and any(_SQL_PLATFORM.search(room) for room in source.rooms):
        return
    for line, text in _strings(source):
        if _SQL.search(text):
            yield source.found(line, "sql", "move the statement to the context's store.py")


def _strings(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the string literals but docstrings; of f-strings the whole, with a word for each value put in."""
    parts = {id(node.value) for node in source.nodes if isinstance(node, ast.Expr)}
    for node in source.nodes:  # breadth first: an f-string comes before its parts
        if isinstance(node, ast.JoinedStr):
            parts.update(map(id, node.values))
            yield node.lineno, "".join(str(v.value) if isinstance(v, ast.Constant) else "value" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value


def unfinished(source: Source) -> Iterator[Finding]:
    """Nothing in src is left for later or excused from being tested."""
    if source.in_src:
        for number, line in enumerate(source.lines, 1):
            if match := _UNFINISHED.search(line):
                yield source.found(number, "unfinished", f"finish what '{match[0]}' leaves open, or file an issue")


def sleeping_tests(source: Source) -> Iterator[Finding]:
    """Tests wait on conditions, not for time to pass."""
    if not source.in_tests:
        return
    for node in source.nodes:
        if _sleeps(node):
            yield source.found(node.lineno, "sleep", "wait on a condition with a time limit instead")


def _sleeps(node: ast.AST) -> TypeGuard[ast.Call | ast.ImportFrom]:
    if isinstance(node, ast.ImportFrom):
        return node.module == "time" and any(alias.name == "sleep" for alias in node.names)
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep"


def skipped_tests(source: Source) -> Iterator[Finding]:
    """A test that is skipped or expected to fail says why."""
    if not source.in_tests:
        return
    explained: set[int] = set()
    for node in source.nodes:  # breadth first: a call comes before the attribute it calls
        if isinstance(node, ast.Call) and _has_reason(node):
            explained.add(id(node.func))
        if isinstance(node, ast.Attribute) and id(node) not in explained:
            name = ast.unparse(node)
            if name in {"pytest.skip", "pytest.xfail"} or name.startswith(("pytest.mark.skip", "pytest.mark.xfail")):
                yield source.found(node.lineno, "skip", f"give {name} a reason in plain words")


def _has_reason(call: ast.Call) -> bool:
    if any(keyword.arg == "reason" for keyword in call.keywords):
        return True
    return bool(call.args) and not ast.unparse(call.func).endswith((".skipif", "mark.xfail"))


def hosts(source: Source) -> Iterator[Finding]:
    """No file names a package registry's host or a path of somebody's machine."""
    for number, line in enumerate(source.lines, 1):
        for host in _HOSTS:
            if host in line:
                yield source.found(number, "hosts", f"name no registry host ({host}); mirrors must serve as well")
        if match := _PLACES.search(line):
            yield source.found(
                number, "hosts", f"'{match[0].strip()}' is a path of one machine; take it from a setting"
            )


def printing(source: Source) -> Iterator[Finding]:
    """Only the command line prints; the rest logs."""
    if source.in_src and "cli" not in source.path.parts:
        for node in source.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield source.found(node.lineno, "print", "log it (structlog), or return it to the command line")


def silent_use_cases(source: Source) -> Iterator[Finding]:
    """A public use case or rule says what it is for."""
    if source.in_src and source.rooms & {"service", "policy"}:
        for function in functions(source):
            if not function.name.startswith("_") and not ast.get_docstring(function):
                yield source.found(function.lineno, "docstring", f"say what {function.name} means, and what it raises")


def faces(source: Source) -> Iterator[Finding]:
    """A context of the utility uses another only through its public face, and never one of its rooms."""
    if source.path.parts[:3] != _UTILITY or len(source.path.parts) < len(_UTILITY) + 2:
        return
    own = source.path.parts[len(_UTILITY)]
    for node in source.nodes:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        for context, room in (match.groups() for name in names if (match := _ROOM.match(name))):
            if context != own:
                yield source.found(node.lineno, "faces", f"take it from tieline.utility.{context}, not from {room}")


RULES: dict[str, Callable[[Source], Iterator[Finding]]] = {
    "size": file_size,
    "function-size": function_size,
    "sql": sql,
    "unfinished": unfinished,
    "sleep": sleeping_tests,
    "skip": skipped_tests,
    "hosts": hosts,
    "print": printing,
    "docstring": silent_use_cases,
    "faces": faces,
}


def dependencies(root: Path) -> Iterator[Finding]:
    """Each dependency has its line in docs/reference/dependencies.md: a name at the start of a table row."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [*project["project"]["dependencies"], *project.get("dependency-groups", {}).get("dev", [])]
    page = root / "docs" / "reference" / "dependencies.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    listed = set(re.findall(r"^\|\s*`?([\w.\-]+)`?\s*\|", text, re.MULTILINE))
    for requirement in declared:
        name = re.split(r"[^\w.\-]", requirement, maxsplit=1)[0]
        if name not in listed:
            advice = f"add a row for {name}: why it is needed, and its licence"
            yield Finding("docs/reference/dependencies.md", 1, "dependencies", advice)


def documented_paths(root: Path, checked: Iterable[Source]) -> Iterator[Finding]:
    """A path of this project that a page names in `code` exists: recipes point at real examples."""
    for source in checked:
        if source.path.suffix == ".md":
            for number, line in enumerate(source.lines, 1):
                for name in _NAMED_PATH.findall(line):
                    if not (root / name).exists():
                        yield source.found(number, "paths", f"{name} does not exist; name what does")


def project_files(root: Path) -> list[Path]:
    """Return the files that are, or would be, under version control."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - fixed arguments
    return sorted(Path(name) for name in set(listing.decode().split("\0")) if name)


def sources(root: Path, files: Iterable[Path]) -> Iterator[Source]:
    """Read the text files among `files`, which are relative to `root`."""
    for path in files:
        if path.suffix in _TEXT and (root / path).is_file():
            yield Source(path, (root / path).read_text(encoding="utf-8", errors="replace"))


def statistics_line(checked: Sequence[Source]) -> str:
    """Say how long the product's functions and files are."""
    product = [source for source in checked if source.in_src and source.path.suffix == ".py"]
    lengths = [length(function) for source in product for function in functions(source)]
    counts = [len(source.lines) for source in product if source.lines]
    parts = []
    for what, numbers in (("functions", lengths), ("files", counts)):
        if len(numbers) > 1:
            median, most = statistics.median(numbers), statistics.quantiles(numbers, n=10)[-1]
            parts.append(
                f"{len(numbers)} {what}: median {median:g} lines, 90 % within {most:.0f}, longest {max(numbers)}"
            )
    return "In src " + "; ".join(parts) if parts else ""


def main(arguments: Sequence[str]) -> int:
    """Check, print findings and statistics; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.house", description="Holds the code to the house rules.")
    parser.add_argument("--only", help=f"rules, separated by commas: {', '.join(RULES)}, dependencies, paths")
    parser.add_argument("paths", nargs="*", type=Path, help="files or folders; without any, the whole project")
    options = parser.parse_args(arguments)
    wanted = set(options.only.split(",")) if options.only else {*RULES, "dependencies", "paths"}
    files = [path for path in project_files(ROOT) if not options.paths or _within(path, options.paths)]
    checked = list(sources(ROOT, files))
    findings = [found for source in checked for name, rule in RULES.items() if name in wanted for found in rule(source)]
    if "dependencies" in wanted and not options.paths:
        findings += dependencies(ROOT)
    if "paths" in wanted:
        findings += documented_paths(ROOT, checked)
    for finding in sorted(findings):
        print(finding)
    broken = sum(not finding.warning for finding in findings)
    print(f"House rules: {len(checked)} files, {broken} broken. {statistics_line(checked)}")
    return 1 if broken else 0


def _within(path: Path, chosen: Sequence[Path]) -> bool:
    return any((ROOT / path).is_relative_to(one.resolve()) for one in chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
