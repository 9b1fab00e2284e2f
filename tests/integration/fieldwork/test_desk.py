"""Pages of the desk over real visits, and REST as phones and programs use it."""

import json
import os
import struct
import uuid
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Whole
from tests.integration.fieldwork.conftest import NOW, iccid, person

from tieline.console.visitor import Visitor
from tieline.platform.scope import Role, Scope
from tieline.platform.settings import Settings
from tieline.platform.web import current_scope
from tieline.platform.wiring import Runtime
from tieline.utility import changes
from tieline.utility.console.visitor import current_visitor
from tieline.utility.fieldwork.jobs import Nothing, forget_photos

pytestmark = pytest.mark.anyio


class Desk:
    """The application over the world, and who asks it."""

    def __init__(self, world: Any, http: httpx.AsyncClient, home: Path) -> None:
        self.world, self.http, self.home = world, http, home
        self.scope: Scope = world.dora

    def visitor(self) -> Visitor:
        return Visitor(self.scope, "Dora", "Technician", "token")

    async def page(self, path: str, status: int = 200) -> str:
        answer = await self.http.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status, answer.text[:3000]
        return answer.text

    async def post(self, path: str, status: int = 303, **fields: Any) -> httpx.Response:
        answer = await self.http.post(path, data={"csrf_token": "token", **fields})
        assert answer.status_code == status, answer.text[:3000]
        return answer

    async def ask(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = await self.http.request(method, f"/api/v1/field{path}", **more)
        assert answer.status_code == status, answer.text[:3000]
        return answer.json() if answer.content and "json" in answer.headers["Content-Type"] else answer


@pytest.fixture
async def desk(world: Any, application: Whole, tmp_path: Path) -> AsyncIterator[Desk]:
    app = application(Runtime(Settings(home=tmp_path), world.db, world.clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.test") as http:
        found = Desk(world, http, tmp_path)
        app.dependency_overrides[current_visitor] = found.visitor
        app.dependency_overrides[current_scope] = lambda: found.scope
        yield found


async def test_every_page_says_what_would_fill_it(desk: Desk) -> None:
    assert "No order" in await desk.page("/fieldwork")
    assert "No visit is planned" in await desk.page("/fieldwork/visits")
    assert "No visit fits these filters" in await desk.page("/fieldwork/visits?late=1")
    assert "No report waits for you" in await desk.page("/fieldwork/reports")
    assert "No visit waits for an order" in await desk.page("/fieldwork/orders/new")
    assert "Crew north" in await desk.page("/fieldwork/crews")
    await desk.page("/fieldwork/orders/99", 404)
    await desk.page("/fieldwork/visits/99", 404)
    await desk.page("/fieldwork/reports/no-such-thing", 404)


async def test_from_waiting_visits_to_an_order_handed_over_and_cancelled(desk: Desk) -> None:
    world = desk.world
    await world.plan(0, 2, 4)
    assert "North: 3 in no order" in await desk.page("/fieldwork/orders/new")
    form = {"region": "North", "first_day": NOW.date().isoformat(), "hours_per_day": "8", "home_minutes": "60"}
    again = await desk.post("/fieldwork/orders", 422, **form, speed_kmh="40")
    assert "Name at least one crew." in again.text
    assert "A number from 5 to 130." in (await desk.post("/fieldwork/orders", 422, **form, speed_kmh="fast")).text
    made = await desk.post("/fieldwork/orders", 200, **form, speed_kmh="40", crew_ids=world.crews["north"])
    assert "3 visits" in made.text
    (order,) = [row["id"] for row in await world.rows("SELECT id FROM work_order")]
    assert f"/fieldwork/orders/{order}" in await desk.page("/fieldwork?region=North&crew=" + str(world.crews["north"]))
    shown = await desk.page(f"/fieldwork/orders/{order}")
    assert "<polyline" in shown
    assert "Site 3" in shown
    assert (await desk.http.get(f"/fieldwork/orders/{order}/route.csv")).text.startswith("position,visit,site")
    geo = await desk.http.get(f"/fieldwork/orders/{order}/route.geojson")
    assert geo.headers["Content-Type"] == "application/geo+json"
    await desk.page(f"/fieldwork/orders/{order}/hand-over")
    bad = await desk.post(f"/fieldwork/orders/{order}/hand-over", 422, crew_id=world.crews["south"], day="yesterday")
    assert "A day." in bad.text
    await desk.post(f"/fieldwork/orders/{order}/hand-over", crew_id=world.crews["south"], day="2026-03-04")
    assert "Crew south" in await desk.page(f"/fieldwork/orders/{order}")
    await desk.post(f"/fieldwork/orders/{order}/cancel", reason="Storm")
    assert "Storm" in await desk.page(f"/fieldwork/orders/{order}")
    assert "Site 3" in await desk.page("/fieldwork/visits?unassigned=1")


async def test_chosen_visits_are_moved_and_one_is_cancelled(desk: Desk) -> None:
    world = desk.world
    first, second = await world.plan(0, 2)
    asked = await desk.post("/fieldwork/visits/moving", 200, id=[first, second])
    assert "Move 2 visits" in asked.text
    await desk.post("/fieldwork/visits/moving", 422)
    moved = await desk.post(
        "/fieldwork/visits/move", id=[first, second], crew_id=world.crews["north"], day=NOW.date().isoformat()
    )
    assert moved.headers["Location"].startswith("/fieldwork/orders/")
    await desk.page(f"/fieldwork/visits/{first}/move")
    await desk.post(f"/fieldwork/visits/{first}/cancel", reason="Sold")
    assert "Cancelled" in await desk.page(f"/fieldwork/visits/{first}")


async def test_a_refused_report_is_looked_at(desk: Desk) -> None:
    world = desk.world
    here, _ = await world.ordered(0, 2)
    answer = await world.say(here, "fitted", step="backup", iccid=iccid(2, 2), router="R-1")
    assert "is for Site 3" in await desk.page("/fieldwork/reports")
    assert "is for Site 3" in await desk.page(f"/fieldwork/visits/{here}")
    assert "Look whether you are at the right site" in await desk.page(f"/fieldwork/reports/{answer.id}")
    await desk.post(f"/fieldwork/reports/{answer.id}/take")
    assert "Refused" in await desk.page(f"/fieldwork/reports/{answer.id}"), "it cannot be right still"
    await desk.post(f"/fieldwork/reports/{answer.id}/look", note="Called them")
    assert "No report waits for you" in await desk.page("/fieldwork/reports")
    assert "Called them" in await desk.page(f"/fieldwork/reports/{answer.id}")


async def test_crews_are_made_and_changed(desk: Desk) -> None:
    world = desk.world
    await desk.page("/fieldwork/crews/new")
    assert "Letters, digits" in (await desk.post("/fieldwork/crews", 422, code="a b", name="West")).text
    assert "There is a crew north already." in (await desk.post("/fieldwork/crews", 422, code="north", name="N")).text
    await desk.post("/fieldwork/crews", code="west", name="West")
    taken = await desk.post(
        f"/fieldwork/crews/{world.crews['north']}", 422, name="North", members=["kit", "lee"], active="1"
    )
    assert "lee belongs to Crew south." in taken.text
    await desk.post(f"/fieldwork/crews/{world.crews['north']}", name="Far north", members=["kit"], active="1")
    assert "Far north" in await desk.page("/fieldwork/crews")


async def test_a_viewer_looks_and_a_crew_does_not(desk: Desk) -> None:
    world = desk.world
    (visit,) = await world.ordered(0)
    desk.scope = person("vera", 901, Role.VIEWER)
    assert "Your role may not plan field work." in await desk.page(f"/fieldwork/visits/{visit}")
    await desk.post(f"/fieldwork/visits/{visit}/cancel", 403, reason="why not")
    desk.scope = world.kit
    await desk.page("/fieldwork", 403)
    home = await desk.http.get("/")
    assert (home.status_code, home.headers["Location"]) == (303, "/field/")


async def test_a_phone_gets_its_own_crews_orders_and_nothing_of_others(desk: Desk) -> None:
    world = desk.world
    (mine,) = await world.ordered(0)
    (theirs,) = await world.ordered(1, crew="south")
    desk.scope = world.kit
    found = await desk.ask("GET", "/mine")
    assert [visit["id"] for order in found["orders"] for visit in order["visits"]] == [mine]
    assert (found["crew"], found["today"]) == ("Crew north", "2026-03-02")
    await desk.ask("GET", f"/visits/{theirs}", 404)
    await desk.ask("GET", "/crews", 403)
    await desk.ask("GET", "/reports", 403)
    etag = (await desk.http.get("/api/v1/field/mine")).headers["ETag"]
    assert (await desk.http.get("/api/v1/field/mine", headers={"If-None-Match": etag})).status_code == 304
    desk.scope = person("nobody", 902, Role.CREW)
    assert (await desk.ask("GET", "/mine"))["crew"] is None


def report(visit: int, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "visit": visit, "kind": kind, **more}


async def test_reports_by_rest_are_answered_each_by_itself(desk: Desk) -> None:
    world = desk.world
    (visit,) = await world.ordered(0)
    desk.scope = world.kit
    good = report(visit, "trouble", words="half \ud83d of a pair, and \0 nothing", phone="p", seq=1)
    sent = [
        {"id": "no uuid", "visit": visit, "kind": "arrived"},
        report(visit, "danced"),
        report(visit, "arrived", at="2026-03-02T08:00:00"),
        report(2**70, "arrived"),
        report(visit, "arrived", phone="p", seq=0),
        report(visit, "trouble", words="x" * 100_000),
        good,
        {**good, "words": "something else"},
        report(10**12, "arrived"),
    ]
    body, kind = json.dumps({"reports": sent}), {"Content-Type": "application/json"}
    answers = (await desk.ask("POST", "/reports", content=body, headers=kind))["answers"]
    states = [(one["state"], one["rule"]) for one in answers]
    assert states[:5] == [("refused", "form")] * 5
    assert states[5:7] == [("accepted", ""), ("accepted", "")]
    assert states[7:] == [("refused", "id-taken"), ("refused", "not-yours")]
    assert all(one["sentence"].endswith(".") for one in answers)
    await desk.ask("POST", "/reports", 422, json={"reports": []})
    await desk.ask("POST", "/reports", 422, json={"reports": [report(visit, "arrived")] * 501})


def png(width: int = 2, height: int = 1, *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG made by hand, as the specification lays it out."""
    rows = b"".join(b"\0" + b"\x10\x20\x30" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    made = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + made


async def test_a_picture_is_kept_without_what_tells_of_the_phone(desk: Desk) -> None:
    world = desk.world
    (visit,) = await world.ordered(0)
    desk.scope = world.kit
    name = str(uuid.uuid4())
    content = png(2, 1, (b"tEXt", b"Comment\0taken at 52.1 -1.2"), (b"eXIf", b"GPS"))
    path = f"/photos/{name}?visit={visit}"
    assert (await desk.ask("PUT", path, 201, content=content)) == {"id": name, "repeated": False}
    assert (await desk.ask("PUT", path, 201, content=content)) == {"id": name, "repeated": True}
    kept = list((desk.home / "photos").iterdir())
    assert len(kept) == 1
    assert kept[0].stat().st_mode & 0o777 == 0o600
    shown = await desk.ask("GET", f"/photos/{name}")
    assert shown.content == png(2, 1)
    assert shown.headers["Content-Type"] == "image/png"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    desk.scope = world.lee
    await desk.ask("GET", f"/photos/{name}", 404)
    await desk.ask("PUT", f"/photos/{uuid.uuid4()}?visit={visit}", 404, content=content)
    desk.scope = world.dora
    assert f"/api/v1/field/photos/{name}" in await desk.page(f"/fieldwork/visits/{visit}")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 422),
        (b"GIF89a" + bytes(100), 422),
        (b"\xff\xd8\xff\xe0", 422),
        (b"", 422),
        (png()[:-6], 422),
        (png(8000, 8000), 413),
        (b"\xff\xd8\xff" + bytes(2_000_000), 413),
    ],
)
async def test_what_is_no_picture_is_refused_and_leaves_no_file(desk: Desk, content: bytes, status: int) -> None:
    (visit,) = await desk.world.ordered(0)
    desk.scope = desk.world.kit
    answer = await desk.ask("PUT", f"/photos/{uuid.uuid4()}?visit={visit}", status, content=content)
    assert answer["detail"]
    folder = desk.home / "photos"
    assert not folder.exists() or not list(folder.iterdir())


async def test_what_a_killed_process_left_of_a_picture_is_cleared_away(desk: Desk) -> None:
    (visit,) = await desk.world.ordered(0)
    desk.scope = desk.world.kit
    name = str(uuid.uuid4())
    await desk.ask("PUT", f"/photos/{name}?visit={visit}", 201, content=png())
    folder = desk.home / "photos"
    [kept] = folder.iterdir()
    young, old = folder / "young", folder / "old"
    for file in (young, old):
        file.write_bytes(png())
    for file in (kept, old):
        os.utime(file, (0, 0))
    await forget_photos.run(Runtime(Settings(home=desk.home), desk.world.db, desk.world.clock), Nothing())
    assert sorted(folder.iterdir()) == sorted([kept, young])
    kept.unlink()
    gone = await desk.ask("GET", f"/photos/{name}", 404)
    assert "backup" in gone["advice"]


async def test_a_phone_tells_of_storm_mode(desk: Desk) -> None:
    await desk.world.ordered(0)
    storm = changes.Storm(reason="Arwen", regions=["North"], spare_crews=True)
    async with desk.world.db.transaction() as tx:
        await changes.begin_storm(tx, person("claire", 77, Role.CONTROLLER), desk.world.clock, storm)
    desk.scope = desk.world.kit
    told = {"regions": ["North"], "reason": "Arwen", "ends_at": None, "spares_crews": True}
    assert (await desk.ask("GET", "/mine"))["storms"] == [told]
    desk.scope = person("nobody", 902, Role.CREW)
    assert (await desk.ask("GET", "/mine"))["storms"] == [told]


async def test_a_crew_does_not_read_that_another_crews_report_was_refused(desk: Desk) -> None:
    (visit,) = await desk.world.ordered(1, crew="south")
    desk.scope = desk.world.kit
    await desk.ask("POST", "/reports", json={"reports": [report(visit, "arrived")]})
    desk.scope = desk.world.lee
    await desk.ask("POST", "/reports", json={"reports": [report(visit, "trouble", words=" ")]})
    (order,) = (await desk.ask("GET", "/mine"))["orders"]
    assert [one["kind"] for one in order["visits"][0]["refused"]] == ["trouble"]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9998-12-31T23:59:59Z"])
async def test_a_time_at_the_end_of_the_calendar_is_dated_when_it_came(desk: Desk, at: str) -> None:
    (visit,) = await desk.world.ordered(0)
    desk.scope = desk.world.kit
    report = {"id": str(uuid.uuid4()), "visit": visit, "kind": "arrived", "at": at}
    sent = {"sent_at": "2000-01-01T00:00:00Z", "reports": [report]}
    assert (await desk.ask("POST", "/reports", json=sent))["answers"][0]["state"] == "accepted"
    desk.scope = desk.world.dora
    assert NOW.isoformat()[:16] in (await desk.ask("GET", "/reports"))["items"][0]["at"]
    await desk.ask("POST", "/reports", 422, json={**sent, "sent_at": "2026-03-02T08:00:00"})


async def test_at_the_desk_days_go_by_the_calendar(world: Any, application: Whole, tmp_path: Path) -> None:
    (visit,) = await world.ordered(0, day=NOW.date())
    await world.plan(2)
    later = f"{(NOW + timedelta(days=40)).isoformat()}@{NOW.isoformat()}*1"
    app = application(Runtime(Settings(home=tmp_path, calendar=later), world.db, world.clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.test") as http:
        desk = Desk(world, http, tmp_path)
        app.dependency_overrides[current_visitor] = desk.visitor
        assert 'value="2026-04-11"' in await desk.page("/fieldwork/orders/new")
        assert "Late" in await desk.page(f"/fieldwork/visits/{visit}")
