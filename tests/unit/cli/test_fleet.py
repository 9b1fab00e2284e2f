"""The fleet and imports on the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tieline.cli import fleet, imports

SUMMARY = {
    "by": ["operator", "technology"], "sites": 20_000, "sites_without_link": 12, "links": 40_000, "mixed": 5,
    "hanging": {"3G": 19_000}, "unknown": 3, "counted_at": "2025-11-21T08:00:00Z",
    "groups": [{"operator": "A", "technology": "3G", "subscriptions": 19_500, "sites": 19_400}],
}  # fmt: skip
SITE = {"id": 4, "external_id": "S4", "name": "Byker", "region": "NE", "criticality": "critical", "customers": 1204}
RUN = {
    "id": 7, "state": "done", "size_bytes": 100, "bytes_read": 100, "rows_read": 3, "rows_created": 2,
    "rows_updated": 0, "rows_unchanged": 0, "rows_bad": 1, "problem_count": 2, "message": "", "dry_run": False,
    "notes": {"unknown_columns": ["colour"], "missing_columns": []},
}  # fmt: skip
PROBLEM = {
    "id": 1, "line": 17, "field": "iccid", "rule": "luhn", "value": "89[/]44",
    "message": "The check digit should be 7.",
}  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_EVERY", 0.001)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "subs.csv"
    path.write_text("iccid\n8944\n")
    return path


def test_the_summary_counts_by_what_is_asked(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /fleet/summary", SUMMARY)
    ran = run(fleet.app, "summary", "--where", "region=Wales")
    assert "20,000 sites, 12 without a link, 40,000 links." in ran.out
    assert "19,000 on 3G only" in ran.out
    assert platform.asked[0].query == {"by": "operator,technology", "region": "Wales"}
    assert run(fleet.app, "summary", "--json").json["sites"] == 20_000


def test_sites_are_listed_with_how_many_there_are(platform: Any, run: Callable[..., Any]) -> None:
    platform.on("GET /sites", {"items": [SITE], "next": "n"})
    platform.on("GET /sites/count", {"count": 20_000})
    ran = run(fleet.app, "sites", "--limit", "1")
    assert "Byker" in ran.out
    assert "1 of 20,000" in ran.out
    assert len([one for one in platform.asked if one.path == "/sites"]) == 1


def test_anything_is_found_by_its_name(platform: Any, run: Callable[..., Any]) -> None:
    site = {"kind": "site", "id": 4, "code": "S4", "title": "Byker", "label": "postcode", "value": "NE6 2XX", "rank": 1}
    hit = {**site, "site_id": 4, "site_name": "Byker", "region": "North East"}
    platform.on("GET /search", {"items": [hit]})
    ran = run(fleet.app, "search", "ne6")
    assert ran.out.splitlines()[1].split() == ["site", "4", "Byker", "postcode", "NE6", "2XX", "–", "North", "East"]
    platform.on("GET /search", {"items": []})
    assert "Nothing is called x." in run(fleet.app, "search", "x").out


def test_an_import_is_followed_and_its_bad_rows_are_told(platform: Any, run: Callable[..., Any], file: Path) -> None:
    platform.on("POST /imports", {**RUN, "state": "queued"}, status=202)
    platform.on("GET /imports/7", {**RUN, "state": "running", "bytes_read": 10}, RUN)
    platform.on("GET /imports/7/problems", {"items": [PROBLEM], "next": None})
    ran = run(imports.import_file, str(file), "--mapping", "operator-a")
    assert ran.code == 1
    assert "The check digit should be 7." in ran.out
    assert "89[/]44" in ran.out
    assert "3 rows read, 2 created" in ran.out
    assert "colour" in ran.err
    assert 'name="mapping"\r\n\r\noperator-a' in platform.asked[0].body


def test_a_mapping_file_goes_along_and_a_dry_run_says_would(
    platform: Any, run: Callable[..., Any], file: Path, tmp_path: Path
) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text('kind = "subscription"\n[columns]\niccid = "iccid"\n')
    platform.on("POST /imports", RUN, status=202)
    platform.on("GET /imports/7", {**RUN, "rows_bad": 0, "problem_count": 0, "dry_run": True})
    platform.on("GET /imports/7/problems", {"items": [], "next": None})
    ran = run(imports.import_file, str(file), "-m", str(mapping), "--dry-run", "--all-or-nothing")
    assert ran.code == 0
    assert "2 would be created" in ran.out
    sent = platform.asked[0].body
    assert json.dumps({"kind": "subscription", "columns": {"iccid": "iccid"}}, separators=(",", ":")) in sent
    assert 'name="mode"\r\n\r\nall_or_nothing' in sent
    assert 'name="dry_run"\r\n\r\ntrue' in sent


def test_what_was_refused_as_a_whole_ends_with_its_own_code(platform: Any, run: Callable[..., Any], file: Path) -> None:
    refused = {**RUN, "state": "refused", "message": "Nothing was taken, because some rows are bad."}
    platform.on("POST /imports", RUN, status=202)
    platform.on("GET /imports/7", refused)
    platform.on("GET /imports/7/problems", {"items": [PROBLEM], "next": None})
    ran = run(imports.import_file, str(file), "-m", "x", "--json")
    assert ran.code == 5
    assert ran.json["problems"][0]["line"] == 17
    assert "2 would be created" in run(imports.import_file, str(file), "-m", "x").out


def test_a_mapping_that_cannot_be_read_sends_nothing(
    platform: Any, run: Callable[..., Any], file: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_text("kind = [")
    assert run(imports.import_file, str(file), "-m", str(tmp_path / "bad.toml")).code == 2
    assert run(imports.import_file, str(file), "-m", str(tmp_path / "none.toml")).code == 2
    assert platform.asked == []
