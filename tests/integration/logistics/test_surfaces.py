"""Stock over REST and as pages: who may, what is shown, forms that go twice, what is no serial."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.conftest import Whole
from tests.integration.logistics.conftest import CREW, KEEPER, Store, iccid, imei

from tieline.console.visitor import Visitor
from tieline.platform.scope import Permission, Role, Scope
from tieline.platform.web import current_scope
from tieline.utility.console.visitor import current_visitor

pytestmark = pytest.mark.anyio
VIEWER = Scope("user:vera", Role.VIEWER.permissions, user_id=9)
PAGES = (
    "/stock", "/stock/items", "/stock/orders", "/stock/losses", "/stock/counts", "/stock/balance", "/stock/forecast",
    "/cards/stock",
)  # fmt: skip
FORMS = ("/stock/move?act=issue", "/stock/move?act=scrap", "/stock/lost", "/stock/orders/new", "/stock/counts/new")


class Desk:
    """Somebody at the REST interface and at the pages, with the store behind."""

    def __init__(self, store: Store, http: httpx.AsyncClient, asker: dict[str, Scope]) -> None:
        self.store, self.http, self.asker = store, http, asker

    async def rest(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = await self.http.request(method, f"/api/v1/stock{path}", **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def page(self, path: str, status: int = 200) -> str:
        answer = await self.http.get(path)
        assert answer.status_code == status, answer.text[:2000]
        return answer.text

    async def post(self, path: str, fields: dict[str, str], status: int = 303) -> httpx.Response:
        answer = await self.http.post(path, data={"csrf_token": "token", **fields})
        assert answer.status_code == status, answer.text[:2000]
        return answer


@pytest.fixture
async def desk(store: Store, application: Whole) -> AsyncIterator[Desk]:
    asker = {"scope": KEEPER}
    app = application(store.world.runtime)
    app.dependency_overrides[current_scope] = lambda: asker["scope"]
    app.dependency_overrides[current_visitor] = lambda: Visitor(asker["scope"], "Kim", "Storekeeper", "token")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://stock.test") as http:
        yield Desk(store, http, asker)


async def test_a_storekeepers_day_over_rest(desk: Desk) -> None:
    cards = await desk.store.cards("A", range(3))
    body = {"reference": "PO-1", "goods": "card", "operator": "A", "number": 3, "supplier": "ACME",
            "expected_on": "2030-01-31"}  # fmt: skip
    order = await desk.rest("POST", "/orders", 201, json=body)
    places = (await desk.rest("GET", "/places", params={"kind": "warehouse"}))["items"]
    main = places[0]["id"]
    note = {"file": ("note.csv", "iccid\n" + "\n".join([*cards, iccid(99)]))}
    url = f"/orders/{order['id']}/deliveries"
    seen = await desk.rest("POST", url, 200, data={"warehouse_id": main, "dry_run": "true"}, files=note)
    done = await desk.rest("POST", url, 201, data={"warehouse_id": main}, files=note)
    again = await desk.rest("POST", url, 200, data={"warehouse_id": main}, files=note)
    assert (seen["accepted"], done["accepted"], again["repeated"]) == (3, 3, True)
    assert [(one["line"], one["rule"]) for one in done["problems"]] == [(5, "unknown-card")]
    crew = await desk.rest("PUT", "/crews/4", json={"name": "Crew South 2", "region": "South"})
    issue = {"goods": "card", "serials": cards[:2], "warehouse_id": main, "to_place": crew["id"], "key": "k1"}
    first, second = await desk.rest("POST", "/issues", json=issue), await desk.rest("POST", "/issues", json=issue)
    assert (first["moved"], second["moved"], second["repeated"]) == (2, 0, 2)
    found = await desk.rest("GET", "/where/card", params={"serial": [*cards, "nobody's"]})
    assert {one["serial"]: one["place"]["code"] for one in found["items"]} == {
        cards[0]: "CREW-4", cards[1]: "CREW-4", cards[2]: "MAIN",
    }  # fmt: skip
    assert found["unknown"] == ["nobody's"]
    lost = await desk.rest("POST", "/losses", 201, json={"goods": "card", "serials": cards[:1], "why": "gone"})
    assert lost["change_id"] is None
    count = {"place_id": main, "goods": "card", "serials": [cards[1]]}
    made = await desk.rest("POST", "/counts", 201, json=count)
    sheet = (await desk.rest("GET", f"/counts/{made['id']}/differences"))["items"]
    assert sorted(one["verdict"] for one in sheet) == ["missing", "wrong_place"]
    adjusted = await desk.rest("POST", f"/counts/{made['id']}/adjust", json={"why": "counted"})
    assert adjusted["moved"] == 1
    balance = await desk.rest("GET", "/balance")
    assert balance["ok"] is True
    assert [(one["kind"], one["number"]) for one in balance["places"]] == [("warehouse", 2), ("lost", 1)]


async def test_what_is_no_answerable_question_is_told(desk: Desk) -> None:
    body = {"goods": "card", "serials": ["a b"], "to_place": 1, "key": "k"}
    answer = await desk.http.post("/api/v1/stock/moves", json=body)
    assert answer.status_code == 422
    for path in ("/items/999", "/orders/999", "/deliveries/999", "/counts/999", "/items/0", "/losses/9/block"):
        method = "POST" if path.endswith("block") else "GET"
        answer = await desk.http.request(method, f"/api/v1/stock{path}")
        assert answer.status_code in {404, 422}, path
    answer = await desk.http.get("/api/v1/stock/items", params={"q": "\0"})
    assert answer.status_code == 422


@pytest.mark.parametrize("scope", [VIEWER, CREW])
async def test_who_only_looks_moves_nothing(desk: Desk, scope: Scope) -> None:
    card = (await desk.store.delivered("A", range(1)))[0]
    desk.asker["scope"] = scope
    body = {"goods": "card", "serials": [card], "to_place": 3, "key": "k"}
    answer = await desk.http.post("/api/v1/stock/moves", json=body)
    assert answer.status_code == 403
    if scope.may(Permission.INVENTORY_READ):
        text = await desk.page("/stock")
        assert "Your role may not move goods" in text
        assert (await desk.http.get("/stock/move")).status_code == 403


@pytest.mark.parametrize("path", [*PAGES, *FORMS])
async def test_an_empty_store_has_every_page(desk: Desk, path: str) -> None:
    assert "<main" in await desk.page(path)


async def test_a_full_store_has_every_page(desk: Desk) -> None:
    store = desk.store
    cards = await store.delivered("A", range(4))
    await store.issue(await store.crew_place(), cards[:2], "k1")
    async with store.db.transaction() as tx:
        from tieline.utility import logistics  # noqa: PLC0415 - only here

        await logistics.take_in(tx, store.keeper, warehouse_id=store.main.id, key="opening")
        count = await logistics.count_place(
            tx, store.keeper, place_id=store.main.id, goods=logistics.Goods.CARD, serials=[cards[0], "strange"]
        )
        await logistics.lose(tx, store.keeper, goods=logistics.Goods.CARD, serial="old-A-1", why="<b>gone</b>")
    for path in PAGES:
        text = await desk.page(path)
        assert "<b>gone</b>" not in text
    overview = await desk.page("/stock")
    assert "Crew North 1" in overview
    for href in set(re.findall(r'href="(/stock/items[^"]*)"', overview)):
        assert "in all" in (listed := await desk.page(href.replace("&amp;", "&"))) or "fit these filters" in listed
    item = await store.value("SELECT id FROM stock_item WHERE serial = %(s)s", s=cards[0])
    life = await desk.page(f"/stock/items/{item}")
    assert life.index("Issued") < life.index("Delivered")
    assert "Nobody knows it" in await desk.page(f"/stock/counts/{count}")
    await desk.page("/stock/orders/1")
    await desk.page("/stock/deliveries/1")
    sheet = await desk.http.get(f"/stock/labels.svg?place={store.main.id}")
    assert sheet.headers["content-type"] == "image/svg+xml"
    assert sheet.text.count("<g transform") >= 2
    card = await store.value("SELECT id FROM card WHERE iccid = %(s)s", s=cards[0])
    shown = await desk.page(f"/cards/{card}")
    assert "Issued: Main warehouse" in shown
    assert f'href="/stock/items/{item}"' in shown
    device = await store.value("SELECT thing_id FROM stock_item WHERE serial = 'RS1'")
    assert "in Site 1" in await desk.page(f"/devices/{device}")


async def test_the_form_that_issues(desk: Desk) -> None:
    cards = await desk.store.delivered("A", range(3))
    crew = await desk.store.crew_place()
    form = await desk.page("/stock/move?act=issue")
    key = re.search(r'name="key" value="([^"]+)"', form)
    assert key is not None
    grouped = " ".join(cards[0][at : at + 4] for at in range(0, 19, 4))
    fields = {
        "act": "issue", "from_place": str(desk.store.main.id), "to_place": str(crew.id), "goods": "card",
        "serials": f"{grouped}\n{cards[1]}, nobody's", "key": key[1],
    }  # fmt: skip
    done = await desk.post("/stock/move", fields, 200)
    again = await desk.post("/stock/move", fields, 200)
    assert "2 items moved, 1 refused." in done.text
    assert "0 items moved, 2 had been moved before, 1 refused." in again.text
    bad = await desk.post("/stock/move", {**fields, "serials": "ünsinn"}, 422)
    assert "letters and digits" in bad.text


async def test_a_loss_is_previewed_then_reported(desk: Desk) -> None:
    fields = {"goods": "router", "serials": "RS3", "stolen": "1", "why": "broken open"}
    seen = await desk.post("/stock/lost/preview", fields, 200)
    assert "2 lines will be suspended" in seen.text
    assert "emergency change" in seen.text
    unknown = await desk.post("/stock/lost/preview", {**fields, "serials": "RS99"}, 422)
    assert "Nobody knows RS99" in unknown.text
    done = await desk.post("/stock/lost", fields)
    assert done.headers["location"].startswith("/changes/")
    assert "Being planned" in await desk.page("/stock/losses")


async def test_a_delivery_is_looked_at_then_taken_in(desk: Desk) -> None:
    fields = {"reference": "PO-R", "goods": "router", "number": "2", "supplier": "Acme", "expected_on": "2030-01-01",
              "variety": "Acme R5", "generation": "4G"}  # fmt: skip
    made = await desk.post("/stock/orders", fields)
    where = made.headers["location"]
    wrong = await desk.post("/stock/orders", {**fields, "reference": "", "number": "x"}, 422)
    assert "A whole number" in wrong.text
    note = {"file": ("note.csv", f"serial,imei\nR-1,{imei(1)}\nR-2,12\n")}
    data = {"csrf_token": "token", "warehouse_id": str(desk.store.main.id), "take": ""}
    seen = await desk.http.post(f"{where}/deliveries", data=data, files=note)
    assert seen.status_code == 200
    assert "1 row of 2 would be taken in, 1 are bad" in seen.text
    done = await desk.http.post(f"{where}/deliveries", data={**data, "take": "1"}, files=note)
    assert done.status_code == 303
    told = await desk.page(done.headers["location"])
    assert "1 item taken into Main warehouse; 1 row bad." in told
    none = await desk.http.post(f"{where}/deliveries", data=data, files={"file": ("x.csv", "colour\nred\n")})
    assert none.status_code == 422
    assert "no column external_id" in none.text


async def test_a_need_by_hand(desk: Desk) -> None:
    fields = {"goods": "card", "operator": "A", "number": "5", "day": "2030-02-01", "generation": "4G"}
    await desk.post("/stock/forecast", fields)
    await desk.post("/stock/forecast", fields)
    text = await desk.page("/stock/forecast")
    assert "Runs short" in text
    assert "by hand" in text
    await desk.post("/stock/forecast", {"clear": "1"})
    assert "Nothing is needed yet" in await desk.page("/stock/forecast")
