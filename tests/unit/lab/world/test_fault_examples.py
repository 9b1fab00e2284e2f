"""The sample faults files keep to the format that docs/reference/world.md lays down."""

import json
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = sorted((Path(__file__).parents[4] / "examples" / "faults").glob("*.json"))
COMMON = {"operator", "fault", "from_s", "to_s"}
CHOICE = {"share", "count", "ids"}
TAKES: dict[str, tuple[set[str], set[str]]] = {
    "reject": ({"reason"}, set()),
    "timeout": (set(), {"delay_s", "applied"}),
    "slow": ({"delay_s"}, {"jitter_s"}),
    "accept_not_apply": (set(), set()),
    "duplicate_notification": (set(), {"times"}),
    "drop_notification": (set(), set()),
    "late_notification": ({"delay_s"}, set()),
    "out_of_band_change": ({"attribute", "value"}, {"reason"}),
    "down": (set(), set()),
}


def check(rule: dict[str, Any]) -> None:
    needed, allowed = TAKES[rule["fault"]]
    given = set(rule) - COMMON - CHOICE
    assert needed <= given <= needed | allowed
    assert rule["operator"] in {"A", "B", "*"}
    assert len(CHOICE & set(rule)) <= (0 if rule["fault"] == "down" else 1)
    assert 0 < rule.get("share", 1) <= 1
    assert rule.get("from_s", 0) < rule.get("to_s", float("inf"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_in_the_documented_format(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert set(content) <= {"name", "seed", "rules"}
    assert content["rules"]
    for rule in content["rules"]:
        check(rule)


def test_every_fault_has_an_example() -> None:
    shown = {rule["fault"] for path in EXAMPLES for rule in json.loads(path.read_text(encoding="utf-8"))["rules"]}
    assert shown == set(TAKES)
