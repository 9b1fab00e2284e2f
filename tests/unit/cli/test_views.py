"""Saved views on the command line."""

from collections.abc import Callable
from typing import Any

from tieline.cli import view

VIEW = {"id": 4, "name": "Wales on 3G", "path": "/sites", "query": "region=Wales&technology=3G", "hidden": None,
        "owner": "user:ada", "shared": True, "is_default": True, "pin": "list",
        "href": "/sites?region=Wales&technology=3G&saved=4"}  # fmt: skip


def test_views_are_listed_and_shown(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /views", {"items": [VIEW]})
    platform.on("GET /views/4", VIEW)
    listed = run(view.app, "list", "--list", "/sites").out
    assert "Wales on 3G" in listed
    assert "ada" in listed
    shown = run(view.app, "show", "4").out
    assert VIEW["href"] in shown
    assert "shared with the team, opens first, pinned to the list" in shown
    assert run(view.app, "show", "4", "--json").json["id"] == 4


def test_an_address_is_kept_under_a_name(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("POST /views", VIEW, status=201)
    url = "https://tieline.example/sites?region=Wales&technology=3G"
    assert run(view.app, "save", "Wales on 3G", url, "--hide", "customers", "--shared").code == 0
    assert platform.bodies("POST") == [
        {
            "path": "/sites",
            "query": "region=Wales&technology=3G",
            "name": "Wales on 3G",
            "hidden": ["customers"],
            "shared": True,
        }
    ]


def test_what_one_wants_of_a_view(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("PATCH /views/4", VIEW)
    platform.on("PUT /views/4/choice", VIEW)
    platform.on("PUT /views/order", {"items": [VIEW]})
    platform.on("DELETE /views/4", None, status=204)
    assert run(view.app, "rename", "4", "West").code == 0
    assert run(view.app, "share", "4", "--off").code == 0
    assert run(view.app, "pin", "4", "--to", "navigation").code == 0
    assert run(view.app, "first", "4").code == 0
    assert run(view.app, "order", "4", "2").code == 0
    assert run(view.app, "delete", "4").code == 0
    assert run(view.app, "pin", "4", "--to", "wall").code == 2
    assert platform.bodies("PATCH") == [{"name": "West"}, {"shared": False}]
    assert platform.bodies("PUT") == [{"pin": "navigation"}, {"is_default": True}, {"ids": [4, 2]}]
