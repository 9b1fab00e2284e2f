"""The REST API: answers fit their description, pages meet end to end, and nobody sees beyond their scope."""

import csv
import io
import json
from dataclasses import replace
from statistics import mean
from typing import Any, Protocol

import httpx
import openpyxl
import pytest
from jsonschema import Draft202012Validator

from tieline.platform.db import Database, execute
from tieline.platform.scope import Permission, Role, Scope, system
from tieline.platform.settings import Settings
from tieline.utility.inventory.service import imports

pytestmark = pytest.mark.anyio

KINDS = ("sites", "devices", "cards", "subscriptions", "links", "cells", "address-pools")
EVERYTHING = system("tests")


class Api(Protocol):
    app: Any

    def as_(self, scope: Scope) -> httpx.AsyncClient: ...


_DESCRIBED: dict[str, Any] = {}


def described(api: Api) -> dict[str, Any]:
    """The API's description; every application here has the same."""
    if not _DESCRIBED:
        _DESCRIBED.update(api.app.openapi())
    return _DESCRIBED


def fits(api: Api, path: str, answer: httpx.Response) -> Any:
    """The answer's JSON, once it is certain that it is as the description says."""
    assert answer.status_code < 300, answer.text
    description = described(api)
    method = answer.request.method.lower()
    responses = description["paths"][path][method]["responses"]
    schema = responses[str(answer.status_code)]["content"]["application/json"]["schema"]
    body = answer.json()
    Draft202012Validator({**schema, "components": description["components"]}).validate(body)
    return body


@pytest.mark.parametrize("kind", KINDS)
async def test_lists_and_details_are_as_described(api: Api, kind: str) -> None:
    http = api.as_(EVERYTHING)
    base = f"/api/v1/{kind}"
    page = fits(api, base, await http.get(base))
    count = fits(api, f"{base}/count", await http.get(f"{base}/count"))
    assert count["count"] == len(page["items"]) > 0
    identity = page["items"][0]["id"]
    for part in ("", "/history", "/timeline"):
        fits(api, f"{base}/{{identity}}{part}", await http.get(f"{base}/{identity}{part}"))
    assert (await http.get(f"{base}/99999")).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
async def test_pages_meet_end_to_end(api: Api, kind: str) -> None:
    http = api.as_(EVERYTHING)
    whole = (await http.get(f"/api/v1/{kind}", params={"limit": 1000})).json()["items"]
    description = described(api)["paths"][f"/api/v1/{kind}"]["get"]["parameters"]
    sorts = next(p for p in description if p["name"] == "sort")["description"].split(";")[0].split(", ")
    for sort in [*sorts, *(f"-{name}" for name in sorts)]:
        seen: list[int] = []
        params: dict[str, Any] = {"limit": 5, "sort": sort}
        while True:
            page = (await http.get(f"/api/v1/{kind}", params=params)).json()
            seen += [item["id"] for item in page["items"]]
            if not page.get("next"):
                break
            params["cursor"] = page["next"]
        assert sorted(seen) == sorted(item["id"] for item in whole), sort
    assert (await http.get(f"/api/v1/{kind}", params={"sort": "colour"})).status_code == 422
    for cursor in ("x", "WzFd", "WyJhIiwiYiJd"):
        assert (await http.get(f"/api/v1/{kind}", params={"cursor": cursor, "sort": "id"})).status_code == 422


async def test_a_site_tells_all_that_belongs_to_it(api: Api) -> None:
    site = (await api.as_(EVERYTHING).get("/api/v1/sites/1")).json()
    assert [link["operator"] for link in site["links"]] == ["A", "B"]
    assert {row["operator_code"]: row["cell_key"] for row in site["fleet"]} == {"A": "CELL-A", "B": "CELL-B"}
    assert site["shared_mast"] is True
    events = (await api.as_(EVERYTHING).get("/api/v1/sites/1/timeline")).json()["items"]
    assert {event["lane"] for event in events} == {"configuration", "links"}
    change = next(event for event in events if event["lane"] == "configuration")
    assert (change["detail"]["before"], change["detail"]["after"]) == ({"data_plan": "plan"}, {"data_plan": "other"})
    assert change["link"] == "/changes/5"
    subscription = (await api.as_(EVERYTHING).get("/api/v1/subscriptions/3")).json()
    assert {"field": "state", "desired": "ACTIVE", "operational": "SUSPENDED"} in subscription["drift"]
    assert [period["valid_to"] for period in subscription["cards"]] == [None]


async def test_the_fleet_at_a_glance(api: Api) -> None:
    http = api.as_(EVERYTHING)
    path = "/api/v1/fleet/summary"
    found = fits(api, path, await http.get(path))
    assert (found["sites"], found["sites_without_link"], found["links"]) == (12, 0, 24)
    assert (found["hanging"], found["mixed"], found["unknown"]) == ({"3G": 12}, 0, 0)
    groups = {(g["operator"], g["region"]): (g["subscriptions"], g["sites"]) for g in found["groups"]}
    assert groups == {("A", "North"): (7, 7), ("A", "South"): (5, 5), ("B", "North"): (7, 7), ("B", "South"): (5, 5)}
    by = fits(api, path, await http.get(path, params={"by": "technology,age", "region": "North"}))
    assert by["groups"] == [{"technology": "3G", "age": "hour", "subscriptions": 14, "sites": 7}]
    for bad in ("colour", "", "band,band"):
        assert (await http.get(path, params={"by": bad})).status_code == 422
    stock = fits(api, "/api/v1/cards/stock", await http.get("/api/v1/cards/stock"))["items"]
    assert sum(item["cards"] for item in stock) == 20


async def test_two_links_at_one_operator_are_one_site(api: Api, busy: Database) -> None:
    async with busy.transaction() as tx:
        await execute(tx, "UPDATE subscription SET site_id = 1 WHERE operator_ref = 'A0002'")
        await execute(tx, "UPDATE link SET site_id = 1 WHERE subscription_id = 2")
    found = (await api.as_(EVERYTHING).get("/api/v1/fleet/summary", params={"by": "operator"})).json()
    counts = {group["operator"]: (group["subscriptions"], group["sites"]) for group in found["groups"]}
    assert counts == {"A": (12, 11), "B": (12, 12)}


async def test_search_finds_by_anything(api: Api) -> None:
    http = api.as_(EVERYTHING)

    async def hits(q: str) -> list[tuple[str, str]]:
        body = fits(api, "/api/v1/search", await http.get("/api/v1/search", params={"q": q}))
        return [(hit["kind"], hit["code"]) for hit in body["items"]]

    assert (await hits("S0001"))[0] == ("site", "S0001")
    assert (await hits("s0001"))[0] == ("site", "S0001")
    assert ("site", "S0003") in await hits("street alb")
    assert await hits("ts3 1ab") == [("site", "S0003")]
    assert ("subscription", "A0003") in await hits("234150000000003")
    assert ("subscription", "A0003") in await hits("+234 15 0000000003")
    assert ("subscription", "B0003") in await hits("10.0.0.35")
    assert ("card", "8944100000000000003") in await hits("000003")
    assert ("device", "D0004") in await hits("0004")
    assert await hits("CELL-A") == [("cell", "CELL-A")]
    assert await hits("x") == []
    assert await hits("'); DROP TABLE site;--") == []


async def test_the_map_is_columns_with_a_validator(api: Api) -> None:
    http = api.as_(EVERYTHING)
    answer = await http.get("/api/v1/sites/map")
    body = fits(api, "/api/v1/sites/map", answer)
    columns = set(body) - {"count", "legend", "regions"}
    assert {len(body[name]) for name in columns} == {body["count"]} == {12}
    first = body["ids"].index(1)
    words = {name: body["legend"][name][body[name][first]] for name in ("state", "technology", "criticality", "kind")}
    assert words == {"state": "up", "technology": "3G", "criticality": "critical", "kind": "primary"}
    assert (body["operators"][first], body["legend"]["operators"]) == (3, ["A", "B"])
    again = await http.get("/api/v1/sites/map", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    empty = (await http.get("/api/v1/sites/map", params={"region": "Nowhere"})).json()
    assert (empty["count"], empty["ids"], empty["regions"]) == (0, [], [])


async def test_the_map_names_each_region_in_the_middle_of_its_sites(api: Api) -> None:
    http = api.as_(EVERYTHING)
    sites = (await http.get("/api/v1/sites", params={"limit": 100})).json()["items"]
    places = {name: [one for one in sites if one["region"] == name] for name in {one["region"] for one in sites}}
    told = (await http.get("/api/v1/sites/map")).json()["regions"]
    assert [one["sites"] for one in told] == sorted(map(len, places.values()), reverse=True)
    for one in told:
        lon, lat = (mean(site[axis] for site in places[one["name"]]) for axis in ("lon", "lat"))
        assert (one["lon"], one["lat"]) == (pytest.approx(lon, abs=0.001), pytest.approx(lat, abs=0.001))


DANGEROUS = (
    "=1+1",
    "+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "<script>alert(1)</script>",
    "'); DROP TABLE site;--",
    'Müller, "X"',
)


async def test_exports_are_harmless_and_whole(api: Api, busy: Database) -> None:
    async with busy.transaction() as tx:
        for number, name in enumerate(DANGEROUS, 1):
            await execute(tx, "UPDATE site SET name = %(name)s WHERE id = %(id)s", {"name": name, "id": number})
    http = api.as_(EVERYTHING)
    text = (await http.get("/api/v1/sites/export", params={"form": "csv"})).text
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == 12
    # Behind a tab or a semicolon another country's spreadsheet begins a value.
    defused = ["'=1+1", "'+1", "'-2+3", "'@SUM(1)", "'\t'=1", DANGEROUS[5], "'); DROP TABLE site;'--", DANGEROUS[7]]
    assert [row["name"] for row in table[:8]] == defused
    assert float(table[0]["lon"]) == -1.0
    lines = (await http.get("/api/v1/sites/export", params={"form": "jsonl", "region": "North"})).text.splitlines()
    assert [json.loads(line)["name"] for line in lines] == list(DANGEROUS[:7])
    book = openpyxl.load_workbook(io.BytesIO((await http.get("/api/v1/sites/export", params={"form": "xlsx"})).content))
    sheet = book.worksheets[0]
    cells = [sheet.cell(row, 3) for row in range(2, 10)]
    assert [cell.value for cell in cells] == list(DANGEROUS)
    assert {cell.data_type for cell in cells} == {"s"}
    for kind in KINDS:
        answer = await http.get(f"/api/v1/{kind}/export", params={"region": "Nowhere", "operator": "Z"})
        assert answer.status_code == 200
        assert len(answer.text.splitlines()) == 1


async def test_operators_contracts_and_mappings(api: Api) -> None:
    http = api.as_(EVERYTHING)
    path = "/api/v1/operators/{code}"
    made = fits(api, path, await http.put("/api/v1/operators/C", json={"name": "C", "plmns": ["00101"]}))
    assert made["plmns"] == ["00101"]
    assert [item["code"] for item in (await http.get("/api/v1/operators")).json()["items"]] == ["A", "B", "C"]
    assert (await http.put("/api/v1/operators/C", json={"name": "C", "plmns": ["1"]})).status_code == 422
    terms = {"calls_per_second": 5, "apns": ["scada.dso"]}
    path = "/api/v1/operators/{code}/contracts/{name}"
    for _ in range(2):
        fits(api, path, await http.put("/api/v1/operators/C/contracts/2024", json=terms))
    assert len((await http.get("/api/v1/contracts", params={"operator": "C"})).json()["items"]) == 1
    assert (await http.put("/api/v1/operators/Z/contracts/x", json=terms)).status_code == 404
    spec = {"kind": "site", "name": "m", "columns": {"external_id": "id", "name": "n"}}
    path = "/api/v1/mappings/{name}"
    fits(api, path, await http.put("/api/v1/mappings/m", json=spec))
    toml = b'kind = "site"\nname = "m"\n[columns]\nexternal_id = "id"\nname = { from = "n", transform = "title" }\n'
    saved = await http.put("/api/v1/mappings/m", content=toml, headers={"Content-Type": "application/toml"})
    assert saved.json()["spec"]["columns"]["name"] == {"from": "n", "transform": "title"}
    for bad in (b"{", b"[]", b'{"kind":"site","name":"x","columns":{"colour":"c"}}', b"\xff"):
        assert (await http.put("/api/v1/mappings/m", content=bad)).status_code == 422
    assert (await http.delete("/api/v1/mappings/m")).status_code == 204
    assert (await http.get("/api/v1/mappings/m")).status_code == 404


async def test_an_import_over_rest(api: Api, busy: Database, settings: Settings) -> None:
    http = api.as_(EVERYTHING)
    content = b"id,site name,area,lat,lon\nX1,One,North,50,1\nX2,=2+2,North,99,1\n"
    path = "/api/v1/imports/preview"
    seen = fits(api, path, await http.post(path, content=content, params={"file_name": "x.csv"}))
    assert seen["suggestion"]["kind"] == "site"
    assert seen["suggestion"]["columns"] == {
        "external_id": "id",
        "name": "site name",
        "lat": "lat",
        "lon": "lon",
        "region": "area",
    }
    spec = {"kind": "site", "name": "s", "columns": seen["suggestion"]["columns"]}
    form = {"spec": json.dumps(spec), "dry_run": "true", "mode": "keep_good"}
    path = "/api/v1/imports"
    sent = fits(api, path, await http.post(path, data=form, files={"file": ("x.csv", content)}))
    assert (sent["state"], sent["dry_run"], sent["file_name"]) == ("queued", True, "x.csv")
    await imports.run(busy, settings, sent["id"])
    done = (await http.get(f"/api/v1/imports/{sent['id']}")).json()
    assert (done["state"], done["rows_created"], done["rows_bad"], done["can_repeat"]) == ("done", 1, 1, True)
    path = "/api/v1/imports/{identity}/problems"
    problems = fits(api, path, await http.get(f"/api/v1/imports/{sent['id']}/problems"))["items"]
    assert [(p["line"], p["field"], p["rule"], p["value"]) for p in problems] == [(3, "lat", "range", "99")]
    report = (await http.get(f"/api/v1/imports/{sent['id']}/report.csv")).text
    assert report.splitlines()[1] == "3,lat,range,99,it must be from -90 to 90 degrees"
    again = (await http.post(f"/api/v1/imports/{sent['id']}/repeat")).json()
    await imports.run(busy, settings, again["id"])
    assert len((await http.get("/api/v1/imports")).json()["items"]) == 2
    assert (await http.get("/api/v1/sites", params={"q": "X1"})).json()["items"][0]["region"] == "North"


async def test_uploads_are_bounded(api: Api, settings: Settings) -> None:
    http = api.as_(EVERYTHING)
    small = replace_setting(api, settings)
    too_much = b"x" * (small.upload_megabytes * 1_000_000 + 1)

    async def pieces() -> Any:
        yield too_much

    for content in (too_much, pieces()):
        answer = await http.post("/api/v1/imports", content=content, params={"mapping": "m"})
        assert answer.status_code == 413
    assert (await http.post("/api/v1/imports", content=b"a,b\n")).status_code == 422
    assert (await http.post("/api/v1/imports", content=b"a,b\n", params={"mapping": "none"})).status_code == 404
    assert (await http.post("/api/v1/imports", data={"mode": "x"}, files={"other": b"1"})).status_code == 422
    assert list((settings.home / "uploads").iterdir()) == []


def replace_setting(api: Api, given_settings: Settings) -> Settings:
    small = given_settings.model_copy(update={"upload_megabytes": 1})
    api.app.state.runtime = replace(api.app.state.runtime, settings=small)
    return small


async def test_permissions(api: Api) -> None:
    nobody = Scope("user:n", frozenset({Permission.AUDIT_READ}))
    viewer = Scope("user:v", Role.VIEWER.permissions)
    for path in (
        *KINDS,
        "search?q=abc",
        "fleet/summary",
        "sites/map",
        "sites/export",
        "imports",
        "operators",
        "mappings",
    ):
        assert (await api.as_(nobody).get(f"/api/v1/{path}")).status_code == 403, path
        assert (await api.as_(viewer).get(f"/api/v1/{path}")).status_code == 200, path
    http = api.as_(viewer)
    assert (await http.post("/api/v1/imports", content=b"x", params={"mapping": "m"})).status_code == 403
    assert (await http.put("/api/v1/operators/C", json={"name": "C"})).status_code == 403
    technician = Scope("user:t", Role.TECHNICIAN.permissions)
    assert (await api.as_(technician).put("/api/v1/operators/C", json={"name": "C"})).status_code == 403
