"""Seed 000, the whole of it: both operators end 3G; 20,000 sites are prepared, visited, tested, cut over and retired.

The people are simulated, and so are networks, sites and crews behind the wire; every figure of the last line is
counted from the systems afterwards: visits and sites through REST, what the operators did from their own change logs.
The calendar runs faster than the clock, as declared when the platform was started.
"""

import csv
import io
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tieline.lab.crews import Router
from tieline.lab.fill import UTILITY, wait_until
from tieline.lab.offices import Office
from tieline.lab.people import Hired
from tieline.lab.stories.crewing import CrewLogin, Crews
from tieline.lab.stories.desk import Desk
from tieline.lab.stories.watch import Watch
from tieline.platform.errors import Unavailable
from tieline.standards.numbering import luhn_digit

Bar = Callable[[str, int, int], None]
"""Told what is going on, how far it is, and of how much."""

TITLE = "The end of 3G"
ROUTER = {"make": "Tieline Lab", "model": "TL-5", "generations": "4G 5G", "bands": "B1 B3 B7 B8 B20 B28 n1 n28 n78"}
SPARE = 1.05
"""Routers ordered for each site."""
_TAC = "35999901"
_LOT = 20_000
"""Routers on one delivery note."""
_STRANGER = 899_999
"""The number of a router that the utility never bought."""
_STEP = 500
"""Sites that are scheduled at once in a region."""
_IN_HAND = 20
"""Sites of each crew that are under way; when there are fewer, more are scheduled."""
_PATIENCE = 3 * 3600.0
_ROUNDS, _WHILE = 3, 30.0
"""How often what is open at the end is put right, and how many seconds it has each time to end by itself."""
_LONGEST_MARGIN = timedelta(days=365)
SITES_A_CREW = 400


@dataclass(slots=True)
class Tale:
    """What the story has brought about, for its figures."""

    programme: int = 0
    sites: int = 0
    warehouse: int = 0
    ordered: int = 0
    routers: deque[Router] = field(default_factory=deque)
    crews: Mapping[str, Sequence[CrewLogin]] = field(default_factory=dict)
    issued: int = 0
    foreign: list[str] = field(default_factory=list)


def phase_out(
    desk: Desk, offices: Sequence[Office], crews: Crews, logins: Sequence[CrewLogin], bar: Bar
) -> dict[str, Any]:
    """Perform the story and return its figures."""
    began = time.monotonic()
    tale = Tale(crews=_by_region(logins))
    notices = _announced(desk, bar)
    policies = _policies(desk)
    _stock(desk, tale, bar)
    opened = _opened(desk, tale, notices, policies)
    _prepared(desk, tale, bar)
    watch = Watch(desk, offices, tale.programme)
    desk.technician.post(f"/programmes/{tale.programme}/act", {"act": "start", "why": "The sites are prepared."})
    with crews.at_work():
        _visited(desk, offices, tale, crews, bar)
    _settled(desk, tale, bar)
    _cleared(desk, bar)
    figures = desk.technician.get(f"/programmes/{tale.programme}/figures")
    states = figures["states"]
    return {
        "story": "phase-out",
        "sites": opened,
        "visits": figures["visits"],
        "done": states.get("done", 0),
        "second_visits": _second_visits(desk, tale),
        "both_links_down": watch.sites_without_link(),
        "unauthorised_changes": _foreign(desk),
        "reverted": _reverted(desk),
        "old_retired": watch.retired(),
        "stock_balance_ok": bool(desk.storekeeper.get("/stock/balance")["ok"]),
        "audit_ok": bool(desk.auditor.get("/audit/verify")["ok"]),
        "left": {state: number for state, number in states.items() if state not in {"done", "left_out"}},
        "duration_s": round(time.monotonic() - began, 1),
    }


def crews_for(regions: Mapping[str, int]) -> list[str]:
    """The region of each crew: one for every so many sites, and at least one in each region that has any."""
    return [region for region, sites in sorted(regions.items()) for _ in range(max(1, round(sites / SITES_A_CREW)))]


def form_crews(desk: Desk, regions: Sequence[str], members: Sequence[Hired]) -> list[CrewLogin]:
    """Make a crew of each member, in the region of the same place, with its own place in the stock ledger."""
    found = []
    for number, (region, member) in enumerate(zip(regions, members, strict=True), 1):
        body = {"code": f"crew-{number:02d}", "name": f"Crew {number}", "region": region, "members": [member.name]}
        crew = desk.technician.post("/field/crews", body)
        place = desk.storekeeper.put(f"/stock/crews/{crew['id']}", {"name": crew["name"], "region": region})
        found.append(CrewLogin(crew["id"], crew["name"], region, member.token, place["id"]))
    return found


# ── before anybody drives ─────────────────────────────────────────────────────────────────────────────────────────────


def _announced(desk: Desk, bar: Bar) -> list[int]:
    """Both operators' notices have arrived."""
    found: list[dict[str, Any]] = []

    def arrived() -> bool:
        bar("Waiting for the operators' notices", len(found), 2)
        found[:] = desk.technician.get("/notices", kind="phase-out")["items"]
        return len({one["operator"] for one in found}) >= 2  # noqa: PLR2004 - both operators

    wait_until(arrived, "both operators' notices arrive")
    return [one["id"] for one in found]


def _policies(desk: Desk) -> dict[str, int]:
    """What is agreed beforehand: cut-overs while a crew is there, and retirements after the dwell."""
    made = {}
    for name, kind in (("cutover_policy", "subscription.cutover"), ("retire_policy", "subscription.configure")):
        body = {"name": f"3G phase-out: {kind}", "kind": kind, "max_items": 10_000, "critical_sites": True}
        policy = desk.technician.post("/change-policies", body)["id"]
        desk.approver.post(f"/change-policies/{policy}/approve")
        made[name] = policy
    return made


def _by_region(logins: Sequence[CrewLogin]) -> dict[str, list[CrewLogin]]:
    found: dict[str, list[CrewLogin]] = defaultdict(list)
    for login in logins:
        found[login.region].append(login)
    return found


def _stock(desk: Desk, tale: Tale, bar: Bar) -> None:
    """Routers are ordered and delivered; the cards that the operators sent are taken into the books."""
    bar("Taking the stock in", 0, 0)
    tale.sites = int(desk.technician.get("/fleet/summary", hanging_on="3G")["sites"])
    warehouse = desk.storekeeper.put("/stock/warehouses/MAIN", {"name": "Main warehouse"})
    tale.warehouse = int(warehouse["id"])
    desk.storekeeper.post("/stock/take-in", {"warehouse_id": tale.warehouse, "key": "opening"})
    _order_routers(desk, tale, int(tale.sites * SPARE) + 10)


def _order_routers(desk: Desk, tale: Tale, number: int) -> None:
    """Order so many routers more, and have them delivered in lots."""
    first = tale.ordered
    order = desk.storekeeper.post(
        "/stock/orders",
        {
            "reference": f"PO-ROUTERS-{first + 1}",
            "goods": "router",
            "supplier": "Tieline Lab",
            "number": number,
            "expected_on": datetime.now().astimezone().date().isoformat(),
            "generation": "4G",
        },
    )
    for start in range(first, first + number, _LOT):
        lot = range(start, min(start + _LOT, first + number))
        delivered = desk.storekeeper.upload_text(
            f"/stock/orders/{order['id']}/deliveries",
            f"note-{start}.csv",
            _note(lot),
            {"warehouse_id": str(tale.warehouse), "note": f"DN-{start}"},
        )
        if delivered["bad"]:
            raise Unavailable(f"The delivery of routers has bad rows: {delivered}")
    tale.ordered += number
    tale.routers.extend(
        Router(_serial(n), imei_of(n), ROUTER["generations"], ROUTER["bands"]) for n in range(first, tale.ordered)
    )


def _serial(n: int) -> str:
    return f"TL5-{n + 1:06d}"


def _note(lot: range) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["external_id", "imei", "make", "model", "generations", "bands", "modems"])
    for n in lot:
        rows.writerow(
            [_serial(n), imei_of(n), ROUTER["make"], ROUTER["model"], ROUTER["generations"], ROUTER["bands"], 2]
        )
    return text.getvalue()


def imei_of(number: int) -> str:
    """The IMEI of the router of a number: TAC, serial number, check digit."""
    stem = f"{_TAC}{number + 1:06d}"
    return f"{stem}{luhn_digit(stem)}"


def _opened(desk: Desk, tale: Tale, notices: Sequence[int], policies: Mapping[str, int]) -> int:
    body = {
        "title": TITLE,
        "technology": "3G",
        "notice_ids": list(notices),
        "terms": {"dwell_hours": 336, "test_seconds": 30, **policies},
    }
    made = desk.technician.post("/programmes", body)
    tale.programme = int(made["id"])
    return int(desk.technician.get(f"/programmes/{tale.programme}/figures")["sites"])


def _prepared(desk: Desk, tale: Tale, bar: Bar) -> None:
    """New subscriptions and cards at both operators: one change, looked at, approved by somebody else, carried out."""
    change = desk.technician.post(f"/programmes/{tale.programme}/prepare", {})["change_id"]
    carry_out(desk, change, "Preparing new subscriptions", bar)

    def ready() -> bool:
        states = desk.technician.get(f"/programmes/{tale.programme}/figures")["states"]
        return not states.get("preparing")

    wait_until(ready, "the prepared sites are ready")


def carry_out(desk: Desk, change: int, what: str, bar: Bar) -> dict[str, Any]:
    """Plan, submit, have approved, start and follow a change to its end."""
    path = f"/changes/{change}"
    found: dict[str, Any] = {}

    def planned() -> bool:
        found.update(desk.technician.get(path))
        bar(f"{what}: planning", 0, 0)
        return str(found["state"]) not in {"draft", "planning"}

    wait_until(planned, f"change {change} is planned")
    if found["state"] == "planned":
        found.update(desk.technician.post(f"{path}/submit"))
    if found["state"] == "submitted":
        body = {"plan_hash": found["plan_hash"], "comment": "Looked at reasons, limits and critical sites."}
        found.update(desk.approver.post(f"{path}/approve", body))
    if found["state"] == "approved":
        desk.technician.post(f"{path}/start")

    def ended() -> bool:
        progress = desk.technician.get(f"{path}/progress")
        bar(what, progress["done"], progress["total"])
        if progress["state"] == "paused":
            desk.technician.post(f"{path}/resume")
        return progress["state"] in {"completed", "stopped"}

    wait_until(ended, f"change {change} ends", seconds=_PATIENCE, every=0.5)
    return found


# ── crews ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _visited(desk: Desk, offices: Sequence[Office], tale: Tale, crews: Crews, bar: Bar) -> None:
    """Schedule as crews come free, until no site is left that a visit would help."""
    meddled = False

    def over() -> bool:
        nonlocal meddled
        crews.check()
        found = desk.technician.get(f"/programmes/{tale.programme}")
        whole = found["whole"]
        bar("Crews replace routers and cards", whole["field_done"], whole["sites"])
        for region in found["regions"]:
            _schedule(desk, tale, region, crews)
        if not meddled and whole["field_done"] >= min(5, whole["sites"]):
            meddled = True
            _meddle(desk, offices, tale, bar)
        states = whole["states"]
        return not any(states.get(one) for one in ("preparing", "ready", "again", "scheduled", "on_site"))

    wait_until(over, "every site was visited", seconds=_PATIENCE, every=1.0)


def _schedule(desk: Desk, tale: Tale, region: Mapping[str, Any], crews: Crews) -> None:
    states = region["states"]
    waiting = states.get("ready", 0) + states.get("again", 0)
    under_way = states.get("scheduled", 0) + states.get("on_site", 0)
    logins = tale.crews.get(region["name"], ())
    if not waiting or not logins or under_way > len(logins) * _IN_HAND:
        return
    body = {"crew_ids": [login.crew_id for login in logins], "regions": [region["name"]], "limit": _STEP}
    made = _from_the_next_day(desk, tale, body, crews)
    orders = [desk.technician.get(f"/field/orders/{one}") for one in made["orders"]]
    for login in logins:
        _issue(desk, tale, login, [one for one in orders if one["crew_id"] == login.crew_id], crews)


def _from_the_next_day(desk: Desk, tale: Tale, body: Mapping[str, Any], crews: Crews) -> dict[str, Any]:
    """Schedule from a day on that is not over before the orders are written, fast as the calendar runs."""
    path = f"/programmes/{tale.programme}"
    margin = crews.margin
    while True:
        now = datetime.fromisoformat(desk.technician.get(path)["now"])
        try:
            wanted = {**body, "first_day": (now + margin).date().isoformat()}
            made: dict[str, Any] = desk.technician.post(f"{path}/schedule", wanted)
        except Unavailable as error:
            if '"rule":"past"' not in error.detail or margin > _LONGEST_MARGIN:
                raise
            margin *= 2
            continue
        return made


def _issue(desk: Desk, tale: Tale, login: CrewLogin, orders: Sequence[Mapping[str, Any]], crews: Crews) -> None:
    """The storekeeper hands a crew what its orders need: the cards that were prepared, and a router for each site."""
    visits = [visit for order in orders for visit in order["visits"]]
    cards = [step["new_iccid"] for visit in visits for step in visit["steps"] if step["new_iccid"]]
    if len(tale.routers) < len(visits):  # more second visits than there were spares for
        _order_routers(desk, tale, max(len(visits), int(tale.sites * (SPARE - 1)) + 10))
    routers = [tale.routers.popleft() for _ in visits]
    for goods, serials in (("card", cards), ("router", [router.serial for router in routers])):
        if not serials:
            continue
        body = {
            "goods": goods,
            "serials": serials,
            "warehouse_id": tale.warehouse,
            "to_place": login.place_id,
            "key": f"order-{orders[0]['id']}-{goods}",
            "reference": f"order {orders[0]['id']}",
        }
        tale.issued += int(desk.storekeeper.post("/stock/issues", body)["moved"])
    crews.load(login.crew_id, routers)


# ── what nobody asked for ─────────────────────────────────────────────────────────────────────────────────────────────


def _meddle(desk: Desk, offices: Sequence[Office], tale: Tale, bar: Bar) -> None:
    """Somebody at operator B changes an APN by hand, and a SIM turns up in a foreign device."""
    path = f"/programmes/{tale.programme}"
    left = {"state": ["dwelling", "retiring", "done"], "limit": 50}
    sites = {row["site_id"] for row in desk.technician.get(f"{path}/sites", **left)["items"]}
    chosen = [
        row
        for row in desk.technician.pages(f"{path}/links", limit=5000)
        if row["site_id"] in sites and row["operator"] == "B"
    ]
    office = next(one for one in offices if one.code == "B")
    slip, stray = chosen[0], chosen[-1]
    office.patch(
        f"/backoffice/v1/utilities/{UTILITY}/subscriptions/{slip['new_ref']}",
        {"attributes": {"apn": "internet.example"}, "by": "j.doe", "reason": "Typed into the wrong window."},
    )
    before = office.get(f"/simulation/v1/fittings/{stray['new_iccid']}")
    place = desk.technician.get(f"/sites/{stray['site_id']}")
    elsewhere = {"imei": imei_of(_STRANGER), "generations": "4G", "lat": place["lat"], "lon": place["lon"]}
    office.post("/simulation/v1/fittings", [{"iccid": stray["new_iccid"], **elsewhere}])
    tale.foreign = [slip["new_ref"], stray["new_ref"]]
    blocked = _put_right(desk, bar)
    # A crew finds the card, puts it back where it belongs, and the suspension is taken back like any other change.
    there = {**elsewhere, "imei": before["imei"], "generations": ROUTER["generations"]}
    office.post("/simulation/v1/fittings", [{"iccid": stray["new_iccid"], **there}])
    undo = desk.technician.post(f"/changes/{blocked}/undo", {"reason": "The card is back in its router."})
    carry_out(desk, undo["id"], "Taking the suspension back", bar)


def _put_right(desk: Desk, bar: Bar) -> int:
    """Both are incidents at once, and put right through changes like any other; returns the one that suspended."""
    found: dict[str, dict[str, Any]] = {}

    def both() -> bool:
        bar("Somebody changed something at operator B", len(found), 2)
        for kind in ("configuration", "wrong-device"):
            rows = desk.technician.get("/incidents", kind=kind)["items"]
            if rows:
                found[kind] = rows[0]
        return len(found) == 2  # noqa: PLR2004 - one of each

    wait_until(both, "both foreign changes are incidents", seconds=60)
    change = 0
    for kind, act in (("configuration", "revert"), ("wrong-device", "block")):
        incident = found[kind]["id"]
        body = {"type": "normal", "reason": "Nobody asked for this."} if act == "revert" else None
        change = desk.technician.post(f"/incidents/{incident}/{act}", body)["change_id"]
        carry_out(desk, change, "Putting it right", bar)
    return int(change)


def _foreign(desk: Desk) -> int:
    return len(list(_incidents(desk)))


def _reverted(desk: Desk) -> int:
    return sum(1 for one in _incidents(desk) if one["state"] == "resolved")


def _incidents(desk: Desk) -> Iterator[dict[str, Any]]:
    for state in ("open", "acknowledged", "resolved"):
        for kind in ("configuration", "wrong-device"):
            yield from desk.technician.pages("/incidents", state=state, kind=kind, limit=1000)


# ── afterwards ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _settled(desk: Desk, tale: Tale, bar: Bar) -> None:
    """The dwells are over, and the old subscriptions retired."""

    def over() -> bool:
        figures = desk.technician.get(f"/programmes/{tale.programme}/figures")
        states = figures["states"]
        bar("Old subscriptions are retired", states.get("done", 0), figures["sites"])
        return not any(states.get(one) for one in ("dwelling", "retiring"))

    wait_until(over, "every old subscription is retired", seconds=_PATIENCE, every=1.0)


def _cleared(desk: Desk, bar: Bar) -> None:
    """What is open at the end is put right like what came before; whoever goes on changing things is not waited for."""
    for _ in range(_ROUNDS):
        still = _left_open(desk, bar)
        if not still:
            return
        for incident in still:
            change = _revert(desk, incident)
            if change is not None:
                carry_out(desk, change, "Putting it right", bar)


def _revert(desk: Desk, incident: int) -> int | None:
    """The change that puts an incident right; None where there is none to be made, or it has just ended by itself."""
    path = f"/incidents/{incident}"
    if "revert" not in desk.technician.get(path)["acts"]:
        return None
    try:
        made = desk.technician.post(f"{path}/revert", {"type": "normal", "reason": "Nobody asked for this."})
    except Unavailable:
        if desk.technician.get(path)["incident"]["state"] == "resolved":
            return None
        raise
    return int(made["change_id"])


def _left_open(desk: Desk, bar: Bar) -> list[int]:
    """The incidents that do not end by themselves within a while."""
    end = time.monotonic() + _WHILE
    while True:
        still = [one["id"] for one in _incidents(desk) if one["state"] != "resolved"]
        bar("What is open still is put right", 0, len(still))
        if not still or time.monotonic() > end:
            return still
        time.sleep(1)


def _second_visits(desk: Desk, tale: Tale) -> int:
    origin = f"programme:{tale.programme}"
    return sum(
        1
        for visit in desk.technician.pages("/field/visits", origin=origin, limit=1000)
        if visit["attempt"] > 1 and visit["state"] != "cancelled"
    )
