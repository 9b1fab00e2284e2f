"""Tables on a terminal: figures for people, and nothing from elsewhere that steers it."""

from io import StringIO

import pytest
from rich.console import Console

from tieline.cli import output


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    text = StringIO()
    monkeypatch.setattr(output, "out", Console(file=text, width=80))
    return text


def test_figures_are_separated_and_line_up_at_their_right(shown: StringIO) -> None:
    output.print_table("", ["Operator", "Sites"], [["A", 12_345], ["B", 7]])
    assert [line.rstrip() for line in shown.getvalue().splitlines()] == [
        "Operator   Sites",
        "A         12,345",
        "B              7",
    ]


def test_what_steers_a_terminal_is_replaced(shown: StringIO) -> None:
    output.print_table("", ["Name"], [["\x1b[31mred[/]"]])
    assert "\x1b" not in shown.getvalue()
    assert "\ufffd[31mred[/]" in shown.getvalue()


def test_an_empty_table_says_so(shown: StringIO) -> None:
    output.print_table("", ["Name"], [], empty="No changes here.")
    output.print_table("People", ["Name"], [])
    assert shown.getvalue().splitlines() == ["No changes here.", "People: None."]
