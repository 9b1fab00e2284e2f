"""Pages over a small world: bounds of who looks, names that would like to be markup, forms without their token."""

from typing import TYPE_CHECKING

import pytest

from tieline.platform.identity import bootstrap
from tieline.platform.scope import Role, system
from tieline.platform.settings import Settings
from tieline.utility import inventory
from tieline.utility.inventory.service.imports import create, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.integration.console.conftest import Console

pytestmark = pytest.mark.anyio
EVIL = "<script>alert(1)</script>"
SITES = f"""external_id,name,region,lat,lon,customers
S-1,{EVIL},Wales,52,-3,12
S-2,"Umspannwerk Neustadt-Glewe Betriebsmittelüberwachungszentrale",Kent,51,1,1204
"""
EMPTY_PAGES = ("/", "/map", "/sites", "/subscriptions", "/cards", "/cards/stock", "/devices", "/cells", "/operators",
               "/groups", "/imports", "/search")  # fmt: skip


async def bring(console: "Console", tmp_path: "Path", text: str) -> None:
    async def chunks() -> "AsyncIterator[bytes]":
        yield text.encode()

    settings = Settings(home=tmp_path)
    upload = await inventory.keep_upload(settings, "sites.csv", chunks())
    columns = {name: name for name in text.splitlines()[0].split(",")}
    mapping = inventory.from_object({"kind": "site", "name": "sites", "columns": columns})
    async with console.db.transaction() as tx:
        mode = inventory.ImportMode.KEEP_GOOD
        identity = await create(tx, system("test"), upload, mapping, mode=mode, dry_run=False)
    await run(console.db, settings, identity)


@pytest.mark.parametrize("path", EMPTY_PAGES)
async def test_an_empty_console_has_every_page(console: "Console", path: str) -> None:
    console.sign_in(Role.TECHNICIAN)
    answer = await console.client.get(path)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/sites", "/sites.csv", "/map/list", "/search?q=alert", "/sites/1"])
async def test_a_name_is_never_markup(console: "Console", tmp_path: "Path", path: str) -> None:
    await bring(console, tmp_path, SITES)
    console.sign_in(Role.VIEWER)
    answer = await console.client.get(path)
    assert answer.status_code == 200
    if not path.endswith(".csv"):
        assert EVIL not in answer.text
        assert "&lt;script&gt;" in answer.text


async def test_one_sees_one_s_own_regions_alone(console: "Console", tmp_path: "Path") -> None:
    await bring(console, tmp_path, SITES)
    console.sign_in(Role.VIEWER, regions=frozenset({"Kent"}))
    seen = (await console.client.get("/sites")).text
    assert "Neustadt-Glewe" in seen
    assert "script&gt;" not in seen
    assert (await console.client.get("/sites/1")).status_code == 404
    assert "script&gt;" not in (await console.client.get("/map/list")).text
    points = (await console.client.get("/map/points")).json()
    assert points["ids"] == ["2"]


async def test_a_list_beside_a_map_of_other_points_has_the_map_drawn_anew(console: "Console", tmp_path: "Path") -> None:
    await bring(console, tmp_path, SITES)
    console.sign_in(Role.VIEWER)
    version = (await console.client.get("/map/points")).json()["version"]
    told = {drawn: (await console.client.get("/map/list", params={"drawn": drawn})).headers.get("HX-Trigger")
            for drawn in ("", version, "before")}  # fmt: skip
    assert told == {"": None, version: None, "before": "tieline:map-stale"}


async def test_who_may_not_import_is_told_so(console: "Console") -> None:
    console.sign_in(Role.VIEWER)
    answer = await console.client.get("/imports/new")
    assert answer.status_code == 403
    assert "You may not import or edit sites" in answer.text


async def test_who_may_not_plan_is_not_offered_to(console: "Console", tmp_path: "Path") -> None:
    await bring(console, tmp_path, SITES)
    console.sign_in(Role.VIEWER)
    assert "Plan a change" not in (await console.client.get("/sites")).text
    console.sign_in(Role.TECHNICIAN)
    assert "Plan a change" in (await console.client.get("/sites")).text


async def test_a_number_that_is_none_is_no_page(console: "Console") -> None:
    console.sign_in(Role.VIEWER)
    assert (await console.client.get("/sites/seven")).status_code == 404
    assert (await console.client.get("/sites?after=not-ours")).status_code == 422


async def test_a_sheet_is_a_part_of_a_page(console: "Console", tmp_path: "Path") -> None:
    await bring(console, tmp_path, SITES)
    console.sign_in(Role.VIEWER)
    answer = await console.client.get("/sites/2", headers={"HX-Request": "true", "HX-Target": "sheet"})
    assert "data-sheet-title" in answer.text
    assert "<html" not in answer.text


async def test_a_form_without_its_token_changes_nothing(console: "Console") -> None:
    await bootstrap(console.runtime, name="ada", password="correct-horse-battery-9")
    console.as_themselves()
    sent = {"name": "ada", "password": "correct-horse-battery-9"}
    assert (await console.client.post("/sign-in", data=sent)).status_code == 303
    refused = await console.client.post("/sign-out")
    assert refused.status_code == 403
    assert "security token" in refused.text
    assert (await console.client.get("/sites")).status_code == 200
