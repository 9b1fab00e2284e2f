"""Windows of operators' contracts on the command line."""

from collections.abc import Callable
from typing import Any

from tieline.cli import holding

NIGHTS = "Mon-Thu 22:00-05:00 Europe/London"
ROW = {
    "operator": "A", "words": [NIGHTS], "terms": "Schedule [bold]4", "opens_at": "2026-01-12T22:00:00Z",
    "closes_at": "2026-01-13T05:00:00Z", "updated_by": "user:fred", "updated_at": "2026-01-10T12:00:00Z",
    "replaced_by": "user:anna", "replaced_at": "2026-01-11T12:00:00Z",
}  # fmt: skip


def test_windows_are_listed_with_when_they_open(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /operator-windows", {"items": [ROW]})
    said = " ".join(run(holding.window, "list").out.split())
    assert "Schedule [bold]4" in said
    assert "2026-01-12" in said
    assert run(holding.window, "list", "--json").json[0]["operator"] == "A"


def test_windows_are_set_or_there_are_none(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("PUT /operator-windows/A", None, status=204)
    assert run(holding.window, "set", "A").code == 2
    assert run(holding.window, "set", "A", "--always", "--window", NIGHTS).code == 2
    assert run(holding.window, "set", "A", "--window", NIGHTS, "--terms", "Schedule 4").code == 0
    assert run(holding.window, "set", "A", "--always").code == 0
    assert platform.bodies("PUT") == [{"rules": [NIGHTS], "terms": "Schedule 4"}, {"rules": [], "terms": ""}]


def test_what_stood_before_is_listed(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /operator-windows/A/history", {"items": [ROW]})
    assert "anna" in run(holding.window, "history", "A").out
