"""Stock on the command line: serials from a scanner, places by name, exit codes that tell how it went."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tieline.cli import stock

PLACES = {"items": [{"id": 2, "kind": "warehouse", "code": "MAIN", "name": "Main"},
                    {"id": 6, "kind": "crew", "code": "CREW-1", "name": "Crew 1", "region": None}]}  # fmt: skip
MOVED: dict[str, Any] = {"moved": 2, "repeated": 0, "refused": [], "batch_id": 1}
REFUSED = {"serial": "B", "rule": "elsewhere", "message": "It is in Crew 1."}


def test_serials_come_from_a_scanner(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /stock/places", PLACES)
    platform.on("POST /stock/issues", MOVED)
    ran = run(stock.app, "issue", "--to", "crew:CREW-1", "--key", "k", stdin="A\nB, A\n")
    assert (ran.code, "2 moved" in ran.out) == (0, True)
    assert platform.bodies("POST") == [
        {
            "goods": "card",
            "serials": ["A", "B"],
            "warehouse_id": 2,
            "to_place": 6,
            "key": "k",
            "reason": "",
            "reference": "",
        }
    ]


@pytest.mark.parametrize(("moved", "code"), [(1, 1), (0, 5)])
def test_what_was_refused_is_told_and_shows_in_the_exit_code(
    platform: Any, run: Callable[..., Any], moved: int, code: int
) -> None:
    platform.on("POST /stock/moves", {**MOVED, "moved": moved, "refused": [REFUSED]})
    ran = run(stock.app, "move", "A", "B", "--to", "2", "--routers")
    assert ran.code == code
    assert "It is in Crew 1." in ran.out
    assert platform.bodies("POST")[0]["goods"] == "router"


def test_a_place_that_is_none(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /stock/places", {"items": []})
    ran = run(stock.app, "move", "A", "--to", "crew:CREW-9")
    assert ran.code == 2


def test_a_loss_is_previewed(platform: Any, run: Callable[..., Any]) -> None:
    card = {"iccid": "89", "operator": "A", "state": "ACTIVE"}
    platform.on("POST /stock/losses/preview", {"items": [], "cards": [card], "blocked": ["89"], "unknown": [],
                                               "change_type": "standard", "policy": "Lost cards"})  # fmt: skip
    ran = run(stock.app, "lose", "89", "--why", "gone", "--preview")
    assert "1 line would be suspended, by a standard change under Lost cards." in ran.out


def test_bad_rows_of_a_delivery_note_are_told(platform: Any, run: Callable[..., Any], tmp_path: Path) -> None:
    note = tmp_path / "note.csv"
    note.write_text("iccid\n")
    problem = {"line": 3, "field": "iccid", "value": "89", "rule": "unknown-card", "message": "Not known."}
    platform.on("GET /stock/places", PLACES)
    done = {"delivery_id": 1, "rows_read": 2, "accepted": 1, "bad": 1, "problems": [problem], "outstanding": 8}
    platform.on("POST /stock/orders/4/deliveries", {**done, "unknown_columns": [], "repeated": False}, status=201)
    ran = run(stock.app, "deliver", "4", str(note))
    assert ran.code == 1
    assert "unknown-card" in ran.out
    assert "1 taken in, 1 bad, 8 outstanding." in ran.out


def test_a_ledger_that_does_not_balance(platform: Any, run: Callable[..., Any]) -> None:
    difference = {"kind": "state", "goods": "card", "serial": "89", "words": "It is in Main, but fitted."}
    goods = {"goods": "card", "ordered": 1, "opening": 0, "delivered": 1, "present": 1}
    found = {"ok": False, "places": [], "differences": [difference], "difference_count": 1, "goods": [goods]}
    platform.on("GET /stock/balance", {**found, "untracked": {"router": 4}, "items": 1, "movements": 1})
    ran = run(stock.app, "balance")
    assert ran.code == 1
    assert "It is in Main, but fitted." in ran.out
    assert "4 of the inventory's (router) are not in the ledger." in ran.out


def test_nothing_given_is_a_usage_error(platform: Any, run: Callable[..., Any]) -> None:
    assert run(stock.app, "where", stdin="").code == 2
    assert platform.asked == []
