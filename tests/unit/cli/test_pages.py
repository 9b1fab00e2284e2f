"""Tutorials and how-to pages: the commands in them exist with their options, and the mappings are mappings."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tieline.cli.application import app
from tieline.utility.inventory import from_toml

DOCS = Path(__file__).parents[3] / "docs"
ALL = [*DOCS.glob("tutorials/*.md"), *DOCS.glob("howto/*.md"), DOCS / "reference" / "cli.md"]
COMMAND = typer.main.get_command(app)  # made once: it is a tree of some hundred commands
PAGES = sorted(page for page in ALL if page.stem != "README")  # that one lists the others


def commands(page: Path) -> Iterator[list[str]]:
    """What the page has people type, in code blocks and in running text, from the word ``tieline`` on."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    typed = [
        *re.findall(r"^(?:    )?(?:\w+=\S+ )*(tieline .*)$", text, re.MULTILINE),
        *re.findall(r"`(tieline [^`]+)`", text),
    ]
    for line in typed:
        yield shlex.split(re.sub(r"[\[\]]|\s#.*", "", line).replace("\\|", "|"))[1:]


def unknown(words: list[str]) -> list[str]:
    """The words of a command that are neither a command nor one of its options."""
    command: Any = COMMAND
    for place, word in enumerate(words):
        below = getattr(command, "commands", None)
        if below is None:
            named = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
            return [option for option in words[place:] if option.startswith("-") and option not in named]
        if word in {"COMMAND", "--help"}:
            return []
        if word not in below:
            return [word]
        command = below[word]
    return []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_exists_with_its_options(page: Path) -> None:
    found = list(commands(page))
    assert found
    assert [(words, wrong) for words in found if (wrong := unknown(words))] == []


def test_a_command_or_option_that_does_not_exist_is_found() -> None:
    assert unknown(["fleet", "sight"]) == ["sight"]
    assert unknown(["change", "start", "1", "--at-once"]) == ["--at-once"]
    assert unknown(["change", "start", "1", "--watch"]) == []


@pytest.mark.parametrize("page", ["tutorials/first-region.md", "howto/import-a-file.md"])
def test_the_mapping_on_a_page_fits_the_file_on_it(page: str) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    mapping = from_toml(next(text for form, text in blocks if form == "toml"))
    header = next(text for _, text in blocks if ";" in text).splitlines()[0].split(";")
    assert set(mapping.sources) == set(header)
