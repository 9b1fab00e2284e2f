"""What a simulated world hands over can be imported, and what it spoils on purpose is named exactly."""

import json
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tieline.lab.world.__main__ import main
from tieline.platform.db import Database, fetch_all, fetch_value
from tieline.platform.scope import Scope
from tieline.utility.inventory.store.operators import put_operator

pytestmark = pytest.mark.anyio
Importer = Callable[..., Awaitable[Any]]
MAPPINGS = Path(__file__).parents[3] / "examples" / "mappings"
DANGEROUS = "Robert'); DROP TABLE site;--"


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    assert main(["--out", str(folder), "--sites", "60", "--invented", "--quiet"]) == 0
    return folder


@pytest.fixture
async def filled(db: Database, world: Path, import_bytes: Importer, everything: Scope) -> Database:
    described = json.loads((world / "world.json").read_text())
    async with db.transaction() as tx:
        for operator in described["operators"]:
            await put_operator(tx, everything, operator["code"], operator["name"], [operator["plmn"]])
    for item in described["imports"]:
        report = await import_bytes(db, mapping(item["mapping"]), (world / item["file"]).read_bytes(), item["file"])
        assert (report.run.state, report.problems, report.run.message) == ("done", [], ""), item["file"]
        assert report.run.rows_created == item["rows"]
    return db


def mapping(name: str) -> dict[str, Any]:
    return tomllib.loads((MAPPINGS / name).read_text(encoding="utf-8"))


async def test_a_world_is_taken_whole_and_again_changes_nothing(
    filled: Database, world: Path, import_bytes: Importer
) -> None:
    described = json.loads((world / "world.json").read_text())
    for item in described["imports"]:
        report = await import_bytes(filled, mapping(item["mapping"]), (world / item["file"]).read_bytes(), item["file"])
        assert report.counts == (0, 0, item["rows"], 0), item["file"]
    figures = described["figures"]
    async with filled.snapshot() as tx:
        assert await fetch_value(tx, "SELECT count(*) FROM link WHERE valid_to IS NULL") == figures["links"]
        assert await fetch_value(tx, "SELECT count(*) FROM history") == 0
        assert await fetch_value(tx, "SELECT count(*) FROM card WHERE stock_state = 'fitted'") == figures["links"]


async def test_every_bad_file_is_named_as_bad_as_it_is(filled: Database, world: Path, import_bytes: Importer) -> None:
    for item in json.loads((world / "bad-rows" / "expected.json").read_text()):
        content = (world / "bad-rows" / item["file"]).read_bytes()
        if not content:
            continue  # an empty upload is refused before there is an import: test_imports
        report = await import_bytes(filled, mapping(item["mapping"]), content, item["file"])
        wrong = [(one["line"], one["field"], one["rule"]) for one in item["wrong"]]
        assert sorted(report.problems) == sorted(wrong), item["file"]
        assert report.run.state == ("refused" if item["outcome"] == "file" else "done"), item["file"]
        assert bool(report.run.message) == (item["outcome"] == "file"), item["file"]
        if item["outcome"] == "file":
            assert report.counts == (0, 0, 0, 0)
        else:
            assert report.run.rows_bad == len(wrong)
            assert sum(report.counts) == report.run.rows_read


async def test_names_come_out_as_they_went_in(filled: Database, world: Path, import_bytes: Importer) -> None:
    content = (world / "bad-rows" / "sites-names.csv").read_bytes()
    report = await import_bytes(filled, {**mapping("substations.toml"), "columns": PLAIN}, content, "names.csv")
    assert report.run.rows_bad == 0
    async with filled.snapshot() as tx:
        rows = await fetch_all(tx, "SELECT name FROM site WHERE external_id LIKE 'BAD1%'")
    names = {row["name"] for row in rows}
    assert {DANGEROUS, "<script>alert(1)</script>", "\t=1+1", "-2+3"} <= names


PLAIN = {"external_id": "id", "name": "name", "region": "region"}
