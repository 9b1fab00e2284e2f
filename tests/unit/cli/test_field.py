"""Field work from the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tieline.cli import field
from tieline.cli.errors import Exit

CREWS = {
    "items": [{"id": 7, "code": "north-1", "name": "North", "region": "North", "members": ["kit"], "active": True}]
}
ORDER = {
    "id": 3, "day": "2026-03-02", "crew": "North", "region": "North", "visits": 2, "finished": 1, "km": 12.34,
    "km_saved": 30.0, "minutes": 150.0, "attention": 1,
}  # fmt: skip
VISIT = {
    "id": 9, "position": 1, "site_name": "Mill Lane", "postcode": "AB1 2CD", "state": "on_site", "outcome": None,
    "trouble": "", "steps": [{"state": "passed"}, {"state": "open"}],
}  # fmt: skip


def test_orders_are_listed_by_crew(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /field/crews", CREWS)
    platform.on("GET /field/orders", {"items": [ORDER], "next": None})
    ran = run(field.app, "orders", "--crew", "north-1", "--day", "2026-03-02")
    assert "2026-03-02" in ran.out
    asked = platform.asked[-1].query
    assert (asked["crew"], asked["first_day"], asked["last_day"], asked["open"]) == (
        "7",
        "2026-03-02",
        "2026-03-02",
        "true",
    )
    assert run(field.app, "orders", "--crew", "nobody").code == Exit.NOT_FOUND


def test_orders_are_made_and_said(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /field/crews", CREWS)
    made = {
        "order_ids": [1, 2],
        "visits": 17,
        "km": 80.2,
        "km_saved": 41.0,
        "first_day": "2026-03-02",
        "last_day": "2026-03-03",
    }
    platform.on("POST /field/orders", made, {**made, "order_ids": []})
    arguments = ("make", "--region", "North", "--crew", "north-1", "--from", "2026-03-02", "--hours", "8")
    assert "2 orders with 17 visits" in run(field.app, *arguments).out
    assert platform.bodies("POST")[0]["crew_ids"] == [7]
    assert "No visit in North waits" in run(field.app, *arguments).out


def test_an_order_is_shown_and_exported(platform: Any, run: Callable[..., Any], tmp_path: Path) -> None:
    platform.on("GET /field/orders/3", {**ORDER, "visits": [VISIT]})
    assert "1 of 2" in run(field.app, "order", "3").out
    platform.on("GET /field/orders/3/route.geojson", {"type": "FeatureCollection"})
    file = tmp_path / "order.geojson"
    assert run(field.app, "export", "3", "-f", "geojson", "-o", str(file)).code == 0
    assert "FeatureCollection" in file.read_text("utf-8")
    assert run(field.app, "export", "3", "-f", "pdf").code == Exit.USAGE


def test_crews_are_listed(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /field/crews", CREWS)
    assert "kit" in run(field.app, "crews").out
    assert run(field.app, "crews", "--json").json[0]["code"] == "north-1"


@pytest.mark.parametrize(("state", "code"), [("accepted", 0), ("refused", Exit.REFUSED)])
def test_a_report_is_sent_as_a_phone_would(platform: Any, run: Callable[..., Any], state: str, code: int) -> None:
    answer = {"id": "x", "state": state, "sentence": "It is so.", "advice": "Go on."}
    platform.on("POST /field/reports", {"answers": [answer]})
    ran = run(field.app, "report", "9", "finished", "--outcome", "done", "--old-router", "OLD-1", "--old-card", "89")
    assert ran.code == code
    assert "It is so. Go on." in ran.out
    (sent,) = platform.bodies("POST")[0]["reports"]
    assert (sent["visit"], sent["kind"], sent["outcome"]) == (9, "finished", "done")
    assert sent["removed"] == {"router": "OLD-1", "iccids": ["89"]}
