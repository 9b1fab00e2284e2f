"""Every link of the documentation leads to something that is there, and every page is reached from the first."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")])
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def anchor(heading: str) -> str:
    """As the site makes it: small letters, digits and hyphens (Python-Markdown's toc)."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def links(page: Path) -> list[str]:
    """What a page links to within the project."""
    found = _LINK.findall(_CODE.sub("", page.read_text("utf-8")))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def reached(page: Path) -> set[Path]:
    """The pages that a reader gets to from one by links alone, itself among them."""
    seen: set[Path] = set()
    waiting = [page]
    while waiting:
        one = waiting.pop()
        if one.suffix == ".md" and one not in seen:
            seen.add(one)
            waiting += [(one.parent / path).resolve() for target in links(one) if (path := target.partition("#")[0])]
    return seen


def broken(page: Path) -> list[str]:
    found = []
    for target in links(page):
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            found.append(target)
        elif fragment and file.suffix == ".md":
            known = {anchor(one) for one in _HEADING.findall(file.read_text("utf-8"))}
            found += [] if fragment in known else [target]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_every_page_is_reached_from_the_first() -> None:
    documentation = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert documentation - reached(ROOT / "docs/index.md") == set()


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](#one) [b](#two) [c](gone.md) `[d](gone.md)` [e](https://example.com)\n", "utf-8")
    assert broken(page) == ["#two", "gone.md"]
