"""The written files: counts as described, headers that the example mappings know, bad rows that are bad."""

import csv
import gzip
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tieline.lab.world import World
from tieline.lab.world.__main__ import main

EXAMPLES = Path(__file__).parents[4] / "examples"
FIELDS = {
    "site": "external_id name kind stand_in lat lon region district postcode voltage_kv customers criticality "
    "parent_external_id",
    "device": "external_id site_external_id make model imei generations bands modems firmware installed_on",
    "cell": "operator cell_key rat band arfcn tac pci lat lon mast_key invented",
    "subscription": "operator operator_ref iccid eid card_kind imsi msisdn state apn ip_address subscription_group "
    "data_plan rat_restriction imei_lock generation",
    "link": "site_external_id device_external_id modem_slot iccid role",
    "address_pool": "operator apn cidr name",
}
SOURCES = {
    "substations.toml": "substations/gb_substations_primary_bsp_gsp.csv.gz",
    "stand-ins.toml": "substations/lsoa_points_standin_secondary.csv.gz",
    "gb-cells-operator-a.toml": "cells/uk_cells_netmonster_2026-08-17.csv.gz",
    "gb-cells-operator-b.toml": "cells/uk_cells_netmonster_2026-08-17.csv.gz",
}


def described(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    return content


def mapping(name: str) -> dict[str, Any]:
    return tomllib.loads((EXAMPLES / "mappings" / name).read_text(encoding="utf-8"))


def rows(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".gz":
        return list(csv.DictReader(gzip.open(path, "rt", encoding="utf-8").read().splitlines()))
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def columns_of(rule: object) -> list[str]:
    """The source columns that a rule of a mapping reads."""
    if isinstance(rule, str):
        return [rule]
    assert isinstance(rule, dict)
    return [*rule.get("join", []), *([rule["from"]] if "from" in rule else [])]


def check(rules: dict[str, Any], table: list[dict[str, str]]) -> None:
    """Every column that the mapping reads is there, and every value that it translates has a translation."""
    assert set(rules["columns"]) <= set(FIELDS[rules["kind"]].split())
    for rule in rules["columns"].values():
        for column in columns_of(rule):
            assert column in table[0]
        if isinstance(rule, dict) and "map" in rule and "default" not in rule:
            assert {row[rule["from"]] for row in table} <= rule["map"].keys()
    assert set(rules.get("where", {})) <= table[0].keys()


def test_world_json_counts_what_the_files_hold(folder: Path) -> None:
    content = described(folder)
    for item in content["imports"]:
        assert len(rows(folder / item["file"])) == item["rows"], item["file"]
    for code in ("a", "b"):
        lines = (folder / f"attachments-{code}.jsonl").read_text(encoding="utf-8").splitlines()
        reports = [json.loads(line) for line in lines]
        figures = content["figures"]["perOperator"][code.upper()]
        assert len(reports) == figures["subscriptions"] == 1_545
        assert sum(not report["attached"] for report in reports) == figures["notAttached"]
        assert all((report["servingCell"] is not None) == report["attached"] for report in reports)
    assert content["origin"] == "invented"
    assert content["figures"]["sitesOn3g"] == 1_500


def test_imports_come_in_an_order_in_which_references_are_known(folder: Path) -> None:
    kinds = [item["kind"] for item in described(folder)["imports"]]
    assert kinds.index("device") > max(i for i, kind in enumerate(kinds) if kind == "site")
    assert kinds[-1] == "link"


def test_serving_cells_are_in_the_operators_file(folder: Path) -> None:
    for code in ("a", "b"):
        known = {row["cell_key"]: row for row in rows(folder / f"cells-{code}.csv")}
        for line in (folder / f"attachments-{code}.jsonl").read_text(encoding="utf-8").splitlines():
            serving = json.loads(line)["servingCell"]
            if serving:
                cell = known[serving["cellId"]]
                assert (cell["rat"], cell["band"]) == (serving["ratType"], serving["band"])


def test_the_mappings_fit_the_files_of_the_invented_world(folder: Path) -> None:
    for item in described(folder)["imports"]:
        rules = mapping(item["mapping"])
        assert rules["kind"] == item["kind"]
        check(rules, rows(folder / item["file"]))


@pytest.mark.parametrize(("name", "source"), SOURCES.items())
def test_the_mappings_fit_the_public_files(name: str, source: str, data: Path) -> None:
    rules = mapping(name)
    table = rows(data / source)
    kept = [row for row in table if all(row[column] == value for column, value in rules.get("where", {}).items())]
    assert len(kept) > 4_000
    check(rules, kept)


def test_two_operators_deliver_the_same_in_different_words(folder: Path, invented: World) -> None:
    a, b = (rows(folder / f"operator-{code}-subscriptions.csv") for code in "ab")
    assert not set(a[0]) & set(b[0]) - {"EID", "IMSI", "MSISDN"}
    states = mapping("operator-b-subscriptions.toml")["columns"]["state"]["map"]
    assert [states[row["SIM Status"]] for row in b] == [row.state for row in invented.subscriptions["B"]]


def test_writing_again_replaces_the_world(invented: World, tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--sites", "30", "--invented", "--quiet"]) == 0
    first = described(tmp_path)
    assert main(["--out", str(tmp_path), "--sites", "40", "--invented", "--quiet"]) == 0
    assert first["figures"]["sitesOn3g"] == 30
    assert described(tmp_path)["figures"]["sitesOn3g"] == 40
    assert invented.spec.sites == 1_500


def test_impossible_figures_end_with_code_2_and_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), "--sites", "0", "--invented", "--quiet"]) == 2
    assert "sites: between 1 and 200000 sites" in capsys.readouterr().err
    assert not (tmp_path / "world.json").exists()


class TestBadRows:
    """The samples are as bad as ``expected.json`` says."""

    @pytest.fixture
    def bad(self, folder: Path) -> Path:
        return folder / "bad-rows"

    @pytest.fixture
    def expected(self, bad: Path) -> list[dict[str, Any]]:
        content: list[dict[str, Any]] = json.loads((bad / "expected.json").read_text(encoding="utf-8"))
        return content

    def test_every_sample_is_there_and_named(self, bad: Path, expected: list[dict[str, Any]]) -> None:
        assert {item["file"] for item in expected} == {p.name for p in bad.iterdir()} - {"expected.json"}
        assert {item["outcome"] for item in expected} == {"rows", "file", "taken"}
        for item in expected:
            assert (EXAMPLES / "mappings" / item["mapping"]).is_file()
            assert bool(item["wrong"]) == (item["outcome"] == "rows")

    def test_named_lines_exist(self, bad: Path, expected: list[dict[str, Any]]) -> None:
        for item in expected:
            if item["outcome"] == "rows":
                lines = (bad / item["file"]).read_text(encoding="utf-8").splitlines()
                assert all(1 < wrong["line"] <= len(lines) for wrong in item["wrong"])
                assert len({wrong["line"] for wrong in item["wrong"]}) < len(lines) - 1 or "ragged" in item["file"]

    def test_only_the_named_check_digits_are_wrong(self, bad: Path) -> None:
        table = rows(bad / "subscriptions-luhn.csv")
        doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
        wrong = [
            line
            for line, row in enumerate(table, 2)
            if not row["iccid"].isdigit()
            or sum(doubled[int(d)] if i % 2 else int(d) for i, d in enumerate(reversed(row["iccid"]))) % 10
        ]
        assert wrong == [3, 5]

    def test_the_bomb_is_small_and_unpacks_to_more_than_a_gigabyte(self, bad: Path) -> None:
        path = bad / "sites-bomb.csv.gz"
        assert path.stat().st_size < 2_000_000
        block = 2**24
        with gzip.open(path) as file:
            assert file.readline().startswith(b"id,dno,level")
            assert file.read(block) == b" " * block
        members = path.read_bytes().count(gzip.compress(b" " * block, mtime=0))
        assert members * block > 2**30

    def test_encodings_are_not_utf8(self, bad: Path) -> None:
        for name in ("sites-cp1252.csv", "sites-utf16.csv"):
            with pytest.raises(UnicodeDecodeError):
                (bad / name).read_text(encoding="utf-8")
