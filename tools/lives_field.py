"""Field work in all its lives, brought about over REST, for a console that is looked at.

A crew of two has a day's order: one visit done, one under way with a card refused, others to come; more visits wait.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tieline.utility.fieldwork import today
from tools.lives import Person
from tools.served import ADMINISTRATOR, PASSWORD, Served

CREW = "kit"
_SITES = 14


def live(served: Served) -> dict[str, int]:
    """Bring it about; gives the numbers of an order, and of visits that are done and under way."""
    desk = Person(served.url, ADMINISTRATOR)
    for name, display in ((CREW, "Kit Steinmetz-Oberhausen"), ("kim", "Kim Abbott")):
        body = {"name": name, "display_name": display, "password": PASSWORD, "roles": ["crew"]}
        desk.send("POST", "/users", body)
    sites = desk.send("GET", "/sites?limit=200")["items"]
    region = sites[0]["region"]
    near = [site for site in sites if site["region"] == region][:_SITES]
    crew = desk.send(
        "POST", "/field/crews", {"code": "north-1", "name": "Crew north 1", "region": region, "members": [CREW, "kim"]}
    )
    desk.send("POST", "/field/visits", {"visits": [_visit(site["id"]) for site in near]})
    first_day = today(datetime.now(UTC)).isoformat()
    made = desk.send(
        "POST", "/field/orders", {"region": region, "crew_ids": [crew["id"]], "first_day": first_day, "weekends": True}
    )
    order = desk.send("GET", f"/field/orders/{made['order_ids'][0]}")
    done, under_way = order["visits"][0], order["visits"][1]
    _report(served.url, done, under_way)
    later = [_visit(site["id"]) for site in sites if site["region"] != region][:20]
    desk.send("POST", "/field/visits", {"visits": later})
    return {"order": order["id"], "visit_done": done["id"], "visit": under_way["id"], "crew": crew["id"]}


def card(site: int, operator: int) -> str:
    """A card's number with its check digit (Luhn)."""
    stem = f"894450{operator}{site:011d}"
    total = sum(sum(divmod(int(sign) * (2 if at % 2 == 0 else 1), 10)) for at, sign in enumerate(reversed(stem)))
    return f"{stem}{-total % 10}"


def _visit(site: int) -> dict[str, Any]:
    steps = [
        {"key": "1", "link_role": "backup", "operator": "B", "new_iccid": card(site, 2)},
        {"key": "2", "link_role": "primary", "operator": "A", "new_iccid": card(site, 1)},
    ]
    due = (datetime.now(UTC) + timedelta(days=40)).isoformat()
    title = "Replace the 3G router"
    return {"site_id": site, "origin_key": f"site:{site}/1", "title": title, "steps": steps, "due_at": due}


def _report(url: str, done: dict[str, Any], under_way: dict[str, Any]) -> None:
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as phone:
        session = phone.post("/session", json={"name": CREW, "password": PASSWORD}).raise_for_status().json()
        phone.headers["X-CSRF-Token"] = session["csrf_token"]
        right = {"step": "1", "iccid": card(under_way["site_id"], 2), "router": "R-2207"}
        said: tuple[tuple[int, str, dict[str, Any]], ...] = (
            (done["id"], "arrived", {}),
            (done["id"], "finished", {"outcome": "not-possible", "why": "The cabinet is under water up to the lock."}),
            (under_way["id"], "arrived", {}),
            (under_way["id"], "fitted", {**right, "iccid": card(done["site_id"] + 7000, 2)}),
            (under_way["id"], "fitted", right),
            (under_way["id"], "trouble", {"words": "Wasps in the cabinet. We go on, with gloves."}),
            (under_way["id"], "test-asked", {"step": "1"}),
        )
        reports = [{"id": str(uuid.uuid4()), "visit": visit, "kind": kind, **more} for visit, kind, more in said]
        phone.post("/field/reports", json={"reports": reports}).raise_for_status()
